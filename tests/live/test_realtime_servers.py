"""Sessions with servers that break the protocol: withheld, cut loudly, recorded."""

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
    ended,
    frame,
    raw_caller,
    raw_server,
    realtime_lab,
)
from tests.support.realtime_talk import ends, hear, say, until_gone
from tests.support.realtime_world import item

pytestmark = pytest.mark.live

UPDATE = json.dumps({"type": "session.update", "session": {"type": "realtime"}}).encode()
LIMITS = {"max_message_bytes": 4096, "max_fragments": 8, "pings_per_minute": 10}


def plain(opcode: int, payload: bytes = b"", **given: Any) -> bytes:
    return frame(opcode, payload, mask=False, **given)


SAYS: dict[str, bytes] = {
    "a binary message": plain(BINARY, b"\x00"),
    "a masked frame": frame(TEXT, UPDATE),
    "a compressed frame": bytes([0xC1]) + plain(TEXT, UPDATE)[1:],
    "no UTF-8": plain(TEXT, b"\xff\xfe"),
    "no JSON": plain(TEXT, b"hello"),
    "a message that is too large": plain(TEXT, b"[" + b" " * 5000),
    "an unknown type": plain(TEXT, b'{"type": "later.kind"}'),
    "an answer that nobody asked for": plain(TEXT, b'{"type": "response.created", "response": {"id": "r"}}'),
    "a model's file": plain(
        TEXT, b'{"type": "session.created", "x": "R0dVRgMAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}'
    ),
    "a flood of pings": plain(PING) * 40,
}


@pytest.mark.parametrize("name", SAYS)
async def test_what_a_server_may_not_say_is_withheld(name: str) -> None:
    """Z9, Z11, Z22: nothing of it is delivered; the session ends with a record, an error and a close."""
    async with (
        raw_server(after=SAYS[name]) as server,
        realtime_lab(server.port, sessions=LIMITS) as running,
        raw_caller(running) as peer,
    ):
        got = await peer.read_all()
        code, reason = close_of(got) or (0, "")
        assert (code, reason) in {(1011, "return-unreadable"), (1008, "return-weights")}
        assert got.count(b'"type":"error"') == 1
        assert b"later.kind" not in got
        await until_gone(running)
        assert ends(running) == [("decision", "allow", ""), ("return", "deny", "cut")]
    assert server.ended == 1


@pytest.mark.parametrize(
    "close", [plain(CLOSE, struct.pack("!H", 4321) + b"secret"), b""], ids=["close", "eof"]
)
async def test_a_server_that_leaves_ends_the_session(close: bytes) -> None:
    """Z6: with a close or without one; neither its code nor its reason is handed on."""
    async with (
        raw_server(after=close, stays=False) as server,
        realtime_lab(server.port) as running,
        raw_caller(running) as peer,
    ):
        got = await peer.read_all()
        assert b"secret" not in got
        assert close_of(got) == ((1000, "") if close else (1011, "upstream-truncated"))
        await until_gone(running)
        end = "complete" if close else "upstream_failed"
        assert ends(running)[-1][2] in (end, "cut")
    assert server.ended == 1


async def test_a_server_that_breaks_off_in_an_answer() -> None:
    """Z6, Z13: the answer is cut loudly, and both exchanges say why they ended."""
    greet = plain(TEXT, b'{"type": "session.created", "session": {}}')
    async with raw_server(after=greet) as server, realtime_lab(server.port) as running:
        async with caller(running) as session:
            await say(session, "response.create")
            async with asyncio.timeout(15):
                while not server.got:
                    await asyncio.sleep(0.01)
            running.boundary.handler(next(iter(running.boundary.crossings)).passage.exchange.pin.connection)
            server.stays = False
            await say(session, "conversation.item.create", item=item("x"))
            assert (await hear(session, "error"))[-1]["error"]["code"] == "upstream-truncated"
            assert await ended(session) == (1011, "upstream-truncated")
        await until_gone(running)
        assert {one for one in ends(running) if one[1] == "deny"} == {("return", "deny", "upstream_failed")}
