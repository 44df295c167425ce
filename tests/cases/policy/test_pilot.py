"""The shipped pilot policies: they load, fit together, pass their own tests and cover them."""

from __future__ import annotations

from pathlib import Path

import pytest

from zoneproxy.policy.bundle import Policy, check_layers, load
from zoneproxy.policy.casefile import read_tests
from zoneproxy.policy.cases import Suite, run
from zoneproxy.policy.chains import action_facts, authorization_facts, model_facts
from zoneproxy.policy.coverage import measure
from zoneproxy.policy.decide import decide
from zoneproxy.policy.link import link
from zoneproxy.policy.moment import moment_ms
from zoneproxy.terms.facts import FactSheet, FactValue
from zoneproxy.terms.phase import Phase

POLICIES = Path(__file__).resolve().parents[3] / "policies"
NOW = moment_ms("2026-11-21")


def policy(layer: str) -> Policy:
    name = f"shantou-pilot.{layer}.yaml"
    return load((POLICIES / name).read_bytes(), name)


def suite(layer: str) -> Suite:
    name = f"shantou-pilot.{layer}_test.yaml"
    return link(read_tests((POLICIES / name).read_bytes(), name), (policy(layer),))


@pytest.fixture(scope="module")
def both() -> tuple[Policy, Policy]:
    return policy("regulator"), policy("operator")


@pytest.mark.parametrize("layer", ["operator", "regulator"])
def test_each_layer_passes_its_own_tests(layer: str) -> None:
    """Every row names the rule that must stop it."""
    failed = [(outcome.case.name, outcome.failures) for outcome in run(suite(layer)) if outcome.failures]
    assert failed == []


@pytest.mark.parametrize("layer", ["operator", "regulator"])
def test_each_layer_is_covered(layer: str) -> None:
    """Every rule fired, and 95 of 100 leaves were seen both ways."""
    found = measure(suite(layer))
    assert found.rules_percent == 100, found.missed
    assert found.leaves_percent >= 95, found.missed


def test_the_layers_make_a_whole(both: tuple[Policy, Policy]) -> None:
    """One regulator, one operator, no id twice."""
    check_layers(both)


def test_the_regulators_invariants_use_lists_of_their_own(both: tuple[Policy, Policy]) -> None:
    """An invariant that shares a list with a rule doesn't notice when the list is shortened."""
    for invariant in both[0].document.invariants:
        assert "$" not in str(invariant.never_allow_when) + str(invariant.allow_implies)


def flow(both: tuple[Policy, Policy], **change: FactValue) -> FactSheet:
    """The facts of a whole good flow, with `a__b` standing for the fact `a.b`."""
    facts: dict[str, FactValue] = {
        "trace.writable": True, "exchange.kind": "serve", "origin.class": "overseas", "origin.country": "SG",
        "origin.agreeing": 2, "client.ip": "127.0.0.1", "client.network": "unregistered",
        "ingress.route": "cable-sg-1", "ingress.side": "overseas", "tenant.id": "toyco-sg",
        "tenant.audience": "overseas", "tenant.market": "SG",
        "request.state": "ok", "request.tag_forged": False,
        "request.method": "POST", "request.host": "127.0.10.1:8443", "request.path": "/v1/chat/completions",
        "request.dialect": "openai_chat", "data.mixing": "clean", "data.mixing_score": 0,
        "data.categories": frozenset(), "upstream.separation": "physical", "purpose": "inference",
        "egress.route": "cable-sg-1", "egress.same_connection": True, "response.consumer": "overseas_client",
        "response.state": "ok", "response.mixing": "clean", "response.mixing_score": 0,
        "response.categories": frozenset(), "response.weights_like": False,
        **authorization_facts(both[1], "toyco-sg", NOW, "SG"),
        **action_facts(both[1], "toyco-sg", "inference"), **model_facts(both[1], "zone-llm-01", "toyco-sg"),
    }  # fmt: skip
    facts |= {name.replace("__", "."): value for name, value in change.items()}
    sheet = FactSheet()
    sheet.update(facts)
    return sheet


def allowed(both: tuple[Policy, Policy], sheet: FactSheet, phase: Phase) -> bool:
    return all(answer.effect == "allow" for answer in decide(both, phase, sheet))


@pytest.mark.parametrize("phase", list(Phase))
def test_a_good_flow_passes_every_leg(both: tuple[Policy, Policy], phase: Phase) -> None:
    """Collect overseas, process in the zone, return overseas (Z4-Z6)."""
    assert allowed(both, flow(both), phase)


@pytest.mark.parametrize(
    ("number", "phase", "change"),
    [
        ("Z1", Phase.COLLECT, {"origin__class": "unknown"}),
        ("Z1", Phase.COLLECT, {"origin__agreeing": 1}),
        ("Z2", Phase.COLLECT, {"request__tag_forged": True}),
        ("Z3", Phase.COLLECT, {"origin__country": "MY"}),
        ("Z4", Phase.COLLECT, {"tenant__audience": "unknown"}),
        ("Z5", Phase.PROCESS, {"model__location": "overseas"}),
        ("Z5", Phase.PROCESS, {"purpose": "training"}),
        ("Z6", Phase.RETURN, {"egress__route": "cable-my-1"}),
        ("Z6", Phase.RETURN, {"egress__same_connection": False}),
        ("Z7", Phase.COLLECT, {"ingress__side": "domestic"}),
        ("Z7", Phase.PROCESS, {"upstream__separation": "shared"}),
        ("Z7", Phase.RETURN, {"response__consumer": "domestic_system"}),
        ("Z8", Phase.PROCESS, {"model__provenance": "foreign"}),
        ("Z9", Phase.RETURN, {"response__weights_like": True}),
        ("Z10", Phase.COLLECT, {"origin__country": "JP", "tenant__market": "JP"}),
        ("Z11", Phase.PROCESS, {"data__mixing": "not_scanned"}),
        ("Z11", Phase.RETURN, {"response__mixing": "detected"}),
        ("Z13", Phase.COLLECT, {"trace__writable": False}),
        ("Z13", Phase.RETURN, {"trace__writable": False}),
        ("Z20", Phase.COLLECT, {"tenant__authorization": "expired"}),
        ("Z20", Phase.PROCESS, {"model__granted": False}),
        ("Z20", Phase.COLLECT, {"tenant__market_granted": False}),
        ("Z20", Phase.COLLECT, {"tenant__client_granted": False}),
        ("Z20", Phase.PROCESS, {"purpose__granted": False}),
        ("Z20", Phase.COLLECT, {"tenant__dpa": "missing"}),
        ("Z20", Phase.COLLECT, {"tenant__training_use": "with_consent"}),
        ("Z20", Phase.COLLECT, {"tenant__sub_processors": frozenset({"domestic"})}),
        ("Z22", Phase.RETURN, {"response__state": "unreadable"}),
    ],
)  # fmt: skip
def test_each_law_is_held(
    both: tuple[Policy, Policy], number: str, phase: Phase, change: dict[str, FactValue]
) -> None:
    """One broken limb, one leg refused."""
    assert not allowed(both, flow(both, **change), phase), number


@pytest.mark.parametrize("phase", list(Phase))
def test_losing_any_fact_opens_nothing(both: tuple[Policy, Policy], phase: Phase) -> None:
    """Of a refused flow, no lost fact makes an allowed one (Z22)."""
    refused = flow(both, origin__class="domestic").snapshot()
    for name in list(refused):
        fewer = {other: value for other, value in refused.items() if other != name}
        assert any(answer.effect == "deny" for answer in decide(both, phase, fewer)), name
