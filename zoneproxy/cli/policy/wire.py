"""The tests on the wire of `zoneproxy policy test`: a zone for a moment, and real exchanges with it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zoneproxy.adapters.wire.client import send
from zoneproxy.adapters.wire.server import ScriptedServer
from zoneproxy.assembly.trial import Trial, make_trial, together
from zoneproxy.cli.run import load_proxy
from zoneproxy.policy.bundle import Policy
from zoneproxy.policy.wire import Seen, failures
from zoneproxy.policy.wirefile import WireCase
from zoneproxy.terms.errors import ConfigError
from zoneproxy.terms.ports import Clock, Journal, Receipt

EXCHANGE_S = 10.0
_START_S = 30.0
_END_S = 2.0


@dataclass(frozen=True, slots=True)
class WireOutcome:
    """What came of an exchange: the failures in words, none where it passed."""

    case: WireCase
    failures: tuple[str, ...]


def run_wires(
    cases: Sequence[WireCase],
    policies: Sequence[tuple[Policy, bytes]],
    now_ms: int,
    tell: Callable[[int], None] = lambda _done: None,
) -> list[WireOutcome]:
    """Send every case to a zone with these policies in force.

    Args:
        cases: what is sent.
        policies: both layers, each with the bytes that it was loaded from.
        now_ms: the moment that the zone believes it is.
        tell: told after each case how many are done.

    Raises:
        ConfigError: the proxy is not installed, or the zone can't be made.
    """
    load_proxy()
    logging.getLogger().addHandler(logging.NullHandler())  # the zone's own log is not what is asked for
    return asyncio.run(_run(cases, policies, now_ms, tell))


async def _run(
    cases: Sequence[WireCase],
    policies: Sequence[tuple[Policy, bytes]],
    now_ms: int,
    tell: Callable[[int], None],
) -> list[WireOutcome]:
    outcomes: dict[int, WireOutcome] = {}
    for group in together(cases):
        server = ScriptedServer()
        with tempfile.TemporaryDirectory(prefix="zoneproxy-trial-") as folder:
            async with server.listening("127.0.0.1") as port:
                trial = make_trial(Path(folder), group, policies, port)
                async with _serving(trial, now_ms) as journal:
                    for case in group:
                        outcomes[id(case)] = await _exchange(case, trial, server, journal)
                        tell(len(outcomes))
    return [outcomes[id(case)] for case in cases]


async def _exchange(case: WireCase, trial: Trial, server: ScriptedServer, journal: Watched) -> WireOutcome:
    wire = case.wire
    host, port = trial.doors[wire.door]
    server.begin(wire.upstream)
    journal.begin()
    answer, late = await send(
        host, port, peer=trial.peer(wire), data=trial.request(wire), timeout_s=EXCHANGE_S
    )
    await journal.settled()
    seen = Seen(answer, tuple(server.arrivals), tuple(journal.records), late)
    return WireOutcome(case, failures(case, seen))


@dataclass
class Watched:
    """A journal that remembers what was written to it.

    Attributes:
        inner: where records become durable.
        records: kind and public body of each record of an exchange.
    """

    inner: Journal
    records: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    _ended: asyncio.Event = field(default_factory=asyncio.Event)

    def begin(self) -> None:
        """Forget what was written so far."""
        self.records.clear()
        self._ended.clear()

    async def append(self, kind: str, body: Mapping[str, Any], private: Mapping[str, Any]) -> Receipt:
        """Write one record, and remember it once it is durable."""
        receipt = await self.inner.append(kind, body, private)
        if kind in ("decision", "return"):
            self.records.append((kind, body))
            if kind == "return" or body["verdict"] != "allow":
                self._ended.set()
        return receipt

    @property
    def writable(self) -> bool:
        """As the journal says."""
        return self.inner.writable

    def __getattr__(self, name: str) -> Any:
        """Give whatever else the journal has."""
        return getattr(self.inner, name)

    async def settled(self) -> None:
        """Wait, for a while, until an exchange that was admitted has its end recorded."""
        if self.records:  # the last record may come after the last byte: the caller has not to wait for it
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), _END_S)


@dataclass(frozen=True, slots=True)
class _Shifted:
    """A clock that shows another time, and runs as the system's."""

    inner: Clock
    shift_ms: int

    def now_ms(self) -> int:
        return self.inner.now_ms() + self.shift_ms

    def mono_ms(self) -> int:
        return self.inner.mono_ms()


@contextlib.asynccontextmanager
async def _serving(trial: Trial, now_ms: int) -> AsyncIterator[Watched]:
    """Serve a trial's zone; the block is given what its boundary writes to.

    Raises:
        ConfigError: it can't be started.
    """
    from zoneproxy.assembly import assemble  # noqa: PLC0415 - only where a zone is served

    zone = assemble(trial.config, assurance="dev")
    boundary = zone.boundary
    journal = boundary.journal = Watched(boundary.journal)
    boundary.clock = _Shifted(boundary.clock, now_ms - boundary.clock.now_ms())
    ready = asyncio.Event()
    task = asyncio.ensure_future(load_proxy().serve(zone, ready=lambda _doors: ready.set()))
    waiting = asyncio.ensure_future(ready.wait())
    try:
        await asyncio.wait({task, waiting}, timeout=_START_S, return_when=asyncio.FIRST_COMPLETED)
        if not ready.is_set():
            if task.done():
                task.result()
            raise ConfigError("the zone of the tests did not start", hint="try again: is the machine busy?")
        yield journal
    finally:
        waiting.cancel()
        ended_early = task.done()
        task.cancel()
        await asyncio.wait({task})
    if ended_early:
        raise KeyboardInterrupt  # the zone stops by itself on a signal only
