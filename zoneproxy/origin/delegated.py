"""Delegation lists of the regional internet registries: to whom an address was delegated, by country.

    2|apnic|20260119|4|19830613|20260118|+1000                version, registry, serial, records, ...
    apnic|*|ipv4|*|2|summary
    apnic|*|ipv6|*|1|summary
    apnic|*|asn|*|1|summary
    apnic|CN|ipv4|203.0.113.0|256|20110414|allocated          first address, count of addresses
    apnic|SG|ipv4|198.51.100.0|128|20110412|assigned
    apnic|CN|ipv6|2001:db8::|32|20110414|allocated            first address, prefix length
    apnic|CN|asn|64500|2|20020801|allocated                   first number, count of numbers

The *extended* files have further fields, and records that are `available` or `reserved`, which belong to
nobody. Lines that begin with `#` are comments. Of records without a country, or with `ZZ`, nothing is said.

A file is taken whole or not at all: each type must have as many records as its summary says, and all of
them together as many as the first line says, so that one that was cut off is not mistaken for a short one.
Records may not overlap.

Worked example: above, 203.0.113.9 is `CN`, 198.51.100.200 belongs to nobody, and AS64501 is `CN`.

Trust: the registry's word on who *holds* a number, not on where it is used. The operator fetches the file.

Source: https://ftp.apnic.net/stats/apnic/README.TXT, sections 3 and 4.
"""

from __future__ import annotations

import ipaddress
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from zoneproxy.terms.networks import Address

_COUNTRY = re.compile(r"[A-Z]{2}\Z", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,10}\Z", re.ASCII)
_DATE = re.compile(r"[0-9]{8}\Z", re.ASCII)
_VERSION = re.compile(r"2(?:\.[0-9]+)?\Z", re.ASCII)
_HELD = frozenset(("allocated", "assigned"))
_NOBODY = "ZZ"
_V4_BITS, _V6_BITS, _ASN_BITS = 32, 128, 32
_HEADER_FIELDS, _SUMMARY_FIELDS, _RECORD_FIELDS = 7, 6, 7
_TYPES = ("ipv4", "ipv6", "asn")

Span = tuple[int, int, str]
"""First number, number behind the last, country."""


class DelegationError(ValueError):
    """A delegation list can't be taken; the message says why, with the line."""


class _Spans:
    """Spans that do not overlap, by their starts."""

    def __init__(self, spans: Iterable[Span]) -> None:
        ordered = sorted(spans)
        self._starts = [first for first, _, _ in ordered]
        self._ends = [end for _, end, _ in ordered]
        self._countries = [country for _, _, country in ordered]
        for end, first in zip(self._ends, self._starts[1:], strict=False):
            if first < end:
                raise DelegationError("two records overlap")

    def find(self, number: int) -> str | None:
        at = bisect_right(self._starts, number) - 1
        return self._countries[at] if at >= 0 and number < self._ends[at] else None

    def of(self, countries: Collection[str]) -> tuple[tuple[int, int], ...]:
        runs: list[tuple[int, int]] = []
        for first, end, country in zip(self._starts, self._ends, self._countries, strict=True):
            if country not in countries:
                continue
            if runs and runs[-1][1] + 1 == first:
                runs[-1] = (runs[-1][0], end - 1)
            else:
                runs.append((first, end - 1))
        return tuple(runs)


@dataclass(frozen=True, slots=True)
class DelegationList:
    """One registry's file.

    Attributes:
        registry: its name, such as `apnic`.
        date_ms: the day that it was made, milliseconds since 1970 UTC.
        spans: the delegated numbers by type.
    """

    registry: str
    date_ms: int
    spans: dict[str, tuple[Span, ...]]


class Delegations:
    """What the lists of one or more registries say together, built once, never changed.

    Raises:
        DelegationError: two records overlap.
    """

    def __init__(self, lists: Iterable[DelegationList]) -> None:
        read = tuple(lists)
        self._spans = {kind: _Spans(span for one in read for span in one.spans[kind]) for kind in _TYPES}

    def country(self, address: Address) -> str | None:
        """Return the country of whoever holds an address, or `None`."""
        kind = "ipv4" if isinstance(address, ipaddress.IPv4Address) else "ipv6"
        return self._spans[kind].find(int(address))

    def held_in(self, kind: str, countries: Collection[str]) -> tuple[tuple[int, int], ...]:
        """Return first and last number of each run that is held in these countries, ascending and apart.

        Args:
            kind: `ipv4`, `ipv6` or `asn`.
            countries: ISO 3166-1 alpha-2.
        """
        return self._spans[kind].of(countries)

    def asn_country(self, asn: int) -> str | None:
        """Return the country of whoever holds an autonomous system, or `None`."""
        return self._spans["asn"].find(asn)


def read_delegations(text: str) -> DelegationList:
    """Read one registry's file, plain or extended.

    Raises:
        DelegationError: it is not whole, or not spelled as it must be.
    """
    header: list[str] | None = None
    told: dict[str, int] = {}
    seen: Counter[str] = Counter()
    spans: dict[str, list[Span]] = {kind: [] for kind in _TYPES}
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.removesuffix("\r")
        if not line.strip() or line.startswith("#"):
            continue
        fields = line.split("|")
        try:
            if header is None:
                header = _header(fields)
            elif fields[-1] == "summary":
                kind, count = _summary(fields)
                if told.setdefault(kind, count) != count:
                    raise DelegationError("a second summary says something else")  # noqa: TRY301 - gets its line
            else:
                kind, span = _record(fields, header[1])
                seen[kind] += 1
                if span is not None:
                    spans[kind].append(span)
        except (DelegationError, ValueError) as error:
            raise DelegationError(f"line {number}: {error}") from None
    if header is None:
        raise DelegationError("the file is empty")
    _insist_whole(header, told, seen)
    return DelegationList(
        header[1], _day_ms(header[2]), {kind: tuple(found) for kind, found in spans.items()}
    )


def _header(fields: list[str]) -> list[str]:
    if len(fields) != _HEADER_FIELDS or not _VERSION.match(fields[0]):
        raise DelegationError("the file does not begin with a version 2 header")
    _count(fields[3])
    _day_ms(fields[2])
    return fields


def _summary(fields: list[str]) -> tuple[str, int]:
    if len(fields) != _SUMMARY_FIELDS or fields[2] not in _TYPES:
        raise DelegationError("this is no summary")
    return fields[2], _count(fields[4])


def _record(fields: list[str], registry: str) -> tuple[str, Span | None]:
    if len(fields) < _RECORD_FIELDS or fields[2] not in _TYPES:
        raise DelegationError("this is no record")
    if fields[0] != registry:
        raise DelegationError("a record of another registry")
    country, kind, start, size, status = fields[1], fields[2], fields[3], fields[4], fields[6]
    span = _span(kind, start, _count(size))
    if status not in _HELD or country in ("", _NOBODY):
        return kind, None
    if not _COUNTRY.match(country):
        raise DelegationError("this is no country")
    return kind, (*span, country)


def _span(kind: str, start: str, size: int) -> tuple[int, int]:
    if kind == "ipv6":
        network = ipaddress.IPv6Network(f"{start}/{size}")
        first, count, bits = int(network.network_address), network.num_addresses, _V6_BITS
    elif kind == "ipv4":
        first, count, bits = int(ipaddress.IPv4Address(start)), size, _V4_BITS
    else:
        first, count, bits = _count(start), size, _ASN_BITS
    if count < 1 or first + count > 1 << bits:
        raise DelegationError("this span is empty, or too long")
    return first, first + count


def _count(text: str) -> int:
    if not _NUMBER.match(text):
        raise DelegationError("a number is expected")
    return int(text)


def _day_ms(text: str) -> int:
    if not _DATE.match(text):
        raise DelegationError("a day is expected, such as 20260119")
    return int(datetime(int(text[:4]), int(text[4:6]), int(text[6:]), tzinfo=UTC).timestamp()) * 1000


def _insist_whole(header: list[str], told: dict[str, int], seen: Counter[str]) -> None:
    for kind in _TYPES:
        if kind not in told:
            if seen[kind]:
                raise DelegationError(f"the summary of {kind} is missing")
        elif told[kind] != seen[kind]:
            raise DelegationError(f"{seen[kind]} records of {kind}, and the summary says {told[kind]}")
    if _count(header[3]) != seen.total():
        raise DelegationError(f"{seen.total()} records, and the first line says {header[3]}")
