"""What serves: doors, rules and journal, and the passage of each exchange."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from zoneproxy.config import Limits
from zoneproxy.origin.evidence import Door
from zoneproxy.passage.exchange import Exchange, Kind
from zoneproxy.passage.machine import Passage
from zoneproxy.passage.rules import Rules
from zoneproxy.route.pin import Pin
from zoneproxy.terms.phase import Side
from zoneproxy.terms.ports import Clock, Entropy, Journal


@dataclass(frozen=True, slots=True)
class Listener:
    """A door with its address.

    Attributes:
        door: route, side and country.
        host, port: where it listens.
    """

    door: Door
    host: str
    port: int

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
    """

    rules: Rules
    limits: Limits
    listeners: Mapping[str, Listener]
    journal: Journal
    clock: Clock
    entropy: Entropy
    open: bool = False

    def has_route(self, route: str) -> bool:
        """Tell whether a route is declared."""
        return route in self.listeners

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

    def begin(self, *, route: str, connection: str, peer: tuple[str, int]) -> Passage:
        """Begin an exchange on a connection; it keeps these rules to its end."""
        kind: Kind = "outward" if self.is_outward(route) else "serve"
        return Passage(
            Exchange(
                self.flow_id(),
                kind,
                self.rules,
                self.listeners[route].door,
                peer[:2],
                self.pin(route, connection),
            )
        )

    def flow_id(self) -> str:
        """Make a UUIDv7 (RFC 9562, section 5.7): 48 bits of milliseconds, then randomness."""
        random = int.from_bytes(self.entropy.token(10), "big")
        value = (self.clock.now_ms() & (2**48 - 1)) << 80 | random
        value = value & ~(0xF << 76) | 0x7 << 76
        value = value & ~(0x3 << 62) | 0x2 << 62
        return str(uuid.UUID(int=value))
