"""The layers send no byte of their own making, and none that the passage did not order."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from mitmproxy import http, options
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.http import HttpStream
from mitmproxy.test import tflow

from addons.ends import Malformed, ZoneMalformedHook
from addons.layers import forked
from addons.pages import shut
from addons.streams import ZoneAnswerHook, ZoneDialledHook, ZoneStream, assemble
from demo.echo_server import EchoServer, serving
from tests.support.boundary_lab import Lab, lab
from tests.support.scripted_server import scripted
from tests.support.zone_world import CHAT, CREDENTIAL, STREAMED_CHAT
from zoneproxy.passage.commands import Deliver
from zoneproxy.passage.machine import Passage

live = pytest.mark.live


@pytest.fixture
def upstream() -> Iterator[EchoServer]:
    with serving() as server:
        yield server


def post(body: bytes = CHAT, more: str = "connection: close\r\n") -> bytes:
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nhost: zone\r\nauthorization: Bearer {CREDENTIAL}\r\n"
        f"content-type: application/json\r\n{more}content-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def test_a_response_is_written_whole():
    """Head and body leave as one piece of bytes."""
    raw = assemble(shut())
    head, _, body = raw.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 500 ")
    assert b"connection: close" in head
    assert json.loads(body)["error"]["code"] == "internal-error"


def test_every_new_hook_waits_for_its_answer():
    """A hook that decides blocks its flow until it is done, and tells the boundary what it is about."""
    flow = tflow.tflow()
    malformed = Malformed(flow.client_conn, "the head can't be parsed")
    for hook, data in (
        (ZoneAnswerHook(flow), flow),
        (ZoneDialledHook(flow), flow),
        (ZoneMalformedHook(malformed), malformed),
    ):
        assert hook.blocking
        assert hook.args() == [data]
    assert malformed.answer == b""


@live
@pytest.mark.parametrize(
    "head", [b"NOT HTTP\r\n\r\n", b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b"\x00\r\n\r\n"]
)
async def test_what_is_no_http_is_refused_in_our_words(head: bytes, upstream: EchoServer) -> None:
    """Z22: a head that can't be parsed has its record and our page, and ends the connection."""
    async with lab(upstream.port) as running:
        answer = await running.raw(head)
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert answer.count(b"HTTP/1.1 400 ") == 1
        assert b"mitmproxy" not in answer.lower()
        assert running.journal.verdicts() == [("decision", "deny", "request-malformed")]


@live
async def test_garbage_behind_a_good_request_does_not_spoil_its_answer(upstream: EchoServer) -> None:
    """The first request is answered whole, the rest is refused, and both are recorded in order."""
    async with lab(upstream.port) as running:
        answer = await running.raw(post(more="") + b"\x16\x03\x01garbage\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert b"hello" in answer
        assert b"HTTP/1.1 400 " in answer
        assert [reason for _, _, reason in running.journal.verdicts()] == ["", "", "request-malformed"]


@live
async def test_a_peer_that_may_not_be_reached_gets_no_byte(
    upstream: EchoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Z5: the peer is looked at before the request is sent; where that fails, nothing is sent."""
    receive = Passage.receive

    def fail(self, happened):
        if type(happened).__name__ == "Dialled":
            raise ZeroDivisionError("planted")
        return receive(self, happened)

    async with lab(upstream.port) as running:
        monkeypatch.setattr(Passage, "receive", fail)
        answer = await running.raw(post())
        assert answer.startswith(b"HTTP/1.1 500 ")
        assert upstream.seen == []


@live
async def test_no_byte_of_a_stream_leaves_but_what_is_ordered(
    upstream: EchoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the passage keeps back stays back: the layer forwards orders, never the server's bytes."""
    receive = Passage.receive

    def keep_back(self, happened):
        orders = receive(self, happened)
        if type(happened).__name__ == "AnswerChunk":
            return [Deliver(b": kept\n\n") for order in orders if isinstance(order, Deliver)]
        return orders

    async with lab(upstream.port) as running:
        monkeypatch.setattr(Passage, "receive", keep_back)
        answer = await running.raw(post(STREAMED_CHAT))
        assert b": kept\n\n" in answer
        assert b'"role"' not in answer


@live
@pytest.mark.parametrize("size", [-1, 0])
async def test_an_interim_answer_desynchronises_nothing(size: int) -> None:
    """A 1xx of the server ends the exchange with a recorded refusal; what follows it reaches nobody."""
    more = b'HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n"secret"'[: size or None]
    with scripted(b"HTTP/1.1 102 Processing\r\n\r\n" + more) as port:
        async with lab(port) as running:
            answer = await running.raw(post(more="") * 2)
            assert b"secret" not in answer
            assert answer.startswith(b"HTTP/1.1 502 ")
            assert len(running.boundary.crossings) == 0


@live
async def test_trailers_of_an_answer_do_not_hang(upstream: EchoServer) -> None:
    """mitmproxy's parser crashes on trailers; the connection ends, and the proxy serves on."""
    answer = (
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
        b"2\r\n{}\r\n0\r\nx-sig: a\r\n\r\n"
    )
    with scripted(answer) as port:
        async with lab(port) as running:
            async with asyncio.timeout(4):
                got = await running.raw(post())
            assert not got.startswith(b"HTTP/1.1 200 ")
            assert await settled(running)


async def settled(running: Lab) -> bool:
    """Wait until no exchange is under way."""
    async with asyncio.timeout(5):
        while len(running.boundary.crossings):
            await asyncio.sleep(0)
    return running.journal.verdicts()[-1][0] == "return"


def test_a_fork_of_a_context_is_the_cores() -> None:
    """All of a context is taken over, and its list of layers is one of its own."""
    context = Context(tflow.tclient_conn(), options.Options())
    context.layers.append("layer")  # type: ignore[arg-type]
    ours, theirs = forked(context), context.fork()
    assert vars(ours) == vars(theirs)
    assert ours.layers is not context.layers


LENGTHS: list[tuple[bytes, bytes]] = [
    (b"content-length", b"0"), (b"content-length", b"9"), (b"content-length", b"10"),
    (b"content-length", b"11"), (b"content-length", b"x"), (b"transfer-encoding", b"chunked"),
]  # fmt: skip


@pytest.mark.parametrize("field", LENGTHS, ids=lambda field: b" ".join(field).decode())
@pytest.mark.parametrize("came", [0, 1, 10, 11])
@pytest.mark.parametrize("request_", [True, False], ids=["request", "answer"])
@pytest.mark.parametrize("bound", [None, 10], ids=["the core's", "its own"])
def test_a_body_is_bounded_as_the_core_bounds_it(
    field: tuple[bytes, bytes],
    came: int,
    request_: bool,  # noqa: FBT001 - the test's own
    bound: int | None,
) -> None:
    """Z22: what is let through at a glance is what the core itself would let through."""
    context = Context(tflow.tclient_conn(), options.Options())
    context.options = SimpleNamespace(stream_large_bodies=None, body_size_limit="10")  # type: ignore[assignment]
    stream: Any = ZoneStream(context, 1)
    stream.max_body_bytes = bound
    stream.flow = tflow.tflow(resp=True)
    fields = http.Headers([field])
    stream.flow.request.headers = stream.flow.response.headers = fields
    stream.request_body_buf += b"a" * came
    stream.response_body_buf += b"a" * came
    stops = list(HttpStream.check_body_size(stream, request_))
    assert stream._is_within(request=request_) <= (not stops)
    if came:
        assert stream._is_within(request=request_) is (not stops)
