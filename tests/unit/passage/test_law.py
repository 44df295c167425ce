"""The rails refuse whatever the policy says."""

from __future__ import annotations

from typing import Any

import pytest

from zoneproxy.passage.law import rail
from zoneproxy.terms.phase import Phase
from zoneproxy.terms.reasons import REASONS

SERVED: dict[str, Any] = {
    "trace.writable": True,
    "policy.effective": True,
    "exchange.kind": "serve",
    "origin.class": "overseas",
    "origin.country": "SG",
    "tenant.id": "toyco-sg",
    "tenant.market": "SG",
    "ingress.side": "overseas",
    "ingress.route": "cable-sg-1",
    "request.tag_forged": False,
    "request.state": "ok",
    "binding.state": "none",
}
RETURNED: dict[str, Any] = SERVED | {
    "egress.route": "cable-sg-1",
    "egress.same_connection": True,
    "response.binding": "none",
    "response.state": "ok",
    "response.mixing": "clean",
    "response.weights_like": False,
}
OUTWARD: dict[str, Any] = SERVED | {
    "exchange.kind": "outward",
    "destination.side": "overseas",
    "destination.registered": True,
    "data.categories": frozenset(),
}


def test_what_keeps_the_law_meets_no_rail() -> None:
    """The rails leave the policy to speak on a flow that keeps to the rule."""
    assert rail(Phase.COLLECT, SERVED) == ""
    assert rail(Phase.PROCESS, SERVED) == ""
    assert rail(Phase.RETURN, RETURNED) == ""
    assert rail(Phase.PROCESS, OUTWARD) == ""


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"trace.writable": False}, "trace-unavailable"),
        ({"policy.effective": False}, "policy-expired"),
        ({"request.state": "malformed"}, "request-malformed"),
        ({"origin.class": "domestic"}, "origin-domestic"),
        ({"ingress.side": "domestic"}, "origin-domestic"),
        ({"origin.class": "zone"}, "origin-zone"),
        ({"origin.class": "unknown"}, "origin-unknown"),
        ({"request.tag_forged": True}, "origin-tag-forged"),
        ({"origin.country": "MY"}, "origin-market"),
        ({"binding.state": "refused"}, "binding-unknown"),
        ({"binding.state": "unavailable"}, "binding-unavailable"),
        ({"binding.state": None}, "binding-unavailable"),
        ({"request.state": "unreadable"}, "content-unreadable"),
        ({"request.state": "unknown_endpoint"}, "content-unknown-endpoint"),
        ({"request.state": "too_large"}, "content-too-large"),
    ],
)
def test_each_breach_of_collect_has_its_reason(change: dict[str, Any], code: str) -> None:
    """Z1-Z4: each single breach is refused with the reason meant for it."""
    assert rail(Phase.COLLECT, SERVED | change) == code
    assert code in REASONS


@pytest.mark.parametrize("missing", ["trace.writable", "policy.effective", "origin.class", "tenant.id",
                                     "request.tag_forged", "request.state"])  # fmt: skip
def test_a_fact_that_never_came_is_a_refusal(missing: str) -> None:
    """Z22: silence is never consent."""
    facts = {name: value for name, value in SERVED.items() if name != missing}
    assert rail(Phase.COLLECT, facts) != ""


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"egress.route": "cable-my-1"}, "pin-changed"),
        ({"egress.same_connection": False}, "pin-changed"),
        ({"response.weights_like": True}, "return-weights"),
        ({"response.state": "unreadable"}, "return-unreadable"),
        ({"response.state": "truncated"}, "upstream-truncated"),
    ],
)
def test_each_breach_of_return_has_its_reason(change: dict[str, Any], code: str) -> None:
    """Z6, Z9: the answer goes back by the original route, and no model files with it."""
    assert rail(Phase.RETURN, RETURNED | change) == code


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"destination.side": "domestic"}, "lane-domestic"),
        ({"destination.side": "unknown"}, "lane-closed"),
        ({"destination.registered": False}, "lane-closed"),
        ({"origin.class": None}, "lane-flow-unknown"),
        ({"request.state": "tunnel"}, "lane-tunnel"),
        ({"data.categories": frozenset({"model_weights"})}, "lane-weights"),
    ],
)
def test_each_breach_of_an_outward_call_has_its_reason(change: dict[str, Any], code: str) -> None:
    """Z5: a zone workload reaches registered destinations outside the country only."""
    facts = {name: value for name, value in (OUTWARD | change).items() if value is not None}
    assert rail(Phase.PROCESS, facts) == code
