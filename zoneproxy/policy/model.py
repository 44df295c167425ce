"""The closed format of a policy file, `zoneproxy/v1` `ZonePolicy`.

Every field is known and typed; an unknown one is an error, not a comment. The safe settings that a
policy must not change (`markets.default: closed`, `origins.on_disagreement: unknown`,
`detectors.over_limit: not_scanned`) have one allowed value: they are written so that a reader sees
them. Conditions (`when`, `never_allow_when`, `allow_implies`) are read by
`zoneproxy.policy.compile`, which knows the place of every part.

Worked example (the smallest policy that allows anything)::

    apiVersion: zoneproxy/v1
    kind: ZonePolicy
    metadata:
      name: small
      version: 1.0.0
      revision: 1
      layer: operator
      owner: zone-ops@zone.example
      effective: {from: "2026-01-01", until: "2030-12-31"}
    mode: enforce
    rules:
      - id: COL-900
        phase: collect
        effect: allow
        when: {origin.class: overseas}
        reason: collected_overseas
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from zoneproxy.policy.countries import is_country
from zoneproxy.policy.moment import duration_s, moment_ms

PhaseName = Literal["collect", "process", "return"]
Layer = Literal["regulator", "operator"]
Mode = Literal["enforce", "shadow"]
Separation = Literal["physical", "logical"]
Category = Literal[
    "cn_personal_info", "cn_important_data", "domestic_corpus", "model_weights", "uninspectable",
    "returned_result",
]  # fmt: skip
Scope = Literal["api_call", "aggregation", "resale", "overseas_region", "training", "on_premises"]
Action = Literal[
    "inference", "embedding", "storage", "file_retrieval", "model_listing", "tool_call", "training"
]
Client = Literal["enterprise", "developer", "research", "public_sector", "consumer"]
Side = Literal["overseas", "zone", "domestic"]


def _country(text: str) -> str:
    if not is_country(text):
        raise ValueError(f"`{text}` is not an ISO 3166-1 alpha-2 country code")
    return text


def _moment(text: str) -> str:
    moment_ms(text)
    return text


def _duration(text: str) -> str:
    duration_s(text)
    return text


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Text = Annotated[str, Field(min_length=1, max_length=2000)]
Note = Annotated[str, Field(max_length=2000)]
Country = Annotated[str, AfterValidator(_country)]
Moment = Annotated[str, AfterValidator(_moment)]
Duration = Annotated[str, AfterValidator(_duration)]
Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{4,64}$")]
RuleId = Annotated[str, Field(pattern=r"^(COL|PRO|RET)-[0-9]{3}$")]
InvariantId = Annotated[str, Field(pattern=r"^INV-[0-9]{3}$")]
Phases = Annotated[
    list[PhaseName],
    Field(min_length=1),
    BeforeValidator(_listed, json_schema_input_type=PhaseName | list[PhaseName]),
]


class Part(BaseModel):
    """A closed, frozen, strictly typed part of the file."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Window(Part):
    """A span of time, both ends inside."""

    start: Moment = Field(alias="from", description="first moment of validity")
    until: Moment = Field(description="last moment of validity")

    def holds(self, now_ms: int) -> bool:
        """Tell whether `now_ms` (milliseconds since 1970 UTC) lies inside."""
        return moment_ms(self.start) <= now_ms <= moment_ms(self.until, end=True)


class Metadata(Part):
    """What the file is and who answers for it."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{2,62}$")]
    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]
    revision: Annotated[int, Field(ge=1, le=2**31 - 1, description="grows with every activation")]
    layer: Layer
    owner: Text
    effective: Window = Field(description="outside this window everything is denied")
    description: Note = ""
    basis: list[Text] = Field(default=[], description="the texts that the policy rests on")
    unverified: bool = Field(default=False, description="rests on a text that nobody has confirmed")


class ClockSource(Part):
    """Where the zone's time comes from; said for the reader, who finds the proof of times in the log."""

    source: Name
    max_skew: Duration


class Zone(Part):
    """The special zone."""

    id: Name
    authority: Text
    uplinks: list[Name] = Field(default=[], description="declared routes that leave the zone")
    separation: Separation = Field(default="physical", description="from domestic operation")
    clock: ClockSource | None = None
    unverified: bool = False


class Route(Part):
    """One declared way into and out of the zone."""

    id: Name
    kind: Literal["submarine_cable", "dedicated_line", "satellite"]
    peer_country: Country = Field(description="where the line ends overseas")
    separation: Separation
    listen: Annotated[str, Field(pattern=r"^[0-9a-fA-F.:\[\]]+:[0-9]{1,5}$")] | None = None
    carrier: Note = Field(default="", description="who operates the line, and under which licence")


OriginKind = Literal[
    "ingress_route", "network_registry", "tenant_registry", "mtls_client",
    "geoip", "address_registry", "bgp_origin_asn",
]  # fmt: skip


class OriginSource(Part):
    """One independent source of evidence of origin."""

    id: Name
    kind: OriginKind
    data: Note = Field(default="", description="what it is read from; said for the reader only")
    max_age: Duration | None = Field(default=None, description="it does not count by older data files")
    weight: Annotated[int, Field(ge=1, le=3)] = Field(default=1, description="how much it counts")


class Origins(Part):
    """How a request gets its origin tag."""

    agree_at_least: Annotated[int, Field(ge=2, le=16)] = Field(
        default=2, description="weight of the listed sources that must speak; with less the origin is unknown"
    )
    on_disagreement: Literal["unknown"] = "unknown"
    sources: list[OriginSource] = Field(
        default=[], description="those that count; all others can only object. None: each counts one"
    )
    domestic_nets: list[Text] = []
    unverified: bool = False


class Markets(Part):
    """Where the zone may sell; a country on no list is closed."""

    default: Literal["closed"] = "closed"
    allowed: list[Country] = []
    local_deployment: list[Country] = Field(default=[], description="served only where the customer is")
    unverified: bool = False


class Detector(Part):
    """One detector of domestic data or of model files."""

    id: Name
    kind: Literal[
        "cn_resident_id", "cn_mobile", "cn_bank_card", "cn_passport", "cn_uscc", "cn_plate",
        "keyword_set", "simhash_set", "fingerprint_set", "canary", "tensor_magic",
    ]  # fmt: skip
    applies_to: Annotated[
        list[Literal["request_body", "response_body"]],
        Field(min_length=1, description="said for the reader: both are looked into"),
    ]
    category: Category
    score: Annotated[int, Field(ge=0, le=1000, description="added to the mixing score at each hit")]
    level: Annotated[int, Field(ge=1, le=4, description="higher finds more and errs more")]
    data: Note = Field(default="", description="the data set it needs, with its version")
    note: Note = ""
    unverified: bool = False


class Detectors(Part):
    """What counts as domestic data."""

    level: Annotated[int, Field(ge=1, le=4)] = 2
    max_scan_bytes: Annotated[
        int,
        Field(ge=1024, le=1 << 30, description="said for the reader: a zone looks into all that it lets in"),
    ] = 1 << 20
    over_limit: Literal["not_scanned"] = "not_scanned"
    entries: list[Detector] = Field(default=[], alias="list")


class Model(Part):
    """One registered model; a model that is not here has provenance `unknown`."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$")]
    provenance: Literal["domestic_filed", "foreign", "unknown"]
    location: Literal["in_zone", "domestic", "overseas", "unknown"]
    filing: Note = Field(default="", description="number of the filing, for `domestic_filed`")
    weights_digest: Digest | None = Field(
        default=None, description="said for the reader: a boundary can't see what runs behind it"
    )
    upstream: Note = ""
    unverified: bool = False


class Grant(Part):
    """One written link of an authorisation chain."""

    giver: Name = Field(alias="from")
    taker: Name = Field(alias="to")
    document: Text
    digest: Digest
    scope: Annotated[list[Scope], Field(min_length=1)]
    actions: list[Action] = Field(default=[], description="what may be asked of a model; none without")
    markets: list[Country] = Field(default=[], description="where it may be sold; none without")
    clients: list[Client] = Field(default=[], description="kinds of client it is for; none without")
    valid: Window


class SubProcessor(Part):
    """Who works on a tenant's data for the zone."""

    name: Name
    side: Side = Field(description="where it works")
    does: Note = ""


class DataUse(Part):
    """What the data-responsibility statement says of a tenant's data."""

    retention: Duration = Field(description="how long the tenant's data is kept")
    training_use: Literal["never", "with_consent", "allowed"]
    sub_processors: list[SubProcessor] = []


class Chain(Part):
    """The authorisation of one tenant, from the model's maker to it."""

    tenant: Name
    audience: Literal["overseas", "domestic", "mixed"]
    client: Client | None = Field(default=None, description="the kind of client that the tenant is")
    models: list[Text]
    dpa: Note = Field(default="", description="the data-responsibility statement; empty means none")
    dpa_valid: Window | None = None
    data_use: DataUse | None = Field(default=None, description="what the statement says")
    billing_account: Note = ""
    grants: list[Grant]
    unverified: bool = False

    @functools.cached_property
    def given(self) -> Mapping[str, frozenset[str]]:
        """What every link gives: `scope`, `actions`, `markets` and `clients`."""
        return {
            name: frozenset[str].intersection(*(frozenset(getattr(grant, name)) for grant in self.grants))
            for name in ("scope", "actions", "markets", "clients")
        }


class Authorization(Part):
    """Who may use which model, with every link written."""

    required_scope: list[Scope] = []
    chains: list[Chain] = []


class Obligations(Part):
    """What a decision orders. An allow may order all but the last two, a denial those.

    There is no order that nothing carries out: a zone that can't keep one does not start.
    """

    tag: Literal["overseas"] | None = Field(
        default=None, description="the request bears a signed origin tag inside the zone"
    )
    log: Literal["full_headers"] | None = Field(
        default=None, description="the record's private part holds the request's headers, without credentials"
    )
    meter: Literal["tokens"] | None = Field(
        default=None, description="the record of the exchange's end counts its tokens"
    )
    mask: Literal["findings"] | None = Field(
        default=None,
        description="all that was found goes masked; where that can't be, the flow is refused",
    )
    canary: Literal["tenant_day"] | None = Field(
        default=None, description="the answer bears the tenant's and the day's canary, where it has a text"
    )
    open_lane: Name | None = Field(
        default=None, description="the maintenance lane of that name is open, where every layer orders it"
    )
    retain: Duration | None = Field(default=None, description="records are kept for so long at least")
    local_deployment: Annotated[str, Field(pattern=r"^https://[A-Za-z0-9._:/@+=-]{1,110}$")] | None = Field(
        default=None, description="the refusal tells this address of the deployment in the caller's market"
    )
    alarm: Literal["regulator", "operator"] | None = Field(
        default=None, description="the refusal is told at once, and its record says whom"
    )


class Rule(Part):
    """One rule. A denial fires when its condition is true or unknown, an allow only when it is true."""

    id: RuleId
    phase: Phases
    effect: Literal["allow", "deny"]
    when: Any = None
    reason: Word
    cite: list[Text] = []
    note: Note = ""
    mode: Mode = "enforce"
    obligations: Obligations = Obligations()
    unverified: bool = False


class Invariant(Part):
    """What no allow may ever break: proved before activation and checked after each allow.

    With `scope: flow` it speaks of a whole exchange and rests on the rules of all three phases: it is
    proved over the flow only, and checked where the answer leaves.
    """

    id: InvariantId
    phase: Phases
    scope: Literal["phase", "flow"] = Field(default="phase", description="what it is proved of")
    claim: Text
    never_allow_when: Any = None
    allow_implies: Any = None
    cite: list[Text] = []
    unverified: bool = False


class RequiredFacts(Part):
    """Facts that must be known; a missing one denies by itself."""

    collect: list[str] = []
    process: list[str] = []
    response: list[str] = Field(default=[], alias="return")


class Retention(Part):
    """How long the trace is kept."""

    records: Duration
    bodies: Literal["digest_only"] = "digest_only"
    access: list[Name] = []
    legal_hold: bool = Field(default=False, description="nothing is erased; zone.yaml must say so too")
    unverified: bool = False


class PolicyDocument(Part):
    """A zone's policy: one layer of the rules, and the data that they speak of."""

    api_version: Literal["zoneproxy/v1"] = Field(alias="apiVersion")
    kind: Literal["ZonePolicy"]
    metadata: Metadata
    mode: Mode
    zone: Zone | None = None
    routes: list[Route] = []
    origins: Origins = Origins()
    markets: Markets = Markets()
    sets: dict[Word, Annotated[list[Text], Field(min_length=1)]] = {}
    detectors: Detectors = Detectors.model_validate({})
    models: list[Model] = []
    authorization: Authorization = Authorization()
    require_facts: RequiredFacts = RequiredFacts.model_validate({})
    rules: Annotated[list[Rule], Field(min_length=1)]
    invariants: list[Invariant] = []
    retention: Retention | None = None
