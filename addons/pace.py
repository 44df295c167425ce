"""Reading in step: a peer of a session is not read from while what it said last is being looked at.

The core reads its sockets whatever its layers are doing, and keeps what they have no time for. In a session
each message may wait for a record, so a peer that goes on sending would fill the memory: here it waits in the
kernel instead, and what was written meanwhile leaves first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any


class Pace:
    """Says whether a connection's peers may be read from now."""

    def __init__(self) -> None:
        self._free = asyncio.Event()
        self._free.set()

    def hold(self) -> None:
        """Something is being looked at."""
        self._free.clear()

    def go_on(self) -> None:
        """It was."""
        self._free.set()

    async def wait(self) -> None:
        """Wait until nothing is being looked at."""
        await self._free.wait()


class PacedReader:
    """A connection's reader, which keeps pace once there is one.

    Args:
        reader: reads the connection.
        drain: waits until what was written has left.
    """

    def __init__(self, reader: Any, drain: Callable[[], Awaitable[None]]) -> None:
        self._reader, self._drain = reader, drain
        self.pace: Pace | None = None

    async def read(self, size: int) -> bytes:
        """Read some bytes; an empty answer is the end."""
        if self.pace is not None:
            await self.pace.wait()
            await self._drain()
        data: bytes = await self._reader.read(size)
        return data
