"""Where a call goes, in one canonical spelling.

A list of allowed hosts is worth no more than the agreement on what a host's name says. So a
destination has exactly one spelling here; whatever can be read in two ways is refused.

| written | read as |
| --- | --- |
| `API.Example.COM.` | `api.example.com` |
| `0x7f.1`, `2130706433`, `0177.0.0.1` | `127.0.0.1` (the forms that `inet_aton` takes) |
| `[::ffff:127.0.0.1]` | `127.0.0.1` |
| `[2001:DB8:0::1]:8443` | `2001:db8::1`, port 8443 |
| `user@host`, `host%00`, `host..`, `1.2.3.4.5`, `[fe80::1%eth0]` | refused |
| `bücher.example`, fullwidth or circled characters | refused: write the `xn--` form (RFC 5890) |

Source: RFC 3986 section 3.2, RFC 1123 section 2.1, POSIX `inet_addr`, and the WHATWG URL rule that a host
whose last label is a number is an IPv4 address or nothing.
"""

from __future__ import annotations

import functools
import ipaddress
import re
from dataclasses import dataclass

from zoneproxy.terms.networks import Address, read_address

MAX_NAME = 253
MAX_PORT = 65535
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)\Z", re.ASCII)
_PORT = re.compile(r"[1-9][0-9]{0,4}\Z", re.ASCII)
_NUMBER = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)\Z", re.ASCII)
_MAX_PARTS = 4


class DestinationError(ValueError):
    """A destination that can't be read in exactly one way."""


@dataclass(frozen=True, slots=True)
class Destination:
    """A host and a port.

    Attributes:
        host: canonical: a lower-case name without trailing dot, or an address without brackets.
        port: 1-65535.
        address: the address, where `host` is one.
    """

    host: str
    port: int
    address: Address | None = None


def read_host(text: str) -> tuple[str, Address | None]:
    """Read a host (an IPv6 address with or without brackets) in its canonical spelling.

    Raises:
        DestinationError: it is none, or could be read in more than one way.
    """
    if not text.isascii():
        raise DestinationError("a host name is written in ASCII, others in their `xn--` form")
    host = text.lower()
    if host.startswith("[") or ":" in host:
        return _read_v6(host)
    host = host.removesuffix(".")
    labels = host.split(".")
    if _NUMBER.match(labels[-1]):
        address = _read_v4(labels)
        return str(address), address
    if len(host) > MAX_NAME or not all(_LABEL.match(label) for label in labels):
        raise DestinationError("this is not a host name")
    return host, None


def read_port(text: str) -> int:
    """Read a port.

    Raises:
        DestinationError: not a number of 1-65535 without leading zeros.
    """
    if not _PORT.match(text) or int(text) > MAX_PORT:
        raise DestinationError("a port is a number from 1 to 65535")
    return int(text)


def read_destination(text: str, *, default_port: int | None = None) -> Destination:
    """Read `host` or `host:port`, with an IPv6 address in brackets.

    Args:
        text: an authority without user information (RFC 3986 section 3.2).
        default_port: port where none is written; `None` if one must be.

    Raises:
        DestinationError: it is none, or could be read in more than one way.
    """
    if text.startswith("["):
        host, bracket, rest = text.partition("]")
        host += bracket
    else:
        host, colon, tail = text.partition(":")
        rest = colon + tail
    if rest:
        if not rest.startswith(":"):
            raise DestinationError("behind the host stands something that is not a port")
        port = read_port(rest[1:])
    elif default_port is None:
        raise DestinationError("the port is missing")
    else:
        port = default_port
    canonical, address = read_host(host)
    return Destination(canonical, port, address)


@functools.lru_cache(maxsize=1024)  # model servers come again
def destination_of(host: str, port: int) -> Destination:
    """Canonicalise a host and a port that were already taken apart.

    Raises:
        DestinationError: the host can't be read in exactly one way, or the port is out of range.
    """
    if not 1 <= port <= MAX_PORT:
        raise DestinationError("a port is a number from 1 to 65535")
    canonical, address = read_host(host)
    return Destination(canonical, port, address)


def _read_v6(host: str) -> tuple[str, Address]:
    inner = host
    if host.startswith("["):
        if not host.endswith("]"):
            raise DestinationError("a bracket is open")
        inner = host[1:-1]
    address = read_address(inner) if ":" in inner else None
    if address is None:
        raise DestinationError("this is not an IPv6 address")
    return str(address), address


def _read_v4(labels: list[str]) -> ipaddress.IPv4Address:
    """Read one to four numbers, decimal, octal or hexadecimal; the last fills the remaining bytes."""
    if len(labels) > _MAX_PARTS:
        raise DestinationError("an IPv4 address has at most four numbers")
    numbers = [_read_number(label) for label in labels]
    *head, last = numbers
    if any(number > 0xFF for number in head):  # noqa: PLR2004  one byte
        raise DestinationError("a number of this IPv4 address is too large")
    tail_bits = 8 * (_MAX_PARTS - len(head))
    if last >> tail_bits:
        raise DestinationError("a number of this IPv4 address is too large")
    value = last
    for place, number in enumerate(head):
        value |= number << (8 * (_MAX_PARTS - 1 - place))
    return ipaddress.IPv4Address(value)


def _read_number(label: str) -> int:
    if not _NUMBER.match(label):
        raise DestinationError("a name may not end in a number")
    try:
        if label.startswith("0x"):
            return int(label, 16)
        return int(label, 8 if label.startswith("0") else 10)
    except ValueError as error:
        raise DestinationError("this is not an IPv4 number") from error
