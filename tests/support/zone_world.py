"""A small zone for tests: the pilot's policies, two cables, two tenants, fixed clocks and keys."""

from __future__ import annotations

import functools
import hashlib
import itertools
import uuid
from dataclasses import dataclass, field, replace
from pathlib import Path

from zoneproxy.content.request import RequestLimits
from zoneproxy.content.scan import ScanSettings
from zoneproxy.origin.evidence import Door
from zoneproxy.origin.tenants import Tenant, TenantRegistry
from zoneproxy.passage.events import BodyArrived, HeadArrived
from zoneproxy.passage.exchange import Exchange, Kind
from zoneproxy.passage.machine import Passage
from zoneproxy.passage.rules import Rules
from zoneproxy.policy.bundle import Policy, load
from zoneproxy.route.lane import DestinationTable, RegisteredDestination
from zoneproxy.route.pin import Pin
from zoneproxy.route.upstream import Upstream, UpstreamTable
from zoneproxy.terms.networks import Network, NetworkTable, read_prefix
from zoneproxy.terms.phase import Side
from zoneproxy.terms.ports import Receipt

ROOT = Path(__file__).resolve().parent.parent.parent
NOW_MS = 1_795_000_000_000  # 2026-11-18
CREDENTIAL = "zp-test-credential-of-toyco-sg"
DOORS = {
    "cable-sg-1": Door("cable-sg-1", Side.OVERSEAS, "SG"),
    "cable-my-1": Door("cable-my-1", Side.OVERSEAS, "MY"),
    "inland-1": Door("inland-1", Side.DOMESTIC, "CN"),
    "zone-out-1": Door("zone-out-1", Side.ZONE, "CN"),
}
CHAT = b'{"model": "zone-llm-01", "messages": [{"role": "user", "content": "hello"}]}'
STREAMED_CHAT = CHAT[:-1] + b', "stream": true}'


@functools.cache
def pilot(model: str = "zone-llm-02") -> tuple[Policy, ...]:
    """Return both layers of the pilot's policy, its second model under another name."""
    names = ("shantou-pilot.regulator.yaml", "shantou-pilot.operator.yaml")
    texts = ((ROOT / "policies" / name).read_text("utf-8") for name in names)
    return tuple(
        load(text.replace("zone-llm-02", model).encode(), name)
        for name, text in zip(names, texts, strict=True)
    )


def network(prefix: str, side: Side, country: str) -> Network:
    return Network(read_prefix(prefix), side, country)


@functools.cache
def rules() -> Rules:
    """Return the rules of the test zone."""
    return Rules(
        log_origin="zone.test/log",
        assurance="production",
        policies=pilot(),
        tenants=TenantRegistry(
            [Tenant("toyco-sg", "SG", "overseas", (hashlib.sha256(CREDENTIAL.encode()).digest(),))]
        ),
        networks=NetworkTable(
            [
                network("127.0.10.0/24", Side.OVERSEAS, "SG"),
                network("127.0.20.0/24", Side.DOMESTIC, "CN"),
                network("127.0.30.0/24", Side.ZONE, "CN"),
            ]
        ),
        destinations=DestinationTable(
            [
                RegisteredDestination("tools.example", 80, Side.OVERSEAS),
                RegisteredDestination("inland.example", None, Side.DOMESTIC),
            ]
        ),
        upstreams=UpstreamTable(
            [
                Upstream(
                    "llm",
                    "127.0.30.10",
                    8000,
                    models=("zone-llm-01",),
                    paths=("/v1/files", "/v1/models"),
                    separation="physical",
                )
            ]
        ),
        limits=RequestLimits(),
        scan=ScanSettings(2, bytes(32)),
        max_answer_bytes=1_000_000,
        max_event_bytes=65_536,
    )


def pin(route: str = "cable-sg-1", connection: str = "c1") -> Pin:
    door = DOORS[route]
    return Pin(route, door.side, "127.0.10.1:8443", connection)


def passage(route: str = "cable-sg-1", peer: str = "127.0.10.9") -> Passage:
    """Begin an exchange at a door."""
    door = DOORS[route]
    kind: Kind = "outward" if door.side is Side.ZONE else "serve"
    return Passage(Exchange(str(uuid.UUID(int=7)), kind, rules(), door, (peer, 50000), pin(route)))


def head(**changes: object) -> HeadArrived:
    """Return the head of a well-formed chat request."""
    base = HeadArrived(
        method="POST",
        target_host="127.0.10.1:8443",
        target_port=0,
        path="/v1/chat/completions",
        headers=(
            ("host", "127.0.10.1:8443"),
            ("content-type", "application/json"),
            ("authorization", f"Bearer {CREDENTIAL}"),
        ),
        now_ms=NOW_MS,
        trace_writable=True,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def body(data: bytes = CHAT) -> BodyArrived:
    return BodyArrived(data)


@dataclass
class Receipts:
    """Gives out receipts in order."""

    counter: itertools.count[int] = field(default_factory=itertools.count)

    def next(self) -> Receipt:
        return Receipt(next(self.counter), bytes(32), NOW_MS)
