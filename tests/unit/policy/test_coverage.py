"""What tests have seen of a policy."""

from __future__ import annotations

from collections.abc import Mapping

from tests.support.small_policy import THREE_RULES, small
from zoneproxy.policy.casefile import Requirements
from zoneproxy.policy.cases import Case, Suite
from zoneproxy.policy.coverage import measure
from zoneproxy.policy.expectation import Expectation
from zoneproxy.terms.facts import FactValue
from zoneproxy.terms.phase import Phase


def suite(*facts: Mapping[str, FactValue]) -> Suite:
    cases = tuple(Case("n", 1, Phase.COLLECT, known, Expectation(decision="deny")) for known in facts)
    return Suite("t", (small(THREE_RULES),), cases, Requirements())


def test_a_rule_that_never_fired_is_named() -> None:
    """A rule that can't fire looks like one that passes."""
    found = measure(suite({"origin.class": "overseas", "origin.country": "SG", "origin.agreeing": 1}))
    assert (found.rules, found.rules_seen) == (3, 2)
    assert any("`COL-010` never fired" in line for line in found.missed)


def test_a_leaf_is_covered_when_seen_both_ways() -> None:
    """True and False; unknown counts for neither."""
    one = {"origin.class": "overseas", "origin.country": "CN"}
    two = {"origin.class": "zone", "origin.country": "SG"}
    found = measure(suite(one, two))
    assert (found.leaves, found.leaves_seen) == (3, 2)
    assert "origin.agreeing.lt was never true nor false" in found.missed[-1]


def test_nothing_run_covers_nothing() -> None:
    """Percentages come from what was seen."""
    found = measure(suite())
    assert found.rules_percent == 0
    assert found.leaves_percent == 0
