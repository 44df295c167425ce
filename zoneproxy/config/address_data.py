"""The part of `zone.yaml` that names the operator's data files on addresses; none are shipped."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from zoneproxy.config.part import Country, Part, Seconds, Text
from zoneproxy.origin.places import SAYS, PlaceSource, Says
from zoneproxy.policy.read import Source


class Spoken(Part):
    """What each source speaks of: the side alone, or the country too."""

    geoip: Says = Field("country", description="the country database")
    registry: Says = Field("side", description="the registries' lists: whose address it is")
    routing: Says = Field("side", description="whose autonomous system announces it")


class AddressData(Part):
    """Data files that say where an address is."""

    home: Annotated[list[Country], Field(min_length=1)] = Field(
        description="countries whose addresses are domestic; all others are overseas"
    )
    country_mmdb: Text | None = Field(None, description="country database (MMDB)")
    asn_mmdb: Text | None = Field(None, description="database of the AS that announces an address (MMDB)")
    delegated: list[Text] = Field(
        default_factory=list, description="delegation lists of the registries, as APNIC publishes them"
    )
    says: Spoken = Field(
        default_factory=lambda: Spoken(),  # noqa: PLW0108 - the class needs its defaults
        description="what each source speaks of; where sources contradict each other, the origin is unknown",
    )
    check_every: Seconds = Field(60.0, description="seconds between looks whether a file has changed")
    warn_after_days: Annotated[int, Field(ge=1, le=3650)] = Field(
        45, description="a file that is older is told of at each start and change"
    )

    def spoken(self) -> dict[PlaceSource, Says]:
        """Return what each source speaks of."""
        return {source: getattr(self.says, source) for source in SAYS}


def check_address_data(source: Source, part: AddressData | None) -> None:
    """Something is asked, and what it takes is there."""
    if part is None:
        return
    if part.country_mmdb is None and not part.delegated:
        source.report(
            ("address_data",),
            "ZC0006",
            "no file says which country an address is in",
            remedy="name a `country_mmdb` or `delegated` lists, or leave the part out",
        )
    if part.asn_mmdb is not None and not part.delegated:
        source.report(
            ("address_data", "asn_mmdb"),
            "ZC0006",
            "no list says whose the autonomous systems are",
            remedy="name the registries' lists in `delegated`",
        )
