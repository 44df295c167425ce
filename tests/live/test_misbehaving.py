"""Slow, silent, vanished, half-closed and hasty peers on both sides: a recorded end, and bounded memory."""

from __future__ import annotations

import asyncio
import json
import resource
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.live.test_framing import post
from tests.support.boundary_lab import Lab, MemoryJournal, lab
from tests.support.framing_lab import SECOND, GenerousServer, plain_answer, strict_answers, two_customers
from tests.support.zone_world import CHAT, STREAMED_CHAT
from zoneproxy.assembly import Boundary as Core
from zoneproxy.terms.ports import Receipt

pytestmark = pytest.mark.live

Play = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
EVENT = b'data: {"choices": [{"index": 0, "delta": {"content": "%b"}}]}\n\n'
SSE = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


@asynccontextmanager
async def server(play: Play) -> AsyncIterator[int]:
    """Serve by a script, one connection at a time or several."""

    async def run(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await play(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(run, "127.0.0.1", 0)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        listening.close()


async def request_of(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    size = next((int(x[15:]) for x in head.split(b"\r\n") if x.startswith(b"content-length:")), 0)
    return head + await reader.readexactly(size)


async def connect(running: Lab) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.10.1", running.port, local_addr=("127.0.10.9", 0))


async def recorded(running: Lab, count: int) -> list[tuple[str, str, str]]:
    async with asyncio.timeout(5):
        while len(running.journal.entries) < count:
            await asyncio.sleep(0.005)
    return running.journal.verdicts()


async def test_an_interim_answer_can_not_shift_the_answers_of_two_customers() -> None:
    """Z6: `103`, then the real answer late: behind a pooling front it would be the next customer's."""
    late = asyncio.Event()

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await request_of(reader)
        if b"content-length: 76" in head and not late.is_set():
            writer.write(b"HTTP/1.1 103 Early Hints\r\n\r\n")
            late.set()
            await asyncio.sleep(0.05)
            writer.write(plain_answer_for(b"FIRST"))
        else:
            writer.write(plain_answer_for(b"SECOND"))
        await reader.read()

    async with server(play) as port, lab(port, alter=two_customers) as running:
        reader, writer = await connect(running)
        writer.write(post(close=False))
        await late.wait()
        writer.write(post(SECOND, close=False))
        got = await asyncio.wait_for(_all(reader), 5)
        writer.close()
    assert b"FIRST" not in got
    assert strict_answers(got, iter(("POST", "POST")))[0].status == 502
    assert running.journal.verdicts()[1] == ("return", "deny", "return-unreadable")


def plain_answer_for(text: bytes) -> bytes:
    body = b'{"choices": [], "id": "%b"}' % text
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    return head % len(body) + body


async def _all(reader: asyncio.StreamReader) -> bytes:
    got = b""
    with suppress(ConnectionError):
        while data := await reader.read(65_536):
            got += data
    return got


async def test_two_customers_of_one_connection_share_no_server_connection() -> None:
    """Z6: what one customer's answer left behind, a connection of its own can't bring to another."""
    async with GenerousServer().listening() as model, lab(model.port, alter=two_customers) as running:
        got = await running.raw(post(close=False) + post(close=False) + post(SECOND, close=False) + post())
    assert [one.status for one in strict_answers(got, iter(["POST"] * 4))] == [200] * 4
    counts = [bytes(raw).count(b"POST ") for raw in model.connections]
    assert counts == [2, 1, 1]


async def test_a_server_that_speaks_first_is_not_heard() -> None:
    """Bytes before the request are nobody's answer; the caller is told at once."""

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(plain_answer_for(b"EARLY"))
        await reader.read()

    async with server(play) as port, lab(port) as running:
        dialled = running.boundary.zone_dialled

        async def later(flow: Any) -> None:
            await asyncio.sleep(0.1)  # until the early answer has come for certain
            await dialled(flow)

        running.boundary.zone_dialled = later  # type: ignore[method-assign]
        got = await running.raw(post())
    assert b"EARLY" not in got
    assert got.startswith(b"HTTP/1.1 502 ")
    assert running.journal.verdicts()[-1] == ("return", "deny", "upstream-failed")


async def test_a_kept_connection_that_was_closed_meanwhile() -> None:
    """A server that closes just as the next request comes gives a recorded 502, and no wait."""
    closing = asyncio.Event()

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(plain_answer_for(b"one"))
        await closing.wait()

    async with server(play) as port, lab(port) as running:
        dialled = running.boundary.zone_dialled
        calls = iter((False, True, False))

        async def later(flow: Any) -> None:
            if next(calls, False):
                closing.set()
                await asyncio.sleep(0.1)
            await dialled(flow)

        running.boundary.zone_dialled = later  # type: ignore[method-assign]
        got = await running.raw(post(close=False) + post(), timeout_s=4)
    answers = strict_answers(got, iter(("POST", "POST")))
    assert [one.status for one in answers] == [200, 502]
    assert running.journal.verdicts()[-1] == ("return", "deny", "upstream-failed")


async def test_a_silent_server_ends_with_a_record() -> None:
    """A server that takes a request and says nothing is given up, recorded."""

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with server(play) as port, lab(port, answer_timeout_s=1.0) as running:
        got = await running.raw(post(), timeout_s=6)
        assert got.startswith(b"HTTP/1.1 502 "), got
        assert await recorded(running, 2) == [
            ("decision", "allow", ""),
            ("return", "deny", "upstream-failed"),
        ]


async def test_a_stream_that_falls_silent_is_cut_loudly() -> None:
    """A server that stops in the middle of a stream is not waited for without end."""

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(SSE + chunk(EVENT % b"word "))
        await reader.read()

    async with server(play) as port, lab(port, answer_timeout_s=1.0) as running:
        got = await running.raw(post(body=STREAMED_CHAT), timeout_s=6)
        assert b'{"error"' in got
        assert b"\r\n0\r\n\r\n" not in got
        assert (await recorded(running, 2))[1] == ("return", "deny", "upstream-truncated")


async def test_a_half_closed_client_is_a_gone_client() -> None:
    """A client that has sent its end is not waited for: its exchange ends, recorded."""
    arrived = asyncio.Event()

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        arrived.set()
        await reader.read()  # ends when the boundary lets go

    async with server(play) as port, lab(port) as running:
        reader, writer = await connect(running)
        writer.write(post())
        await arrived.wait()
        writer.write_eof()
        assert b"200" not in await asyncio.wait_for(_all(reader), 5)
        writer.close()
        assert await recorded(running, 2) == [("decision", "allow", ""), ("return", "deny", "client-gone")]


async def test_a_client_that_vanishes_lets_the_server_go() -> None:
    """A reset while the server works ends the server's work as well."""
    arrived, gone = asyncio.Event(), asyncio.Event()

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        arrived.set()
        writer.write(SSE + chunk(EVENT % b"word "))
        await reader.read()
        gone.set()

    async with server(play) as port, lab(port) as running:
        _, writer = await connect(running)
        writer.write(post(body=STREAMED_CHAT))
        await arrived.wait()
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        writer.transport.abort()
        await asyncio.wait_for(gone.wait(), 5)
        assert (await recorded(running, 2))[1][2] == "client-gone"


async def test_a_slow_reader_holds_the_server_back() -> None:
    """Back-pressure: 50 MB of a fast server wait at the server, not in the boundary."""
    sent = 0
    event = EVENT % (b"lorem ipsum " * 300)

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await request_of(reader)
        writer.write(SSE)
        for _ in range(50_000_000 // len(event)):
            writer.write(chunk(event))
            await writer.drain()
            sent += len(event)
        writer.write(chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n")
        await reader.read()

    def roomy(core: Core) -> None:
        core.rules = replace(core.rules, max_answer_bytes=100_000_000)

    async with server(play) as port, lab(port, alter=roomy, max_answer_bytes=100_000_000) as running:
        before = _resident_bytes()
        reader, writer = await connect(running)
        writer.write(post(body=STREAMED_CHAT))
        await reader.readuntil(b"\r\n\r\n")
        still = -1
        while still != sent:
            still = sent
            await asyncio.sleep(0.5)
        # What waits lies in the kernel's buffers of two connections and in bounded buffers of ours.
        assert sent < 25_000_000, sent
        assert _resident_bytes() - before < 25_000_000
        writer.transport.abort()
        assert (await recorded(running, 2))[1][2] == "client-gone"


async def test_a_slow_server_holds_no_more_than_a_request() -> None:
    """Back-pressure the other way: a caller can't fill the boundary while its body is not complete."""
    async with lab(1, max_body_bytes=65_536, body_timeout_s=2.0) as running:
        before = _resident_bytes()
        _, writer = await connect(running)
        writer.write(
            post().partition(b"\r\n\r\n")[0].replace(b"content-length: 76", b"transfer-encoding: chunked")
        )
        writer.write(b"\r\n\r\n")
        with suppress(ConnectionError):
            for _ in range(400):
                writer.write(chunk(b" " * 65_536))
                await writer.drain()
        writer.transport.abort()
        assert await recorded(running, 1) == [("decision", "deny", "content-too-large")]
        assert _resident_bytes() - before < 16_000_000


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * resource.getpagesize()


async def test_the_record_of_a_cut_stands_before_the_cut_is_told() -> None:
    """Z13: whatever ends a stream, its record is durable before the caller reads of the end."""
    order: list[str] = []

    class Watched(MemoryJournal):
        async def append(self, kind: str, body: Mapping[str, Any], private: Mapping[str, Any]) -> Receipt:
            receipt = await super().append(kind, body, private)
            order.append(kind)
            return receipt

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(SSE + chunk(EVENT % b"word ") + b"zz\r\n")

    async with server(play) as port, lab(port, journal=Watched(delay_s=0.05)) as running:
        reader, writer = await connect(running)
        writer.write(post(body=STREAMED_CHAT))
        while b'{"error"' not in await asyncio.wait_for(reader.readline(), 5):
            pass
        order.append("told")
        rest = await _all(reader)
        writer.close()
    assert order == ["decision", "return", "told"]
    assert b"[DONE]" not in rest
    assert b"\r\n0\r\n\r\n" not in rest


async def test_an_old_server_streams_to_a_new_client() -> None:
    """An answer of HTTP/1.0 that ends by closing is written in chunks of HTTP/1.1, and ends properly."""
    stream = EVENT % b"hello " + b"data: [DONE]\n\n"
    old = b"HTTP/1.0 200 whatever\r\ncontent-type: text/event-stream\r\n\r\n" + stream

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(old)
        await writer.drain()

    async with server(play) as port, lab(port) as running:
        got = await running.raw(post(body=STREAMED_CHAT))
    assert got.startswith(b"HTTP/1.1 200 OK\r\n")
    answer = strict_answers(got, iter(["POST"]))[0]
    assert answer.complete
    assert answer.body.endswith(b"data: [DONE]\n\n")


async def test_a_refused_request_keeps_its_connection() -> None:
    """Keep-alive after a refusal: the next request is judged for itself."""
    async with GenerousServer().listening() as model, lab(model.port, alter=two_customers) as running:
        bad = post("zp-nobody", close=False)
        got = await running.raw(bad + bad + post())
    answers = strict_answers(got, iter(["POST"] * 3))
    assert [one.status for one in answers] == [403, 403, 200]
    assert len(model.requests) == 1
    assert json.loads(answers[2].body)["id"] == answers[2].flow
    assert plain_answer(model.requests[0]).endswith(answers[2].body)
    assert model.requests[0].body == CHAT
