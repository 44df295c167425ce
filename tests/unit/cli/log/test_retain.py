"""`zoneproxy.cli.log.retain`: what is over, told and deleted."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.support.private_log import zone_of
from tests.unit.cli.test_disclose import kinds, write
from zoneproxy.adapters.clock import SystemClock
from zoneproxy.cli.main import main


def test_nothing_is_over_then_everything(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Z17: a young log loses nothing; three years on its keys go, on the record, and it holds."""
    zone = zone_of(tmp_path / "zone")
    asyncio.run(write(zone))
    capsys.readouterr()
    assert main(["log", "retain", str(zone / "log")]) == 0
    assert capsys.readouterr().out == "there is nothing to delete\n"
    now = SystemClock().now_ms()
    monkeypatch.setattr(SystemClock, "now_ms", lambda _: now + 1100 * 86_400_000)
    assert main(["log", "retain", str(zone / "log"), "--dry-run"]) == 0
    assert "over: 2 data keys of the class record" in capsys.readouterr().out
    assert "retention" not in kinds(zone)
    assert main(["log", "retain", str(zone / "log")]) == 0
    assert capsys.readouterr().out.endswith("deleted, and recorded in the log\n")
    assert kinds(zone).count("retention") == 1  # in the shard of that day, about the one before
    assert main(["log", "verify", str(zone / "log"), "--opening-key", str(zone / "keys/opening.key")]) == 0
    assert "the log holds" in capsys.readouterr().out


def test_a_key_is_made_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A key file is never overwritten."""
    assert main(["log", "opening-key", str(tmp_path / "key")]) == 0
    assert "keep a copy" in capsys.readouterr().out
    assert main(["log", "opening-key", str(tmp_path / "key")]) == 2
    assert len((tmp_path / "key").read_bytes()) == 32
