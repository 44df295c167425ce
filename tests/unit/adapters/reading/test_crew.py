"""`zoneproxy.adapters.reading.crew`: several processes say what one says, a dead one is never passed over."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.support.decided_log import FORGED, GOOD, MIXED, write_decided
from tests.support.logs import write_log
from zoneproxy.adapters.reading.crew import Crew
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.replay import desk
from zoneproxy.replay.audit import audit
from zoneproxy.replay.desk import Work
from zoneproxy.terms.errors import ConfigError


def test_two_processes_say_what_one_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Z14: the same report, whether the log holds or not, from exchanges on both sides of each cut."""
    monkeypatch.setattr(desk, "PART_BUNDLES", 1)
    root = write_log(tmp_path / "log", [600])
    reader, work = open_log(root), Work()
    reader.note()
    with Crew(reader.location, work, 2) as crew:
        assert audit(reader, crew=crew) == audit(reader)
        bundle = root / "tile/entries/002"
        bundle.chmod(0o644)
        data = bytearray(bundle.read_bytes())
        data[5000] ^= 1
        bundle.write_bytes(data)
        one = audit(reader)
        assert audit(reader, crew=crew) == one
        assert one.exit_code == 1


def test_decisions_are_walked_again(tmp_path: Path) -> None:
    """Z15: each process has the policies that it needs."""
    reader = open_log(write_decided(tmp_path / "log", [GOOD, MIXED, FORGED]))
    reader.note()
    work = Work(walk=True)
    with Crew(reader.location, work, 1) as crew:
        report = audit(reader, work=work, crew=crew)
    assert report == audit(reader, work=work)
    assert sum(report.walks.values()) == 4


def test_a_process_that_dies_ends_the_work(tmp_path: Path) -> None:
    """Z22: a part that did not come back is an error, not a hole in the report."""
    reader = open_log(write_log(tmp_path / "log", [5]))
    reader.note()
    with Crew(reader.location, Work(), 1) as crew:
        assert audit(reader, crew=crew).exit_code == 0
        for child in crew._pool._processes.values():
            os.kill(child.pid or 0, signal.SIGKILL)
            child.join()
        with pytest.raises(ConfigError, match="died") as error:
            audit(reader, crew=crew)
    assert error.value.hint
