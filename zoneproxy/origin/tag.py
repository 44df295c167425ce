"""Votes -> one origin tag.

The sources are independent, so the tag is what all of those that speak agree on. One that
contradicts another, in side or in country, makes the origin `unknown`, and unknown is refused: no
majority is counted, because an enemy needs to turn only one source, and the honest one must be
enough to stop the flow.

How many must speak is the policies' to say (`Agreement`): each names the sources that count, what each of
them weighs, and how old a data file may be to be counted. Where less comes together, the origin is `unknown`
too. A source that does not count can still contradict.

Worked example: door overseas SG, network overseas SG, credential of a tenant for SG gives
`overseas`, SG, 3 agreeing. The same with an address in a domestic prefix gives `unknown`. With an
address in no registered prefix: `overseas`, SG, 2 agreeing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from zoneproxy.origin.evidence import Evidence, Source, Vote
from zoneproxy.terms.facts import UNDECLARED, FactValue
from zoneproxy.terms.phase import Side


class OriginClass(StrEnum):
    """The side that a request's data comes from, as proven by evidence."""

    OVERSEAS = "overseas"
    DOMESTIC = "domestic"
    ZONE = "zone"
    UNKNOWN = "unknown"


_CLASS_OF = {
    Side.OVERSEAS: OriginClass.OVERSEAS,
    Side.DOMESTIC: OriginClass.DOMESTIC,
    Side.ZONE: OriginClass.ZONE,
}


@dataclass(frozen=True, slots=True)
class Agreement:
    """How much evidence a policy asks for.

    Attributes:
        least: what the weights of the sources that speak must come to.
        weights: what each counted source weighs; without any, each source weighs one.
        most_age_ms: how old the data files may be for a source to be counted.
    """

    least: int
    weights: Mapping[Source, int] = field(default_factory=dict)
    most_age_ms: Mapping[Source, int] = field(default_factory=dict)

    def reached(self, speaking: Iterable[Source], age_ms: int | None) -> bool:
        """Tell whether the sources that speak for one side are enough.

        Args:
            speaking: those that speak.
            age_ms: how old the oldest data file is; `None` where that is not known.
        """
        weight = 0
        for source in speaking:
            most = self.most_age_ms.get(source)
            if most is None or (age_ms is not None and age_ms <= most):
                weight += self.weights.get(source, 0) if self.weights else 1
        return weight >= self.least


@dataclass(frozen=True, slots=True)
class OriginTag:
    """Where a request comes from, with the votes that say so.

    Attributes:
        cls: the conclusion.
        country: what all that name a country agree on, or `None`; always `None` when unknown.
        agreeing: how many sources speak for `cls`; 0 when unknown.
        votes: the evidence, beside the conclusion.
    """

    cls: OriginClass
    country: str | None
    agreeing: int
    votes: tuple[Vote, ...]


def conclude(
    votes: Iterable[Vote], agreements: Iterable[Agreement] = (), *, age_ms: int | None = None
) -> OriginTag:
    """Make one tag of the sources' votes; any contradiction, or too few speaking, gives `unknown`.

    Args:
        votes: one of each source.
        agreements: what each policy asks for; all must be reached.
        age_ms: how old the oldest data file is, or `None`.
    """
    heard = tuple(votes)
    sides = {vote.side for vote in heard if vote.side is not None}
    countries = {vote.country for vote in heard if vote.country is not None}
    if len(sides) != 1 or len(countries) > 1 or any(vote.objects for vote in heard):
        return OriginTag(OriginClass.UNKNOWN, None, 0, heard)
    side = sides.pop()
    speaking = [vote.source for vote in heard if vote.side is side]
    if not all(agreement.reached(speaking, age_ms) for agreement in agreements):
        return OriginTag(OriginClass.UNKNOWN, None, 0, heard)
    return OriginTag(
        cls=_CLASS_OF[side],
        country=countries.pop() if countries else None,
        agreeing=len(speaking),
        votes=heard,
    )


def origin_facts(tag: OriginTag, evidence: Evidence) -> dict[str, FactValue | None]:
    """Write tag and evidence as facts; `None` where a fact is not known."""
    door, tenant, network = evidence.door, evidence.tenant, evidence.network
    arrival, places, place = evidence.arrival, evidence.places, evidence.place
    return {
        "origin.class": tag.cls.value,
        "origin.country": tag.country,
        "origin.agreeing": tag.agreeing,
        "origin.sources": frozenset(vote.source.value for vote in tag.votes if vote.side is not None),
        "origin.objections": frozenset(vote.source.value for vote in tag.votes if vote.objects),
        "origin.data": places.digest if places is not None and places.files else None,
        "origin.data_age_days": places.age_days(evidence.now_ms) if places is not None else None,
        "client.ip": str(evidence.address) if evidence.address is not None else None,
        "client.network": network.side.value if network is not None else "unregistered",
        "client.country": place.countries.get("geoip"),
        "client.registry_country": place.countries.get("registry"),
        "client.asn": place.asn,
        "client.asn_country": place.countries.get("routing"),
        "client.certificate": evidence.certificate.value,
        "client.certificate_id": arrival.certificate.shown if arrival.certificate is not None else None,
        "client.authority": arrival.authority or None,
        "ingress.route": door.route if door is not None else UNDECLARED,
        "ingress.side": door.side.value if door is not None else None,
        "ingress.tls": arrival.tls,
        "ingress.front": arrival.front or None,
        "tenant.id": tenant.id if tenant is not None else None,
        "tenant.audience": tenant.audience if tenant is not None else "unknown",
        "tenant.market": tenant.market if tenant is not None else None,
        "request.tag_forged": evidence.forged,
    }
