"""What connections leave behind when they end is freed soon, and given back to the system.

A connection of mitmproxy is full of circles (a layer holds its own methods), so that only Python's collector
frees it; and the collector comes round when much is made, not when much has ended. Where a thousand callers
leave and nobody comes, some twenty megabytes would wait for a busier hour.

A round looks at all that is still in use, too: some half a microsecond for each of the 250 objects of a
connection. So one is made only when as many connections have ended as are open, which keeps its cost in
proportion to what it frees; the collector's own rule is no stricter. To give free pages back costs a
millisecond; that is also done where many connections have begun, as soon as none begins.
"""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING

from mitmproxy.utils import asyncio_utils

from zoneproxy.adapters.heap import give_back

if TYPE_CHECKING:
    from mitmproxy.connection import Client


LEAST_ENDED = 64
LOOK_S = 1.0


class Reclaim:
    """Counts connections, and frees what they left behind."""

    name = "reclaim"

    def __init__(self) -> None:
        self._open = 0
        self._ended = 0
        self._begun = 0
        self._begun_before = 0
        self._looking: asyncio.Task[None] | None = None

    def client_connected(self, client: Client) -> None:  # noqa: ARG002 - the hook's form
        """One more is open."""
        self._open += 1
        self._begun += 1

    def client_disconnected(self, client: Client) -> None:  # noqa: ARG002 - as above
        """One has ended; what it held is freed later, all at once."""
        self._open -= 1
        self._ended += 1

    async def running(self) -> None:
        """Begin to look."""
        self._looking = asyncio_utils.create_task(self._look_on(), name="reclaim", keep_ref=True)

    async def done(self) -> None:
        """Look no more."""
        if self._looking is not None:
            self._looking.cancel()

    def look(self) -> bool:
        """Free what has ended, where it is worth a round; tell whether it was."""
        worth = self._ended >= max(LEAST_ENDED, self._open)
        if worth:
            self._ended = 0
            gc.collect()
        calm, self._begun_before = self._begun == self._begun_before, self._begun
        if worth or (calm and self._begun >= LEAST_ENDED):
            self._begun = self._begun_before = 0
            give_back()
        return worth

    async def _look_on(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            self.look()
