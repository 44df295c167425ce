"""What an exchange is judged by: one immutable snapshot, pinned when the exchange begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from zoneproxy.content.request import RequestLimits
from zoneproxy.content.scan import ScanSettings
from zoneproxy.origin.tenants import TenantRegistry
from zoneproxy.policy.bundle import Policy
from zoneproxy.route.lane import DestinationTable
from zoneproxy.route.upstream import UpstreamTable
from zoneproxy.terms.networks import NetworkTable


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything that may influence an exchange, beside its own facts.

    Attributes:
        log_origin: the trace log's origin line, named in `zone-trace` headers.
        assurance: `production`, or `dev` behind the developer's door.
        policies: the layers, all of which must allow.
        tenants, networks, destinations, upstreams: the registered world.
        limits: how much of a request is read.
        scan: detectors and their level.
        max_answer_bytes, max_event_bytes: how much of an answer is inspected.
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
