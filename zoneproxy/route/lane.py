"""The lane: which side an outward call of a zone workload goes to.

Closed until registered: a destination that the operator did not register is on a side only for the
record; its call is refused. A registered name answers for its side, but an address that it resolves
to may contradict it (DNS rebinding): any domestic address makes the lane `domestic`, any other
contradiction makes it `unknown`.

Trust: the tables are the operator's. The host is the workload's wish and the resolved addresses are
the resolver's word: either may be hostile, and neither can make a lane better than the tables say.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from zoneproxy.route.destination import Destination
from zoneproxy.terms.facts import FactValue
from zoneproxy.terms.networks import Address, NetworkTable
from zoneproxy.terms.phase import Side

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class RegisteredDestination:
    """A destination on the operator's list.

    Attributes:
        host: canonical host, as `read_host` writes it.
        port: the only port that is registered, or `None` for every port.
        side: the side that it is on.
    """

    host: str
    port: int | None
    side: Side


class DestinationTable:
    """The operator's list of destinations, built once, never changed.

    Raises:
        ValueError: the same host and port stand twice.
    """

    def __init__(self, destinations: Iterable[RegisteredDestination]) -> None:
        self._sides: dict[tuple[str, int | None], Side] = {}
        for entry in destinations:
            key = (entry.host, entry.port)
            if key in self._sides:
                shown = entry.host if entry.port is None else f"{entry.host}:{entry.port}"
                raise ValueError(f"destination `{shown}` is registered twice")
            self._sides[key] = entry.side

    def find(self, destination: Destination) -> Side | None:
        """Return a destination's registered side (its own port before every port), or `None`."""
        exact = self._sides.get((destination.host, destination.port))
        return exact if exact is not None else self._sides.get((destination.host, None))


def _embedded_v4(address: Address) -> Address | None:
    """The IPv4 address that a translator or tunnel would reach for `address`, if any (RFC 6052, RFC 3056)."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.sixtofour


def _sides_of(addresses: Iterable[Address], networks: NetworkTable) -> set[Side | None]:
    """The sides of addresses, with those of IPv4 addresses inside them; `None` for an unregistered one."""
    sides = set[Side | None]()
    for address in addresses:
        for each in (address, _embedded_v4(address)):
            if each is not None:
                network = networks.find(each)
                sides.add(network.side if network is not None else None)
    return sides


def side_of(
    destination: Destination,
    resolved: Sequence[Address],
    *,
    destinations: DestinationTable,
    networks: NetworkTable,
) -> Side | None:
    """Conclude which side a destination is on; `None` where nothing says so or something contradicts.

    Args:
        destination: canonical.
        resolved: addresses that its name resolved to; may be empty before resolution.
        destinations: the operator's list.
        networks: the registered networks.
    """
    addresses = resolved if destination.address is None else (destination.address, *resolved)
    listed = destinations.find(destination)
    sides = _sides_of(addresses, networks)
    if listed is Side.DOMESTIC or Side.DOMESTIC in sides:
        return Side.DOMESTIC
    if listed is not None:
        # Unregistered addresses don't speak against a registered name: hosts abroad move.
        return listed if sides <= {None, listed} else None
    return next(iter(sides)) if len(sides) == 1 else None


def lane_facts(
    destination: Destination | None,
    resolved: Sequence[Address] = (),
    *,
    destinations: DestinationTable,
    networks: NetworkTable,
) -> dict[str, FactValue | None]:
    """Write an outward call's lane as facts.

    Args:
        destination: canonical, or `None` where it could not be read in one way: then nothing is known.
        resolved: addresses that its name resolved to; may be empty before resolution.
        destinations: the operator's list.
        networks: the registered networks.
    """
    if destination is None:
        return {"destination.host": None, "destination.registered": False, "destination.side": "unknown"}
    side = side_of(destination, resolved, destinations=destinations, networks=networks)
    return {
        "destination.host": destination.host,
        "destination.registered": destinations.find(destination) is not None,
        "destination.side": side.value if side is not None else "unknown",
    }
