"""Tests on the wire: a raw HTTP exchange through a real boundary, and what must come of it.

A test with `wire` sends one request to a door of a zone that is made for it, on loopback, with the policies
under test in force and a scripted server in the model server's place. The zone is made of what the operator's
policy says: a door for each of its `routes` (side `overseas`, its `peer_country`), the doors `inland`
(domestic) and `outward` (the zone's own), a tenant for each one that a test names (its audience from its
chain, its market the first that its chain's last link names, or `market`), and one server for all models.

A caller sits in the network of its door, which is registered with the door's side and country; `from` sets
it elsewhere: `{side: domestic, country: CN}`, or `unregistered`. With `lands` the cable of the door ends in
another country.

The request has a `line`, `headers` and one of `json` and `body`; host, length, the tenant's credential and
`connection: close` are added where they are not given. Or it is `raw`: exactly these characters, CR and LF
written out. The answer has `status`, `headers`, and one of `json`, `body`, `chunks` (each sent by itself)
and `events` (each sent as one server-sent event); with `breaks: true` the server breaks off after it.

What is expected is judged as everywhere: each field that is given must hold. `reason` is the code that the
caller is told, each phase what the policies said there (from the records in the log), `end` how the record
of the return ends, `upstream` what reached the server, `delivered` what reached the caller.

Worked example::

    - name: a resident's number in a prompt does not reach the model
      wire:
        door: cable-sg-1
        tenant: toyco-sg
        request:
          json: {model: zone-llm-01, messages: [{role: user, content: "id 110101199003074610"}]}
        expect:
          status: 403
          reason: policy-domestic-data-mixed
          process: {decision: deny, rule: PRO-010, also: [PRO-011, PRO-012, PRO-501, PRO-502]}
          upstream: {requests: 0}
          delivered: {lacks: ["110101199003074610"]}
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from zoneproxy.policy.expectation import Expectation
from zoneproxy.policy.model import Country, Name, Part, Side, Text

MAX_BODY = 1 << 20
EXTRA_DOORS = ("inland", "outward")

Body = Annotated[str, Field(max_length=MAX_BODY)]
Header = Annotated[str, Field(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$")]
Value = Annotated[str, Field(pattern=r"^[\t -~]{0,4000}$")]


class Place(Part):
    """Where a caller is: a network that is registered with this side and country."""

    side: Side
    country: Country


class WireRequest(Part):
    """What is sent."""

    line: Annotated[str, Field(pattern=r"^[!-~ ]{1,2000}$")] = "POST /v1/chat/completions HTTP/1.1"
    headers: dict[Header, Value] = Field(default_factory=dict)
    body: Body | None = None
    document: Any = Field(default=None, alias="json", description="the body, as a value")
    raw: Body | None = Field(default=None, description="the whole request, exactly as it is sent")


class WireAnswer(Part):
    """What the scripted model server answers."""

    status: Annotated[int, Field(ge=100, le=599)] = 200
    headers: dict[Header, Value] = Field(default_factory=dict)
    body: Body | None = None
    document: Any = Field(default=None, alias="json", description="the body, as a value")
    chunks: list[Body] | None = Field(default=None, description="the body in pieces, each sent by itself")
    events: list[Any] | None = Field(
        default=None, description="server-sent events: values, or a text like [DONE]"
    )
    breaks: bool = Field(default=False, description="the connection is broken off after what is given")


class UpstreamExpectation(Part):
    """What must have reached the model server."""

    requests: Annotated[int, Field(ge=0, le=100)] | None = None
    line: Text | None = Field(default=None, description="method and target of the last request")
    headers: dict[Header, Value] | None = Field(default=None, description="these, with these values")
    present: list[Header] | None = Field(default=None, description="headers that must be there")
    absent: list[Header] | None = Field(default=None, description="headers that must not be there")
    contains: list[Text] | None = None
    lacks: list[Text] | None = None


class DeliveredExpectation(Part):
    """What must have reached the caller."""

    headers: dict[Header, Value] | None = None
    body: Body | None = Field(default=None, description="the whole body, transfer coding undone")
    contains: list[Text] | None = None
    lacks: list[Text] | None = None
    whole: bool | None = Field(default=None, description="the answer ended properly")


class WireExpectation(Part):
    """What must come of the exchange."""

    status: Annotated[int, Field(ge=0, le=599)] | None = Field(
        default=None, description="0: no answer at all"
    )
    reason: Text | None = None
    collect: Expectation | None = None
    process: Expectation | None = None
    response: Expectation | None = Field(default=None, alias="return")
    end: Literal["complete", "cut", "withheld", "upstream_failed", "client_gone", "fault"] | None = None
    upstream: UpstreamExpectation | None = None
    delivered: DeliveredExpectation | None = None


class Wire(Part):
    """One exchange."""

    door: Name
    lands: Country | None = Field(
        default=None, description="where the door's cable ends, where not in its `peer_country`"
    )
    origin: Place | Literal["unregistered"] | None = Field(default=None, alias="from")
    tenant: Name | None = Field(default=None, description="whose credential is sent; none without")
    market: Country | None = Field(default=None, description="the market that the tenant is registered for")
    request: WireRequest = WireRequest.model_validate({})
    upstream: WireAnswer = WireAnswer.model_validate({})
    expect: WireExpectation


@dataclass(frozen=True, slots=True)
class WireCase:
    """One exchange to be sent, with the market that its tenant is registered for (empty: no tenant)."""

    name: str
    line: int
    wire: Wire
    market: str = ""
    skip: str = ""
