"""ASGI middleware for model servers: only requests that the boundary let in reach the application.

    app = TagMiddleware(app, read_tag_keys(Path("tag.vkey")))

The tag covers the body, so the body is read whole before the application is called. A request whose tag
does not hold is answered with 403 and one JSON object; a WebSocket is closed, because what it will carry
has no tag. What the boundary says of the request is left in `scope["zone_origin"]`.

Trust: the application may believe `scope["zone_origin"]`, and nothing else that the caller says of itself.
"""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from zoneproxy.origin.signature import SignedMessage
from zoneproxy.origin.signed_tag import Seen, SeenTags, TagError, verify_tag

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

MAX_BODY_BYTES = 64 * 1024 * 1024
_POLICY_VIOLATION = 1008


class TagMiddleware:
    """Checks the tag of every request before the application sees it.

    Args:
        app: the application.
        keys: the boundary's public keys by key id (`read_tag_keys`).
        seen: remembers tags; a memory of this process where not given, so that several processes need
            one that they share.
        max_body_bytes: a larger body is refused; the boundary's own limit is the one to set here.
        now: seconds since 1970 UTC.
    """

    def __init__(
        self,
        app: Application,
        keys: Mapping[str, Ed25519PublicKey],
        *,
        seen: Seen | None = None,
        max_body_bytes: int = MAX_BODY_BYTES,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._app = app
        self._keys = dict(keys)
        self._seen = seen if seen is not None else SeenTags()
        self._max_body_bytes = max_body_bytes
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or answer it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
            return
        body = await self._read(receive)
        if body is None:
            await _refuse(send, 413, "too_large", "the body is larger than this server takes")
            return
        try:
            origin = verify_tag(_message(scope, body), self._keys, now_s=int(self._now()), seen=self._seen)
        except TagError as error:
            await _refuse(send, 403, error.reason, error.message)
            return
        scope["zone_origin"] = origin
        await self._app(scope, _replay(body, receive), send)

    async def _read(self, receive: Receive) -> bytes | None:
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return bytes(body)  # the caller left: what came so far fits no tag
            body += message.get("body", b"")
            if len(body) > self._max_body_bytes:
                return None
            if not message.get("more_body", False):
                return bytes(body)


def _message(scope: Scope, body: bytes) -> SignedMessage:
    headers = tuple(
        (name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]
    )
    hosts = [value for name, value in headers if name == "host"]
    return SignedMessage(
        scope["method"],
        hosts[0] if len(hosts) == 1 else "",
        # A server that leaves it out has undone the escapes: then only a path without any fits its tag.
        (scope.get("raw_path") or scope["path"].encode()).decode("latin-1").partition("?")[0],
        scope["query_string"].decode("latin-1"),
        headers,
        body,
    )


def _replay(body: bytes, receive: Receive) -> Receive:
    """Give the application the body that was read, then whatever comes after it."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


async def _refuse(send: Send, status: int, reason: str, message: str) -> None:
    content = json.dumps({"error": {"type": "zone_origin", "code": reason, "message": message}}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
