"""`zoneproxy refusals`, as the operator sees it (Z22)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.cli.test_stops import made, zone
from zoneproxy.assembly.refusals import Turned
from zoneproxy.cli import refusals
from zoneproxy.cli.main import main

__all__ = ["made", "zone"]

FOUND = [
    Turned(
        "requests-refused", "cable-sg-1", "", 12, 3,
        {"origin-tenant-unknown": 11, "request-malformed": 1}, {"203.0.113.0/24": 12},
    ),
    Turned("requests-refused", "cable-sg-1", "tenant:acme", 2, 60, {"limit-session": 2}, {"192.0.2.0/24": 2}),
]  # fmt: skip


def test_what_was_turned_away_is_told(
    zone: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Lines for people, objects for scripts, and an exit code that says whether there is anything."""
    assert zone.exists()
    monkeypatch.setattr(refusals, "ask_turned_away", lambda _opening: FOUND)
    assert main(["refusals"]) == 1
    first, second = capsys.readouterr().out.splitlines()
    assert first == (
        "12 requests refused at `cable-sg-1`, the last 3 s ago: "
        "11 origin-tenant-unknown, 1 request-malformed; most from 203.0.113.0/24"
    )
    assert second == (
        "2 requests refused at `cable-sg-1` of the tenant `acme`, the last 60 s ago: "
        "2 limit-session; most from 192.0.2.0/24"
    )
    assert main(["refusals", "--json"]) == 1
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["whose"], row["count"]) for row in rows] == [("", 12), ("tenant:acme", 2)]


def test_nothing_is_said_too(
    zone: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert zone.exists()
    monkeypatch.setattr(refusals, "ask_turned_away", lambda _opening: [])
    assert main(["refusals"]) == 0
    assert capsys.readouterr().out == "every refusal has a record of its own\n"
    assert main(["refusals", "--json"]) == 0
    assert capsys.readouterr().out == ""


def test_a_zone_that_does_not_run_has_nothing_to_tell(zone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What it counted stands in its log."""
    assert zone.exists()
    assert main(["refusals"]) == 2
    assert "no boundary listens" in capsys.readouterr().err
