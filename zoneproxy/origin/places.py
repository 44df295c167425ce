"""Where an address is, as data files of the operator say: independent sources beside the door.

| source | file | asks |
| --- | --- | --- |
| geoip | country database (MMDB) | where is the address used? |
| registry | delegation lists | who holds the address? |
| routing | AS database (MMDB), delegation lists | who holds the AS that announces it (BGP origin)? |

Each speaks of a side: a country of `home` is domestic, any other is overseas. Whether it speaks of the
country too is the operator's choice: who holds an address is often a company abroad of where it is used,
so by default only `geoip` does. A file without an answer says nothing; one that can't be read at that
place objects, because nothing is known of what it would have said.

Trust: the files are the operator's, and so is their freshness: their digest and their oldest day stand in
each decision's facts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from zoneproxy.origin.delegated import Delegations
from zoneproxy.terms.networks import Address

PlaceSource = Literal["geoip", "registry", "routing"]
Says = Literal["side", "country"]
SOURCES: tuple[PlaceSource, ...] = ("geoip", "registry", "routing")
SAYS: Mapping[PlaceSource, Says] = {"geoip": "country", "registry": "side", "routing": "side"}
DAY_MS = 86_400_000


class PlaceError(Exception):
    """A data file can't be read at the place that was asked for."""


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file that was read.

    Attributes:
        name: its name without folders.
        digest: SHA-256 of its bytes, 64 hex digits.
        date_ms: when its makers made it, milliseconds since 1970 UTC.
    """

    name: str
    digest: str
    date_ms: int


@dataclass(frozen=True, slots=True)
class Place:
    """What the files say of one address.

    Attributes:
        countries: what each source says; a source that says nothing is not in it.
        asn: the AS that announces the address, or `None`.
        broken: the sources whose file can't be read there.
    """

    countries: Mapping[PlaceSource, str] = field(default_factory=dict)
    asn: int | None = None
    broken: frozenset[PlaceSource] = frozenset()


NOWHERE = Place()


@dataclass(frozen=True, slots=True)
class Places:
    """All data files in force: one value, exchanged whole, never changed.

    Attributes:
        home: countries whose addresses are domestic.
        geoip: returns an address's country or `None`; raises `PlaceError`.
        asn: returns the AS that announces an address or `None`; raises `PlaceError`.
        delegations: the registries' lists, or `None`.
        says: what each source speaks of.
        files: what they were read from.
    """

    home: frozenset[str]
    geoip: Callable[[Address], str | None] | None = None
    asn: Callable[[Address], int | None] | None = None
    delegations: Delegations | None = None
    says: Mapping[PlaceSource, Says] = field(default_factory=lambda: dict(SAYS))
    files: tuple[DataFile, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 over all files' digests, in the order of their names; 64 hex digits."""
        lines = sorted(f"{file.name} {file.digest}\n" for file in self.files)
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    def age_days(self, now_ms: int) -> int | None:
        """Return how many days ago the oldest file was made; `None` without files."""
        age_ms = self.age_ms(now_ms)
        return None if age_ms is None else age_ms // DAY_MS

    def age_ms(self, now_ms: int) -> int | None:
        """Return how many milliseconds ago the oldest file was made; `None` without files."""
        return max(0, now_ms - min(file.date_ms for file in self.files)) if self.files else None

    def find(self, address: Address | None) -> Place:
        """Ask all files about an address (from `read_address`)."""
        if address is None:
            return NOWHERE
        countries: dict[PlaceSource, str | None] = {}
        broken = set[PlaceSource]()
        asn: int | None = None
        try:
            countries["geoip"] = self.geoip(address) if self.geoip is not None else None
        except PlaceError:
            broken.add("geoip")
        try:
            asn = self.asn(address) if self.asn is not None else None
        except PlaceError:
            broken.add("routing")
        if self.delegations is not None:
            countries["registry"] = self.delegations.country(address)
            countries["routing"] = self.delegations.asn_country(asn) if asn is not None else None
        return Place(
            {source: country for source, country in countries.items() if country is not None},
            asn,
            frozenset(broken),
        )
