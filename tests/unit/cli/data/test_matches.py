"""`zoneproxy data test`: what an index would match, and how."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support import registered_data
from zoneproxy.cli.main import main


@pytest.fixture
def index(tmp_path: Path) -> list[str]:
    path, key = registered_data.make(tmp_path)
    return [str(path), "--key", str(key)]


def asked(index: list[str], body: Path, *more: str) -> int:
    path, *key = index
    return main(["data", "test", path, str(body), *key, *more])


def test_matches_are_shown_without_values(
    index: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Z12: how something matched, its row and its place; the value only where asked for."""
    body = tmp_path / "body.json"
    body.write_text(json.dumps({"a": "周明霞", "b": "zx 2024 00917", "c": registered_data.DOCUMENT}))
    assert asked(index, body) == 1
    out = capsys.readouterr().out
    assert "row 1 at" in out
    assert "cell at" in out
    assert "document 1 at" in out
    assert "3 matches" in out
    assert "00917" not in out
    assert asked(index, body, "--json", "--show") == 1
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {one["match"]: one.get("value") for one in told}["cell"] == "zx202400917"
    assert {one["set"] for one in told} == {registered_data.ID}


def test_nothing_matches(index: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A near miss exits with nought; the ordinary detectors say nothing here."""
    body = tmp_path / "body.txt"
    body.write_text("ZX-2024-00918, mail li.wei@qq.com")
    assert asked(index, body) == 0
    assert "nothing matches" in capsys.readouterr().out


def test_what_can_not_be_looked_into_is_told(
    index: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No match in something sealed is no all-clear."""
    body = tmp_path / "body.png"
    body.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    assert asked(index, body) == 3
    assert "not everything" in capsys.readouterr().out


def test_a_revoked_index_matches_nothing_and_says_so(
    index: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is an error to ask, never a clean answer; a missing file too."""
    assert asked(index, tmp_path / "none") == 2
    path, *key = index
    assert main(["data", "revoke", path, *key]) == 0
    assert asked(index, tmp_path / "none") == 2
    assert "is revoked since" in capsys.readouterr().err
