"""A model server that speaks Realtime on loopback: small answers, and whatever a test wants it to say."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

Event = dict[str, Any]


def words(text: str) -> list[str]:
    """Cut a text into the pieces that a model would say."""
    return [piece + " " for piece in text.split()]


@dataclass
class RealtimeServer:
    """Answers each `response.create` with what a test gives it.

    Attributes:
        says: the pieces of the answer to the events of a session so far.
        heard: every event that came, in order.
        closed: close codes of the sessions that ended.
        greets: what it says first.
        extra: what it says beside, after any event.
        step: awaited before each piece.
    """

    says: Callable[[list[Event]], list[str]] = lambda _: words("Hello from the zone")
    greets: list[Event] = field(default_factory=lambda: [{"type": "session.created", "session": {"id": "s"}}])
    extra: Callable[[Event], list[Event]] = lambda _: []
    step: Callable[[], Any] = lambda: asyncio.sleep(0)
    heard: list[Event] = field(default_factory=list)
    raw: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    closed: list[int | None] = field(default_factory=list)
    port: int = 0
    _ids: Any = field(default_factory=itertools.count)

    async def session(self, connection: ServerConnection) -> None:
        request = connection.request
        assert request is not None
        self.paths.append(request.path)
        self.headers.append({name.lower(): value for name, value in request.headers.raw_items()})
        said: list[Event] = []
        answering: asyncio.Task[None] | None = None
        try:
            for event in self.greets:
                await self._tell(connection, event)
            async for message in connection:
                event = json.loads(message)
                self.raw.append(str(message))
                self.heard.append(event)
                said.append(event)
                match event["type"]:
                    case "session.update":
                        await self._tell(connection, {"type": "session.updated", "session": event["session"]})
                    case "conversation.item.create":
                        item = {"id": f"item_{next(self._ids)}", **event["item"]}
                        await self._tell(connection, {"type": "conversation.item.added", "item": item})
                    case "response.create":
                        answering = asyncio.ensure_future(self._answer(connection, said))
                    case "response.cancel" if answering is not None:
                        answering.cancel()
                        await self._done(connection, "resp_cancelled", "", "cancelled")
                for one in self.extra(event):
                    await self._tell(connection, one)
        except ConnectionClosed:
            pass
        finally:
            if answering is not None:
                answering.cancel()
            await connection.wait_closed()
            self.closed.append(connection.close_code)

    async def _answer(self, connection: ServerConnection, said: list[Event]) -> None:
        answer, item = f"resp_{next(self._ids)}", f"item_{next(self._ids)}"
        place = {"response_id": answer, "item_id": item, "output_index": 0, "content_index": 0}
        with contextlib.suppress(ConnectionClosed):
            await self._tell(connection, {"type": "response.created", "response": {"id": answer}})
            text = ""
            for piece in self.says(said):
                await self.step()
                text += piece
                await self._tell(connection, {"type": "response.output_text.delta", "delta": piece, **place})
            await self._tell(connection, {"type": "response.output_text.done", "text": text, **place})
            await self._done(connection, answer, text, "completed")

    async def _done(self, connection: ServerConnection, answer: str, text: str, status: str) -> None:
        usage = {
            "total_tokens": 12 + len(text),
            "input_tokens": 12,
            "output_tokens": len(text),
            "input_token_details": {"cached_tokens": 2, "text_tokens": 12, "audio_tokens": 0},
            "output_token_details": {"text_tokens": len(text), "audio_tokens": 0},
        }
        output = [
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}
        ]
        response = {"id": answer, "status": status, "output": output, "usage": usage}
        await self._tell(connection, {"type": "response.done", "response": response})

    async def _tell(self, connection: ServerConnection, event: Event) -> None:
        await connection.send(json.dumps({"event_id": f"event_{next(self._ids)}", **event}))


@contextlib.asynccontextmanager
async def realtime_server(**said: Any) -> AsyncIterator[RealtimeServer]:
    """Serve Realtime on 127.0.0.1; arguments are fields of `RealtimeServer`."""
    server = RealtimeServer(**said)
    async with serve(server.session, "127.0.0.1", 0, max_size=None) as listening:
        server.port = next(iter(listening.sockets)).getsockname()[1]
        yield server
