"""Handshakes of sessions, right and wrong, of callers and of servers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest

from tests.support.realtime_lab import (
    PEER,
    TEXT,
    accept_for,
    close_of,
    frame,
    good_answer,
    handshake,
    raw_caller,
    raw_server,
    realtime_lab,
)
from tests.support.realtime_server import realtime_server
from tests.support.realtime_talk import ends, until_gone
from tests.support.zone_world import CREDENTIAL

pytestmark = pytest.mark.live

UPDATE = json.dumps({"type": "session.update", "session": {"type": "realtime"}}).encode()
LIMITS = {"max_message_bytes": 4096, "max_fragments": 8, "pings_per_minute": 10}


HANDSHAKES: dict[str, tuple[bytes, int, str]] = {
    "no key": (handshake(sec_websocket_key=None), 400, "request-malformed"),
    "a key that is none": (handshake(sec_websocket_key="c2hvcnQ="), 400, "request-malformed"),
    "two keys": (
        handshake().replace(b"\r\n\r\n", b"\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"),
        400,
        "request-malformed",
    ),
    "another version": (handshake(sec_websocket_version="8"), 400, "request-malformed"),
    "another protocol": (handshake(upgrade="h2c"), 400, "request-malformed"),
    "two protocols": (handshake(upgrade="websocket, h2c"), 400, "request-malformed"),
    "no connection field": (handshake(connection="keep-alive"), 400, "request-malformed"),
    "HTTP/1.0": (handshake(version="HTTP/1.0"), 400, "request-malformed"),
    "no model": (handshake(target="/v1/realtime"), 400, "content-unreadable"),
    "two models": (handshake(target="/v1/realtime?model=a&model=b"), 400, "content-unreadable"),
    "more than a model": (handshake(target="/v1/realtime?model=zone-llm-01&x=y"), 400, "content-unreadable"),
    "an unknown model": (
        handshake(target="/v1/realtime?model=other"),
        403,
        "policy-model-provenance-unclear",
    ),
    "no credential": (handshake(authorization=None), 403, "origin-tenant-unknown"),
    "a credential as a subprotocol": (
        handshake(
            authorization=None, sec_websocket_protocol=f"realtime, openai-insecure-api-key.{CREDENTIAL}"
        ),
        403,
        "origin-tenant-unknown",
    ),
    "another path": (handshake(target="/v1/realtime/x?model=zone-llm-01"), 403, "lane-upgrade"),
    "a path of requests": (handshake(target="/v1/chat/completions"), 403, "lane-upgrade"),
    "no upgrade": (handshake(upgrade=None), 403, "content-closed-endpoint"),
    "an identifier in the target": (
        handshake(target="/v1/realtime?model=110101199003074610"),
        403,
        "policy-domestic-data-mixed",
    ),
}


@pytest.mark.parametrize("name", HANDSHAKES)
async def test_a_handshake_that_is_none_is_refused_before_anything_is_dialled(name: str) -> None:
    """Z13, Z22: an HTTP answer with reason and record; the server never hears of it."""
    data, status, reason = HANDSHAKES[name]
    async with realtime_server() as server, realtime_lab(server.port, idle_timeout_s=0.3) as running:
        answer = await running.raw(data)
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(f"HTTP/1.1 {status} ".encode()), answer
        assert json.loads(body)["error"]["code"] == reason
        assert ends(running)[-1] == ("decision", "deny", reason)
    assert server.paths == []


async def test_compression_is_never_agreed_on() -> None:
    """Z11: what is compressed is another text than the one that is looked into: on neither side."""
    offered = "permessage-deflate; client_max_window_bits"
    async with (
        realtime_server() as server,
        realtime_lab(server.port) as running,
        raw_caller(running, handshake(sec_websocket_extensions=offered)) as peer,
    ):
        peer.writer.write(bytes([0xC1]) + frame(TEXT, UPDATE)[1:])  # RSV1: compressed all the same
        assert close_of(await peer.read_all()) == (1002, "request-malformed")
        await until_gone(running)
    assert "sec-websocket-extensions" not in server.headers[0]
    assert server.heard == []


async def test_the_one_subprotocol_is_answered() -> None:
    """A caller that names `realtime` among others gets it; the others go nowhere."""
    offered = "openai-beta.realtime-v1, realtime"
    async with raw_server(with_protocol) as server, realtime_lab(server.port) as running:
        reader, writer = await asyncio.open_connection("127.0.10.1", running.port, local_addr=PEER)
        writer.write(handshake(sec_websocket_protocol=offered))
        answer = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 15)).lower()
        assert b"sec-websocket-protocol: realtime\r\n" in answer
        writer.close()


def with_protocol(head: bytes) -> bytes:
    assert b"sec-websocket-protocol: realtime\r\n" in head.lower()
    return good_answer(head).replace(b"\r\n\r\n", b"\r\nsec-websocket-protocol: realtime\r\n\r\n")


def answered(
    *fields: str, status: str = "101 Switching Protocols", proven: bool = True
) -> Callable[[bytes], bytes]:
    def answer(head: bytes) -> bytes:
        own = [f"sec-websocket-accept: {accept_for(head)}"] if proven else []
        return "\r\n".join([f"HTTP/1.1 {status}", *fields, *own, "", ""]).encode()

    return answer


SWITCH = ("upgrade: websocket", "connection: Upgrade")
WRONG: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "no proof": (answered(*SWITCH, proven=False), "return-unreadable"),
    "another proof": (
        answered(*SWITCH, "sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", proven=False),
        "return-unreadable",
    ),
    "two proofs": (answered(*SWITCH, "sec-websocket-accept: x"), "return-unreadable"),
    "no upgrade": (answered("connection: Upgrade"), "return-unreadable"),
    "another upgrade": (answered("upgrade: h2c", "connection: Upgrade"), "return-unreadable"),
    "no connection field": (answered("upgrade: websocket"), "return-unreadable"),
    "an extension": (answered(*SWITCH, "sec-websocket-extensions: permessage-deflate"), "return-unreadable"),
    "a subprotocol": (answered(*SWITCH, "sec-websocket-protocol: realtime"), "return-unreadable"),
    "200": (answered("content-length: 2", status="200 OK"), "upstream-failed"),
    "401": (answered("content-length: 0", status="401 Unauthorized"), "upstream-failed"),
    "103": (answered(*SWITCH, status="103 Early Hints"), "upstream-failed"),
    "no HTTP": (lambda _: b"\x81\x02hi", "return-unreadable"),
    "nothing": (lambda _: b"", "upstream-failed"),
}


@pytest.mark.parametrize("name", WRONG)
async def test_a_server_that_answers_the_handshake_wrongly_is_not_believed(name: str) -> None:
    """Z6, Z22: no session; the caller gets a recorded 502, the server's connection is closed."""
    answer, reason = WRONG[name]
    async with raw_server(answer, stays=name != "nothing") as server, realtime_lab(server.port) as running:
        got = await running.raw(handshake(), timeout_s=15)
        assert got.startswith(b"HTTP/1.1 502 "), got
        assert json.loads(got.partition(b"\r\n\r\n")[2])["error"]["code"] == reason
        await until_gone(running)
        assert ends(running)[-1][:2] == ("return", "deny")
        async with asyncio.timeout(15):
            while not server.ended:
                await asyncio.sleep(0.01)
    assert server.got == b""
