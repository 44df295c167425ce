"""Several workers behind one set of doors: started, kept running, replaced one after another, drained.

Each place of a worker has its own listening sockets on every door, bound with SO_REUSEPORT and held open
here; the kernel balances connections among them, and a worker inherits those of its place. So a worker's
successor accepts from the very same queue before the worker stops: no connection falls between the two.

    a worker dies       it is started again after a back-off; while that is short its connections wait; where
                        it is not, or the start fails, its sockets are closed and the other places take them
    the sequencer dies  every worker's journal fails and it shuts; the doors are closed; sequencer and
                        workers are started again, in that order
    one dies too often  the doors are closed, all is ended, and so is this process
    this process dies   its children's stdin ends, by which they drain and end, the sequencer last
    SIGTERM, SIGINT     the doors are closed, workers drain, then the sequencer ends
    SIGHUP              every worker is replaced, one after another; the first successor that does not get
                        ready is given up, and the rest stay as they are

Nothing of a request passes through here.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Callable, Collection, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from zoneproxy.adapters.workers.backoff import BackOff, BackOffRules
from zoneproxy.adapters.workers.child import Child, ChildError, describe
from zoneproxy.adapters.workers.control import ControlServer
from zoneproxy.adapters.workers.doors import open_shared, shown
from zoneproxy.adapters.workers.neighbours import flows_socket
from zoneproxy.adapters.workers.relay import Relay, beside
from zoneproxy.terms.errors import ZoneError

log = logging.getLogger("zoneproxy.supervisor")

HOLD_S = 0.5
"""Connections wait this long for a worker that is started again; after that others take them."""
_TRACE_EXIT = 2

Door = tuple[str, int]


class CrashLoopError(ZoneError):
    """A process dies again and again; the doors are shut.

    Args:
        what: which one, and how it died last.
        code: its exit code.
    """

    def __init__(self, what: str, code: int) -> None:
        super().__init__(
            f"{what}, once too often: the doors are shut",
            hint="see what it said above; mend that, and start the zone again",
        )
        self.exit_code = _TRACE_EXIT if code == _TRACE_EXIT else 3


@dataclass(frozen=True, slots=True)
class Programs:
    """What is started.

    Attributes:
        logd: command of the sequencer; `None` where it runs by itself.
        worker: makes a worker's command from its doors (route to file number) and its control socket.
        doors: address and port of each route.
        control: the supervisor's control socket; those of the workers stand beside it.
    """

    logd: Sequence[str] | None
    worker: Callable[[Mapping[str, int], Path], Sequence[str]]
    doors: Mapping[str, Door]
    control: Path


@dataclass(frozen=True, slots=True)
class Patience:
    """How long what may take: to get ready, and to drain, in seconds."""

    ready_s: float = 60.0
    drain_s: float = 35.0
    back_off: BackOffRules = field(default_factory=BackOffRules)


@dataclass
class _Place:
    """One worker's place: its sockets, and who serves them now."""

    number: int
    deaths: BackOff
    sockets: dict[str, socket.socket] = field(default_factory=dict)
    child: Child | None = None
    control: Path | None = None
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def open_doors(self, doors: Mapping[str, Door]) -> dict[str, int]:
        """Open the sockets that are not open; return the file number of each route's."""
        for route, door in doors.items():
            if route not in self.sockets:
                self.sockets[route] = open_shared(*door)
        return {route: one.fileno() for route, one in self.sockets.items()}

    def close_doors(self) -> None:
        """Close them: what waits in them is turned away, and others take what comes."""
        for one in self.sockets.values():
            one.close()
        self.sockets.clear()


class Supervisor:
    """Keeps a sequencer and its workers running.

    Args:
        programs: what is started.
        count: how many workers.
        patience: how long what may take.
    """

    def __init__(self, programs: Programs, *, count: int, patience: Patience) -> None:
        self._programs = programs
        self._patience = patience
        self._places = [_Place(number + 1, BackOff(patience.back_off)) for number in range(count)]
        self._logd: Child | None = None
        self._logd_deaths = BackOff(patience.back_off)
        self._logd_up = asyncio.Event()
        self._starting = asyncio.Lock()  # one worker at a time: they share the zone's memory of policies
        self._started = 0
        self._children: set[Child] = set()
        self._leaving: list[Path] = []  # control sockets of workers that were replaced and still drain
        self._stop = asyncio.Event()
        self._roll = asyncio.Event()

    async def run(self, ready: Callable[[list[str]], None]) -> None:
        """Open the doors and serve until told to stop.

        Args:
            ready: called once, with the addresses of the doors, when every worker serves.

        Raises:
            ChildError: something did not get ready at the start; nothing is left running.
            CrashLoopError: something died too often; nothing is left running.
            ConfigError: a door or the control socket can't be had.
        """
        relay = Relay(
            self._controls,
            beside(self._programs.control, "logd"),
            starting=self._starting,
            leaving=lambda: tuple(self._leaving),
        )
        control = ControlServer(self._programs.control, relay)
        with _handled({signal.SIGTERM: self._stop, signal.SIGINT: self._stop, signal.SIGHUP: self._roll}):
            try:
                if await self._unless_stopped(self._open()):
                    await control.start()
                    ready([shown(*door) for door in self._programs.doors.values()])
                    await self._unless_stopped(self._keep_all())
            finally:
                await control.close()
                await self._close()

    def _controls(self) -> list[Path]:
        return [place.control for place in self._places if place.child and place.control]

    async def _unless_stopped(self, work: Coroutine[None, None, None]) -> bool:
        """Do something until it is done, or until the stop; tell whether it was done."""
        doing, stopping = asyncio.ensure_future(work), asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait([doing, stopping], return_when=asyncio.FIRST_COMPLETED)
            if doing.done():
                await doing
            return doing.done()
        finally:
            doing.cancel()
            stopping.cancel()
            await asyncio.gather(doing, stopping, return_exceptions=True)

    # ---- starting ----------------------------------------------------------------------------

    async def _open(self) -> None:
        await self._start_logd()
        for place in self._places:
            place.child = await self._start(place)

    async def _start_logd(self) -> None:
        if self._programs.logd is not None:
            self._logd = await self._child("sequencer", self._programs.logd)
        self._logd_up.set()

    async def _start(self, place: _Place) -> Child:
        """Start a worker at a place, beside the one that is there."""
        async with self._starting:
            self._started += 1
            control = beside(self._programs.control, self._started)
            doors = place.open_doors(self._programs.doors)
            command = self._programs.worker(doors, control)
            child = await self._child(f"worker {place.number}", command, doors.values())
            place.control = control
            return child

    async def _child(self, name: str, command: Sequence[str], fds: Collection[int] = ()) -> Child:
        child = await Child.start(name, command, fds)
        self._children.add(child)
        child.when_ended(lambda: self._children.discard(child))
        await child.wait_ready(self._patience.ready_s)
        log.info("%s is ready, process %s", name, child.pid)
        return child

    # ---- keeping -----------------------------------------------------------------------------

    async def _keep_all(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                if self._logd is not None:
                    group.create_task(self._keep_logd(self._logd))
                for place in self._places:
                    group.create_task(self._keep(place))
                group.create_task(self._roll_on_demand())
        except BaseExceptionGroup as several:
            raise several.exceptions[0] from None

    async def _keep(self, place: _Place) -> None:
        while True:
            child = place.child
            if child is None:
                return
            code = await child.wait()
            async with place.turn:
                if place.child is not child:
                    continue  # it was replaced, and has drained
                place.child = None
                log.error("%s %s", child.name, describe(code))
                await self._revive(place, code)

    async def _revive(self, place: _Place, code: int) -> None:
        while place.child is None:
            wait_s = self._wait_s(place.deaths, f"worker {place.number} {describe(code)}", code)
            if wait_s > HOLD_S or not self._logd_up.is_set():
                place.close_doors()
            await asyncio.sleep(wait_s)
            await self._logd_up.wait()
            try:
                place.child = await self._start(place)
            except ChildError as error:
                log.error("%s", error.message)  # noqa: TRY400 - the child has told why
                code = error.exit_code
                place.close_doors()  # who waits there is turned away, not left to wait for nobody

    async def _keep_logd(self, logd: Child) -> None:
        while True:
            code = await logd.wait()
            log.error("the sequencer %s: every worker shuts", describe(code))
            self._logd_up.clear()
            for place in self._places:
                place.close_doors()
            # Their journals have failed, and they end by themselves; whoever does not is made to.
            await asyncio.gather(*(child.end(self._patience.drain_s) for child in list(self._children)))
            while not self._logd_up.is_set():
                await asyncio.sleep(self._wait_s(self._logd_deaths, f"the sequencer {describe(code)}", code))
                try:
                    await self._start_logd()
                except ChildError as error:
                    log.error("%s", error.message)  # noqa: TRY400 - the child has told why
                    code = error.exit_code
            if self._logd is not None:
                logd = self._logd

    def _wait_s(self, deaths: BackOff, what: str, code: int) -> float:
        wait_s = deaths.wait_s(asyncio.get_running_loop().time())
        if wait_s is None:
            raise CrashLoopError(what, code)
        return wait_s

    # ---- replacing ---------------------------------------------------------------------------

    async def _roll_on_demand(self) -> None:
        while True:
            await self._roll.wait()
            self._roll.clear()
            await self._replace_all()

    async def _replace_all(self) -> None:
        for place in self._places:
            async with place.turn:
                old, left = place.child, place.control
                if old is None or left is None:
                    continue  # it is being started anyway
                try:
                    place.child = await self._start(place)
                except ChildError as error:
                    log.error(  # noqa: TRY400 - the child has told why
                        "worker %s is not replaced, and the workers after it are not: %s",
                        place.number,
                        error.message,
                    )
                    return
            self._leaving.append(left)
            code = await old.end(self._patience.drain_s)
            self._leaving.remove(left)
            if code:
                log.warning("%s was replaced, but it %s", old.name, describe(code))
        log.info("every worker is replaced")

    # ---- ending ------------------------------------------------------------------------------

    async def _close(self) -> None:
        for place in self._places:
            place.close_doors()
        workers = [child for child in self._children if child is not self._logd]
        for several in (workers, [self._logd] if self._logd else []):
            codes = await asyncio.gather(*(child.end(self._patience.drain_s) for child in several))
            for child, code in zip(several, codes, strict=True):
                if code:
                    log.error("%s %s", child.name, describe(code))
        for number in range(self._started):  # those of workers that were killed
            control = beside(self._programs.control, number + 1)
            for left in (control, flows_socket(control)):
                with contextlib.suppress(OSError):
                    left.unlink()


@contextlib.contextmanager
def _handled(events: Mapping[signal.Signals, asyncio.Event]) -> Iterator[None]:
    """Set an event for each signal that comes, for a while."""
    loop = asyncio.get_running_loop()
    for number, event in events.items():
        loop.add_signal_handler(number, event.set)
    try:
        yield
    finally:
        for number in events:
            loop.remove_signal_handler(number)
