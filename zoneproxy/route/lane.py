"""The lane: which side an outward call of a zone workload goes to.

Closed until registered: a destination that the operator did not register is on a side only for the
record; its call is refused. A registered name answers for its side, but an address that it resolves
to may contradict it (DNS rebinding): any domestic address makes the lane `domestic`, any other
contradiction makes it `unknown`.

| an address | makes the lane |
| --- | --- |
| in a registered network | that network's side, which contradicts every other |
| domestic by the data files on addresses | domestic, unless it is in a registered network of the zone |
| where a data file can't be read | unknown |
| of no public network, and in no registered one | unknown; a host of the zone may have a private one |
| any other | what the list says: hosts abroad move |

Worked example: `tools.example` is registered overseas. It resolves to 198.51.100.7, of which nothing is
known: overseas. It resolves to that and to 127.0.0.1: unknown, and refused, whichever would be called.

Trust: the tables are the operator's. The host is the workload's wish and the resolved addresses are
the resolver's word: either may be hostile, and neither can make a lane better than the tables say.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from zoneproxy.route.destination import Destination
from zoneproxy.route.server_identity import ServerIdentity
from zoneproxy.terms.facts import FactValue
from zoneproxy.terms.networks import Address, NetworkTable, embedded_v4
from zoneproxy.terms.phase import Side

# Not public, but nobody's inside either: what stands in books and tests (RFC 5737, RFC 3849).
_DOCUMENTATION = tuple(
    map(ipaddress.ip_network, ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32"))
)

Placed = Callable[[Address], Literal["", "domestic", "unreadable"]]
"""What the data files on addresses say of one; empty where they say nothing that matters here."""


@dataclass(frozen=True, slots=True)
class RegisteredDestination:
    """A destination on the operator's list.

    Attributes:
        host: canonical host, as `read_host` writes it.
        port: the only port that is registered, or `None` for every port.
        side: the side that it is on.
        tls: who it must prove to be before anything is sent to it; `None` where it speaks plain HTTP.
    """

    host: str
    port: int | None
    side: Side
    tls: ServerIdentity | None = None


class DestinationTable:
    """The operator's list of destinations, built once, never changed.

    Raises:
        ValueError: the same host and port stand twice.
    """

    def __init__(self, destinations: Iterable[RegisteredDestination]) -> None:
        self._entries: dict[tuple[str, int | None], RegisteredDestination] = {}
        for entry in destinations:
            key = (entry.host, entry.port)
            if key in self._entries:
                shown = entry.host if entry.port is None else f"{entry.host}:{entry.port}"
                raise ValueError(f"destination `{shown}` is registered twice")
            self._entries[key] = entry

    def entry(self, destination: Destination) -> RegisteredDestination | None:
        """Return what is registered of a destination (its own port before every port), or `None`."""
        exact = self._entries.get((destination.host, destination.port))
        return exact if exact is not None else self._entries.get((destination.host, None))

    def find(self, destination: Destination) -> Side | None:
        """Return a destination's registered side, or `None`."""
        found = self.entry(destination)
        return found.side if found is not None else None


def _with_embedded(addresses: Iterable[Address]) -> list[Address]:
    return [each for address in addresses for each in (address, *embedded_v4(address))]


def _sides_of(addresses: Iterable[Address], networks: NetworkTable) -> set[Side | None]:
    """The sides of addresses, with those of IPv4 addresses inside them; `None` for an unregistered one."""
    found = (networks.find(address) for address in addresses)
    return {network.side if network is not None else None for network in found}


def _told(addresses: Iterable[Address], networks: NetworkTable, placed: Placed | None) -> set[str]:
    """What the data files say of addresses; those of the zone's own networks they are not asked about."""
    if placed is None:
        return set()
    asked = []
    for address in addresses:
        network = networks.find(address)
        if network is None or network.side is not Side.ZONE:
            asked.append(address)
    return {placed(address) for address in asked}


def _is_public(address: Address) -> bool:
    """Tell whether an address is one that anybody on the internet may have."""
    if any(address in network for network in _DOCUMENTATION if network.version == address.version):
        return True
    return address.is_global and not address.is_multicast


def _is_inside(address: Address) -> bool:
    """Tell whether an address is one of the private ranges that hosts inside a site have."""
    never = (
        address.is_loopback
        or address.is_link_local
        or address.is_multicast
        or address.is_unspecified
        or address.is_reserved
    )
    return address.is_private and not never


def _contradicts(address: Address, listed: Side, networks: NetworkTable) -> bool:
    """Tell whether a registered name's address can't be that of a host on its side."""
    if networks.find(address) is not None or _is_public(address):
        return False
    return not (listed is Side.ZONE and _is_inside(address))


def side_of(
    destination: Destination,
    resolved: Sequence[Address],
    *,
    destinations: DestinationTable,
    networks: NetworkTable,
    placed: Placed | None = None,
    vouched: Side | None = None,
) -> Side | None:
    """Conclude which side a destination is on; `None` where nothing says so or something contradicts.

    Args:
        destination: canonical.
        resolved: addresses that its name resolved to; may be empty before resolution.
        destinations: the operator's list.
        networks: the registered networks.
        placed: asks the data files on addresses; nothing is asked without.
        vouched: the side that another registration than the list's vouches for.
    """
    named = resolved if destination.address is None else (destination.address, *resolved)
    addresses = _with_embedded(named)
    listed = destinations.find(destination) or vouched
    sides = _sides_of(addresses, networks)
    told = _told(addresses, networks, placed)
    if listed is Side.DOMESTIC or Side.DOMESTIC in sides or "domestic" in told:
        return Side.DOMESTIC
    if "unreadable" in told:
        return None
    if listed is not None:
        # Unregistered public addresses don't speak against a registered name: hosts abroad move.
        fits = sides <= {None, listed} and not any(_contradicts(one, listed, networks) for one in addresses)
        return listed if fits else None
    return next(iter(sides)) if len(sides) == 1 else None


def lane_facts(
    destination: Destination | None,
    resolved: Sequence[Address] = (),
    *,
    destinations: DestinationTable,
    networks: NetworkTable,
    placed: Placed | None = None,
    vouched: Side | None = None,
) -> dict[str, FactValue | None]:
    """Write an outward call's lane as facts; the arguments are those of `side_of`.

    A destination of `None` could not be read in one way: then nothing is known.
    """
    if destination is None:
        return {"destination.host": None, "destination.registered": False, "destination.side": "unknown"}
    side = side_of(
        destination,
        resolved,
        destinations=destinations,
        networks=networks,
        placed=placed,
        vouched=vouched,
    )
    return {
        "destination.host": destination.host,
        "destination.registered": destinations.find(destination) is not None or vouched is not None,
        "destination.side": side.value if side is not None else "unknown",
    }
