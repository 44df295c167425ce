"""`zoneproxy.adapters.upkeep.logport`: work on private parts is done by the process that writes the log."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.logs import ORIGIN, FixedClock, FixedEntropy, decision, signer, write_log
from tests.support.private_log import KEK, redaction, sealing
from tests.support.shards import BASE, FIRST, MIDDLE_MS, make_shards, open_shards
from zoneproxy.adapters.files.disk import DirectoryLock
from zoneproxy.adapters.log import newlog
from zoneproxy.adapters.log.tracelog import TraceLog
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.adapters.upkeep.logport import LogPort, Mark, is_held
from zoneproxy.terms.errors import ConfigError, TraceError
from zoneproxy.trace.opening_store import Access


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[TraceLog]:
    who: dict[str, Any] = {
        "log_origin": ORIGIN,
        "signer": signer(),
        "clock": FixedClock(),
        "entropy": FixedEntropy(),
    }
    newlog.create(tmp_path / "log", **who)
    made = TraceLog.open(
        tmp_path / "log", node="node-1", worker="w1", publish_interval_s=3600.0, low_water_bytes=0,
        sealing=sealing(), **who,
    )  # fmt: skip
    yield made
    await made.close()


def port_of(log: TraceLog) -> LogPort:
    return LogPort(log, asyncio.get_running_loop(), origin=ORIGIN, places=lambda: [log.directory])


async def test_records_are_published_and_keys_drawn_anew(log: TraceLog) -> None:
    """Z17: what comes after a redaction lies under another data key."""
    first = await log.append("decision", decision(1, verdict="deny"), {})
    port = port_of(log)
    before = await asyncio.to_thread(port.mark)
    body = redaction("record", [first.index])
    (receipt,) = await asyncio.to_thread(port.record, [("redaction", body)])
    assert open_log(log.directory).checkpoint().size == receipt.index + 1
    assert await asyncio.to_thread(port.since, before, "redaction") == [body]
    assert await asyncio.to_thread(port.since, Mark(ORIGIN, receipt.index + 1), "redaction") == []
    second = await log.append("decision", decision(2, verdict="deny"), {})
    await log.publish()
    store = open_log(log.directory, holders=[KEK]).openings
    assert store.find(first.index).key_id != store.find(second.index).key_id


async def test_the_files_are_still_and_records_go_on(log: TraceLog) -> None:
    """Z13: within the block nothing is published, but records become durable; then all is published."""
    await log.append("decision", decision(1, verdict="deny"), {"client.ip": "198.51.100.7"})

    def work() -> tuple[int, int, list[str]]:
        with port_of_log.alone() as files:
            before = open_log(log.directory).checkpoint().size
            appended = asyncio.run_coroutine_threadsafe(
                log.append("decision", decision(2, verdict="deny"), {"client.ip": "198.51.100.8"}), loop
            ).result(10)
            names = files.names("wal")
            return before, appended.index, names

    loop = asyncio.get_running_loop()
    port_of_log = port_of(log)
    before, index, names = await asyncio.to_thread(work)
    assert before == index  # the record came after all that was sealed
    assert names[-1].startswith(f"{index:020d}")  # and into a segment of its own
    assert open_log(log.directory).checkpoint().size == before
    await log.publish()
    store = open_log(log.directory, holders=[KEK]).openings
    assert [store.find(n).access for n in (index - 1, index)] == [Access.OPEN, Access.OPEN]


async def test_a_fault_within_ends_the_log(log: TraceLog) -> None:
    """Z22: what was left half done is known to nobody, so nothing more is recorded."""

    def work() -> None:
        with port_of_log.alone():
            raise OSError(28, "No space left on device")

    port_of_log = port_of(log)
    with pytest.raises(TraceError, match="private parts could not be erased"):
        await asyncio.to_thread(work)
    assert not log.writable
    with pytest.raises(TraceError):
        await log.close()


async def test_of_shards_the_newest_takes_the_records(tmp_path: Path) -> None:
    """Z17: a record about a closed shard stands in the newest one, found from a mark before the turn."""
    make_shards(tmp_path)
    clock = FixedClock(MIDDLE_MS)
    log = open_shards(tmp_path, clock, sealing=sealing())
    months = [FIRST, FIRST.following]

    def places() -> list[Path]:
        return [path for month in months if (path := log.folder.path(month)).is_dir()]

    old = f"{BASE}/{FIRST}"
    port = LogPort(log, asyncio.get_running_loop(), origin=old, places=places)
    mark = await asyncio.to_thread(port.mark)
    assert mark.origin == old
    clock.now = FIRST.following.start_ms
    log.tick()
    log.tick()
    body = redaction("record", [1], origin=old)
    (receipt,) = await asyncio.to_thread(port.record, [("redaction", body)])
    assert receipt.origin == f"{BASE}/{FIRST.following}"
    assert await asyncio.to_thread(port.since, mark, "redaction") == [body]
    with port.alone() as files:
        assert files.read("checkpoint") == (log.folder.path(FIRST) / "checkpoint").read_bytes()
        assert is_held(log.folder.path(FIRST))
    with pytest.raises(ConfigError, match="no shard"), log.quiet(f"{BASE}/2031-01"):
        pass
    await log.close()


def test_whether_a_log_is_held(tmp_path: Path) -> None:
    """A log in use is told from one at rest, and from none."""
    root = write_log(tmp_path / "log", [1])
    assert not is_held(root)
    with DirectoryLock(root):
        assert is_held(root)
    with pytest.raises(ConfigError, match="can't be locked"):
        is_held(root / "nowhere")
