"""The rails: what no policy can allow.

Each rail is a pure function of facts, so that replay derives it again from the record. The rails
come before the policy and can only refuse.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from zoneproxy.terms.decision import LayerDecision
from zoneproxy.terms.facts import FactValue
from zoneproxy.terms.phase import Phase

Facts = Mapping[str, FactValue]

_REQUEST_STATES = {
    "malformed": "request-malformed",
    "unknown_endpoint": "content-unknown-endpoint",
    "closed_endpoint": "content-closed-endpoint",
    "unknown_type": "content-unknown-type",
    "unreadable": "content-unreadable",
    "too_large": "content-too-large",
    "unasked": "content-unasked",
    "tunnel": "lane-tunnel",
    "upgrade": "lane-upgrade",
    "no_front": "origin-front",
    "no_tls": "origin-handshake",
    "no_inner_tls": "lane-handshake",
    "other_host": "lane-mismatch",
}
_ANSWER_STATES = {
    "unreadable": "return-unreadable",
    "unknown_type": "return-unreadable",
    "malformed": "return-unreadable",
    "too_large": "return-unreadable",
    "truncated": "upstream-truncated",
}
# A request that is not HTTP says nothing else that could be trusted; the other states are told
# only to callers whose origin stands.
_STATES_BEFORE_ORIGIN = (
    "malformed", "upgrade", "tunnel", "no_front", "no_tls", "no_inner_tls", "other_host",
)  # fmt: skip

# Whoever asks is not told whether what it named is there.
_BINDINGS = {"none": "", "own": "", "refused": "binding-unknown"}
_NAMED = {
    "none": "",
    "own": "",
    "foreign": "binding-foreign",
    "unlistable": "binding-unlistable",
}
_STOPS = {
    "unreadable": "control-unreadable",
    "zone": "control-zone-stopped",
    "route": "control-route-stopped",
    "suspended": "control-tenant-suspended",
    "tenant": "control-tenant-stopped",
    "credential": "control-credential-stopped",
    "model": "control-model-stopped",
}
_LIMITS = {
    "tenant_concurrency": "limit-tenant-concurrency",
    "tenant_requests": "limit-tenant-requests",
    "tenant_bytes": "limit-tenant-bytes",
    "zone_concurrency": "limit-zone-concurrency",
    "zone_requests": "limit-zone-requests",
    "zone_bytes": "limit-zone-bytes",
    "session": "limit-session",
}


def _closed(facts: Facts) -> str:
    """Return the reason why nothing is judged at all, or empty."""
    if facts.get("trace.writable") is not True:
        return "trace-unavailable"
    if (stop := facts.get("control.stop", "none")) != "none":
        return _STOPS[str(stop)]
    return "" if facts.get("policy.effective") is True else "policy-expired"


_TAGS = {
    "missing": "lane-tag-missing",
    "partial": "lane-tag-partial",
    "altered": "lane-tag-altered",
    "foreign": "lane-tag-foreign",
    "over": "lane-flow-unknown",
    "other": "lane-tag-other",
    "elsewhere": "lane-flow-elsewhere",
    "unsigned": "lane-tag-unsigned",
}


def head_rail(facts: Facts) -> str:
    """Return the reason code that refuses a customer's request on its head alone, or empty."""
    if reason := _closed(facts):
        return reason
    if facts.get("request.state") in _STATES_BEFORE_ORIGIN:
        return _REQUEST_STATES[str(facts["request.state"])]
    origin = facts.get("origin.class")
    if origin == "domestic" or facts.get("ingress.side") == "domestic":
        return "origin-domestic"
    if origin == "zone":
        return "origin-zone"
    if facts.get("request.tag_forged") is not False:
        return "origin-tag-forged"
    if "tenant.id" not in facts:
        return "origin-tenant-unknown"
    if origin != "overseas":
        return "origin-unknown"
    country = facts.get("origin.country")
    if country is not None and facts.get("tenant.market") != country:
        return "origin-market"
    limit = _LIMITS.get(str(facts.get("control.limit")), "")
    return limit or _REQUEST_STATES.get(str(facts.get("request.state")), "")


def collect_rail(facts: Facts) -> str:
    """Return the reason code that refuses a customer's request once its body is read, or empty."""
    if reason := head_rail(facts):
        return reason
    if facts.get("request.state") != "ok":
        return "content-unreadable"
    return _BINDINGS.get(str(facts.get("binding.state")), "binding-unavailable")


def outward_rail(facts: Facts) -> str:
    """Return the reason code that refuses a zone workload's own call, or empty."""
    if reason := _closed(facts):
        return reason
    if facts.get("destination.side") == "domestic":
        return "lane-domestic"
    state = str(facts.get("request.state"))
    if state in _STATES_BEFORE_ORIGIN:
        return _REQUEST_STATES[state]
    if facts.get("request.tag_forged") is not False:
        return "origin-tag-forged"
    if reason := _lane_rail(facts):
        return reason
    # Records of before the tag was carried name their exchange by its id alone.
    tag = str(facts.get("request.tag"))
    if "origin.class" not in facts:
        return _TAGS.get(tag, "lane-flow-unknown")
    if facts.get("origin.class") != "overseas":
        return "origin-unknown"
    if tag in _TAGS:
        return _TAGS[tag]
    categories = facts.get("data.categories")
    if isinstance(categories, frozenset) and "model_weights" in categories:
        return "lane-weights"
    return _REQUEST_STATES.get(state, "" if state == "ok" else "content-unreadable")


def _lane_rail(facts: Facts) -> str:
    """Return the reason code that keeps a workload's call from where it wants to go, or empty."""
    if facts.get("destination.callback") == "foreign":
        return "lane-callback"
    if facts.get("destination.resolution") == "failed":
        return "lane-unresolved"
    is_open = facts.get("destination.side") in ("overseas", "zone")
    if not is_open or facts.get("destination.registered") is not True:
        return "lane-closed"
    is_tunnel = facts.get("destination.tunnel", "none") != "none"
    return "lane-tunnel" if is_tunnel and facts.get("destination.tls") is not True else ""


def maintenance_rail(phase: Phase, facts: Facts) -> str:
    """Return the reason code that refuses what comes by a maintenance lane, or empty."""
    if reason := _closed(facts):
        return reason
    state = str(facts.get("request.state"))
    if state in _STATES_BEFORE_ORIGIN:
        return _REQUEST_STATES[state]
    if "lane.name" not in facts or "tenant.id" in facts:
        return "origin-domestic"
    if facts.get("origin.class") != "domestic" or facts.get("ingress.side") != "domestic":
        return "origin-unknown"
    if facts.get("request.tag_forged") is not False:
        return "origin-tag-forged"
    if state != "ok":
        return _REQUEST_STATES.get(state, "content-unreadable")
    is_mixed = phase is Phase.PROCESS and facts.get("data.mixing") != "clean"
    return "lane-mixed" if is_mixed else ""


def return_rail(facts: Facts) -> str:
    """Return the reason code that keeps an answer in, or empty."""
    if facts.get("trace.writable") is not True:
        return "trace-unavailable"
    if (halt := facts.get("control.halt", "none")) != "none":
        return _STOPS[str(halt)]
    if facts.get("egress.same_connection") is not True:
        return "pin-changed"
    kind = facts.get("exchange.kind")
    if kind != "outward" and facts.get("egress.route") != facts.get("ingress.route"):
        return "pin-changed"
    if facts.get("response.weights_like") is True:
        return "return-weights"
    if _beyond(facts, "egress.bytes", "egress.ceiling"):
        return "egress-exchange"
    if _beyond(facts, "egress.tenant_bytes", "egress.tenant_ceiling"):
        return "egress-tenant"
    if kind == "outward" and facts.get("response.mixing") in ("detected", "suspected"):
        return "return-mixed"
    state = str(facts.get("response.state"))
    if state != "ok":
        return _ANSWER_STATES.get(state, "return-unreadable")
    is_answer = kind not in ("outward", "maintenance")  # what comes in, or is dropped, names nobody's objects
    return _NAMED.get(str(facts.get("response.binding")), "binding-unavailable") if is_answer else ""


def _beyond(facts: Facts, amount: str, ceiling: str) -> bool:
    """Tell whether an amount that was measured is beyond its ceiling; one without a ceiling is."""
    measured, most = facts.get(amount), facts.get(ceiling)
    return isinstance(measured, int) and not (isinstance(most, int) and measured <= most)


def unkept(phase: Phase, facts: Facts, orders: Collection[str]) -> str:
    """Return the reason code where an order of the policy can't be carried out, or empty.

    Args:
        phase: the leg.
        facts: what is known.
        orders: the names of what the layers order.
    """
    if "mask" not in orders:
        return ""
    if phase is Phase.RETURN:
        return "" if facts.get("response.maskable") is True else "return-unmaskable"
    return "" if facts.get("data.maskable") is True else "content-unmaskable"


def opened(facts: Facts, layers: Sequence[LayerDecision]) -> bool:
    """Tell whether every layer opens the maintenance lane that a request came by, by its name."""
    name = facts.get("lane.name")
    if not layers or name is None:
        return False
    return all(layer.obligations.get("open_lane") == name for layer in layers)


def rail(phase: Phase, facts: Facts) -> str:
    """Return the reason code of the rail that refuses at `phase`, or empty where none does."""
    if phase is Phase.RETURN:
        return return_rail(facts)
    if facts.get("exchange.kind") == "outward":
        return outward_rail(facts)
    if facts.get("exchange.kind") == "maintenance":
        return maintenance_rail(phase, facts)
    return collect_rail(facts)
