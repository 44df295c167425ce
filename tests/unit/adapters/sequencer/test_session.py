"""`zoneproxy.adapters.sequencer.session`: what a worker may say, and what is left behind when it can't."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.logs import ORIGIN, decision, ending, flow_id
from tests.support.sequencer_lab import MemorySequencer, SequencerLab, make_log, sequencing
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.adapters.sequencer import session as sequencer_session
from zoneproxy.adapters.sequencer.wire import (
    Append,
    Archive,
    Decoder,
    Failed,
    Hello,
    Message,
    Refused,
    Welcome,
    Written,
    encode,
)
from zoneproxy.replay.audit import audit
from zoneproxy.trace.entry import parse

START = {"version": "0.1.0", "python": "3.13.0", "assurance": "production", "config": None}


class RawWorker:
    """A worker that says what it likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.decoder = Decoder()
        self.heard: list[Message] = []
        self.number = 0

    def say(self, *messages: Message) -> None:
        self.writer.write(b"".join(map(encode, messages)))

    def record(self, kind: str, body: dict[str, Any], **changes: Any) -> Append:
        made: dict[str, Any] = {"number": self.number, "mono_ms": 5, "seed": bytes(32), "private": {}}
        self.number += 1
        return Append(kind=kind, body=body, **(made | changes))

    async def hear(self, count: int) -> list[Message]:
        """Wait until so many messages came, or the end."""
        async with asyncio.timeout(5):
            while len(self.heard) < count and (data := await self.reader.read(65_536)):
                self.heard += self.decoder.feed(data)
        return self.heard

    async def hear_all(self) -> list[Message]:
        return await self.hear(1_000_000)


@contextlib.asynccontextmanager
async def raw(desk: SequencerLab, *, started: bool = True) -> AsyncIterator[RawWorker]:
    worker = RawWorker(*await asyncio.open_unix_connection(desk.path))
    try:
        worker.say(Hello(ORIGIN))
        if started:
            worker.say(worker.record("worker_start", START))
            await worker.hear(2)
        yield worker
    finally:
        worker.writer.close()
        with contextlib.suppress(OSError):
            await worker.writer.wait_closed()


async def test_a_worker_that_dies_is_ended_at_once(tmp_path: Path) -> None:
    """Its open exchanges get an `abort` each and it a `worker_stop`, all in its chain; others go on (Z13)."""
    log = make_log(tmp_path / "log")
    async with sequencing(log, tmp_path) as desk:
        other = await desk.worker()
        kept = await other.append("decision", decision(50), {})
        async with raw(desk) as worker:
            worker.say(
                worker.record("decision", decision(1)),
                worker.record("decision", decision(2)),
                worker.record("decision", decision(3, verdict="deny")),
            )
            answers = (await worker.hear(5))[2:]
            indexes = [answer.receipt.index for answer in answers if isinstance(answer, Written)]
            worker.say(worker.record("return", ending(indexes[0], 1)))
            await worker.hear(6)
        while desk.server.workers != ["w1"]:
            await asyncio.sleep(0.001)
        await other.append("return", ending(kept.index, 50), {})
        await other.close()
    await log.close()
    entries = [parse(data) for _, data in open_log(tmp_path / "log").entries()]
    theirs = [(entry.kind, entry.body) for entry in entries if entry.header.worker == "w2"]
    assert [kind for kind, _ in theirs] == [
        "worker_start",
        *["decision"] * 3,
        "return",
        "abort",
        "worker_stop",
    ]
    assert theirs[-2:] == [
        ("abort", {"flow": flow_id(2), "dec": indexes[1], "cause": "lost"}),
        ("worker_stop", {"cause": "lost"}),
    ]
    assert sum(entry.kind == "abort" for entry in entries) == 1
    assert audit(open_log(tmp_path / "log")).exit_code == 0


async def test_what_a_dead_worker_sent_is_still_written(tmp_path: Path) -> None:
    """Records that arrived count, answered or not; only then is it told what is still open."""
    log = MemorySequencer()
    async with sequencing(log, tmp_path) as desk:
        async with raw(desk, started=False) as worker:
            worker.say(worker.record("worker_start", START))
            worker.say(*(worker.record("decision", decision(n)) for n in range(1, 20)))
            await worker.writer.drain()
        while log.kinds("w1")[-1:] != ["worker_stop"]:
            await asyncio.sleep(0.001)
    assert log.kinds("w1") == ["worker_start", *["decision"] * 19, *["abort"] * 19, "worker_stop"]


async def test_a_stop_with_exchanges_under_way(tmp_path: Path) -> None:
    """A worker that stops and left exchanges open: they are ended as stopped."""
    log = MemorySequencer()
    async with sequencing(log, tmp_path) as desk:
        async with raw(desk) as worker:
            worker.say(
                worker.record("decision", decision(1)), worker.record("worker_stop", {"cause": "drain"})
            )
            await worker.hear(4)
        await desk.server.wait_idle(5)
    assert [(entry.kind, entry.body.get("cause")) for entry in log.entries[-2:]] == [
        ("worker_stop", "drain"),
        ("abort", "stopped"),
    ]


async def test_no_exchange_ends_but_ones_own_and_only_once(tmp_path: Path) -> None:
    """An end of another worker's exchange, of none, under another flow, or a second end: refused, alone."""
    log = MemorySequencer()
    async with sequencing(log, tmp_path) as desk:
        other = await desk.worker()
        theirs = (await other.append("decision", decision(7), {})).index
        async with raw(desk) as worker:
            worker.say(worker.record("decision", decision(1)))
            answer = (await worker.hear(3))[-1]
            assert isinstance(answer, Written)
            own = answer.receipt.index
            worker.say(
                worker.record("return", ending(theirs, 7)),
                worker.record("return", ending(9999, 1)),
                worker.record("return", ending(own, 2)),
                worker.record("abort", {"flow": flow_id(1), "cause": "fault"}),
                worker.record("return", ending(own, 1, status="200")),
                worker.record("return", ending(own, 1)),
                worker.record("abort", {"flow": flow_id(1), "dec": own, "cause": "fault"}),
            )
            answers = (await worker.hear(10))[3:]
        await desk.server.wait_idle(0)
        await other.close()
    kinds = [type(answer) for answer in answers]
    assert kinds == [Refused, Refused, Refused, Refused, Refused, Written, Refused]
    assert log.kinds("w2").count("return") == 1


BREACHES: dict[str, tuple[Callable[[RawWorker], list[Message]], str]] = {
    "no start": (lambda w: [w.record("decision", decision(1))], "does not begin with its start"),
    "greets twice": (lambda w: [w.record("worker_start", START), Hello(ORIGIN)], "greets twice"),
    "starts twice": (
        lambda w: [w.record("worker_start", START), w.record("worker_start", START)],
        "starts twice",
    ),
    "goes on after its stop": (
        lambda w: [
            w.record("worker_start", START),
            w.record("worker_stop", {"cause": "stop"}),
            w.record("decision", decision(1)),
        ],
        "after its stop",
    ),
    "a gap in its numbers": (lambda w: [w.record("worker_start", START, number=1)], "number 1 is not 0"),
    "the log's own record": (
        lambda w: [w.record("worker_start", START), w.record("log_close", {"next": None})],
        "a record of the log itself",
    ),
    "speaks as the sequencer": (lambda w: [Welcome("node-1", "w9", 0, "")], "what only a sequencer says"),
}


@pytest.mark.parametrize("name", BREACHES)
async def test_a_worker_that_breaks_the_rules_is_shut_out(tmp_path: Path, name: str) -> None:
    """Whatever no worker does ends it, told to it and recorded; nothing of it is written."""
    says, told = BREACHES[name]
    log = MemorySequencer()
    async with sequencing(log, tmp_path) as desk:
        async with raw(desk, started=False) as worker:
            worker.say(*says(worker))
            heard = await worker.hear_all()
        await desk.server.wait_idle(5)
    failed = [message for message in heard if isinstance(message, Failed)]
    assert len(failed) == 1
    assert told in failed[0].text
    assert "decision" not in log.kinds("w1")
    assert "log_close" not in log.kinds("w1")
    if "worker_stop" in log.kinds("w1"):
        assert log.entries[-1].body["cause"] in ("breach", "stop")


@pytest.mark.parametrize(
    ("hello", "told"),
    [
        (Hello("another.example/log"), "wants to write the log `another.example/log`"),
        (Hello(ORIGIN, version=9), "speaks version 9"),
        (Archive(0, b"x"), "does not say who it is"),
    ],
)
async def test_greetings_that_do_not_fit(tmp_path: Path, hello: Message, told: str) -> None:
    """Another log, another version, no greeting: told, and no name is spent on it."""
    log = MemorySequencer()
    async with sequencing(log, tmp_path) as desk:
        worker = RawWorker(*await asyncio.open_unix_connection(desk.path))
        worker.say(hello)
        heard = await worker.hear_all()
        worker.writer.close()
    assert isinstance(heard[0], Failed)
    assert told in heard[0].text
    assert log.entries == []


async def test_bytes_that_are_no_frame(tmp_path: Path) -> None:
    """Garbage ends the worker, recorded as a breach, with all that it had under way."""
    log = MemorySequencer()
    async with sequencing(log, tmp_path) as desk:
        async with raw(desk) as worker:
            worker.say(worker.record("decision", decision(1)))
            await worker.hear(3)
            worker.writer.write(b"GET / HTTP/1.1\r\n\r\n")
            heard = await worker.hear_all()
        await desk.server.wait_idle(5)
    assert isinstance(heard[-1], Failed)
    assert [(entry.kind, entry.body.get("cause")) for entry in log.entries[-2:]] == [
        ("abort", "lost"),
        ("worker_stop", "breach"),
    ]


async def test_a_silent_connection_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that connects and says nothing does not hold a place."""
    monkeypatch.setattr(sequencer_session, "HELLO_TIMEOUT_S", 0.05)
    log = MemorySequencer()
    async with sequencing(log, tmp_path) as desk:
        reader, writer = await asyncio.open_unix_connection(desk.path)
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        writer.close()
    assert log.entries == []


async def test_more_than_fits_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker may have so many records unanswered; what it says beyond waits, and nothing is lost."""
    monkeypatch.setattr(sequencer_session, "MAX_UNANSWERED", 2)
    log = MemorySequencer()
    async with sequencing(log, tmp_path) as desk:
        worker = await desk.worker()
        await asyncio.gather(*(worker.append("decision", decision(n, verdict="deny"), {}) for n in range(20)))
        await worker.close()
    assert log.kinds("w1").count("decision") == 20
