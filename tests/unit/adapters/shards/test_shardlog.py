"""`zoneproxy.adapters.shards.shardlog`: a shard is closed for good, by its process or after a crash, once."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.support.logs import FixedClock, FixedEntropy, decision
from tests.support.shards import FIRST, make_shards
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.adapters.shards.renewal import load_ring
from zoneproxy.adapters.shards.shardlog import ShardLog, finish_left
from zoneproxy.replay.audit import audit
from zoneproxy.terms.errors import TraceError
from zoneproxy.trace.entry import parse

NEXT: dict[str, Any] = {"origin": "zone.example/next", "keys": []}


def who() -> dict[str, Any]:
    return {"clock": FixedClock(), "entropy": FixedEntropy(), "node": "node-1", "worker": "w1"}


def opened(root: Path) -> ShardLog:
    folder, keys = make_shards(root)
    return ShardLog(
        folder.path(FIRST),
        signer=load_ring(folder, keys, FIRST),
        log_origin=folder.origin(FIRST),
        publish_interval_s=3600.0,
        low_water_bytes=0,
        **who(),
    )


def kinds(log: ShardLog) -> list[str]:
    return [parse(data).kind for _, data in open_log(log.directory).entries()]


def test_finish(tmp_path: Path) -> None:
    """What is under way is aborted, `log_close` is last, and the log takes nothing more (Z13)."""
    log = opened(tmp_path)
    log.record("decision", decision(1))
    final = log.finish(NEXT)
    assert kinds(log)[-3:] == ["abort", "worker_stop", "log_close"]
    assert open_log(log.directory).checkpoint() == final
    assert audit(open_log(log.directory)).flaws == ()
    with pytest.raises(TraceError):
        log.record("config", {"digest": "cd" * 32})
    log.close_now()  # a second end does nothing


def test_finish_after_a_crash(tmp_path: Path) -> None:
    """A shard that a crash left open is closed by the next start, once (Z13)."""
    log = opened(tmp_path)
    log.record("decision", decision(1))
    shutil.copytree(log.directory, tmp_path / "left" / "log" / str(FIRST))
    log.close_now()
    folder, keys = make_shards(tmp_path / "other")
    left = tmp_path / "left" / "log" / str(FIRST)
    shutil.copytree(tmp_path / "keys", tmp_path / "left" / "keys")
    folder.root, keys.path = tmp_path / "left" / "log", tmp_path / "left" / "keys"
    finals = [
        finish_left(left, load_ring(folder, keys, FIRST), NEXT, log_origin=folder.origin(FIRST), **who())
        for _ in range(2)
    ]
    assert finals[0] == finals[1] == open_log(left).checkpoint()
    entries = [parse(data) for _, data in open_log(left).entries()]
    assert [entry.kind for entry in entries[-3:]] == ["abort", "worker_stop", "log_close"]
    assert entries[-3].body["cause"] == "recovery"
    assert audit(open_log(left)).flaws == ()


def test_an_entry_after_the_close(tmp_path: Path) -> None:
    """A log that goes on after its `log_close` does not hold (Z14)."""
    log = opened(tmp_path)
    log.record("log_close", {"next": None})
    log.record("config", {"digest": "cd" * 32})
    log.close_now()
    told = [flaw.message for flaw in audit(open_log(log.directory)).flaws]
    assert any("follows the log's `log_close`" in words for words in told)
