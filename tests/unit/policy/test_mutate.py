"""Planted mistakes."""

from __future__ import annotations

from tests.support.small_policy import THREE_RULES, text
from zoneproxy.policy.bundle import load
from zoneproxy.policy.casefile import Requirements
from zoneproxy.policy.cases import Case, Suite
from zoneproxy.policy.expectation import Expectation
from zoneproxy.policy.mutate import judge, mutants, score
from zoneproxy.terms.facts import FactValue
from zoneproxy.terms.phase import Phase

GUARD = "invariants:\n  - {id: INV-001, phase: collect, claim: c, never_allow_when: {origin.country: CN}}\n"
SETS = "require_facts: {collect: [tenant.id]}\nsets: {unused: [a, b]}\n"
DATA = text(SETS + THREE_RULES + GUARD)
POLICY = load(DATA, "x.yaml")
GOOD: dict[str, FactValue] = {
    "origin.class": "overseas",
    "origin.country": "SG",
    "origin.agreeing": 2,
    "tenant.id": "toyco",
}


def suite(*cases: tuple[dict[str, FactValue], str]) -> Suite:
    made = tuple(Case("n", 1, Phase.COLLECT, facts, Expectation(rule=rule)) for facts, rule in cases)
    return Suite("t", (POLICY,), made, Requirements())


FULL = suite(
    (GOOD, "COL-900"),
    ({**GOOD, "origin.country": "CN"}, "COL-010"),
    ({**GOOD, "origin.agreeing": 1}, "COL-020"),
)
POOR = suite((GOOD, "COL-900"))


def fates(tests: Suite) -> dict[str, str]:
    return {mutant.what: judge(mutant, POLICY, tests).fate for mutant in mutants(DATA, "x.yaml")}


def test_the_usual_mistakes_are_planted() -> None:
    """Dropped, watching, off by one, forgotten, eroded."""
    planted = list(fates(FULL))
    assert "drop the rule COL-010" in planted
    assert "only watch by COL-020" in planted
    assert "COL-020: rules[1].when.origin.agreeing.lt is 1" in planted
    assert "COL-020: rules[1].when.origin.agreeing.lt is 3" in planted
    assert "don't require tenant.id in collect" in planted
    assert "sets.unused loses a" in planted


def test_good_tests_notice() -> None:
    """What a case or a proof catches is killed."""
    found = fates(FULL)
    assert found["drop the rule COL-020"] == "killed by test"
    assert found["COL-020: rules[1].when.origin.agreeing.lt is 1"] == "killed by test"


def test_proofs_notice_what_tests_leave_out() -> None:
    """The invariant holds the rule that no case asks for."""
    found = fates(POOR)
    assert found["drop the rule COL-010"] == "killed by proof"
    assert found["drop the rule COL-020"] == "survived"


def test_a_mistake_without_effect_is_equivalent() -> None:
    """It is proved, and left out of the score."""
    assert fates(POOR)["sets.unused loses a"] == "equivalent"


def test_the_score_counts_what_could_be_noticed() -> None:
    """Gaps lower it, equivalents don't."""
    judged = [judge(mutant, POLICY, FULL) for mutant in mutants(DATA, "x.yaml")]
    gaps = [one.mutant.what for one in judged if one.fate == "survived"]
    assert gaps == ["don't require tenant.id in collect"]
    counted = sum(one.fate != "equivalent" for one in judged)
    assert score(judged) == 100 * (counted - 1) / counted
    assert score([]) == 100


def test_mutants_are_placed() -> None:
    """Each says at which line its mistake stands."""
    lines = DATA.decode().splitlines()
    for mutant in mutants(DATA, "x.yaml"):
        if mutant.what == "drop the rule COL-020":
            assert "COL-020" in lines[mutant.line - 1]
