"""What an exchange is judged by: one immutable snapshot, pinned when the exchange begins."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from zoneproxy.content.request import RequestLimits
from zoneproxy.content.scan import ScanSettings
from zoneproxy.origin.places import Places
from zoneproxy.origin.signed_tag import TagSigner
from zoneproxy.origin.tenants import TenantRegistry
from zoneproxy.policy.bundle import Policy
from zoneproxy.route.binding import Lifetimes
from zoneproxy.route.lane import DestinationTable
from zoneproxy.route.stops import NOTHING, Stops
from zoneproxy.route.upstream import UpstreamTable
from zoneproxy.terms.networks import NetworkTable
from zoneproxy.trace.note import Signer


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything that may influence an exchange, beside its own facts.

    Attributes:
        log_origin: the trace log's origin line, named in `zone-trace` headers.
        assurance: `production`, or `dev` behind the developer's door.
        policies: the layers, all of which must allow.
        shadows: layers that only watch: what they would say is recorded and decides nothing.
        tenants, networks, destinations, upstreams: the registered world.
        limits: how much of a request is read.
        scan: detectors and their level.
        max_answer_bytes, max_event_bytes: how much of an answer is inspected.
        places: data files on addresses; nothing is asked without them.
        tags: signs what goes into the zone; nothing is tagged without it.
        tickets: signs the tickets of records; none are given without it.
        stops: what the operator has stopped; exchanges under way are told of later stops.
        lifetimes: how long what is made in the zone can be used.
    """

    log_origin: str
    assurance: Literal["production", "dev"]
    policies: tuple[Policy, ...]
    tenants: TenantRegistry
    networks: NetworkTable
    destinations: DestinationTable
    upstreams: UpstreamTable
    limits: RequestLimits
    scan: ScanSettings
    max_answer_bytes: int
    max_event_bytes: int
    tickets: Signer | None = None
    tags: TagSigner | None = None
    shadows: tuple[Policy, ...] = ()
    lifetimes: Lifetimes = field(default_factory=Lifetimes)
    places: Places | None = None
    stops: Stops = NOTHING

    @property
    def operator(self) -> Policy | None:
        """The operator's layer: it registers models, tenants' chains and markets."""
        return next((policy for policy in self.policies if policy.layer == "operator"), None)
