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
from zoneproxy.route.maintenance import LaneTable
from zoneproxy.route.stops import NOTHING, Stops
from zoneproxy.route.upstream import UpstreamTable
from zoneproxy.terms.networks import NetworkTable
from zoneproxy.trace.note import Signer


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """How much one session may be.

    Attributes:
        max_message_bytes: largest message, in either direction.
        max_messages: how many a caller may send.
        max_waiting: how many of them may wait for an answer that is under way.
        idle_timeout_s: seconds without a message in either direction.
        session_timeout_s: seconds from the handshake on.
        ping_s: seconds after which a peer that says nothing is asked whether it is there.
        pings_per_minute: how many control frames a peer may send.
        max_fragments: in how many pieces a message may come.
    """

    max_message_bytes: int = 1024 * 1024
    max_messages: int = 100_000
    max_waiting: int = 64
    idle_timeout_s: float = 300.0
    session_timeout_s: float = 3600.0
    ping_s: float = 20.0
    pings_per_minute: int = 120
    max_fragments: int = 256


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
        sessions: how much one session may be; none are opened without it.
        stops: what the operator has stopped; exchanges under way are told of later stops.
        lifetimes: how long what is made in the zone can be used.
        lanes: the declared maintenance lanes; each is closed until every layer opens it by name.
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
    sessions: SessionLimits | None = None
    lanes: LaneTable = field(default_factory=LaneTable)

    @property
    def operator(self) -> Policy | None:
        """The operator's layer: it registers models, tenants' chains and markets."""
        return next((policy for policy in self.policies if policy.layer == "operator"), None)
