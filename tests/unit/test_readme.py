"""What the README says of the code is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from addons.boundary import Boundary
from zoneproxy.terms.reasons import REASONS

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")
WAY = [line.split("|")[1:-1] for line in README.splitlines() if re.match(r"\| \d ", line)]


def quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_the_way_has_nine_steps() -> None:
    """The table of the way stands in the README, whole."""
    assert [row[0].split()[0] for row in WAY] == list("123456789")


@pytest.mark.parametrize("hook", [hook for row in WAY for hook in quoted(row[1])])
def test_each_hook_of_the_way_is_one_of_the_boundary_s(hook: str) -> None:
    """Every hook in the table is a method of the one enforcement addon."""
    assert callable(getattr(Boundary, hook))


@pytest.mark.parametrize("room", [room for row in WAY for room in quoted(row[2])])
def test_each_room_of_the_way_is_there(room: str) -> None:
    """Every room and module in the table exists."""
    path = ROOT / "zoneproxy" / room
    assert path.is_dir() if room.endswith("/") else path.is_file()


@pytest.mark.parametrize("prefix", [prefix for row in WAY for prefix in quoted(row[3])])
def test_each_refusal_of_the_way_has_its_reasons(prefix: str) -> None:
    """Every family of refusals in the table has codes in the closed table of reasons."""
    assert any(code.startswith(prefix.removesuffix("...")) for code in REASONS)


@pytest.mark.parametrize("target", sorted(set(re.findall(r"make ([a-z]+)$", README, re.MULTILINE))))
def test_each_command_is_in_the_makefile(target: str) -> None:
    """The commands that a newcomer is told are there."""
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
