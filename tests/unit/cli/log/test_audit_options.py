"""`zoneproxy.cli.log.audit_options`: processes, progress, other views, tables."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from tests.support.logs import write_log
from zoneproxy.adapters.reading.crew import Crew
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.cli.log import audit_options
from zoneproxy.cli.log.audit_options import add_options, audited, save_evidence, settle
from zoneproxy.replay.desk import Work
from zoneproxy.replay.flaws import Flaw, FlawClass
from zoneproxy.replay.totals import Totals
from zoneproxy.terms.errors import ConfigError
from zoneproxy.trace.reader import Location


def options(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_options(parser)
    return parser.parse_args(words, argparse.Namespace(json=False))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_log(tmp_path / "log", [140])


def test_a_long_log_is_worked_on_by_several(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By default a short log is read by one process, a long one by as many as there are processors."""
    asked: list[int] = []

    class Watched(Crew):
        def __init__(self, location: Location, work: Work, processes: int) -> None:
            asked.append(processes)
            super().__init__(location, work, 1)

    monkeypatch.setattr(audit_options, "Crew", Watched)
    monkeypatch.setattr("os.cpu_count", lambda: 3)
    alone = audited(options(), open_log(root), Work())
    monkeypatch.setattr(audit_options, "MANY", 100)
    assert audited(options(), open_log(root), Work()) == alone
    assert asked == [3]


def test_progress_tells_what_is_left(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Entries, share and time left, now and then; at the end the line is cleared."""
    now = iter([0.0, 0.05, 1.0, 100.0, 200.0])
    monkeypatch.setattr("time.monotonic", lambda: next(now))
    told = audit_options._Bar()
    for done in (1, 10, 50, 100):
        told(done, 100)
    lines = capsys.readouterr().err.split("\r")
    assert lines[1:3] == [
        "10 of 100 entries, 10 %, 9 s left\x1b[K",
        "50 of 100 entries, 50 %, 1 min 40 s left\x1b[K",
    ]
    assert lines[-1] == "\x1b[K"


def test_other_views_that_can_not_be_read(root: Path, tmp_path: Path) -> None:
    """A view that is not there is an error of usage."""
    with pytest.raises(ConfigError, match="can't be read"):
        audited(options("--also", str(tmp_path / "nowhere")), open_log(root), Work())
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match="no checkpoint"):
        audited(options("--also", str(tmp_path / "empty")), open_log(root), Work())


def test_of_several_shards_each_has_its_own_views(root: Path, tmp_path: Path) -> None:
    """A checkpoint of another shard is passed over; given for one log it is told."""
    (tmp_path / "note").write_text("other.example/log\n0\n\n")
    args = options("--also", str(tmp_path / "note"))
    assert audited(args, open_log(root), Work(), several=True).exit_code == 0
    assert audited(args, open_log(root), Work()).exit_code == 1


def test_evidence_that_can_not_be_written(tmp_path: Path) -> None:
    """Nothing is written where there is nothing to prove."""
    flaw = Flaw(FlawClass.INVALID, "x", "y", {"note": "n\n", "root": "00"})
    (tmp_path / "file").write_text("")
    save_evidence(None, [flaw])
    save_evidence(tmp_path / "none", [])
    assert not (tmp_path / "none").exists()
    with pytest.raises(ConfigError, match="can't be written"):
        save_evidence(tmp_path / "file", [flaw])


def test_tables_that_can_not_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is an error of usage that says what to do."""
    bad = tmp_path / "bad.csv"
    assert settle(options(), Totals()) == []
    for path, match in ((tmp_path / "nowhere", "can't be read"), (bad, "not UTF-8")):
        bad.write_bytes(b"\xff")
        with pytest.raises(ConfigError, match=match):
            settle(options("--compare", str(path)), Totals())
    bad.write_text("day,tenant,prompt\n")
    monkeypatch.setattr(audit_options, "_MAX_TABLE_BYTES", 3)
    with pytest.raises(ConfigError, match="too long"):
        settle(options("--compare", str(bad)), Totals())
    with pytest.raises(ConfigError, match="can't be written"):
        settle(options("--totals", str(tmp_path / "no" / "where.csv")), Totals())
