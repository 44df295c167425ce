"""The scripted server says exactly what it is told, and remembers what it was sent."""

from __future__ import annotations

from typing import Any

import pytest

from zoneproxy.adapters.wire.client import send
from zoneproxy.adapters.wire.server import ScriptedServer, pieces_of
from zoneproxy.policy.wirefile import WireAnswer

REQUEST = b"POST /v1/x HTTP/1.1\r\nZone-Flow: f\r\nContent-Length: 2\r\n\r\n{}"


def script(**fields: Any) -> WireAnswer:
    return WireAnswer.model_validate(fields)


@pytest.mark.parametrize(
    ("fields", "status", "kind", "body"),
    [
        ({"body": "hi", "status": 404}, 404, "application/json", b"hi"),
        ({"json": {"a": [1]}}, 200, "application/json", b'{"a": [1]}'),
        ({"chunks": ["a", "", "b"], "headers": {"Content-Type": "text/plain"}}, 200, "text/plain", b"ab"),
        ({"events": [{"a": 1}, "[DONE]"]}, 200, "text/event-stream", b'data: {"a": 1}\n\ndata: [DONE]\n\n'),
        ({"status": 599, "body": ""}, 599, "application/json", b""),
    ],
)
async def test_each_form_of_an_answer(fields: dict[str, Any], status: int, kind: str, body: bytes) -> None:
    """As a client reads it."""
    server = ScriptedServer()
    server.begin(script(**fields))
    async with server.listening("127.0.0.1") as port:
        answer, late = await send("127.0.0.1", port, peer="127.0.0.1", data=REQUEST, timeout_s=5)
    assert (answer.status, answer.headers["content-type"], answer.body) == (status, kind, body)
    assert (answer.whole, late) == (True, False)
    (arrival,) = server.arrivals
    assert (arrival.line, arrival.headers["zone-flow"], arrival.body) == ("POST /v1/x HTTP/1.1", "f", b"{}")


async def test_it_breaks_off_where_it_is_told() -> None:
    """A stream without its end is not whole."""
    server = ScriptedServer()
    server.begin(script(chunks=["hello"], breaks=True))
    async with server.listening("127.0.0.1") as port:
        answer, _ = await send("127.0.0.1", port, peer="127.0.0.1", data=REQUEST, timeout_s=5)
    assert not answer.whole


async def test_half_a_request_is_no_arrival() -> None:
    """A caller that breaks off has sent nothing."""
    server = ScriptedServer()
    async with server.listening("127.0.0.1") as port:
        await send("127.0.0.1", port, peer="127.0.0.1", data=REQUEST[:-1], timeout_s=0.05)
    assert server.arrivals == []


def test_an_answer_that_is_not_given_is_an_ordinary_one() -> None:
    """A chat completion with its usage."""
    head, body = pieces_of(script())
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b'"total_tokens": 2' in body


def test_beginning_again_forgets() -> None:
    """Each exchange sees its own arrivals."""
    server = ScriptedServer()
    before = server.arrivals
    server.begin(script(body="x"))
    assert server.arrivals is not before
