"""`zoneproxy.adapters.sequencer.client`: a lie, a silence or an end shuts the journal for ever."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.logs import ORIGIN, FixedClock, FixedEntropy, decision
from tests.support.sequencer_lab import MemorySequencer, sequencing
from zoneproxy.adapters.sequencer.client import RemoteLog
from zoneproxy.adapters.sequencer.socket import open_listener
from zoneproxy.adapters.sequencer.wire import (
    Append,
    Archived,
    Decoder,
    Failed,
    Hello,
    Refused,
    Welcome,
    encode,
)
from zoneproxy.terms.errors import TraceError
from zoneproxy.terms.ports import Receipt
from zoneproxy.trace.chain import Chains

Lie = Callable[[Receipt], Receipt]

LIES: dict[str, tuple[Lie, str]] = {
    "another hash": (lambda r: replace(r, leaf=bytes(32)), "changed, dropped or put in"),
    "another time": (lambda r: replace(r, ts=r.ts + 1), "changed, dropped or put in"),
    "an index that goes back": (lambda r: replace(r, index=0), "go back"),
    "a time that goes back": (lambda r: replace(r, ts=0), "go back"),
}


@pytest.mark.parametrize("name", LIES)
async def test_a_lying_sequencer_is_found_out(tmp_path: Path, name: str) -> None:
    """A receipt that is not that of what was sent shuts the journal, and is told once (Z14, Z22)."""
    lie, told = LIES[name]
    log, heard = MemorySequencer(), list[TraceError]()
    async with sequencing(log, tmp_path) as desk:
        worker = await desk.worker(on_failure=heard.append)
        await worker.append("decision", decision(1), {})
        log.lie = lie  # type: ignore[method-assign, assignment]
        with pytest.raises(TraceError, match=told):
            await worker.append("decision", decision(2), {})
        assert not worker.writable
        with pytest.raises(TraceError, match="no more"):
            await worker.append("decision", decision(3), {})
        with pytest.raises(TraceError):
            await worker.close()
    assert len(heard) == 1


async def test_an_entry_that_someone_puts_into_the_chain(tmp_path: Path) -> None:
    """An entry under this worker's name that it did not send shows with its next receipt (Z14)."""
    log = MemorySequencer()
    async with sequencing(log, tmp_path) as desk:
        worker = await desk.worker()
        header = log.chains.header("node-1", "w1", log.now_ms, 0)
        log.chains.heads["node-1", "w1"] = (header.ws + 1, "cd" * 32)
        with pytest.raises(TraceError, match="changed, dropped or put in"):
            await worker.append("decision", decision(1), {})


async def test_an_entry_that_is_acknowledged_and_dropped(tmp_path: Path) -> None:
    """A record that was acknowledged and left out of the chain shows with the next receipt (Z14)."""
    log = MemorySequencer()
    async with sequencing(log, tmp_path) as desk:
        worker = await desk.worker()
        kept = log.chains.heads["node-1", "w1"]
        await worker.append("decision", decision(1), {})
        log.chains.heads["node-1", "w1"] = kept
        with pytest.raises(TraceError, match="changed, dropped or put in"):
            await worker.append("decision", decision(2), {})


async def test_the_log_turns_to_a_new_shard(tmp_path: Path) -> None:
    """The worker's chain begins anew in a new shard, and is checked there as before."""
    log = MemorySequencer()
    async with sequencing(log, tmp_path) as desk:
        worker = await desk.worker()
        await worker.append("decision", decision(1, verdict="deny"), {})
        log.chains = Chains()
        log.lie = lambda receipt: replace(receipt, origin="2026-12")  # type: ignore[method-assign]
        for number in (2, 3):
            receipt = await worker.append("decision", decision(number, verdict="deny"), {})
            assert receipt.origin == "2026-12"
        log.chains = Chains()
        with pytest.raises(TraceError, match="changed, dropped or put in"):
            await worker.append("decision", decision(4, verdict="deny"), {})


@contextlib.asynccontextmanager
async def scripted(folder: Path, *answers: bytes | None) -> AsyncIterator[Path]:
    """A sequencer that welcomes, then gives each record the next of these answers; `None` hangs up."""
    path = folder / "run" / "logd.sock"

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        decoder, left = Decoder(), list(answers)
        while data := await reader.read(65_536):
            for message in decoder.feed(data):
                if isinstance(message, Hello):
                    writer.write(encode(Welcome("node-1", "w1", 0, "")))
                elif isinstance(message, Append) and left:
                    answer = left.pop(0)
                    if answer is None:
                        writer.close()
                        return
                    writer.write(answer)
        writer.close()

    server = await asyncio.start_unix_server(serve, sock=open_listener(path))
    try:
        yield path
    finally:
        server.close()


async def opened(path: Path, timeout_s: float = 5.0) -> RemoteLog:
    return await RemoteLog.open(
        path,
        log_origin=ORIGIN,
        clock=FixedClock(),
        entropy=FixedEntropy(),
        server_uid=os.geteuid(),
        timeout_s=timeout_s,
    )


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", "what is no answer"),
        (encode(Archived(0, bytes(32))), "what was not asked"),
        (encode(Refused(1, "no")), "what was not asked"),
        (encode(Hello("x")), "out of turn"),
        (encode(Welcome("node-1", "w1", 0, "")), "out of turn"),
        (encode(Failed("the disk is full")), "the disk is full"),
        (None, "closed the connection"),
        (b"", "did not answer within 0.2 seconds"),
    ],
)
async def test_an_answer_that_is_none(tmp_path: Path, answer: bytes | None, told: str) -> None:
    """Garbage, an answer out of turn, the end, or silence: each shuts the journal at once."""
    async with scripted(tmp_path, answer) as path:
        with pytest.raises(TraceError, match=told):
            await opened(path, 0.2)


async def test_an_answer_that_nobody_waits_for(tmp_path: Path) -> None:
    """A sequencer that speaks unasked is not trusted any more."""
    log = MemorySequencer()
    async with sequencing(log, tmp_path) as desk:
        told: list[TraceError] = []
        worker = await desk.worker(on_failure=told.append)
        session = desk.server._sessions["w1"]
        session._writer.write(encode(Refused(1, "unasked")))
        while not told:
            await asyncio.sleep(0.001)
        assert not worker.writable
        assert "out of turn" in told[0].message


async def test_all_that_waits_fails_when_the_sequencer_dies(tmp_path: Path) -> None:
    """Every record on its way ends with an error, never in silence, and the owner is told once (Z22)."""
    told: list[TraceError] = []
    log = MemorySequencer()
    held = asyncio.Event()
    true_append = log.append

    async def hold(*args: object, **named: object) -> Receipt:
        if args[0] == "decision":
            await held.wait()
        return await true_append(*args, **named)  # type: ignore[arg-type]

    log.append = hold  # type: ignore[method-assign]
    async with sequencing(log, tmp_path) as desk:
        worker = await desk.worker(on_failure=told.append)
        waiting = [
            asyncio.ensure_future(worker.append("decision", decision(n, verdict="deny"), {}))
            for n in range(5)
        ]
        await asyncio.sleep(0.01)
        desk.server._sessions["w1"].leave()
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert all(isinstance(result, TraceError) for result in results)
        assert len(told) == 1
        held.set()


async def test_a_slow_reader_loses_nothing(tmp_path: Path) -> None:
    """More than the socket holds is kept and sent on as there is room."""
    log = MemorySequencer()
    async with sequencing(log, tmp_path) as desk:
        worker = await desk.worker()
        text = "x" * 4000
        await asyncio.gather(
            *(
                worker.append("decision", decision(n, verdict="deny"), {"user_agent": text, "detail": text})
                for n in range(300)
            )
        )
        await worker.close()
    assert log.kinds("w1").count("decision") == 300


async def test_policies_are_kept_by_the_sequencer(tmp_path: Path) -> None:
    """A policy goes the same way as records, between them; the caller waits in a thread of its own."""
    log = MemorySequencer()
    async with sequencing(log, tmp_path) as desk:
        worker = await desk.worker()
        assert await asyncio.to_thread(worker.archive_policy, b"rules: []\n") == "ab" * 32
        assert log.archived == [b"rules: []\n"]
        await worker.close()
        with pytest.raises(TraceError, match="closed"):
            await asyncio.to_thread(worker.archive_policy, b"rules: []\n")


async def test_after_the_close_nothing_is_taken(tmp_path: Path) -> None:
    """The stop is recorded once; a second close does nothing."""
    log = MemorySequencer()
    async with sequencing(log, tmp_path) as desk:
        worker = await desk.worker()
        await asyncio.gather(worker.append("decision", decision(1, verdict="deny"), {}), worker.close())
        await worker.close()
        assert not worker.writable
        with pytest.raises(TraceError, match="closed"):
            await worker.append("decision", decision(1), {})
    assert log.kinds("w1") == ["worker_start", "decision", "worker_stop"]
