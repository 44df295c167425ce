"""Proofs of invariants."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.small_policy import rule, small
from zoneproxy.policy import prove as module
from zoneproxy.policy.bundle import Policy, load
from zoneproxy.policy.decide import decide_layer
from zoneproxy.policy.prove import FLOW, prove
from zoneproxy.terms.decision import LayerDecision
from zoneproxy.terms.facts import known_in
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
        assert len(report.proofs) == 23 + 14
        assert [note for note in report.notes if note.kind == "dead"] == []
        assert report.shared == ()


def test_the_design_example_is_proved(shared: Path) -> None:
    """17 proofs, 14 redundant rules, none dead: as the design page measured."""
    report = prove([load((shared / "design" / "example-policy.yaml").read_bytes(), "x.yaml")])
    assert report.holds
    assert len(report.proofs) == 17 + 9
    assert [note.kind for note in report.notes] == ["redundant"] * 14
    assert len(report.shared) == 2


FLOW_RULES = """\
rules:
  - {id: COL-001, phase: collect, effect: deny, when: {ingress.side: {not: overseas}}, reason: not_separated}
  - {id: COL-900, phase: collect, effect: allow, when: {exchange.kind: serve}, reason: collected_overseas}
  - {id: PRO-900, phase: process, effect: allow, when: {data.mixing: clean}, reason: processed_in_zone}
  - {id: RET-900, phase: return, effect: allow, when: {response.mixing: clean}, reason: called_outward}
invariants:
"""
WHOLE = """\
  - id: INV-001
    scope: flow
    phase: return
    claim: an answer that leaves was asked for overseas, on clean data
    allow_implies: {ingress.side: overseas, data.mixing: clean}
"""


def test_a_flow_rests_on_the_rules_of_all_its_legs() -> None:
    """What collect and process made sure of, return need not ask again."""
    report = prove([small(FLOW_RULES + WHOLE)])
    assert [(proof.id, proof.phase, proof.holds) for proof in report.proofs] == [("INV-001", FLOW, True)]
    assert [size.phase for size in report.sizes] == [*Phase, FLOW]
    by_itself = prove([small(FLOW_RULES + WHOLE.replace("    scope: flow\n", ""))])
    assert [(proof.phase, proof.holds) for proof in by_itself.proofs] == [(Phase.RETURN, False), (FLOW, True)]


@pytest.mark.parametrize("lost", ["COL-001", "data.mixing: clean}, reason"])
def test_a_flow_that_breaks_comes_with_facts_for_every_leg(lost: str) -> None:
    """The counterexample passes collect, process and return; the run-time check stops it."""
    rules = (
        FLOW_RULES.replace("{data.mixing: clean}", "{purpose: inference}")
        if "mixing" in lost
        else ("\n".join(line for line in FLOW_RULES.splitlines() if lost not in line) + "\n")
    )
    subject = small(rules + WHOLE)
    proof = prove([subject]).proofs[0]
    assert (proof.phase, proof.holds) == (FLOW, False)
    assert proof.allowed_by == ("COL-900", "PRO-900", "RET-900")
    answers = [decide_layer(subject, phase, known_in(phase, proof.witness)) for phase in Phase]
    assert [answer.effect for answer in answers] == ["allow", "allow", "deny"]
    assert answers[2].by == "invariant"


def test_only_served_exchanges_are_flows() -> None:
    """An outward call has one leg; what holds of it is proved there."""
    rules = FLOW_RULES.replace("{exchange.kind: serve}", "{exchange.kind: outward}")
    report = prove([small(rules + WHOLE)])
    assert report.sizes[-1].allowed == 0
    assert report.holds


def test_where_no_flow_passes_no_flow_is_said_to_hold() -> None:
    """A layer that speaks of one phase only proves nothing of flows."""
    assert {proof.phase for proof in prove([policy(ALLOW)]).proofs} == {Phase.COLLECT}


def test_the_pilots_flow_is_proved_of_the_floor_alone() -> None:
    """Collect overseas, process in the zone, return overseas: whatever the operator writes (Z4-Z6)."""
    name = "shantou-pilot.regulator.yaml"
    report = prove([load((POLICIES / name).read_bytes(), name)])
    flow = {proof.id: proof.holds for proof in report.proofs if proof.phase == FLOW}
    assert flow["INV-020"]
    assert all(flow.values())
    assert report.sizes[-1].allowed > 0
