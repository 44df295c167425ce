"""The rails refuse whatever the policy says."""

from __future__ import annotations

from typing import Any

import pytest

from zoneproxy.passage.law import opened, rail
from zoneproxy.terms.decision import LayerDecision
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
        ({"request.state": "no_inner_tls"}, "lane-handshake"),
        ({"request.state": "other_host"}, "lane-mismatch"),
        ({"destination.tunnel": "asked"}, "lane-tunnel"),
        ({"destination.tunnel": "inside", "destination.tls": False}, "lane-tunnel"),
        ({"destination.resolution": "failed"}, "lane-unresolved"),
        ({"destination.callback": "foreign"}, "lane-callback"),
        ({"data.categories": frozenset({"model_weights"})}, "lane-weights"),
    ],
)
def test_each_breach_of_an_outward_call_has_its_reason(change: dict[str, Any], code: str) -> None:
    """Z5: a zone workload reaches registered destinations outside the country only."""
    facts = {name: value for name, value in (OUTWARD | change).items() if value is not None}
    assert rail(Phase.PROCESS, facts) == code


MAINTENANCE: dict[str, Any] = {
    "trace.writable": True,
    "policy.effective": True,
    "exchange.kind": "maintenance",
    "origin.class": "domestic",
    "ingress.side": "domestic",
    "ingress.route": "inland-1",
    "lane.name": "patches",
    "request.tag_forged": False,
    "request.state": "ok",
    "data.mixing": "clean",
}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, ""),
        ({"trace.writable": False}, "trace-unavailable"),
        ({"control.stop": "zone"}, "control-zone-stopped"),
        ({"lane.name": None}, "origin-domestic"),
        ({"tenant.id": "toyco-sg"}, "origin-domestic"),
        ({"origin.class": "unknown"}, "origin-unknown"),
        ({"origin.class": "overseas"}, "origin-unknown"),
        ({"ingress.side": "overseas"}, "origin-unknown"),
        ({"request.tag_forged": None}, "origin-tag-forged"),
        ({"request.state": None}, "content-unreadable"),
        ({"request.state": "too_large"}, "content-too-large"),
        ({"data.mixing": "suspected"}, "lane-mixed"),
        ({"data.mixing": None}, "lane-mixed"),
    ],
)
def test_each_breach_of_maintenance_has_its_reason(change: dict[str, Any], code: str) -> None:
    """Z7: a lane is narrow whatever the rules say; what is not known is refused."""
    facts = {name: value for name, value in (MAINTENANCE | change).items() if value is not None}
    assert rail(Phase.PROCESS, facts) == code
    assert rail(Phase.COLLECT, facts) == ("" if code == "lane-mixed" else code)


def test_a_lane_is_opened_by_every_layer() -> None:
    """Z7: no layers, a layer without the order, or one with another name open nothing."""

    def layer(**orders: str) -> LayerDecision:
        return LayerDecision("operator", "", "allow", "rule", obligations=orders)

    named, other = layer(open_lane="patches"), layer(open_lane="others")
    assert opened(MAINTENANCE, [named, named])
    for layers in ([], [named, layer()], [named, other], [other, named]):
        assert not opened(MAINTENANCE, layers)
    nameless = {name: value for name, value in MAINTENANCE.items() if name != "lane.name"}
    assert not opened(nameless, [layer()])
