"""The answer, clause by clause."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.small_policy import rule, small
from zoneproxy.policy.bundle import Policy
from zoneproxy.policy.decide import clean, decide, decide_layer, partial, shadow
from zoneproxy.terms.facts import FactSheet
from zoneproxy.terms.phase import Phase

ALLOW = rule("{origin.class: overseas}", effect="allow", phase="collect", name="COL-900")
DENY_1 = rule("{origin.country: CN}", phase="collect", name="COL-010")
DENY_2 = rule("{origin.agreeing: {lt: 2}}", phase="collect", name="COL-020")
GOOD: dict[str, Any] = {"origin.class": "overseas", "origin.country": "SG", "origin.agreeing": 2}


def policy(*rules: str, before: str = "", after: str = "", layer: str = "operator") -> Policy:
    return small(before + "rules:\n" + "".join(rules) + after, layer=layer)


def answer(subject: Policy, facts: dict[str, Any]) -> tuple[str, str, str]:
    found = decide_layer(subject, Phase.COLLECT, clean(facts))
    return found.effect, found.by, found.rule


PLAIN = policy(DENY_2, ALLOW, DENY_1)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, ("allow", "rule", "COL-900")),
        ({"origin.country": "CN"}, ("deny", "rule", "COL-010")),
        ({"origin.agreeing": 1}, ("deny", "rule", "COL-020")),
        ({"origin.country": "CN", "origin.agreeing": 1}, ("deny", "rule", "COL-010")),
        ({"origin.country": None}, ("deny", "indeterminate", "COL-010")),
        ({"origin.country": None, "origin.agreeing": 1}, ("deny", "indeterminate", "COL-010")),
        ({"origin.class": "domestic"}, ("deny", "default", "")),
        ({"origin.class": None}, ("deny", "default", "")),
    ],
)
def test_deny_on_true_or_unknown_allow_on_true_else_deny(
    change: dict[str, Any], expected: tuple[str, ...]
) -> None:
    """The primary rule is the smallest firing denial's id, whether it is True or Unknown."""
    facts = {name: value for name, value in {**GOOD, **change}.items() if value is not None}
    assert answer(PLAIN, facts) == expected


def test_everything_that_fired_is_recorded() -> None:
    """Not only the first match: an auditor sees all."""
    found = decide_layer(PLAIN, Phase.COLLECT, {"origin.class": "overseas", "origin.agreeing": 1})
    assert found.deny == ("COL-020",)
    assert found.indeterminate == ("COL-010",)
    assert found.allow == ("COL-900",)
    assert found.reason == "origin_not_overseas"


def test_a_missing_required_fact_denies_by_itself() -> None:
    """Also where no rule asks for it."""
    subject = policy(ALLOW, before="require_facts: {collect: [client.ip, tenant.id]}\n")
    found = decide_layer(subject, Phase.COLLECT, {"origin.class": "overseas"})
    assert (found.effect, found.by, found.reason) == ("deny", "missing_fact", "missing_fact")
    assert found.missing == ("client.ip", "tenant.id")


@pytest.mark.parametrize("value", ["overses", 1, True, None, ["overseas"], frozenset({"overseas"})])
def test_a_value_outside_its_domain_is_absent(value: object) -> None:
    """What a broken provider says is as if it had said nothing."""
    assert answer(PLAIN, {**GOOD, "origin.class": value})[:2] == ("deny", "default")
    assert answer(PLAIN, {**GOOD, "origin.country": value})[:2] == ("deny", "indeterminate")


def test_unknown_names_and_later_facts_are_not_seen() -> None:
    """Nothing outside the vocabulary has influence."""
    assert clean({"origin.klass": "overseas", "origin.class": "overseas"}) == {"origin.class": "overseas"}


def test_a_fact_sheet_is_read_as_it_is() -> None:
    """A flow's own facts need no second check."""
    sheet = FactSheet()
    sheet.update(GOOD)
    assert decide_layer(PLAIN, Phase.COLLECT, clean(sheet)).effect == "allow"


INVARIANT = (
    "invariants:\n  - {id: INV-001, phase: collect, claim: c, never_allow_when: {origin.agreeing: {lt: 3}}}\n"
    "  - {id: INV-002, phase: collect, claim: c, allow_implies: {origin.country: SG}}\n"
)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"origin.agreeing": 3, "origin.country": "SG"}, ("allow", "rule", "COL-900")),
        ({"origin.agreeing": 2, "origin.country": "SG"}, ("deny", "invariant", "INV-001")),
        ({"origin.agreeing": 3, "origin.country": "MY"}, ("deny", "invariant", "INV-002")),
        ({"origin.agreeing": 3}, ("deny", "invariant", "INV-002")),
        ({"origin.country": "SG"}, ("deny", "invariant", "INV-001")),
    ],
)
def test_an_allow_that_breaks_an_invariant_is_a_denial(
    facts: dict[str, Any], expected: tuple[str, ...]
) -> None:
    """Invariants are checked after each allow, and unknown counts as broken."""
    assert answer(policy(ALLOW, after=INVARIANT), {"origin.class": "overseas", **facts}) == expected


def test_all_broken_invariants_are_recorded() -> None:
    """Both ids stand in the answer."""
    found = decide_layer(policy(ALLOW, after=INVARIANT), Phase.COLLECT, {"origin.class": "overseas"})
    assert found.deny == ("INV-001", "INV-002")
    assert found.reason == "invariant"


def test_a_shadow_rule_decides_nothing_and_is_recorded() -> None:
    """What it would have done stands in the answer, for a denial and for an allow."""
    watching = policy(ALLOW, DENY_1.replace("effect: deny", "effect: deny, mode: shadow"))
    found = decide_layer(watching, Phase.COLLECT, {"origin.class": "overseas", "origin.country": "CN"})
    assert (found.effect, found.shadow) == ("allow", ("COL-010",))
    unsure = decide_layer(watching, Phase.COLLECT, {"origin.class": "overseas"})
    assert (unsure.effect, unsure.shadow) == ("allow", ("COL-010",))
    quiet = decide_layer(watching, Phase.COLLECT, GOOD)
    assert (quiet.effect, quiet.shadow) == ("allow", ())
    opening = policy(ALLOW.replace("effect: allow", "effect: allow, mode: shadow"))
    assert answer(opening, GOOD) == ("deny", "default", "")


def test_layers_are_independent_and_all_must_be_there() -> None:
    """Each layer gives its own answer; one that is missing denies."""
    operator = PLAIN
    regulator = policy(ALLOW.replace("COL-900", "COL-990"), layer="regulator")
    facts = {**GOOD, "origin.country": "CN"}
    assert [(a.layer, a.effect) for a in decide((operator, regulator), Phase.COLLECT, facts)] == [
        ("operator", "deny"),
        ("regulator", "allow"),
    ]
    alone = decide((regulator,), Phase.COLLECT, GOOD)
    assert [(a.layer, a.effect, a.by) for a in alone] == [
        ("regulator", "allow", "rule"),
        ("operator", "deny", "fault"),
    ]
    assert {a.effect for a in decide((), Phase.COLLECT, GOOD)} == {"deny"}


def test_a_shadow_policy_is_asked_beside_and_never_instead() -> None:
    """It fills no layer and changes no answer."""
    watching = small("rules:\n" + ALLOW, mode="shadow")
    assert {a.effect for a in decide((watching,), Phase.COLLECT, GOOD)} == {"deny"}
    assert [a.effect for a in shadow((watching, PLAIN), Phase.COLLECT, GOOD)] == ["allow"]


def test_early_answers_are_only_final_denials() -> None:
    """A denial that is True on what is known stands; anything else stays open."""
    early = partial((PLAIN,), Phase.COLLECT, {"origin.country": "CN"})
    assert [(a.effect, a.by, a.rule, a.deny) for a in early] == [("deny", "rule", "COL-010", ("COL-010",))]
    assert partial((PLAIN,), Phase.COLLECT, {}) == ()
    assert partial((PLAIN,), Phase.COLLECT, GOOD) == ()
    assert (
        partial((small("rules:\n" + DENY_1, mode="shadow"),), Phase.COLLECT, {"origin.country": "CN"}) == ()
    )


def test_obligations_join_and_the_smallest_id_wins() -> None:
    """All rules that allow order; where they differ the order of the file has no say."""
    one = ALLOW.replace("reason:", "obligations: {tag: overseas, retain: P1Y}, reason:")
    two = ALLOW.replace("COL-900", "COL-800").replace("reason:", "obligations: {retain: P3Y}, reason:")
    for rules in ((one, two), (two, one)):
        found = decide_layer(policy(*rules), Phase.COLLECT, GOOD)
        assert found.rule == "COL-800"
        assert dict(found.obligations) == {"tag": "overseas", "retain": "P3Y"}


def test_a_denial_orders_only_what_is_sure() -> None:
    """The address of a local deployment is given where the market is known, not where it may be (Z10)."""
    local = DENY_1.replace("reason:", 'obligations: {local_deployment: "https://local.example"}, reason:')
    subject = policy(ALLOW, local)
    sure = decide_layer(subject, Phase.COLLECT, {**GOOD, "origin.country": "CN"})
    assert dict(sure.obligations) == {"local_deployment": "https://local.example"}
    unsure = decide_layer(subject, Phase.COLLECT, {"origin.class": "overseas"})
    assert dict(unsure.obligations) == {}


def test_a_rule_of_another_phase_is_not_asked() -> None:
    """Each phase has its own rules; a phase without an allow denies."""
    assert decide_layer(PLAIN, Phase.PROCESS, GOOD).by == "default"
