"""`zoneproxy.adapters.tag_middleware`: nothing but what the boundary let in reaches the application."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from zoneproxy.adapters.tag_middleware import Message, Receive, Scope, Send, TagMiddleware
from zoneproxy.origin.signature import SignedMessage
from zoneproxy.origin.signed_tag import TagSigner, ZoneOrigin

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
SIGNER = TagSigner("zone-1/tag+01020304", KEY)
NOW_S = 1_700_000_000
ORIGIN = ZoneOrigin("overseas", "0190f3c2", 3, "toyco-sg", "SG", "SG", "cable-sg-1", {})
BODY = b'{"model":"toy"}'


class Application:
    """Remembers what reached it."""

    def __init__(self) -> None:
        self.calls: list[tuple[Scope, bytes]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        if scope["type"] == "http":
            body = (await receive())["body"]
        self.calls.append((scope, body))
        await send({"type": "http.response.start", "status": 200, "headers": []})


def scope_of(*, body: bytes = BODY, query: bytes = b"", tag: bool = True, **more: Any) -> dict[str, Any]:
    headers = [("host", "model.zone:8000"), ("content-type", "application/json")]
    if tag:
        message = SignedMessage("POST", "model.zone:8000", "/v1/chat", query.decode(), tuple(headers), body)
        headers += SIGNER.sign(message, ORIGIN, NOW_S)
    return {
        "type": "http",
        "method": "POST",
        "path": "/v1/chat",
        "raw_path": b"/v1/chat",
        "query_string": query,
        "headers": [(name.encode(), value.encode()) for name, value in headers],
    } | more


async def run(
    scope: dict[str, Any], *pieces: bytes, now_s: float = NOW_S, most: int = 1024
) -> tuple[Application, list[Message]]:
    app, sent = Application(), list[Message]()
    waiting = [
        {"type": "http.request", "body": piece, "more_body": at < len(pieces) - 1}
        for at, piece in enumerate(pieces)
    ] + [{"type": "http.disconnect"}]

    async def receive() -> Message:
        return waiting.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    guard = TagMiddleware(app, {SIGNER.key_id: KEY.public_key()}, max_body_bytes=most, now=lambda: now_s)
    await guard(scope, receive, send)
    return app, sent


@pytest.mark.parametrize("pieces", [(BODY,), (BODY[:3], BODY[3:]), (BODY, b"")])
async def test_a_tagged_request_reaches_the_application_whole(pieces: tuple[bytes, ...]) -> None:
    """Z2: the application gets the body that was tagged, and what the boundary says of it."""
    app, sent = await run(scope_of(query=b"a=b"), *pieces)
    assert [(scope["zone_origin"], body) for scope, body in app.calls] == [(ORIGIN, BODY)]
    assert sent[0]["status"] == 200


@pytest.mark.parametrize(
    ("scope", "now_s", "code"),
    [
        (scope_of(tag=False), NOW_S, "missing"),
        (scope_of(body=b"{}"), NOW_S, "altered"),
        (scope_of(method="PUT"), NOW_S, "altered"),
        (scope_of(raw_path=b"/v1/other"), NOW_S, "altered"),
        (scope_of(), NOW_S + 100, "expired"),
        (scope_of(), NOW_S - 100, "early"),
    ],
)
async def test_another_request_does_not_reach_it(scope: dict[str, Any], now_s: float, code: str) -> None:
    """Z2: it is answered with 403, and the reason in one word."""
    app, sent = await run(scope, BODY, now_s=now_s)
    assert not app.calls
    assert (sent[0]["status"], json.loads(sent[1]["body"])["error"]["code"]) == (403, code)


async def test_a_request_comes_once() -> None:
    """Z2: the second of two equal requests is a replay."""
    guard_sees: list[int] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message: Message) -> None:
        if "status" in message:
            guard_sees.append(message["status"])

    async def receive() -> Message:
        return {"type": "http.request", "body": BODY, "more_body": False}

    guard = TagMiddleware(app, {SIGNER.key_id: KEY.public_key()}, now=lambda: NOW_S)
    scope = scope_of()
    await guard(dict(scope), receive, send)
    await guard(dict(scope), receive, send)
    assert guard_sees == [200, 403]


async def test_a_large_body_is_refused_before_it_is_read_whole() -> None:
    """Z22: memory is bounded before anything is checked."""
    app, sent = await run(scope_of(body=b"x" * 40), b"x" * 20, b"x" * 20, most=30)
    assert (app.calls, sent[0]["status"]) == ([], 413)


async def test_a_caller_that_leaves_early_is_not_served() -> None:
    """Z22: half a body fits no tag."""
    app, sent = await run(scope_of())
    assert (app.calls, sent[0]["status"]) == ([], 403)


async def test_a_websocket_is_closed() -> None:
    """Z22: what a socket will carry has no tag."""
    app, sent = await run({"type": "websocket"})
    assert (app.calls, sent) == ([], [{"type": "websocket.close", "code": 1008}])


async def test_the_servers_own_life_goes_on() -> None:
    """Start and stop of the server are no requests."""
    app, _ = await run({"type": "lifespan"})
    assert [scope["type"] for scope, _ in app.calls] == ["lifespan"]
