"""Running a policy's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.small_policy import RULES, THREE_RULES, small
from zoneproxy.policy.bundle import Policy, load
from zoneproxy.policy.casefile import read_tests
from zoneproxy.policy.cases import Case, Suite, joint, run, run_case
from zoneproxy.policy.expectation import Expectation
from zoneproxy.policy.link import link
from zoneproxy.terms.decision import LayerDecision
from zoneproxy.terms.phase import Phase

POLICY = small(THREE_RULES)
FACTS = {"origin.class": "overseas", "origin.country": "CN", "origin.agreeing": 1}


def failures(expect: dict[str, object], facts: dict[str, object] = FACTS) -> tuple[str, ...]:
    case = Case("n", 1, Phase.COLLECT, facts, Expectation.model_validate(expect))  # type: ignore[arg-type]
    return run_case(case, (POLICY,)).failures


@pytest.mark.parametrize(
    ("expect", "failed"),
    [
        ({"decision": "deny", "rule": "COL-010", "also": ["COL-020"], "kind": "rule"}, ()),
        ({"decision": "allow"}, ("decision: expected `allow`, got `deny`",)),
        ({"rule": "COL-020"}, ("rule: expected `COL-020`, got `COL-010`",)),
        ({"rule": "COL-010", "also": []}, ("also: expected ``, got `COL-020`",)),
        ({"kind": "default"}, ("kind: expected `default`, got `rule`",)),
        ({"reason": "origin_country_domestic"}, ()),
        ({"missing": ["client.ip"]}, ("missing: expected `client.ip`, got ``",)),
    ],
)
def test_an_expectation_names_the_rule(expect: dict[str, object], failed: tuple[str, ...]) -> None:
    """A denial by another rule than the one meant is a failure."""
    assert failures(expect) == failed


def test_obligations_are_compared_by_name() -> None:
    """Only those that are named are asserted."""
    good = {"origin.class": "overseas", "origin.country": "SG", "origin.agreeing": 2}
    assert failures({"obligations": {"tag": "overseas"}}, good) == ()
    assert failures({"obligations": {"meter": "tokens"}}, good)


def layer(effect: str, rule: str, by: str = "rule", **fired: tuple[str, ...]) -> LayerDecision:
    return LayerDecision("operator", "", effect, by, rule, "r", **fired)  # type: ignore[arg-type]


def test_layers_join_to_one_answer() -> None:
    """One denial denies; the smallest primary rule stands, with all that fired."""
    allow, deny = layer("allow", "COL-900", allow=("COL-900",)), layer("deny", "COL-502", deny=("COL-502",))
    found = joint((allow, deny, layer("deny", "COL-010", deny=("COL-010",)), layer("deny", "", "default")))
    assert (found.effect, found.rule, found.deny) == ("deny", "COL-010", ("COL-010", "COL-502"))
    assert joint((allow, layer("deny", "", "default"))).by == "default"
    assert joint((allow, layer("allow", "COL-990"))).effect == "allow"


def suite_of(path: Path) -> Suite:
    tests = read_tests(path.read_bytes(), path.name)
    policies: list[Policy] = [load((path.parent / name).read_bytes(), name) for name in tests.policies]
    return link(tests, policies)


def test_the_design_example_decides_as_its_tests_expect(shared: Path) -> None:
    """All 35 cases of the example beside the design page pass, unchanged."""
    outcomes = run(suite_of(shared / "design" / "example-policy_test.yaml"))
    assert len(outcomes) == 35
    assert [(outcome.case.name, outcome.failures) for outcome in outcomes if outcome.failures] == []


def test_a_skipped_case_is_not_run() -> None:
    """It needs a reason, and counts for nothing."""
    skipped = Case("n", 1, Phase.COLLECT, {}, Expectation(decision="allow"), "later")
    assert run(Suite("t", (small(RULES),), (skipped,), None)) == ()  # type: ignore[arg-type]
