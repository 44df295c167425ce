"""What a change newly allows and denies."""

from __future__ import annotations

import pytest

from tests.support.small_policy import rule, small
from zoneproxy.policy import diff as module
from zoneproxy.policy.bundle import Policy
from zoneproxy.policy.diff import compare, equivalent
from zoneproxy.terms.decision import LayerDecision
from zoneproxy.terms.phase import Phase

ALLOW = rule(
    "{origin.class: overseas, origin.country: [SG, MY]}", effect="allow", phase="collect", name="COL-900"
)
WEAK = rule("{origin.agreeing: {lt: 2}}", phase="collect", name="COL-013")


def policy(*rules: str, after: str = "") -> Policy:
    return small("rules:\n" + "".join(rules) + after)


OLD = policy(ALLOW, WEAK)


def test_the_same_rules_in_another_order_are_equivalent() -> None:
    """Order and form have no meaning."""
    shuffled = policy(WEAK.replace("{lt: 2}", "{not: {ge: 2}}"), ALLOW)
    assert compare([OLD], [shuffled]) == ()
    assert equivalent([OLD], [shuffled])


def test_a_new_market_is_newly_allowed() -> None:
    """With facts that show it, and both answers."""
    changes = compare([OLD], [policy(ALLOW.replace("[SG, MY]", "[SG, MY, AU]"), WEAK)])
    assert [(change.phase, change.kind) for change in changes] == [(Phase.COLLECT, "newly_allowed")]
    assert changes[0].witness["origin.country"] == "AU"
    assert (changes[0].old.by, changes[0].new.rule) == ("default", "COL-900")
    assert not equivalent([OLD], [policy(ALLOW.replace("[SG, MY]", "[SG, MY, AU]"), WEAK)])


def test_a_weakened_rule_names_the_rule_that_stopped_it() -> None:
    """One witness for each rule that gave way."""
    change = compare([OLD], [policy(ALLOW, WEAK.replace("lt: 2", "lt: 1"))])[0]
    assert (change.kind, change.old.rule, change.new.rule) == ("newly_allowed", "COL-013", "COL-900")
    assert change.witness["origin.agreeing"] == 1


def test_a_stricter_rule_is_newly_denied() -> None:
    """And opens nothing."""
    changes = compare([OLD], [policy(ALLOW, WEAK, rule("{origin.country: MY}", phase="collect"))])
    assert {change.kind for change in changes} == {"newly_denied"}
    assert changes[0].new.rule == "COL-001"


def test_a_forgotten_required_fact_is_newly_allowed() -> None:
    """Absence is a cell like any other."""
    required = small("require_facts: {collect: [tenant.id]}\nrules:\n" + ALLOW + WEAK)
    change = compare([required], [OLD])[0]
    assert (change.kind, change.old.by) == ("newly_allowed", "missing_fact")
    assert "tenant.id" not in change.witness


def test_an_invariant_counts_as_it_acts() -> None:
    """What the invariant stops at run time is not newly allowed."""
    guard = "invariants:\n  - {id: INV-001, phase: collect, claim: c, allow_implies: {origin.agreeing: 2}}\n"
    assert {change.kind for change in compare([policy(ALLOW)], [policy(ALLOW, after=guard)])} == {
        "newly_denied"
    }


def test_a_shadowed_rule_is_newly_allowed() -> None:
    """Watching is not stopping."""
    assert (
        compare([OLD], [policy(ALLOW, WEAK.replace("effect", "mode: shadow, effect"))])[0].kind
        == "newly_allowed"
    )


def test_a_witness_that_the_evaluator_denies_is_a_fault_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """A difference is never reported on the diagrams' word alone."""
    denial = LayerDecision("operator", "", "deny", "rule", "COL-001")
    monkeypatch.setattr(module, "decide_layer", lambda *_: denial)
    with pytest.raises(RuntimeError, match="differ"):
        compare([OLD], [policy(ALLOW)])
