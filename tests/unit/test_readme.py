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


def test_every_part_of_the_tree_is_named() -> None:
    """Each folder is named, and each page of the docs linked: nothing lies about that nobody is led to."""
    beside = {"var", "build", "dist", "__pycache__"}
    folders = {
        path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")
    } - beside
    assert {
        name for name in folders if f"`{name}/`" not in README and not name.endswith(".egg-info")
    } == set()
    pages = sorted(path.name for path in (ROOT / "docs").glob("*.md"))
    assert [page for page in pages if f"(docs/{page})" not in README] == []


def anchors(page: Path) -> set[str]:
    """The names under which a page's headings can be linked to, as forges make them."""
    heads = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head.strip().lower()).replace(" ", "-") for head in heads}


PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_within_the_project_leads_somewhere(page: Path) -> None:
    """Every file that a page links to is there, and every heading."""
    text = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text("utf-8"), flags=re.DOTALL)
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    dead = []
    for link in links:
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            dead.append(link)
    assert dead == []


@pytest.mark.parametrize("target", sorted(set(re.findall(r"make ([a-z]+)$", README, re.MULTILINE))))
def test_each_command_is_in_the_makefile(target: str) -> None:
    """The commands that a newcomer is told are there."""
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
