"""The closed vocabulary of facts: nothing else may influence a decision.

Each fact has a type, a domain, the phase from which it is known, and who provides it. A value
outside its domain is treated as absent (`in_domain`). `private` facts never stand in a record's
public part: they are committed to and opened only to whoever may see them.

Flows hold facts write-once (`FactSheet`): a second, different value is a conflict, which denies.
"""

from __future__ import annotations

import functools
import ipaddress
import re
from collections.abc import Callable, ItemsView, Iterator, KeysView, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from zoneproxy.terms.phase import Phase

FactValue = str | int | bool | frozenset[str]


class FactType(StrEnum):
    """How a fact's value is written and compared."""

    ENUM = "enum"
    BOOL = "bool"
    INT = "int"
    TEXT = "text"
    COUNTRY = "country"
    IP = "ip"
    ROUTE = "route"
    NAMES = "names"


@dataclass(frozen=True, slots=True)
class FactSpec:
    """One word of the vocabulary.

    Attributes:
        name: dotted name, as policies write it.
        type: how it is written and compared.
        phase: the first phase in which it is known.
        provider: the room that provides it.
        doc: one line for people, shown in editors.
        values: the closed set for `enum` and `names`.
        low, high: inclusive bounds for `int`.
        private: True if the value must not stand in a record's public part.
    """

    name: str
    type: FactType
    phase: Phase
    provider: str
    doc: str
    values: tuple[str, ...] = ()
    low: int = 0
    high: int = 2**53 - 1
    private: bool = False


_COUNTRY = re.compile(r"[A-Z]{2}\Z", re.ASCII)
_ROUTE = re.compile(r"[a-z][a-z0-9-]{0,62}\Z", re.ASCII)
_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4 = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}", re.ASCII)
MAX_TEXT = 2048

_SOURCES = ("door", "network", "credential", "certificate", "authority", "geoip", "registry", "routing")
_MIXING = ("clean", "suspected", "detected", "not_scanned")
_CATEGORIES = (
    "cn_personal_info",
    "cn_important_data",
    "domestic_corpus",
    "model_weights",
    "uninspectable",
    "returned_result",
)
_C, _P, _R = Phase.COLLECT, Phase.PROCESS, Phase.RETURN
_T = FactType

_SPECS = (
    # ---- who, from where, by which door ---------------------------------------------------
    FactSpec("trace.writable", _T.BOOL, _C, "trace", "the trace log accepts records"),
    FactSpec("policy.effective", _T.BOOL, _C, "passage", "every layer is inside its window of validity"),
    FactSpec("control.stop", _T.ENUM, _C, "passage", "what of the request the operator has stopped",
             values=("none", "unreadable", "zone", "route", "suspended", "tenant", "credential", "model")),
    FactSpec("control.limit", _T.ENUM, _C, "meter", "which limit the request is beyond",
             values=("none", "tenant_concurrency", "tenant_requests", "tenant_bytes",
                     "zone_concurrency", "zone_requests", "zone_bytes", "session")),
    FactSpec("exchange.kind", _T.ENUM, _C, "passage",
             "a customer's request, a zone workload's own outward call, or maintenance from inland",
             values=("serve", "outward", "maintenance")),
    FactSpec("origin.class", _T.ENUM, _C, "origin",
             "which side the request's data comes from, as proven by evidence",
             values=("overseas", "domestic", "zone", "unknown")),
    FactSpec("origin.country", _T.COUNTRY, _C, "origin",
             "country that the evidence agrees on, ISO 3166-1 alpha-2"),
    FactSpec("origin.agreeing", _T.INT, _C, "origin",
             "how many independent sources agree on the origin", high=16),
    FactSpec("origin.sources", _T.NAMES, _C, "origin", "the sources of evidence that spoke of a side",
             values=_SOURCES),
    FactSpec("origin.objections", _T.NAMES, _C, "origin",
             "the sources that found a contradiction of their own", values=_SOURCES),
    FactSpec("origin.data", _T.TEXT, _C, "origin",
             "digest over the data files on addresses that were asked; absent without any"),
    FactSpec("origin.data_age_days", _T.INT, _C, "origin",
             "days since the oldest of these files was made", high=100_000),
    FactSpec("client.ip", _T.IP, _C, "origin", "the peer's address", private=True),
    FactSpec("client.network", _T.ENUM, _C, "origin",
             "side of the registered network that the peer's address lies in",
             values=("overseas", "domestic", "zone", "unregistered")),
    FactSpec("client.country", _T.COUNTRY, _C, "origin",
             "country in which the peer's address is used, by the country database"),
    FactSpec("client.registry_country", _T.COUNTRY, _C, "origin",
             "country of whoever holds the peer's address, by the registries' lists"),
    FactSpec("client.asn", _T.INT, _C, "origin",
             "autonomous system that announces the peer's address (BGP origin)", high=2**32 - 1),
    FactSpec("client.asn_country", _T.COUNTRY, _C, "origin",
             "country of whoever holds that autonomous system, by the registries' lists"),
    FactSpec("client.certificate", _T.ENUM, _C, "origin",
             "what came of the caller's verified client certificate",
             values=("none", "known", "unknown", "contradictory", "expired", "revoked")),
    FactSpec("client.certificate_id", _T.TEXT, _C, "origin",
             "SPIFFE id or subject of the caller's certificate", private=True),
    FactSpec("client.authority", _T.TEXT, _C, "origin", "the name that the caller asked for in TLS",
             private=True),
    FactSpec("ingress.route", _T.ROUTE, _C, "route",
             "the declared route (cable, line) it came in on, or `undeclared`"),
    FactSpec("ingress.side", _T.ENUM, _C, "route", "the side of the door it came in by",
             values=("overseas", "domestic", "zone")),
    FactSpec("ingress.tls", _T.ENUM, _C, "route", "who ended the caller's TLS",
             values=("none", "front", "door")),
    FactSpec("ingress.front", _T.IP, _C, "route", "the front that passed the connection on", private=True),
    FactSpec("tenant.id", _T.ROUTE, _C, "origin", "the registered tenant that the credential proves"),
    FactSpec("tenant.audience", _T.ENUM, _C, "origin", "whom the tenant serves",
             values=("overseas", "domestic", "mixed", "unknown")),
    FactSpec("tenant.market", _T.COUNTRY, _C, "origin", "the market the tenant is registered for"),
    FactSpec("tenant.authorization", _T.ENUM, _C, "policy",
             "the chain from the model's maker to this tenant",
             values=("complete", "broken", "expired", "missing")),
    FactSpec("tenant.scope", _T.NAMES, _C, "policy", "what the chain's last grant covers",
             values=("api_call", "aggregation", "resale", "overseas_region", "training", "on_premises")),
    FactSpec("tenant.client", _T.ENUM, _C, "policy", "the kind of client that the tenant is",
             values=("enterprise", "developer", "research", "public_sector", "consumer")),
    FactSpec("tenant.client_granted", _T.BOOL, _C, "policy",
             "every link of the chain covers the tenant's kind of client"),
    FactSpec("tenant.market_granted", _T.BOOL, _C, "policy",
             "every link of the chain covers the tenant's market"),
    FactSpec("tenant.dpa", _T.ENUM, _C, "policy", "the data-responsibility statement",
             values=("in_force", "expired", "missing")),
    FactSpec("tenant.retention_days", _T.INT, _C, "policy",
             "days that the statement lets the tenant's data be kept", high=100_000),
    FactSpec("tenant.training_use", _T.ENUM, _C, "policy",
             "whether the statement lets models be trained on the tenant's data",
             values=("never", "with_consent", "allowed")),
    FactSpec("tenant.sub_processors", _T.NAMES, _C, "policy",
             "sides on which those work whom the statement names as sub-processors",
             values=("overseas", "zone", "domestic")),
    FactSpec("quota.remaining", _T.INT, _C, "meter", "prepaid tokens left before this request",
             low=-(2**53 - 1)),
    # ---- the request ------------------------------------------------------------------------
    FactSpec("request.state", _T.ENUM, _C, "content", "whether the request can be read",
             values=("ok", "malformed", "unknown_endpoint", "closed_endpoint", "unknown_type", "unreadable",
                     "too_large", "unasked", "tunnel", "upgrade", "no_front", "no_tls", "no_inner_tls",
                     "other_host")),
    FactSpec("request.tag_forged", _T.BOOL, _C, "origin", "the client sent an origin tag of its own"),
    FactSpec("request.method", _T.TEXT, _C, "content", "the request's method", private=True),
    FactSpec("request.host", _T.TEXT, _C, "content", "host that the client asked for", private=True),
    FactSpec("request.path", _T.TEXT, _C, "content", "path without its query", private=True),
    FactSpec("request.dialect", _T.ENUM, _C, "content", "the API that the request speaks",
             values=("openai_chat", "openai_completions", "openai_embeddings", "openai_files",
                     "openai_models", "openai_responses", "openai_conversations", "openai_uploads",
                     "openai_batches", "openai_vector_stores", "openai_assistants", "openai_audio",
                     "openai_images", "openai_realtime", "anthropic_messages", "anthropic_files",
                     "anthropic_batches",
                     "unknown")),
    FactSpec("request.streamed", _T.BOOL, _C, "content", "the client asked for a streamed answer"),
    FactSpec("request.max_tokens", _T.INT, _C, "content", "the largest answer the client asks for"),
    FactSpec("request.bytes", _T.INT, _C, "content", "size of the request's body in bytes"),
    FactSpec("binding.state", _T.ENUM, _C, "route",
             "whether the stored objects that the request names are the caller's own, made on this route",
             values=("none", "own", "refused", "unavailable")),
    FactSpec("binding.standing", _T.ENUM, _C, "route", "how the caller stands to the object that decided",
             values=("own", "unknown", "foreign", "other_route", "expired", "other_use"), private=True),
    FactSpec("lane.name", _T.ROUTE, _C, "route",
             "the declared maintenance lane that the request comes by, where its caller proved himself"),
    # ---- processing -------------------------------------------------------------------------
    FactSpec("data.mixing", _T.ENUM, _P, "content", "verdict of the scan of the request",
             values=_MIXING),
    FactSpec("data.mixing_score", _T.INT, _P, "content", "sum of the findings' scores", high=1_000_000),
    FactSpec("data.categories", _T.NAMES, _P, "content", "categories found in the request",
             values=_CATEGORIES),
    FactSpec("data.maskable", _T.BOOL, _P, "content",
             "all that was found in the request can be masked; known where a rule orders it"),
    FactSpec("model.id", _T.TEXT, _P, "policy", "the registered model asked for"),
    FactSpec("model.provenance", _T.ENUM, _P, "policy", "where the model comes from",
             values=("domestic_filed", "foreign", "unknown")),
    FactSpec("model.location", _T.ENUM, _P, "policy", "where the model runs",
             values=("in_zone", "domestic", "overseas", "unknown")),
    FactSpec("model.granted", _T.BOOL, _P, "policy",
             "the tenant's authorisation chain covers the model asked for"),
    FactSpec("upstream.separation", _T.ENUM, _P, "route",
             "how the server is kept apart from domestic operation",
             values=("physical", "logical", "shared", "unknown")),
    FactSpec("workload.ip", _T.IP, _P, "origin", "the address of the zone workload that calls outward",
             private=True),
    FactSpec("workload.network", _T.ENUM, _P, "origin",
             "side of the registered network that this address lies in",
             values=("overseas", "domestic", "zone", "unregistered")),
    FactSpec("request.tag", _T.ENUM, _P, "origin",
             "how the tag that an outward call carries stands to the one that its exchange was given",
             values=("carried", "missing", "partial", "altered", "foreign", "over", "other", "elsewhere",
                     "unsigned")),
    FactSpec("purpose", _T.ENUM, _P, "content", "what the request asks the zone to do",
             values=("inference", "embedding", "storage", "file_retrieval", "model_listing", "tool_call",
                     "training", "unknown")),
    FactSpec("purpose.granted", _T.BOOL, _P, "policy",
             "every link of the tenant's chain covers what the request asks the zone to do"),
    FactSpec("destination.side", _T.ENUM, _P, "route", "side that an outward call goes to",
             values=("overseas", "zone", "domestic", "unknown")),
    FactSpec("destination.registered", _T.BOOL, _P, "route",
             "the outward call's destination is on the operator's list"),
    FactSpec("destination.callback", _T.ENUM, _P, "route",
             "whose callback an outward call is: a tenant is told at its own registered addresses",
             values=("none", "own", "foreign")),
    FactSpec("destination.host", _T.TEXT, _P, "route", "host of the outward call", private=True),
    FactSpec("destination.address", _T.IP, _P, "route", "the address that the outward call is pinned to",
             private=True),
    FactSpec("destination.resolution", _T.ENUM, _P, "route",
             "how that address was found: it stands in the call, was resolved, or is that of its tunnel",
             values=("literal", "resolved", "pinned", "failed", "not_asked")),
    FactSpec("destination.tls", _T.BOOL, _P, "route",
             "the destination must prove itself in TLS before anything is sent to it"),
    FactSpec("destination.tunnel", _T.ENUM, _P, "route",
             "the outward call asks for a tunnel (CONNECT), or stands in one",
             values=("none", "asked", "inside")),
    # ---- return -----------------------------------------------------------------------------
    FactSpec("control.halt", _T.ENUM, _R, "passage", "what the operator stopped meanwhile",
             values=("none", "unreadable", "zone", "route", "suspended", "tenant", "credential", "model")),
    FactSpec("egress.route", _T.ROUTE, _R, "route", "the route the answer would leave by"),
    FactSpec("egress.same_connection", _T.BOOL, _R, "route",
             "the answer leaves on the connection that the request came in on"),
    FactSpec("response.consumer", _T.ENUM, _R, "route", "who receives the answer",
             values=("overseas_client", "zone_workload", "domestic_system", "unknown")),
    FactSpec("response.binding", _T.ENUM, _R, "route",
             "whether the stored objects that the answer names are the caller's own",
             values=("none", "own", "foreign", "unlistable", "unavailable")),
    FactSpec("response.state", _T.ENUM, _R, "content", "whether the answer can be read",
             values=("ok", "unreadable", "unknown_type", "too_large", "truncated", "malformed")),
    FactSpec("response.mixing", _T.ENUM, _R, "content", "verdict of the scan of the answer",
             values=_MIXING),
    FactSpec("response.mixing_score", _T.INT, _R, "content", "sum of the findings' scores",
             high=1_000_000),
    FactSpec("response.categories", _T.NAMES, _R, "content", "categories found in the answer",
             values=_CATEGORIES),
    FactSpec("response.weights_like", _T.BOOL, _R, "content", "the answer bears a model file's header"),
    FactSpec("response.maskable", _T.BOOL, _R, "content",
             "all that was found in the answer can be masked; known where a rule orders it"),
    FactSpec("egress.bytes", _T.INT, _R, "meter",
             "bytes of the answer; of a stream those that no event before had"),
    FactSpec("egress.ceiling", _T.INT, _R, "meter",
             "the most that its billed tokens, vectors or media account for, with the allowance"),
    FactSpec("egress.tenant_bytes", _T.INT, _R, "meter",
             "bytes in the tenant's window that nothing accounts for, where this answer has some"),
    FactSpec("egress.tenant_ceiling", _T.INT, _R, "meter", "the most of them in one window"),
)  # fmt: skip

VOCABULARY: Mapping[str, FactSpec] = {spec.name: spec for spec in _SPECS}
UNDECLARED = "undeclared"


@functools.lru_cache(maxsize=1024)  # callers come again
def _is_ip(value: str) -> bool:
    if _IPV4.fullmatch(value):
        return True
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return "%" not in value


def in_domain(spec: FactSpec, value: object) -> bool:
    """Tell whether `value` is one that the fact may have; anything else counts as absent."""
    return _TESTS[spec.type](spec, value)


_TESTS: Mapping[FactType, Callable[[FactSpec, Any], bool]] = {
    FactType.BOOL: lambda _, value: isinstance(value, bool),
    FactType.INT: lambda spec, value: type(value) is int and spec.low <= value <= spec.high,
    FactType.ENUM: lambda spec, value: isinstance(value, str) and value in spec.values,
    FactType.COUNTRY: lambda _, value: isinstance(value, str) and _COUNTRY.match(value) is not None,
    FactType.ROUTE: lambda _, value: isinstance(value, str) and _ROUTE.match(value) is not None,
    FactType.TEXT: lambda _, value: isinstance(value, str) and len(value) <= MAX_TEXT,
    FactType.IP: lambda _, value: isinstance(value, str) and _is_ip(value),
    FactType.NAMES: lambda spec, value: isinstance(value, frozenset) and value.issubset(spec.values),
}


_DOMAINS = {spec.name: (spec, _TESTS[spec.type]) for spec in _SPECS}


class FactConflictError(Exception):
    """A flow's fact was set a second time to another value; the flow must be refused."""

    def __init__(self, name: str) -> None:
        super().__init__(f"fact `{name}` was set twice")
        self.name = name


class FactSheet(Mapping[str, FactValue]):
    """A flow's facts, write-once.

    Values outside their domain are not stored: for the rules they are absent.
    """

    def __init__(self) -> None:
        self._values: dict[str, FactValue] = {}

    def set(self, name: str, value: FactValue | None) -> None:
        """Set a fact once; `None` and values outside the domain leave it absent.

        Raises:
            KeyError: the name is not in the vocabulary (our bug).
            FactConflictError: the fact already has another value.
        """
        spec = VOCABULARY[name]
        if value is None or not in_domain(spec, value):
            return
        if name in self._values and self._values[name] != value:
            raise FactConflictError(name)
        self._values[name] = value

    def update(self, values: Mapping[str, FactValue | None]) -> None:
        """Set several facts; the same rules as `set`."""
        known = self._values
        for name, value in values.items():
            spec, holds = _DOMAINS[name]
            if value is not None and holds(spec, value) and known.setdefault(name, value) != value:
                raise FactConflictError(name)

    def snapshot(self) -> dict[str, FactValue]:
        """Return the known facts as a dictionary of their own."""
        return dict(self._values)

    def get(self, name: str, default: Any = None) -> Any:
        """Return a known fact's value, or the default: asked a hundred times a flow, so without a detour."""
        return self._values.get(name, default)

    def items(self) -> ItemsView[str, FactValue]:
        """Return names and values, in the order in which they became known."""
        return self._values.items()

    def keys(self) -> KeysView[str]:
        """Return the names."""
        return self._values.keys()

    def __contains__(self, name: object) -> bool:
        """Tell whether a fact is known."""
        return name in self._values

    def __getitem__(self, name: str) -> FactValue:
        """Return a known fact's value; KeyError where it is absent."""
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        """Names of the known facts, in the order in which they became known."""
        return iter(self._values)

    def __len__(self) -> int:
        """How many facts are known."""
        return len(self._values)


def known_in(phase: Phase, facts: Mapping[str, FactValue]) -> dict[str, FactValue]:
    """Return the facts that a decision at `phase` may see: those of it and of earlier phases."""
    return {name: value for name, value in facts.items() if VOCABULARY[name].phase.order <= phase.order}


def to_json(value: FactValue) -> str | int | bool | list[str]:
    """Write a fact's value as JSON: names become a sorted list."""
    return sorted(value) if isinstance(value, frozenset) else value


def from_json(name: str, value: object) -> FactValue | None:
    """Read a fact's value back from JSON; `None` where it is outside the fact's domain."""
    spec = VOCABULARY.get(name)
    if spec is None:
        return None
    read: object = value
    if spec.type is FactType.NAMES and isinstance(value, list | tuple | set | frozenset):
        read = frozenset(value)
    return read if in_domain(spec, read) else None  # type: ignore[return-value]
