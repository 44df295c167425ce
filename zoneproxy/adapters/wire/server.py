"""A server that answers every request as it is told, and remembers what it was sent."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from http import HTTPStatus

from zoneproxy.policy.wire import Arrival
from zoneproxy.policy.wirefile import WireAnswer

_TIMEOUT_S = 10.0
_CHAT = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1_767_225_600,
    "model": "scripted",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "hello"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}


class ScriptedServer:
    """A model server of a test.

    Attributes:
        script: what it answers from now on.
        arrivals: what it was sent, in order.
    """

    def __init__(self) -> None:
        self.script = WireAnswer.model_validate({})
        self.arrivals: list[Arrival] = []

    def begin(self, script: WireAnswer) -> None:
        """Forget what was sent so far, and answer as `script` says."""
        self.script, self.arrivals = script, []

    @contextlib.asynccontextmanager
    async def listening(self, host: str) -> AsyncIterator[int]:
        """Serve on a free port of an address; the block is given the port."""
        server = await asyncio.start_server(self._serve, host, 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            await server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                line, *rows = head.rstrip().split("\r\n")
                headers = {
                    name.strip().lower(): value.strip()
                    for name, _, value in (row.partition(":") for row in rows)
                }
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                self.arrivals.append(Arrival(line, headers, body))
                for piece in pieces_of(self.script):
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0)  # each piece has a chance to travel by itself
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            pass  # whoever called broke off: there is nobody to tell
        finally:
            if self.script.breaks:
                writer.transport.abort()
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


def pieces_of(script: WireAnswer) -> list[bytes]:
    """Return an answer as it is sent, piece by piece; the connection is closed after it."""
    headers = {name.lower(): value for name, value in script.headers.items()}
    parts = _stream(script)
    if parts is None:
        document = _CHAT if script.body is None and script.document is None else script.document
        body = json.dumps(document).encode() if script.body is None else script.body.encode()
        headers = {"content-type": "application/json", "content-length": str(len(body)), **headers}
        sent = [body] if body else []
    else:
        kind = "text/event-stream" if script.events is not None else "application/json"
        headers = {"content-type": kind, "transfer-encoding": "chunked", **headers}
        sent = [b"%x\r\n%s\r\n" % (len(part), part) for part in parts if part]
        sent += [] if script.breaks else [b"0\r\n\r\n"]
    reason = HTTPStatus(script.status).phrase if script.status in set(HTTPStatus) else "Scripted"
    head = f"HTTP/1.1 {script.status} {reason}\r\nconnection: close\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return [head.encode("latin-1") + b"\r\n", *sent]


def _stream(script: WireAnswer) -> list[bytes] | None:
    if script.events is not None:
        return [
            b"data: " + (event if isinstance(event, str) else json.dumps(event)).encode() + b"\n\n"
            for event in script.events
        ]
    return None if script.chunks is None else [chunk.encode() for chunk in script.chunks]
