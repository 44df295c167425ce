"""Sessions with callers that break the protocol, on raw sockets: closed, recorded, nothing handed on."""

from __future__ import annotations

import asyncio
import json
import struct
from typing import Any

import pytest

from tests.support.realtime_lab import (
    BINARY,
    CLOSE,
    PING,
    TEXT,
    caller,
    close_of,
    frame,
    raw_caller,
    raw_server,
    realtime_lab,
)
from tests.support.realtime_server import realtime_server
from tests.support.realtime_talk import Gated, ends, hear, say, until_gone

pytestmark = pytest.mark.live

UPDATE = json.dumps({"type": "session.update", "session": {"type": "realtime"}}).encode()
LIMITS = {"max_message_bytes": 4096, "max_fragments": 8, "pings_per_minute": 10}


MALFORMED, TOO_LARGE = (1002, "request-malformed"), (1009, "content-too-large")
NOT_TAKEN, NO_TEXT = (1003, "content-unknown-type"), (1007, "content-unreadable")
FRAMES: dict[str, tuple[bytes, tuple[int, str]]] = {
    "a binary message": (frame(BINARY, b"\x00\x01"), NOT_TAKEN),
    "a frame without a mask": (frame(TEXT, UPDATE, mask=False), MALFORMED),
    "a reserved bit": (bytes([0xA1]) + frame(TEXT, UPDATE)[1:], MALFORMED),
    "a reserved opcode": (frame(3, UPDATE), MALFORMED),
    "a reserved control opcode": (frame(11), MALFORMED),
    "a continuation of nothing": (frame(0, UPDATE), MALFORMED),
    "a message within another": (frame(TEXT, b'{"type"', fin=False) + frame(TEXT, UPDATE), MALFORMED),
    "a ping in pieces": (frame(PING, b"a", fin=False), MALFORMED),
    "a ping that is too long": (frame(PING, b"a" * 126), MALFORMED),
    "a close of one byte": (frame(CLOSE, b"\x03"), MALFORMED),
    "a close with a code that is none": (frame(CLOSE, struct.pack("!H", 1005)), MALFORMED),
    "a length in too many bytes": (bytes([0x81, 0xFE, 0x00, 0x05]) + b"\x00" * 9, MALFORMED),
    "a length beyond 63 bits": (bytes([0x81, 0xFF]) + b"\xff" * 8 + b"\x00" * 4, MALFORMED),
    "no UTF-8": (frame(TEXT, b'{"type": "\xff\xfe"}'), NO_TEXT),
    "UTF-8 that is cut": (frame(TEXT, b'{"type": "\xe4\xb8'), NO_TEXT),
    "no JSON": (frame(TEXT, b"hello"), NO_TEXT),
    "two objects": (frame(TEXT, b"{}{}"), NO_TEXT),
    "a key twice": (frame(TEXT, b'{"type": "response.create", "type": "session.update"}'), NO_TEXT),
    "a record separator": (
        frame(TEXT, b'{"type": "response.cancel"}\x1e{"type": "response.cancel"}'),
        NO_TEXT,
    ),
    "a message that is too large": (frame(TEXT, b"[" + b" " * 5000), TOO_LARGE),
    "a frame that says it is too large": (frame(TEXT, b" " * 5000, size=2**40), TOO_LARGE),
    "a message in too many pieces": (
        frame(TEXT, b"{", fin=False) + frame(0, b" ", fin=False) * 20,
        TOO_LARGE,
    ),
    "a message in empty pieces": (frame(TEXT, b"", fin=False) + frame(0, b"", fin=False) * 20, TOO_LARGE),
    "a flood of pings": (frame(PING, b"are you there") * 40, MALFORMED),
    "a flood of pongs": (frame(10) * 40, MALFORMED),
    "HTTP behind the handshake": (b"GET / HTTP/1.1\r\nhost: zone\r\n\r\n", MALFORMED),
}


@pytest.mark.parametrize("name", FRAMES)
async def test_what_breaks_the_protocol_ends_the_session(name: str) -> None:
    """Z13, Z22: a recorded refusal, a proper close code, and not a byte of it for the server."""
    data, (code, reason) = FRAMES[name]
    async with (
        realtime_server() as server,
        realtime_lab(server.port, sessions=LIMITS) as running,
        raw_caller(running) as peer,
    ):
        # What comes after it is never looked at; behind a length that lies there is no after.
        peer.writer.write(data if "says" in name else data + frame(TEXT, UPDATE))
        got = await peer.read_all()
        assert close_of(got) == (code, reason)
        assert b'"type":"error"' in got
        await until_gone(running)
        assert ends(running) == [
            ("decision", "allow", ""),
            ("decision", "deny", reason),
            ("return", "allow", "complete"),
        ]
    assert server.heard == []
    assert server.closed == [1001]


async def test_a_message_in_pieces_goes_in_as_one_and_pings_are_answered_between() -> None:
    """Z11: the server gets one frame of ours; what a ping between the pieces says it never hears."""
    async with (
        raw_server() as server,
        realtime_lab(server.port, sessions=LIMITS) as running,
        raw_caller(running) as peer,
    ):
        pieces = frame(TEXT, UPDATE[:9], fin=False) + frame(PING, b"hello") + frame(0, UPDATE[9:])
        for place in range(0, len(pieces), 7):
            peer.writer.write(pieces[place : place + 7])
            await peer.writer.drain()
        pong = await asyncio.wait_for(peer.reader.readexactly(7), 15)
        assert pong == b"\x8a\x05hello"
        async with asyncio.timeout(15):
            while len(server.got) < len(UPDATE) + 6:
                await asyncio.sleep(0.01)
        assert server.got[0] == 0x81
        assert b"hello" not in unmasked(server.got)
        assert unmasked(server.got) == UPDATE
        peer.writer.write(frame(CLOSE, struct.pack("!H", 1000) + b"110101199003074610"))
        assert close_of(await peer.read_all()) == (1000, "")
        await until_gone(running)
        assert ends(running)[-1] == ("return", "allow", "complete")
    assert b"110101199003074610" not in unmasked(server.got[len(UPDATE) + 6 :])


def unmasked(data: bytes) -> bytes:
    """Return the payload of a short masked frame, the first."""
    size, at = data[1] & 0x7F, 2
    if size == 126:
        size, at = struct.unpack("!H", data[2:4])[0], 4
    key = data[at : at + 4]
    return bytes(byte ^ key[place % 4] for place, byte in enumerate(data[at + 4 : at + 4 + size]))


@pytest.mark.parametrize("way", ["half-closed", "gone", "reset", "in the middle of a message"])
async def test_a_caller_that_vanishes_lets_the_server_go(way: str) -> None:
    """Z6, Z13: without a proper close both sides end, recorded as the caller's going."""
    async with realtime_server() as server, realtime_lab(server.port) as running:
        async with raw_caller(running) as peer:
            match way:
                case "half-closed":
                    peer.writer.write_eof()
                    await peer.read_all()
                case "reset":
                    sock = peer.writer.get_extra_info("socket")
                    sock.setsockopt(1, 13, struct.pack("ii", 1, 0))  # SO_LINGER: closed with RST
                case "in the middle of a message":
                    peer.writer.write(frame(TEXT, UPDATE)[:20])
                    await peer.writer.drain()
                case _:
                    pass
        await until_gone(running)
        assert ends(running) == [("decision", "allow", ""), ("return", "deny", "client_gone")]
        async with asyncio.timeout(15):
            while not server.closed:
                await asyncio.sleep(0.01)
    assert server.heard == []


async def test_a_caller_that_says_nothing_to_pings_has_vanished() -> None:
    """Z6: a peer whose machine is gone sends no end; it is asked, and believed gone."""
    async with (
        realtime_server() as server,
        realtime_lab(server.port, sessions={"ping_s": 0.2}) as running,
        raw_caller(running) as peer,
    ):
        assert b"\x89\x00" in await peer.read_all()
        await until_gone(running)
        assert ends(running)[-1] == ("return", "deny", "client_gone")


async def test_an_answer_ends_with_its_caller() -> None:
    """Z6, Z13: a caller leaves while an answer is under way: both exchanges are recorded."""
    never = asyncio.Event()
    async with realtime_server(step=never.wait) as server, realtime_lab(server.port) as running:
        async with caller(running) as session:
            await say(session, "response.create")
            await hear(session, "response.created")
            session.transport.abort()
        await until_gone(running)
        assert ends(running)[-2:] == [("return", "deny", "client_gone"), ("return", "deny", "client_gone")]
    assert len(server.closed) == 1


async def test_what_comes_after_a_close_goes_nowhere() -> None:
    """Z13: messages behind a close are not looked at."""
    async with realtime_server() as server, realtime_lab(server.port) as running, raw_caller(running) as peer:
        peer.writer.write(frame(CLOSE, struct.pack("!H", 1000)) + frame(TEXT, UPDATE) * 3)
        assert close_of(await peer.read_all()) == (1000, "")
        await until_gone(running)
        assert ends(running) == [("decision", "allow", ""), ("return", "allow", "complete")]
    assert server.heard == []


async def test_a_caller_that_floods_fills_no_memory() -> None:
    """Z22: while a record is written nothing more is read of its caller, who waits in the kernel."""
    journal = Gated("decision", 2)
    async with (
        realtime_server() as server,
        realtime_lab(server.port, journal=journal, hook_deadline_s=30.0) as running,
        raw_caller(running) as peer,
    ):
        flood = frame(TEXT, UPDATE) * 2000
        peer.writer.write(frame(TEXT, UPDATE))
        await asyncio.wait_for(journal.reached.wait(), 15)
        written = 0

        async def write() -> None:
            nonlocal written
            while True:
                peer.writer.write(flood)
                await peer.writer.drain()
                written += len(flood)

        with pytest.raises(TimeoutError):
            await asyncio.wait_for(write(), 1.0)
        assert written < 64 * 1024 * 1024
        handlers = running.master.addons.get("proxyserver").connections.values()
        kept = sum(len(repr(event)) for handler in handlers for event in paused(handler))
        assert kept < 3 * 65_536 * 4
        assert server.heard == []
        peer.writer.transport.abort()
        journal.open.set()
        await until_gone(running)


def paused(handler: Any) -> list[Any]:
    """Return the events that a connection's layers keep for later."""
    found = []
    for stream in handler.layer.streams.values():
        found += list(stream._paused_event_queue)
        if stream.child_layer is not None:
            found += list(stream.child_layer._paused_event_queue)
    return found
