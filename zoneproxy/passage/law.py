"""The rails: what no policy can allow.

Each rail is a pure function of facts, so that replay derives it again from the record. The rails
come before the policy and can only refuse.
"""

from __future__ import annotations

from collections.abc import Mapping

from zoneproxy.terms.facts import FactValue
from zoneproxy.terms.phase import Phase

Facts = Mapping[str, FactValue]

_REQUEST_STATES = {
    "malformed": "request-malformed",
    "unknown_endpoint": "content-unknown-endpoint",
    "unknown_type": "content-unknown-type",
    "unreadable": "content-unreadable",
    "too_large": "content-too-large",
    "tunnel": "lane-tunnel",
    "upgrade": "lane-upgrade",
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
_STATES_BEFORE_ORIGIN = ("malformed", "upgrade", "tunnel")


def head_rail(facts: Facts) -> str:
    """Return the reason code that refuses a customer's request on its head alone, or empty."""
    if facts.get("trace.writable") is not True:
        return "trace-unavailable"
    if facts.get("policy.effective") is not True:
        return "policy-expired"
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
    return _REQUEST_STATES.get(str(facts.get("request.state")), "")


def collect_rail(facts: Facts) -> str:
    """Return the reason code that refuses a customer's request once its body is read, or empty."""
    return head_rail(facts) or ("" if facts.get("request.state") == "ok" else "content-unreadable")


def outward_rail(facts: Facts) -> str:
    """Return the reason code that refuses a zone workload's own call, or empty."""
    if facts.get("trace.writable") is not True:
        return "trace-unavailable"
    if facts.get("policy.effective") is not True:
        return "policy-expired"
    if facts.get("destination.side") == "domestic":
        return "lane-domestic"
    state = str(facts.get("request.state"))
    if state in _STATES_BEFORE_ORIGIN:
        return _REQUEST_STATES[state]
    if facts.get("request.tag_forged") is not False:
        return "origin-tag-forged"
    is_open = facts.get("destination.side") in ("overseas", "zone")
    if not is_open or facts.get("destination.registered") is not True:
        return "lane-closed"
    if "origin.class" not in facts:
        return "lane-flow-unknown"
    if facts.get("origin.class") != "overseas":
        return "origin-unknown"
    categories = facts.get("data.categories")
    if isinstance(categories, frozenset) and "model_weights" in categories:
        return "lane-weights"
    return _REQUEST_STATES.get(state, "" if state == "ok" else "content-unreadable")


def return_rail(facts: Facts) -> str:
    """Return the reason code that keeps an answer in, or empty."""
    if facts.get("trace.writable") is not True:
        return "trace-unavailable"
    if facts.get("egress.same_connection") is not True:
        return "pin-changed"
    outward = facts.get("exchange.kind") == "outward"
    if not outward and facts.get("egress.route") != facts.get("ingress.route"):
        return "pin-changed"
    if facts.get("response.weights_like") is True:
        return "return-weights"
    if outward and facts.get("response.mixing") in ("detected", "suspected"):
        return "return-mixed"
    state = str(facts.get("response.state"))
    return _ANSWER_STATES.get(state, "" if state == "ok" else "return-unreadable")


def rail(phase: Phase, facts: Facts) -> str:
    """Return the reason code of the rail that refuses at `phase`, or empty where none does."""
    if phase is Phase.RETURN:
        return return_rail(facts)
    if facts.get("exchange.kind") == "outward":
        return outward_rail(facts)
    return collect_rail(facts)
