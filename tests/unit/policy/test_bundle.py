"""Policies ready to decide with, and the facts they provide."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from tests.support.small_policy import RULES, rule, small, text
from zoneproxy.policy.bundle import check_layers, load
from zoneproxy.policy.decide import decide_layer
from zoneproxy.policy.moment import moment_ms
from zoneproxy.terms.errors import PolicyError
from zoneproxy.terms.phase import Phase


def test_digest_is_of_the_bytes() -> None:
    """The digest names the very file, comments and all."""
    data = text()
    assert load(data, "a.yaml").digest == hashlib.sha256(data).hexdigest()
    assert load(data + b"# x\n", "a.yaml").digest != load(data, "a.yaml").digest


def test_the_effective_window() -> None:
    """A policy knows when it is in force; both ends are inside."""
    policy = small()
    assert policy.in_force(moment_ms("2026-01-01"))
    assert policy.in_force(moment_ms("2030-12-31", end=True))
    assert not policy.in_force(moment_ms("2031-01-01"))
    assert not policy.in_force(moment_ms("2025-12-31", end=True))


def test_required_facts_by_phase() -> None:
    """What must be known is asked for at its phase only."""
    policy = small("require_facts: {collect: [origin.class], return: [egress.route]}\n" + RULES)
    assert policy.required(Phase.COLLECT) == {"origin.class"}
    assert policy.required(Phase.PROCESS) == frozenset()
    assert policy.required(Phase.RETURN) == {"egress.route"}


def test_detectors_are_plain_values() -> None:
    """The content room reads them without knowing this one."""
    policy = small(
        "detectors: {level: 3, list: [{id: a, kind: cn_mobile, applies_to: [request_body],"
        " category: cn_personal_info, score: 250, level: 2}]}\n" + RULES
    )
    assert policy.detectors["level"] == 3
    assert policy.detectors["list"][0]["kind"] == "cn_mobile"


OTHER = RULES.replace("COL-900", "COL-990")


def test_a_whole_is_one_regulator_and_one_operator() -> None:
    """Both layers make a bundle; shadow policies may stand beside them."""
    operator, regulator = small(), small(OTHER, layer="regulator")
    check_layers([operator, regulator])
    check_layers([regulator, operator, small(mode="shadow")])


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([], "no enforced policy of the layer `regulator`"),
        (["operator"], "no enforced policy of the layer `regulator`"),
        (["regulator"], "no enforced policy of the layer `operator`"),
        (["operator", "regulator", "operator"], "already given"),
    ],
)
def test_a_missing_or_doubled_layer_is_refused(layers: list[str], message: str) -> None:
    """No layer can be left out or given twice."""
    ids = iter(("COL-901", "COL-902", "COL-903"))
    policies = [small(RULES.replace("COL-900", next(ids)), layer=layer) for layer in layers]
    with pytest.raises(PolicyError) as caught:
        check_layers(policies)
    assert any(message in problem.message for problem in caught.value.problems)


def test_a_shadow_policy_fills_no_layer() -> None:
    """What only watches can't stand for what enforces."""
    with pytest.raises(PolicyError):
        check_layers([small(mode="shadow"), small(OTHER, layer="regulator")])


def test_an_id_names_one_rule() -> None:
    """The same id in two layers is refused."""
    with pytest.raises(PolicyError) as caught:
        check_layers([small(file="a.yaml"), small(layer="regulator", file="b.yaml")])
    assert caught.value.problems[0].code == "ZP2031"
    assert caught.value.problems[0].line == 12


def test_a_plan_whose_rules_are_held_at_an_answer_asks_them() -> None:
    """What stands in a plan is what is asked: a guard never speaks for a closure that it was not made of."""
    policy = small("rules:\n" + rule("{origin.class: zone}", phase="collect"))
    plan = policy.plans[Phase.COLLECT]
    assert plan.unguarded == ()
    assert plan.guard.clear({"origin.class": "overseas"}.get)
    held = replace(plan, denies=tuple((lambda _get: True, one) for _, one in plan.denies))
    assert held.unguarded == held.denies
    made = replace(policy, plans={**policy.plans, Phase.COLLECT: held})
    assert decide_layer(made, Phase.COLLECT, {"origin.class": "overseas"}).deny == ("COL-001",)
