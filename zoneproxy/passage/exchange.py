"""One exchange's memory on its way: what is known, decided and sent so far."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from zoneproxy.content.endpoint import Endpoint
from zoneproxy.content.mask import Masked
from zoneproxy.content.realtime_stream import RealtimeAnswer
from zoneproxy.content.request import RequestReading
from zoneproxy.content.returned import Returned
from zoneproxy.content.stream import AnswerStream
from zoneproxy.meter.egress import EgressLedger, EgressMeter
from zoneproxy.meter.usage import UsageMeter
from zoneproxy.origin.arrival import PLAIN, Arrival
from zoneproxy.origin.evidence import Door
from zoneproxy.passage.events import Event, Headers
from zoneproxy.passage.rules import Rules
from zoneproxy.passage.ties import Ties
from zoneproxy.route.destination import Destination
from zoneproxy.route.pin import Pin
from zoneproxy.route.stops import Stops
from zoneproxy.route.upstream import Upstream
from zoneproxy.terms.decision import Decision
from zoneproxy.terms.facts import FactSheet, FactValue
from zoneproxy.terms.finding import Finding
from zoneproxy.terms.networks import Address
from zoneproxy.terms.objects import Binding, ObjectName
from zoneproxy.terms.phase import Phase
from zoneproxy.terms.ports import Receipt

Kind = Literal["serve", "outward", "maintenance"]


@dataclass(slots=True)
class Exchange:
    """What the legs know of one exchange.

    Attributes:
        flow: UUIDv7 of the exchange.
        kind: a customer's request, a zone workload's own call, or maintenance from inland.
        door: the listener it came in by; `None` where no declared route owns it.
        peer: the peer's address and port as the socket gives them.
        pin: the door's identity, taken when the request came in.
        arrival: how the connection came: by a front, with TLS, with a certificate.
        upstream: the model server that was chosen, or `None`.
        query: what followed `?` in the target.
        addresses: what a workload's call may dial, in their order: each judged, all in its decision.
        address: the one of them that is dialled, the first before any is; `None` while there are none.
        reached: the one that answered, or `None`.
        issued: header fields that the request was given on its way in, among them its signed tag.
        tunnel: how a workload's call stands to a tunnel, a value of the fact `destination.tunnel`.
        pinned: the addresses of the tunnel that a workload's call stands in.
        session: the session that it is a message of, or `None`.
        handshake: where it opens a session, the caller's handshake (`handshake.Handshake`), or `None`.
        stops: what the operator has stopped, as it was told last.
        credential: id of the credential that proved the tenant, or empty.
        retry_after_s: when a refused caller may come back, in seconds; 0 says nothing.
        known: bindings of objects that the request or its answer names.
        settled: names of which the store was asked, or need not be.
        passing: names of what stays nowhere.
        waiting: the part of the answer that waits for bindings (`belongings.Waiting`), or `None`.
        answer_binding: the fact `response.binding` as it stands.
        ledger, egress: what left for the tenants, and what weighs this answer; `None` where nothing does.
        keep: takes the fingerprints of an answer at its end; `None` where none are kept.
        returned: takes the fingerprints of what the answer says, or `None`.
        planted: the whole answer bears the tenant's canary.
        head_findings: something was found in the request's head.
        masked: the request's or the whole answer's masked form, where one was made.
        answer_maskable: the fact `response.maskable` of a whole answer.
        request_masked, answer_masked: what was masked, by kind.
        doom: what ends the exchange as soon as the record that is being written is durable.
        refusal: the reason code that the caller is told.
        gone: the caller has left, nothing can be told.
        bare: the end was recorded from what can't be wrong, since its own record was refused.
        streaming: the answer's head was delivered, so that only a cut can end it.
    """

    flow: str
    kind: Kind
    rules: Rules
    door: Door | None
    peer: tuple[str, int]
    pin: Pin
    arrival: Arrival = PLAIN
    facts: FactSheet = field(default_factory=FactSheet)
    private: dict[str, Any] = field(default_factory=dict)
    decisions: dict[Phase, Decision] = field(default_factory=dict)
    endpoint: Endpoint | None = None
    reading: RequestReading | None = None
    destination: Destination | None = None
    addresses: tuple[Address, ...] = ()
    address: Address | None = None
    reached: Address | None = None
    tunnel: str = "none"
    pinned: tuple[str, ...] = ()
    issued: Headers = ()
    upstream: Upstream | None = None
    headers: Headers = ()
    query: str = ""
    known: dict[ObjectName, Binding] = field(default_factory=dict)
    settled: set[ObjectName] = field(default_factory=set)
    passing: set[ObjectName] = field(default_factory=set)
    waiting: Any = None
    answer_binding: str = "none"
    parent_id: str = ""
    session: Ties | None = None
    handshake: Any = None
    now_ms: int = 0
    findings: tuple[Finding, ...] = ()
    request_bytes: int = 0
    outward_body: bytes = b""
    # the answer
    status: int = 0
    answer_headers: Headers = ()
    answer_fields: Headers = ()
    stream: AnswerStream | RealtimeAnswer | None = None
    answer_findings: tuple[Finding, ...] = ()
    answer_bytes: int = 0
    delivered_bytes: int = 0
    answer_digest: hashlib._Hash = field(default_factory=hashlib.sha256)
    meter: UsageMeter | None = None
    final: bytes = b""
    # what leaves, and what of it is masked
    ledger: EgressLedger | None = None
    egress: EgressMeter | None = None
    head_findings: bool = False
    masked: Masked | None = None
    answer_maskable: bool | None = None
    request_masked: Mapping[str, int] = field(default_factory=dict)
    answer_masked: Mapping[str, int] = field(default_factory=dict)
    keep: Callable[[frozenset[int]], None] | None = None
    returned: Returned | None = None
    planted: bool = False
    # the records
    receipt: Receipt | None = None
    doom: Event | None = None
    refusal: str = ""
    gone: bool = False
    streaming: bool = False
    bare: bool = False
    # what the operator and the limits say
    stops: Stops = field(init=False)
    credential: str = ""
    retry_after_s: int = 0

    def __post_init__(self) -> None:
        """Begin under the stops that hold now."""
        self.stops = self.rules.stops

    @property
    def dialect(self) -> str:
        """The API that the caller speaks; `unknown` until its endpoint is recognised."""
        return self.endpoint.dialect if self.endpoint else "unknown"

    def header(self, name: str) -> str | None:
        """Return a request header's only value; `None` where it is absent or repeated."""
        return sole(self.headers, name)

    def let_go_of_text(self) -> None:
        """Forget the request's strings: they were looked into, and what goes on is written.

        An answer may take an hour, and a prompt may have megabytes.
        """
        if self.reading is not None:
            self.reading = self.reading.forgetful(self.reading.body)
        self.outward_body = b""
        self.masked = None

    def let_go_of_body(self) -> None:
        """Forget the request's bytes and head: the answer has begun, and is weighed by what they ask for.

        Only the messages of a session are still judged by the head that opened it.
        """
        if self.reading is not None:
            self.reading = self.reading.forgetful(b"")
        if self.handshake is None:
            self.headers = ()


def sole(headers: Headers, name: str) -> str | None:
    """Return the value of the only header of that name (lower case), else `None`."""
    values = [value for key, value in headers if key == name]
    return values[0] if len(values) == 1 else None


def merged(facts: Mapping[str, FactValue], more: Mapping[str, FactValue | None]) -> dict[str, FactValue]:
    """Return the facts as they would be with `more` added, without adding them."""
    return {**facts, **{name: value for name, value in more.items() if value is not None}}
