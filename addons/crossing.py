"""One flow's driver: feeds events to its passage, has records written, keeps what is ordered.

The driver is the outer of two doors: whatever fails in the passage or in itself becomes a `Fault`,
and a flow whose fault can't be recorded either is severed.

A step that has begun comes to its end, also where whoever waited for it was cut off (a hook's deadline): else
the next event would meet a passage whose record is on its way, or is being looked into by a thread, and the
exchange would never end, or end twice.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from zoneproxy.passage.commands import Bind, Command, LookUp, Resolve, Sever, Write
from zoneproxy.passage.events import (
    Bound,
    Event,
    Fault,
    LookedUp,
    Recorded,
    RecordFailed,
    Resolved,
    StoreFailed,
    TurnedAway,
)
from zoneproxy.passage.session import Session
from zoneproxy.passage.state import State
from zoneproxy.terms.errors import ResolveError, StoreError, TraceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mitmproxy import http

    from zoneproxy.passage.exchange import Exchange
    from zoneproxy.passage.machine import Passage
    from zoneproxy.terms.ports import Bindings, Journal, Resolver

    Records = Callable[[Exchange, str], bool]

log = logging.getLogger("zoneproxy.crossing")

CROSSING = "zoneproxy.crossing"
HEAVY_BYTES = 32 * 1024
RESOLVE_S = 10.0
"""How long a resolver may take that does not keep its own bound."""
_NEXT_TURN_S = 0.001
REFUSAL = "zoneproxy.refusal"
_STEPS = set[asyncio.Task[Any]]()
"""Steps under way: the loop itself keeps only weak references."""


class Crossing:
    """Drives one exchange.

    Args:
        passage: the exchange's state machine.
        journal: where its records become durable.
        bindings: whose the zone's stored objects are; without it nothing stored can be made or used.
        resolver: which addresses names have; without it no name is called.
        records: tells whether a refusal for a reason may be recorded, and counts it where it may not; without
            it all are. The messages of a session are not asked about: one that is refused ends it.
    """

    def __init__(
        self,
        passage: Passage,
        journal: Journal,
        bindings: Bindings | None = None,
        resolver: Resolver | None = None,
        records: Records | None = None,
    ) -> None:
        self.passage: Passage | Session = passage
        self._journal = journal
        self._bindings = bindings
        self._resolver = resolver
        self._records = records
        self._pending: list[Command] = []
        self._turn = asyncio.Lock()
        # What the caller is told if the server connection of this flow is not opened.
        self.refusal: http.Response | None = None
        # It was ended from outside: by a stop of the operator's, or because it took too long.
        self.halted = False
        self.told = False  # the layer has carried out what that end ordered
        self.counted = ""  # the tenant for which the turnstile counts it
        self.began_s = time.monotonic()
        # Why its model server is not believed to be one, in our words.
        self.distrust = ""

    def step(self, event: Event) -> list[Command]:
        """Feed one event without waiting.

        Returns:
            What to do now; empty with `waiting` set where a record or a binding must be durable first.
        """
        try:
            commands = self.passage.receive(event)
        except Exception as error:
            log.exception("fault in the passage", extra={"event": type(event).__name__})
            commands = self._fault(type(event).__name__, error)
        if commands and isinstance(commands[0], Write | LookUp | Bind | Resolve):
            self._pending = commands
            return []
        return commands

    def stands(self, *states: State) -> bool:
        """Tell whether the exchange stands in one of these states now."""
        return self.passage.state in states

    @property
    def waiting(self) -> bool:
        """True while something durable is ordered and not yet done: call `settle`."""
        return bool(self._pending)

    async def settle(self) -> list[Command]:
        """Do what is ordered to be durable, and return what to do after it."""
        await self._turn.acquire()
        return await self._in_turn(self._settle())

    async def settled(self) -> None:
        """Wait until no record of this exchange is being written."""
        async with self._turn:
            return

    async def interrupt(self, event: Event) -> list[Command]:
        """Feed an event that comes from outside; what its end orders is for the layer to carry out.

        `halted` tells afterwards whether it ended the exchange. An exchange whose end is being recorded
        already is left to it.
        """
        while True:
            await self._turn.acquire()
            if self.stands(State.CLOSING, State.SEALING, State.DENYING) or self.passage.final:
                self._turn.release()
                return []
            if not self.waiting:
                break
            # What the layer ordered to be durable is done in the layer's own turn, which comes first.
            self._turn.release()
            await asyncio.sleep(_NEXT_TURN_S)
        commands = self.step(event)
        self.halted = self.stands(State.CLOSING, State.SEVERED)
        return await self._after(commands)

    async def _settle(self) -> list[Command]:
        commands: list[Command] = []
        while self._pending:
            order = self._pending[0]
            self._pending = []
            if isinstance(order, Write):
                commands = self.step(await self._write(order))
            elif isinstance(order, LookUp | Bind):
                commands = self.step(await self._ask_store(order))
            elif isinstance(order, Resolve):
                commands = self.step(await self._resolve(order))
            else:
                raise TypeError("only what is durable is waited for")
        return commands

    async def take(self, event: Event, *, size_bytes: int = 0) -> list[Command]:
        """Feed one event, have its records written, and return what to do.

        Args:
            event: what happened; events that come meanwhile wait their turn.
            size_bytes: how much has to be looked into; much of it is looked into beside the loop, so
                that other flows go on.
        """
        await self._turn.acquire()
        if size_bytes > HEAVY_BYTES:
            return await self._in_turn(self._heavy(event))
        return await self._after(self.step(event))

    async def _heavy(self, event: Event) -> list[Command]:
        """Look into what is heavy beside the loop, and do what is ordered to be durable."""
        commands = await asyncio.to_thread(self.step, event)
        return await self._settle() if self.waiting else commands

    async def _after(self, commands: list[Command]) -> list[Command]:
        """Return what a step orders, after what is to be durable first; the turn ends with it."""
        if self.waiting:
            return await self._in_turn(self._settle())
        self._turn.release()
        return commands

    async def _in_turn(self, step: Coroutine[Any, Any, list[Command]]) -> list[Command]:
        """Do the rest of a step, and give the turn back as whoever waits goes on with what it orders.

        Nobody else may come between, or what is ordered would be done to an exchange that has gone on. A step
        whose caller was cut off gives the turn back by itself.
        """
        task = begin(step)
        try:
            return await asyncio.shield(task) if not task.done() else task.result()
        finally:
            if task.done():
                self._turn.release()
            else:
                task.add_done_callback(lambda _: self._turn.release())

    async def _write(self, write: Write) -> Event:
        try:
            if self._is_beyond(write):
                return TurnedAway()
            receipt = await self._journal.append(write.kind, write.body, write.private)
        except TraceError as error:
            log.error("the trace log takes no record: %s", error.message)  # noqa: TRY400 - told once, by the log itself
            return RecordFailed()
        except Exception as error:
            # The record was refused before it was written (a bug of ours in its fields).
            log.exception("a record was refused")
            return Fault("record", f"{type(error).__name__}: {error}")
        if whom := write.body.get("oblig", {}).get("alarm"):
            what = f"{write.body.get('reason')} by {write.body.get('rule')}"
            log.critical("alarm for the %s: %s", whom, what, extra={"index": receipt.index})
        return Recorded(receipt)

    def _is_beyond(self, write: Write) -> bool:
        """Tell whether a record is that of a refusal which may not have one."""
        if self._records is None or write.kind != "decision" or write.body["verdict"] == "allow":
            return False
        if isinstance(self.passage, Session):
            return False
        return not self._records(self.passage.exchange, write.body["reason"])

    async def _ask_store(self, order: LookUp | Bind) -> Event:
        """Ask whose objects are, or make them somebody's; whatever fails is a store that can't say."""
        try:
            if self._bindings is None:
                raise StoreError("there is no binding store")  # noqa: TRY301 - told like any other failure
            if isinstance(order, LookUp):
                return LookedUp(await self._bindings.find(order.names))
            claimed = await self._bindings.claim(order.bindings)
            asked = await self._bindings.find(order.names) if order.names else {}
            return Bound({**asked, **claimed})
        except StoreError as error:
            log.error("%s", error.message)  # noqa: TRY400 - the store says what is wrong with it
            return StoreFailed(error.message)
        except Exception as error:
            log.exception("the binding store failed")
            return StoreFailed(f"{type(error).__name__}: {error}")

    async def _resolve(self, order: Resolve) -> Event:
        """Ask which addresses a name has; whatever fails is a name without any."""
        try:
            if self._resolver is None:
                return Resolved((), "there is no resolver")
            async with asyncio.timeout(RESOLVE_S):
                return Resolved(tuple(await self._resolver.resolve(order.host)))
        except ResolveError as error:
            return Resolved((), error.message)
        except Exception as error:
            log.exception("the resolver failed")
            return Resolved((), f"{type(error).__name__}: {error}")

    def _fault(self, where: str, error: Exception) -> list[Command]:
        try:
            return self.passage.receive(Fault(where, f"{type(error).__name__}: {error}"))
        except Exception:
            log.exception("fault in the refusal of a fault")
            return [Sever()]


async def to_its_end[T](step: Coroutine[Any, Any, T]) -> T:
    """Wait for a step, which comes to its end also where whoever waits is cut off."""
    task = begin(step)
    return task.result() if task.done() else await asyncio.shield(task)


def begin[T](step: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """Begin a step at once; what waits goes on by itself."""
    task = asyncio.Task(step, loop=asyncio.get_running_loop(), eager_start=True)
    if not task.done():
        _STEPS.add(task)
        task.add_done_callback(_STEPS.discard)
    return task


def crossing_of(flow: http.HTTPFlow) -> Crossing:
    """Return the driver of a flow; KeyError where it has none."""
    crossing: Crossing = flow.metadata[CROSSING]
    return crossing
