"""What serves: doors, rules and journal, and the passage of each exchange."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from zoneproxy.adapters.tls.door import DoorTls
from zoneproxy.adapters.tls.server import ServerTls
from zoneproxy.assembly.outward import OutwardWay
from zoneproxy.config import Limits
from zoneproxy.meter.egress import EgressLedger
from zoneproxy.meter.refusals import Refusals
from zoneproxy.meter.turnstile import Allowance, Turnstile
from zoneproxy.origin.arrival import PLAIN, Arrival
from zoneproxy.origin.evidence import Door
from zoneproxy.passage.exchange import Exchange, Kind
from zoneproxy.passage.machine import Passage
from zoneproxy.passage.rules import Rules
from zoneproxy.route.pin import Pin
from zoneproxy.route.stops import Stops
from zoneproxy.terms.networks import Prefix
from zoneproxy.terms.phase import Side
from zoneproxy.terms.ports import Bindings, Clock, Entropy, Journal


@dataclass(frozen=True, slots=True)
class Listener:
    """A door with its address.

    Attributes:
        door: route, side and country.
        host, port: where it listens.
        fronts: who alone may connect, with the PROXY protocol; empty: anybody, without it.
        tls: TLS that it ends, or `None`.
    """

    door: Door
    host: str
    port: int
    fronts: tuple[Prefix, ...] = ()
    tls: DoorTls | None = None

    @property
    def address(self) -> str:
        """`host:port`, with brackets around an IPv6 host."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(slots=True)
class Boundary:
    """A boundary that is ready to serve.

    Attributes:
        rules: what new exchanges are judged by.
        limits: the configured limits.
        listeners: the declared doors by route.
        open: connections are accepted.
        servers: how model servers prove themselves, by id; those that speak plain HTTP are not in it.
        outward: what the outward door needs beside its rules.
        bindings: whose stored objects are; without it nothing stored can be made or used.
        turnstile: counts what is under way, and how much is asked for.
        refusals: says which refusals are recorded, and counts the others.
        egress: how much leaves for each tenant, or `None` where nothing is weighed.
        keep: takes the fingerprints of what was returned, or `None` where none are kept.
        on_stops: cuts what new stops stop, and returns how many exchanges that were.
    """

    rules: Rules
    limits: Limits
    listeners: Mapping[str, Listener]
    journal: Journal
    clock: Clock
    entropy: Entropy
    open: bool = False
    servers: Mapping[str, ServerTls] = field(default_factory=dict)
    outward: OutwardWay = field(default_factory=OutwardWay)
    bindings: Bindings | None = None
    turnstile: Turnstile = field(default_factory=lambda: Turnstile(Allowance(), Allowance(), {}))
    refusals: Refusals = field(default_factory=Refusals)
    egress: EgressLedger | None = None
    keep: Callable[[frozenset[int]], None] | None = None
    on_stops: Callable[[Stops], Awaitable[int]] | None = None

    def admits(self, route: str, arrival: Arrival) -> bool:
        """Tell whether a connection came as its route demands: by a front or not, in TLS or not."""
        listener = self.listeners.get(route)
        return (
            listener is not None
            and bool(listener.fronts) == bool(arrival.front)
            and (listener.tls is not None) == (arrival.tls == "door")
        )

    def is_outward(self, route: str) -> bool:
        """Tell whether a route is the zone's own door, by which its workloads call outward."""
        listener = self.listeners.get(route)
        return listener is not None and listener.door.side is Side.ZONE

    def modes(self) -> list[str]:
        """Name the doors as the proxy's modes: `zone:<route>@<host>:<port>`."""
        return [f"zone:{route}@{door.address}" for route, door in self.listeners.items()]

    def pin(self, route: str, connection: str) -> Pin:
        """Take the identity of the door that a connection is on."""
        listener = self.listeners[route]
        return Pin(route, listener.door.side, listener.address, connection)

    def begin(
        self, *, route: str, connection: str, peer: tuple[str, int], arrival: Arrival = PLAIN
    ) -> Passage:
        """Begin an exchange on a connection; it keeps these rules to its end."""
        kind: Kind = "outward" if self.is_outward(route) else "serve"
        tls = self.listeners[route].tls
        return Passage(
            Exchange(
                self.flow_id(),
                kind,
                self.rules,
                self.listeners[route].door,
                peer[:2],
                self.pin(route, connection),
                tls.review(arrival) if tls is not None else arrival,
                ledger=self.egress,
                keep=self.keep,
            )
        )

    def flow_id(self) -> str:
        """Make a UUIDv7 (RFC 9562, section 5.7): 48 bits of milliseconds, then randomness."""
        random = int.from_bytes(self.entropy.token(10), "big")
        value = (self.clock.now_ms() & (2**48 - 1)) << 80 | random
        value = value & ~(0xF << 76) | 0x7 << 76
        value = value & ~(0x3 << 62) | 0x2 << 62
        return str(uuid.UUID(int=value))
