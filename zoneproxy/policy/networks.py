"""Addresses and networks as numbers on one line.

IPv6 addresses are numbers below 2**128, IPv4 addresses stand above them, from 2**128 on. An IPv6
address that only wraps an IPv4 one (`::ffff:a.b.c.d`, RFC 4291 section 2.5.5.2) counts as that IPv4
address: wrapping must not carry a caller past a rule about its network.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

V4_BASE = 1 << 128
END = V4_BASE + (1 << 32)
_V4, _MAPPED, _LOW = 4, 0xFFFF, 0xFFFFFFFF  # version; what stands above a wrapped address; its bits


def address_number(text: str) -> int:
    """Return an address's number.

    Raises:
        ValueError: the text is no address.

    >>> address_number("::ffff:10.0.0.1") == address_number("10.0.0.1")
    True
    """
    address = ipaddress.ip_address(text)
    number = int(address)
    if address.version == _V4:
        return V4_BASE + number
    return V4_BASE + (number & _LOW) if number >> 32 == _MAPPED else number


def address_text(number: int) -> str:
    """Write the address of a number; the inverse of `address_number`."""
    if number >= V4_BASE:
        return str(ipaddress.IPv4Address(number - V4_BASE))
    return str(ipaddress.IPv6Address(number))


def network_range(text: str) -> tuple[int, int]:
    """Return the first and last number of a network in CIDR form, or of one address.

    Raises:
        ValueError: the text is no network, or has bits set behind its prefix.
    """
    network = ipaddress.ip_network(text, strict=True)
    first, last = int(network.network_address), int(network.broadcast_address)
    if network.version == _V4:
        return V4_BASE + first, V4_BASE + last
    if first >> 32 == _MAPPED and last >> 32 == _MAPPED:
        return V4_BASE + (first & _LOW), V4_BASE + (last & _LOW)
    return first, last


def network_fault(text: str) -> tuple[str, str] | None:
    """Say what is wrong with a network as a policy writes it, and what to write; None where it is right.

    >>> network_fault("10.0.0.1/8")
    ('`10.0.0.1/8` has bits set behind its prefix', 'write `10.0.0.0/8`')
    """
    try:
        network_range(text)
    except ValueError:
        try:
            loose = ipaddress.ip_network(text, strict=False)
        except ValueError:
            return (
                f"`{text}` is not a network",
                "write an address, a slash and the prefix length, as `10.0.0.0/8`",
            )
        return f"`{text}` has bits set behind its prefix", f"write `{loose}`"
    return None


def merge(ranges: Iterable[tuple[int, int]]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Join ranges into disjoint ones; return their first numbers and their last, in order.

    >>> merge([(5, 9), (0, 4), (20, 21)])
    ((0, 20), (9, 21))
    """
    joined: list[list[int]] = []
    for first, last in sorted(ranges):
        # The first IPv4 number follows the last IPv6 number; the two lines are never joined.
        if joined and first <= joined[-1][1] + 1 and not (first == V4_BASE and joined[-1][1] < V4_BASE):
            joined[-1][1] = max(joined[-1][1], last)
        else:
            joined.append([first, last])
    return tuple(first for first, _ in joined), tuple(last for _, last in joined)
