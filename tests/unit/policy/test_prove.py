"""Proofs of invariants."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.small_policy import rule, small
from zoneproxy.policy import prove as module
from zoneproxy.policy.bundle import Policy, load
from zoneproxy.policy.decide import decide_layer
from zoneproxy.policy.prove import prove
from zoneproxy.terms.decision import LayerDecision
from zoneproxy.terms.phase import Phase

POLICIES = Path(__file__).resolve().parents[3] / "policies"
ALLOW = rule(
    "{origin.class: overseas, origin.country: [SG, MY]}", effect="allow", phase="collect", name="COL-900"
)
NEVER_JP = "  - {id: INV-001, phase: collect, claim: no Japan, never_allow_when: {origin.country: JP}}\n"
ALWAYS_TWO = (
    "  - {id: INV-002, phase: collect, claim: two agree, allow_implies: {origin.agreeing: {ge: 2}}}\n"
)


def policy(*rules: str, invariants: str = NEVER_JP, before: str = "", layer: str = "operator") -> Policy:
    return small(before + "rules:\n" + "".join(rules) + "invariants:\n" + invariants, layer=layer)


def test_what_no_rule_allows_is_proved() -> None:
    """The list alone keeps Japan out."""
    report = prove([policy(ALLOW)])
    assert report.holds
    assert [(proof.id, proof.phase) for proof in report.proofs] == [("INV-001", Phase.COLLECT)]


def test_a_violation_comes_with_facts_that_show_it() -> None:
    """The counterexample, asked of the evaluator, is stopped by nothing but the invariant."""
    subject = policy(ALLOW, invariants=ALWAYS_TWO)
    report = prove([subject])
    proof = report.proofs[0]
    assert not report.holds
    assert not proof.holds
    assert proof.allowed_by == ("COL-900",)
    answer = decide_layer(subject, Phase.COLLECT, proof.witness)
    assert (answer.by, answer.rule) == ("invariant", "INV-002")


def test_unknown_breaks_an_invariant_until_the_fact_is_required() -> None:
    """What may be absent can't be relied on; a required fact can't be absent."""
    deny = rule("{origin.agreeing: {lt: 2}}", phase="collect")
    open_world = policy(rule("{origin.class: overseas}", effect="allow", phase="collect", name="COL-900"))
    assert not prove([open_world]).holds
    assert prove([policy(ALLOW, deny, invariants=ALWAYS_TWO)]).holds
    required = policy(
        rule("{origin.class: overseas}", effect="allow", phase="collect", name="COL-900"),
        rule("{origin.country: JP}", phase="collect"),
        before="require_facts: {collect: [origin.country]}\n",
    )
    assert prove([required]).holds


def test_a_shadow_rule_proves_nothing() -> None:
    """What only watches stops nothing."""
    watching = rule("{origin.agreeing: {lt: 2}}", phase="collect").replace("effect", "mode: shadow, effect")
    assert not prove([policy(ALLOW, watching, invariants=ALWAYS_TWO)]).holds


def test_layers_are_proved_together() -> None:
    """The regulator's invariant may rest on the operator's rule."""
    regulator = policy(ALLOW.replace("900", "990"), invariants=ALWAYS_TWO, layer="regulator")
    operator = small("rules:\n" + ALLOW + rule("{origin.agreeing: {lt: 2}}", phase="collect"))
    assert not prove([regulator]).holds
    assert prove([regulator, operator]).holds


def test_dead_and_redundant_rules_are_named() -> None:
    """A rule that can't fire, and one that others cover."""
    dead = rule("{all: [{origin.class: zone}, {origin.class: domestic}]}", phase="collect", name="COL-001")
    redundant = rule("{origin.country: CN}", phase="collect", name="COL-002")
    useful = rule("{origin.agreeing: {lt: 2}}", phase="collect", name="COL-003")
    notes = {(note.rule, note.kind) for note in prove([policy(ALLOW, dead, redundant, useful)]).notes}
    assert notes == {("COL-001", "dead"), ("COL-002", "redundant")}


def test_a_shared_list_is_named() -> None:
    """A list that rule and invariant share erodes unseen (ZP3001)."""
    body = (
        "markets: {local_deployment: [JP]}\nrules:\n"
        + ALLOW
        + rule("{origin.country: $markets.local_deployment}", phase="collect")
        + "invariants:\n  - {id: INV-001, phase: collect, claim: c,"
        " never_allow_when: {origin.country: $markets.local_deployment}}\n"
    )
    assert prove([small(body)]).shared == (
        "`INV-001` shares the list `$markets.local_deployment` with the rules that it checks",
    )


def test_a_prover_that_differs_from_the_evaluator_is_a_fault_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """A counterexample that the evaluator denies by a rule is never reported as one."""
    denial = LayerDecision("operator", "", "deny", "rule", "COL-001")
    monkeypatch.setattr(module, "decide_layer", lambda *_: denial)
    with pytest.raises(RuntimeError, match="differ"):
        prove([policy(ALLOW, invariants=ALWAYS_TWO)])


def test_the_pilot_is_proved() -> None:
    """Every invariant of the regulator holds, of its own layer and of both, and no rule is dead."""
    regulator, operator = (
        load((POLICIES / f"shantou-pilot.{layer}.yaml").read_bytes(), layer)
        for layer in ("regulator", "operator")
    )
    for bundle in ([regulator], [regulator, operator]):
        report = prove(bundle)
        assert [proof.id for proof in report.proofs if not proof.holds] == []
        assert len(report.proofs) == 21
        assert [note for note in report.notes if note.kind == "dead"] == []
        assert report.shared == ()


def test_the_design_example_is_proved(shared: Path) -> None:
    """17 proofs, 14 redundant rules, none dead: as the design page measured."""
    report = prove([load((shared / "design" / "example-policy.yaml").read_bytes(), "x.yaml")])
    assert report.holds
    assert len(report.proofs) == 17
    assert [note.kind for note in report.notes] == ["redundant"] * 14
    assert len(report.shared) == 2
