"""One exchange's memory on its way: what is known, decided and sent so far."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from zoneproxy.content.dialects import Endpoint
from zoneproxy.content.request import RequestReading
from zoneproxy.content.stream import AnswerStream
from zoneproxy.meter.usage import UsageMeter
from zoneproxy.origin.evidence import Door
from zoneproxy.passage.events import Event, Headers
from zoneproxy.passage.rules import Rules
from zoneproxy.route.destination import Destination
from zoneproxy.route.pin import Pin
from zoneproxy.terms.decision import Decision
from zoneproxy.terms.facts import FactSheet, FactValue
from zoneproxy.terms.finding import Finding
from zoneproxy.terms.phase import Phase
from zoneproxy.terms.ports import Receipt

Kind = Literal["serve", "outward"]


@dataclass(slots=True)
class Exchange:
    """What the legs know of one exchange.

    Attributes:
        flow: UUIDv7 of the exchange.
        kind: a customer's request, or a zone workload's own call.
        door: the listener it came in by; `None` where no declared route owns it.
        peer: the peer's address and port as the socket gives them.
        pin: the door's identity, taken when the request came in.
        doom: what ends the exchange as soon as the record that is being written is durable.
        refusal: the reason code that the caller is told.
        gone: the caller has left, nothing can be told.
        streaming: the answer's head was delivered, so that only a cut can end it.
    """

    flow: str
    kind: Kind
    rules: Rules
    door: Door | None
    peer: tuple[str, int]
    pin: Pin
    facts: FactSheet = field(default_factory=FactSheet)
    private: dict[str, Any] = field(default_factory=dict)
    decisions: dict[Phase, Decision] = field(default_factory=dict)
    endpoint: Endpoint | None = None
    reading: RequestReading | None = None
    destination: Destination | None = None
    headers: Headers = ()
    parent_id: str = ""
    now_ms: int = 0
    findings: tuple[Finding, ...] = ()
    request_bytes: int = 0
    outward_body: bytes = b""
    # the answer
    status: int = 0
    answer_headers: Headers = ()
    stream: AnswerStream | None = None
    answer_findings: tuple[Finding, ...] = ()
    answer_bytes: int = 0
    delivered_bytes: int = 0
    answer_digest: hashlib._Hash = field(default_factory=hashlib.sha256)
    meter: UsageMeter | None = None
    final: bytes = b""
    # the records
    receipt: Receipt | None = None
    doom: Event | None = None
    refusal: str = ""
    gone: bool = False
    streaming: bool = False

    @property
    def dialect(self) -> str:
        """The API that the caller speaks; `unknown` until its endpoint is recognised."""
        return self.endpoint.dialect if self.endpoint else "unknown"

    def header(self, name: str) -> str | None:
        """Return a request header's only value; `None` where it is absent or repeated."""
        return sole(self.headers, name)


def sole(headers: Headers, name: str) -> str | None:
    """Return the value of the only header of that name (lower case), else `None`."""
    values = [value for key, value in headers if key == name]
    return values[0] if len(values) == 1 else None


def merged(facts: Mapping[str, FactValue], more: Mapping[str, FactValue | None]) -> dict[str, FactValue]:
    """Return the facts as they would be with `more` added, without adding them."""
    return {**facts, **{name: value for name, value in more.items() if value is not None}}
