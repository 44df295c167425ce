"""Why a decision came out as it did."""

from __future__ import annotations

from tests.support.small_policy import THREE_RULES, small
from zoneproxy.policy.explain import explain, shortest_flip
from zoneproxy.terms.facts import FactValue
from zoneproxy.terms.phase import Phase

POLICY = small(THREE_RULES)
GOOD: dict[str, FactValue] = {"origin.class": "overseas", "origin.country": "SG", "origin.agreeing": 2}


def test_every_rule_and_question_is_shown_with_its_value() -> None:
    """Also those that did not fire."""
    found = explain([POLICY], Phase.COLLECT, {**GOOD, "origin.country": "CN"})
    assert found.answer.rule == "COL-010"
    assert [(rule.id, rule.answer) for rule in found.rules] == [
        ("COL-010", True),
        ("COL-020", False),
        ("COL-900", True),
    ]
    part = found.rules[0].parts[0]
    assert (part.text, part.answer, part.value) == ("origin.country eq CN", True, "CN")


def test_an_absent_fact_is_shown_as_unknown() -> None:
    """A reader sees which evidence is silent."""
    found = explain([POLICY], Phase.COLLECT, {"origin.class": "overseas", "origin.country": "SG"})
    assert found.rules[1].answer is None
    assert found.rules[1].parts[0].value is None


def test_parts_of_a_condition_are_shown_in_depth() -> None:
    """`not`, `any` and `all` stand above their parts."""
    body = "rules:\n  - {id: COL-001, phase: collect, effect: deny, reason: not_separated, when: "
    policy = small(body + "{any: [{not: {origin.class: zone}}, {origin.agreeing: 1, origin.country: SG}]}}\n")
    found = explain([policy], Phase.COLLECT, GOOD)
    assert [(part.depth, part.text.split()[0]) for part in found.rules[0].parts] == [
        (0, "any"), (1, "not"), (2, "origin.class"),
        (1, "all"), (2, "origin.agreeing"), (2, "origin.country"),
    ]  # fmt: skip


def test_the_shortest_change_turns_the_decision() -> None:
    """One fact where one is enough, two where it takes two."""
    assert shortest_flip([POLICY], Phase.COLLECT, {**GOOD, "origin.agreeing": 1}) == {"origin.agreeing": 2}
    two = shortest_flip([POLICY], Phase.COLLECT, {**GOOD, "origin.agreeing": 1, "origin.class": "zone"})
    assert two == {"origin.agreeing": 2, "origin.class": "overseas"}
    assert len(shortest_flip([POLICY], Phase.COLLECT, GOOD)) == 1


def test_where_nothing_turns_it_nothing_is_said() -> None:
    """A phase without an allow can't be opened by facts."""
    assert shortest_flip([POLICY], Phase.RETURN, GOOD) == {}
