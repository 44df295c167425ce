"""What happens to an exchange, as values: the driver feeds them to `machine.Passage.receive`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from zoneproxy.route.pin import Pin
from zoneproxy.route.stops import Stops
from zoneproxy.terms.facts import FactValue
from zoneproxy.terms.objects import Binding, ObjectName
from zoneproxy.terms.ports import Receipt

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened."""


@dataclass(frozen=True, slots=True)
class HeadArrived(Event):
    """A request's head was read.

    Attributes:
        method, target_host, target_port, path: the request line; path without its query.
        query: what followed `?` in the target, or empty.
        headers: names in lower case, in order.
        state: `ok`, or what is wrong with the head (values of the fact `request.state`).
        now_ms: milliseconds since 1970 UTC.
        trace_writable: the journal takes records.
        tag: for a zone workload's call: how the tag that it carries stands, a value of `request.tag`.
        parent: the facts of the exchange that a tag which is `carried` names, else `None`.
        parent_id: that exchange's id, or empty.
        tunnel: a workload asks for a tunnel (`asked`), or calls from `inside` of one; else `none`.
        pinned: the addresses that this tunnel is pinned to, in their order; none for other calls.
        detail: what is wrong, in our words, kept privately.
    """

    method: str
    target_host: str
    target_port: int
    path: str
    headers: Headers
    now_ms: int
    trace_writable: bool
    query: str = ""
    state: str = "ok"
    tag: str = "missing"
    parent: Mapping[str, FactValue] | None = None
    parent_id: str = ""
    tunnel: str = "none"
    pinned: tuple[str, ...] = ()
    detail: str = ""


@dataclass(frozen=True, slots=True)
class BodyArrived(Event):
    """The request's whole body was read; `state` says if it was cut short by a limit."""

    body: bytes
    state: str = "ok"


@dataclass(frozen=True, slots=True)
class LookedUp(Event):
    """The bindings of the names that were asked for; names that nobody claimed are left out."""

    found: Mapping[ObjectName, Binding]


@dataclass(frozen=True, slots=True)
class Resolved(Event):
    """The addresses of the name that was asked for, as the resolver wrote them; none where it has none.

    `detail` is in our words, kept privately.
    """

    addresses: tuple[str, ...]
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Bound(Event):
    """The bindings last ordered are durable: `found` are those that stand, and what was asked beside them."""

    found: Mapping[ObjectName, Binding]


@dataclass(frozen=True, slots=True)
class StoreFailed(Event):
    """The binding store can't say, or what was ordered may not be durable.

    `detail` is in our words, kept privately.
    """

    detail: str = ""


@dataclass(frozen=True, slots=True)
class Recorded(Event):
    """The record last written is durable."""

    receipt: Receipt


@dataclass(frozen=True, slots=True)
class RecordFailed(Event):
    """The record last written may not be durable; the log takes no more."""


@dataclass(frozen=True, slots=True)
class TurnedAway(Event):
    """The refusal last ordered is not recorded, for too many are: nothing may be told of it."""


@dataclass(frozen=True, slots=True)
class Dialling(Event):
    """The proxy is about to connect to this address for the exchange."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Dialled(Event):
    """The proxy is connected, for the exchange, to this peer address.

    `certificate` is the one with which the peer proved itself in TLS (DER); empty where it spoke none.
    """

    peer_ip: str
    certificate: bytes = b""


@dataclass(frozen=True, slots=True)
class AnswerHead(Event):
    """The model server's status and headers were read (names in lower case).

    `pin` is the door's identity as it is now.
    """

    status: int
    headers: Headers
    pin: Pin


@dataclass(frozen=True, slots=True)
class AnswerChunk(Event):
    """Some bytes of a streamed answer's body, transfer coding undone."""

    data: bytes


@dataclass(frozen=True, slots=True)
class AnswerEnd(Event):
    """The streamed answer ended properly; `pin` is the door's identity as it is now."""

    pin: Pin
    trailers: bool = False


@dataclass(frozen=True, slots=True)
class AnswerBody(Event):
    """The whole body of a buffered answer; `pin` is the door's identity as it is now."""

    body: bytes
    pin: Pin
    trailers: bool = False


@dataclass(frozen=True, slots=True)
class UpstreamFailed(Event):
    """The model server could not be reached or broke off its answer.

    Attributes:
        reason: `upstream-failed`, `upstream-untrusted`, `upstream-truncated` or `return-unreadable`.
        detail: in our words, kept privately.
    """

    reason: str = "upstream-failed"
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ClientGone(Event):
    """The caller closed its connection."""


@dataclass(frozen=True, slots=True)
class Stopping(Event):
    """The boundary stops and this exchange's time is over."""


@dataclass(frozen=True, slots=True)
class StopsChanged(Event):
    """The operator stopped or resumed something; these are all stops that hold now."""

    stops: Stops


@dataclass(frozen=True, slots=True)
class Limited(Event):
    """The request is beyond a limit.

    Attributes:
        limit: which one, a value of the fact `control.limit`.
        retry_after_s: when it may come back, in seconds; 0 where nobody can say.
    """

    limit: str
    retry_after_s: int


@dataclass(frozen=True, slots=True)
class Fault(Event):
    """Something of ours failed; whatever it was, the flow is refused.

    Attributes:
        where: the step that failed.
        detail: the exception's class and text, kept privately.
    """

    where: str
    detail: str = field(default="")
