"""Registered networks: which side and country a peer's address belongs to.

The longest registered prefix that holds an address speaks for it; an address in no prefix gets no
answer, and its source abstains. An IPv4 address written inside IPv6 (`::ffff:192.0.2.1`, RFC 4291
section 2.5.5.2) is that IPv4 address: a dual-stack socket reports its IPv4 peers so, and a table
that took the two for different would be walked around.

Trust: the table is the operator's own. The address comes from the kernel, or from a front that the
operator trusts; never from a header of the client.
"""

from __future__ import annotations

import functools
import ipaddress
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from zoneproxy.terms.phase import Side

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Prefix = ipaddress.IPv4Network | ipaddress.IPv6Network

_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
_MAPPED_BITS = 96
_COMPATIBLE = ipaddress.IPv6Network("::/96")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_LOCAL_NAT64 = ipaddress.IPv6Network("64:ff9b:1::/48")
_ISATAP = (0x00005EFE, 0x02005EFE)
_LAST_32 = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Network:
    """One registered prefix.

    Attributes:
        prefix: the network, without host bits.
        side: the side that its addresses are on.
        country: ISO 3166-1 alpha-2, upper case.
    """

    prefix: Prefix
    side: Side
    country: str


@functools.lru_cache(maxsize=1024)  # callers come again
def read_address(text: str) -> Address | None:
    """Read an address in its canonical form; `None` where it is none, or bears a zone index.

    >>> read_address("::ffff:192.0.2.1")
    IPv4Address('192.0.2.1')
    """
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            return None
        return address.ipv4_mapped or address
    return address


def embedded_v4(address: Address | None) -> tuple[ipaddress.IPv4Address, ...]:
    """Return the IPv4 addresses that a translator or a tunnel would reach, or come from, for an IPv6 one.

    >>> embedded_v4(read_address("64:ff9b::192.0.2.1"))
    (IPv4Address('192.0.2.1'),)

    Args:
        address: from `read_address`; one written inside IPv6 as `::ffff:0:0/96` is an IPv4 address already.

    Source: RFC 6052 (NAT64; with RFC 8215 the local prefix), RFC 3056 (6to4), RFC 4380 (Teredo), RFC 5214
    (ISATAP), RFC 4291, section 2.5.5.1 (IPv4-compatible).
    """
    if not isinstance(address, ipaddress.IPv6Address):
        return ()
    number = int(address)
    inside: list[ipaddress.IPv4Address] = []
    if address in _NAT64 or (address in _COMPATIBLE and number > 1):
        inside.append(ipaddress.IPv4Address(number & _LAST_32))
    if address in _LOCAL_NAT64:
        # A prefix of 48, 56, 64 or 96 bits may be in use; bits 64 to 71 are left out (RFC 6052, section 2.2).
        high, low = number >> 64, number & (1 << 64) - 1
        inside += [
            ipaddress.IPv4Address((high & 0xFFFF) << 16 | low >> 40 & 0xFFFF),
            ipaddress.IPv4Address((high & 0xFF) << 24 | low >> 32 & 0xFFFFFF),
            ipaddress.IPv4Address(low >> 24 & _LAST_32),
            ipaddress.IPv4Address(number & _LAST_32),
        ]
    if address.sixtofour is not None:
        inside.append(address.sixtofour)
    if address.teredo is not None:
        inside.append(address.teredo[1])
    if number >> 32 & _LAST_32 in _ISATAP:
        inside.append(ipaddress.IPv4Address(number & _LAST_32))
    return tuple(inside)


def read_prefix(text: str) -> Prefix:
    """Read a prefix in its canonical form: an IPv4-mapped one becomes the IPv4 prefix it means.

    Raises:
        ValueError: not a prefix, or host bits are set.
    """
    prefix = ipaddress.ip_network(text, strict=True)
    if isinstance(prefix, ipaddress.IPv6Network) and prefix.subnet_of(_MAPPED):
        first = ipaddress.IPv4Address(int(prefix.network_address) & 0xFFFFFFFF)
        return ipaddress.IPv4Network((first, prefix.prefixlen - _MAPPED_BITS))
    return prefix


class _Spans:
    """One address family: prefixes laid out as spans that do not overlap, the longest prefix on top."""

    def __init__(self, networks: Sequence[Network]) -> None:
        self._starts: list[int] = []
        self._owners: list[Network | None] = []
        # Prefixes either nest or are apart, so a stack of the open ones is enough.
        open_: list[Network] = []
        ordered = sorted(networks, key=lambda n: (int(n.prefix.network_address), n.prefix.prefixlen))
        for network in ordered:
            first = int(network.prefix.network_address)
            self._close(open_, first)
            self._put(first, network)
            open_.append(network)
        self._close(open_, None)

    def _close(self, open_: list[Network], before: int | None) -> None:
        while open_ and (before is None or int(open_[-1].prefix.broadcast_address) < before):
            end = int(open_.pop().prefix.broadcast_address) + 1
            self._put(end, open_[-1] if open_ else None)

    def _put(self, start: int, owner: Network | None) -> None:
        if self._starts and self._starts[-1] == start:
            self._owners[-1] = owner
        else:
            self._starts.append(start)
            self._owners.append(owner)

    def find(self, value: int) -> Network | None:
        at = bisect_right(self._starts, value) - 1
        return self._owners[at] if at >= 0 else None


class NetworkTable:
    """All registered networks, built once, never changed.

    Args:
        networks: in any order; prefixes may nest (the longest wins).

    Raises:
        ValueError: the same prefix stands twice.
    """

    def __init__(self, networks: Iterable[Network]) -> None:
        self.networks = tuple(networks)
        seen: set[Prefix] = set()
        for network in self.networks:
            if network.prefix in seen:
                raise ValueError(f"network `{network.prefix}` is registered twice")
            seen.add(network.prefix)
        self._v4 = _Spans([n for n in self.networks if n.prefix.version == 4])  # noqa: PLR2004  the IP version
        self._v6 = _Spans([n for n in self.networks if n.prefix.version == 6])  # noqa: PLR2004  the IP version

    def find(self, address: Address | None) -> Network | None:
        """Return the longest registered prefix that holds `address` (from `read_address`), or `None`."""
        if address is None:
            return None
        spans = self._v4 if isinstance(address, ipaddress.IPv4Address) else self._v6
        return spans.find(int(address))
