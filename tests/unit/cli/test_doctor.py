"""`zoneproxy doctor`: what is told, and the exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.cli.test_stops import made, zone
from zoneproxy.cli.main import main

__all__ = ["made", "zone"]


def test_what_is_well_is_told_when_asked(zone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Only what needs a look is shown, unless all is asked for; the last line counts."""
    assert zone.exists()
    assert main(["doctor", "--no-self-test"]) == 0
    told = capsys.readouterr().out
    assert "\nok  " not in told
    assert "advice  policy-unsigned: " in told
    assert "0 to be mended" in told.splitlines()[-1]
    assert main(["doctor", "--no-self-test", "--all"]) == 0
    assert "ok  secret-mode: " in capsys.readouterr().out


def test_a_fault_is_an_exit_code(zone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A script can ask; each line is one object."""
    next(path for path in zone.rglob("*.key")).chmod(0o644)
    assert main(["doctor", "--json"]) == 1
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["id"] for row in rows if row["state"] == "fault"] == ["secret-mode"]
    assert all(set(row) == {"id", "state", "what", "remedy"} for row in rows)


def test_a_configuration_that_is_none_is_a_mistake(tmp_path: Path) -> None:
    """There is nothing to examine."""
    assert main(["doctor", "--config", str(tmp_path / "zone.yaml")]) == 2
