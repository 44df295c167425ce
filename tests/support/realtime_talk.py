"""What tests of sessions say and hear, and the records that they look at."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from tests.support.boundary_lab import Lab, MemoryJournal


async def say(to: ClientConnection, kind: str, /, **event: Any) -> None:
    await to.send(json.dumps({"type": kind, **event}))


async def hear(session: ClientConnection, kind: str) -> list[dict[str, Any]]:
    """Read up to the first event of a kind."""
    heard: list[dict[str, Any]] = []
    async with asyncio.timeout(20):
        while not heard or heard[-1]["type"] != kind:
            heard.append(json.loads(await session.recv()))
    return heard


async def until_closed(session: ClientConnection) -> AsyncIterator[str]:
    """Read every message until the session is closed, however that is."""
    with contextlib.suppress(ConnectionClosed):
        async with asyncio.timeout(20):
            while True:
                yield str(await session.recv())


async def settled(running: Lab) -> None:
    """Wait until nothing is under way."""
    async with asyncio.timeout(20):
        while len(running.boundary.crossings):
            await asyncio.sleep(0.01)


def ends(running: Lab) -> list[tuple[str, str, str]]:
    """Return kind, verdict and how it ended, or why it was refused, of each record."""
    return [
        (kind, body["verdict"], body.get("end") or body["reason"])
        for kind, body, _ in running.journal.entries
    ]


class Gated(MemoryJournal):
    """A journal whose records of one kind wait until they may be written."""

    def __init__(self, kind: str, number: int) -> None:
        super().__init__()
        self.kind, self.number = kind, number
        self.reached, self.open = asyncio.Event(), asyncio.Event()

    async def append(self, kind: str, body: Any, private: Any) -> Any:
        if kind == self.kind:
            self.number -= 1
            if self.number == 0:
                self.reached.set()
                await self.open.wait()
        return await super().append(kind, body, private)


async def until_gone(running: Lab) -> None:
    """Wait until nothing is under way, and no connection is left."""
    await settled(running)
    server = running.master.addons.get("proxyserver")
    async with asyncio.timeout(20):
        while server.connections:
            await asyncio.sleep(0.01)
