"""`zoneproxy.adapters.sequencer.server`: who may come in, how they are named, and how they all end."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path

import pytest

from tests.support.logs import decision
from tests.support.sequencer_lab import (
    BreakableFiles,
    MemorySequencer,
    entries_of,
    make_log,
    reopen,
    sequencing,
)
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.adapters.sequencer import server as sequencer_server
from zoneproxy.adapters.sequencer.socket import Peer
from zoneproxy.replay.audit import audit
from zoneproxy.terms.errors import TraceError


async def test_a_foreign_user_is_shut_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A process of another user writes nothing and is told nothing; the operator is."""
    log = MemorySequencer()
    stranger = Peer(4711, os.geteuid() + 1, os.getegid())
    async with sequencing(log, tmp_path, peer=stranger) as desk:
        with pytest.raises(TraceError, match=r"closed the connection|broken pipe|reset"):
            await desk.worker()
    assert log.entries == []
    assert f"a process of user {stranger.uid} (pid 4711) tried to write the log" in caplog.text


async def test_a_registered_user_is_let_in(tmp_path: Path) -> None:
    """Workers may run as another user than the sequencer, if it is named."""
    log = MemorySequencer()
    async with sequencing(log, tmp_path, users=(1234,), peer=Peer(9, 1234, 1234)) as desk:
        worker = await desk.worker()
        await worker.close()
    assert log.kinds("w1") == ["worker_start", "worker_stop"]


async def test_names_are_given_and_used_again(tmp_path: Path) -> None:
    """No two workers bear one name at once, a freed name goes on in its own chain, names don't grow."""
    log = MemorySequencer()
    async with sequencing(log, tmp_path) as desk:
        first, second = await desk.worker(), await desk.worker()
        assert (first.worker, second.worker) == ("w1", "w2")
        await first.close()
        while desk.server.workers != ["w2"]:
            await asyncio.sleep(0.001)
        third = await desk.worker()
        assert third.worker == "w1"
        await third.append("decision", decision(1, verdict="deny"), {})
        await third.close()
        await second.close()
    assert log.kinds("w1") == ["worker_start", "worker_stop", "worker_start", "decision", "worker_stop"]
    assert log.kinds("w2") == ["worker_start", "worker_stop"]


async def test_there_is_a_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """More processes than any machine runs as workers are not taken."""
    monkeypatch.setattr(sequencer_server, "MAX_WORKERS", 1)
    async with sequencing(MemorySequencer(), tmp_path) as desk:
        await desk.worker()
        with pytest.raises(TraceError):
            await desk.worker()
    assert "has 1 workers and takes no more" in caplog.text


async def test_workers_share_groups(tmp_path: Path) -> None:
    """Records of several workers that wait together are made durable by one flush."""
    files = BreakableFiles(tmp_path / "log")
    log = make_log(tmp_path / "log", files)
    async with sequencing(log, tmp_path) as desk:
        workers = [await desk.worker() for _ in range(4)]
        before = files.flushes
        await asyncio.gather(
            *(
                worker.append("decision", decision(100 * n + m, verdict="deny"), {})
                for m in range(50)
                for n, worker in enumerate(workers)
            )
        )
        flushes = files.flushes - before
        for worker in workers:
            await worker.close()
    await log.close()
    assert flushes <= 40  # far fewer than the 200 records
    report = audit(open_log(tmp_path / "log"))
    assert (report.exit_code, len(entries_of(tmp_path / "log"))) == (0, 1 + 1 + 4 * 52 + 1)


async def test_a_failed_log_is_told_to_all(tmp_path: Path) -> None:
    """When the disk fails every worker's journal fails, those that wait and those that don't (Z22)."""
    files = BreakableFiles(tmp_path / "log")
    told: list[TraceError] = []
    log = make_log(tmp_path / "log", files)
    async with sequencing(log, tmp_path) as desk:
        busy, idle = await desk.worker(), await desk.worker(on_failure=told.append)
        files.broken = True
        with pytest.raises(TraceError, match="input/output error"):
            await busy.append("decision", decision(1), {})
        await desk.server.fail(TraceError("planted"))
        while not told:
            await asyncio.sleep(0.001)
        assert not busy.writable
        assert not idle.writable
        with pytest.raises(TraceError):
            await desk.worker()
    with pytest.raises(TraceError):
        await log.close()
    await reopen(tmp_path / "log").close()
    assert audit(open_log(tmp_path / "log")).exit_code == 0


async def test_a_stop_waits_for_the_workers(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The sequencer goes after the last worker; one that stays too long is left, recorded, and learns it."""
    caplog.set_level(logging.WARNING)
    log, told = MemorySequencer(), list[TraceError]()
    async with sequencing(log, tmp_path) as desk:
        worker, stays = await desk.worker(), await desk.worker(on_failure=told.append)
        stopping = asyncio.ensure_future(desk.server.stop(0.2))
        await asyncio.sleep(0)
        await worker.append("decision", decision(1, verdict="deny"), {})
        await worker.close()
        assert not stopping.done()
        await stopping
        while not told:
            await asyncio.sleep(0.001)
        assert not stays.writable
    assert log.kinds("w1") == ["worker_start", "decision", "worker_stop"]
    assert [entry.body for entry in log.entries[-1:]] == [{"cause": "lost"}]
    assert "stopped with workers connected: w2" in caplog.text
