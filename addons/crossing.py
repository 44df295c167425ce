"""One flow's driver: feeds events to its passage, has records written, keeps what is ordered.

The driver is the outer of two doors: whatever fails in the passage or in itself becomes a `Fault`,
and a flow whose fault can't be recorded either is severed.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from zoneproxy.passage.commands import Command, Sever, Write
from zoneproxy.passage.events import Event, Fault, Recorded, RecordFailed
from zoneproxy.terms.errors import TraceError

if TYPE_CHECKING:
    from mitmproxy import http

    from zoneproxy.passage.machine import Passage
    from zoneproxy.passage.state import State
    from zoneproxy.terms.ports import Journal

log = logging.getLogger("zoneproxy.crossing")

CROSSING = "zoneproxy.crossing"
HEAVY_BYTES = 32 * 1024
REFUSAL = "zoneproxy.refusal"


class Crossing:
    """Drives one exchange.

    Args:
        passage: the exchange's state machine.
        journal: where its records become durable.
    """

    def __init__(self, passage: Passage, journal: Journal) -> None:
        self.passage = passage
        self._journal = journal
        self._pending: list[Command] = []
        self._turn = asyncio.Lock()
        # What the caller is told if the server connection of this flow is not opened.
        self.refusal: http.Response | None = None

    def step(self, event: Event) -> list[Command]:
        """Feed one event without waiting.

        Returns:
            What to do now; empty with `waiting` set where a record must be written first.
        """
        try:
            commands = self.passage.receive(event)
        except Exception as error:
            log.exception("fault in the passage", extra={"event": type(event).__name__})
            commands = self._fault(type(event).__name__, error)
        if commands and isinstance(commands[0], Write):
            self._pending = commands
            return []
        return commands

    def stands(self, *states: State) -> bool:
        """Tell whether the exchange stands in one of these states now."""
        return self.passage.state in states

    @property
    def waiting(self) -> bool:
        """True while a record is ordered and not yet written: call `settle`."""
        return bool(self._pending)

    async def settle(self) -> list[Command]:
        """Write what is ordered to be written, and return what to do after it."""
        async with self._turn:
            return await self._settle()

    async def _settle(self) -> list[Command]:
        commands: list[Command] = []
        while self._pending:
            write = self._pending[0]
            self._pending = []
            if not isinstance(write, Write):
                raise TypeError("only writes are waited for")
            commands = self.step(await self._write(write))
        return commands

    async def take(self, event: Event, *, size_bytes: int = 0) -> list[Command]:
        """Feed one event, have its records written, and return what to do.

        Args:
            event: what happened; events that come meanwhile wait their turn.
            size_bytes: how much has to be looked into; much of it is looked into beside the loop, so
                that other flows go on.
        """
        async with self._turn:
            if size_bytes > HEAVY_BYTES:
                commands = await asyncio.to_thread(self.step, event)
            else:
                commands = self.step(event)
            return await self._settle() if self.waiting else commands

    async def _write(self, write: Write) -> Event:
        try:
            receipt = await self._journal.append(write.kind, write.body, write.private)
        except TraceError as error:
            log.error("the trace log takes no record: %s", error.message)  # noqa: TRY400 - told once, by the log itself
            return RecordFailed()
        except Exception as error:
            # The record was refused before it was written (a bug of ours in its fields).
            log.exception("a record was refused")
            return Fault("record", f"{type(error).__name__}: {error}")
        return Recorded(receipt)

    def _fault(self, where: str, error: Exception) -> list[Command]:
        try:
            return self.passage.receive(Fault(where, f"{type(error).__name__}: {error}"))
        except Exception:
            log.exception("fault in the refusal of a fault")
            return [Sever()]
