"""Failures of other policy systems: each is a case here, and none opens anything."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.small_policy import RULES, rule, small, text
from zoneproxy.policy.bundle import load
from zoneproxy.policy.casefile import CasesFile, read_tests
from zoneproxy.policy.cases import run
from zoneproxy.policy.decide import clean, decide, decide_layer
from zoneproxy.policy.link import link
from zoneproxy.policy.prove import prove
from zoneproxy.terms.errors import PolicyError
from zoneproxy.terms.facts import FactConflictError, FactSheet
from zoneproxy.terms.phase import Phase

ALLOW = rule("{origin.class: overseas}", effect="allow", phase="process", name="PRO-900")


def codes(data: bytes) -> list[str]:
    with pytest.raises(PolicyError) as caught:
        load(data, "x.yaml")
    return [problem.code for problem in caught.value.problems]


def test_a_deny_rule_that_can_not_be_answered_denies() -> None:
    """Cedar and Cerbos skip a denial whose attribute is missing, and allow."""
    policy = small("rules:\n" + ALLOW + rule("{data.mixing_score: {gt: 10}}", phase="process"))
    answer = decide_layer(policy, Phase.PROCESS, {"origin.class": "overseas"})
    assert (answer.effect, answer.by, answer.rule) == ("deny", "indeterminate", "PRO-001")


def test_a_value_of_the_wrong_type_denies() -> None:
    """Cedar discards a forbid whose operator meets the wrong type."""
    policy = small("rules:\n" + ALLOW + rule("{data.categories: [model_weights]}", phase="process"))
    facts: dict[str, Any] = {"origin.class": "overseas", "data.categories": "model_weights"}
    assert decide_layer(policy, Phase.PROCESS, clean(facts)).effect == "deny"


@pytest.mark.parametrize("effect", ["Allow", "permit", "control", "Control", "ALLOW", "alow", ""])
def test_a_misspelled_effect_is_no_grant(effect: str) -> None:
    """NVIDIA's fabric takes any other role for a grant."""
    assert codes(text(RULES.replace("effect: allow", f'effect: "{effect}"'))) == ["ZP1003"]


@pytest.mark.parametrize("kind", ["ZonePolicies", "zonepolicy", "Policy", "ZonePolicyTest"])
def test_an_unknown_kind_is_an_error(kind: str) -> None:
    """And skips a member whose kind it doesn't know."""
    assert codes(text().replace(b"kind: ZonePolicy", f"kind: {kind}".encode())) == ["ZP1003"]


def test_a_fact_that_the_phase_does_not_have_is_an_error() -> None:
    """Istio ignores HTTP fields where there is no HTTP."""
    assert codes(text("rules:\n" + rule("{response.mixing: clean}", phase="collect"))) == ["ZP2002"]


def test_nothing_is_allowed_without_an_allow() -> None:
    """Istio denies by default only once some allow exists; Envoy enforces nothing without rules."""
    policy = small("rules:\n" + rule("{origin.country: CN}", phase="collect"))
    answer = decide_layer(policy, Phase.COLLECT, {"origin.country": "SG"})
    assert (answer.effect, answer.by) == ("deny", "default")
    assert codes(text("rules: []\n")) == ["ZP1000"]


def test_no_policies_allow_nothing() -> None:
    """An empty bundle is not an open one."""
    assert {answer.effect for answer in decide((), Phase.COLLECT, {})} == {"deny"}


def test_a_typo_in_a_fact_is_found_when_read() -> None:
    """In CEL it is a miss at run time, and the guard that hides it a silent no-op."""
    assert codes(text("rules:\n" + rule("{data.mixin: {not: clean}}", phase="process"))) == ["ZP2001"]


@pytest.mark.parametrize(
    "body",
    [
        "sets: {a: &x [b]}\n" + RULES,
        "sets: {a: &x [b], c: *x}\n" + RULES,
        "markets: {<<: {allowed: [SG]}}\n" + RULES,
    ],
)
def test_aliases_and_merge_keys_are_refused(body: str) -> None:
    """Cerbos had to mend its parser for each of them."""
    assert "ZP0006" in codes(text(body))


def test_a_duplicate_key_does_not_win() -> None:
    """A YAML library keeps the last of two keys, here an allow behind a deny."""
    assert "ZP0009" in codes(text(RULES.replace("effect: allow", "effect: deny, effect: allow")))


def test_norway_is_a_country() -> None:
    """YAML 1.1 reads the list [SG, NO] as Singapore and False."""
    policy = small("markets: {allowed: [SG, NO]}\nrules:\n" + rule("{origin.country: $markets.allowed}"))
    assert policy.document.markets.allowed == ["SG", "NO"]


def test_a_hostile_pattern_does_not_run() -> None:
    """Five seconds for 26 characters in Python's engine."""
    assert codes(text("rules:\n" + rule('{request.path: {regex: "(a+)+$"}}'))) == ["ZP2010"]


def test_all_matches_are_recorded_not_only_the_first() -> None:
    """Envoy stops at the first; an auditor can't tell what else matched."""
    denials = rule("{origin.country: CN}", phase="collect") + rule(
        "{origin.agreeing: 1}", phase="collect", name="COL-002"
    )
    answer = decide_layer(
        small("rules:\n" + denials), Phase.COLLECT, {"origin.country": "CN", "origin.agreeing": 1}
    )
    assert answer.deny == ("COL-001", "COL-002")


def test_shadow_weakens_nothing_that_is_enforced() -> None:
    """Cilium's audit mode turns enforcement off for everything."""
    enforced = rule("{origin.country: CN}", phase="collect")
    watched = rule("{origin.country: SG}", phase="collect", name="COL-002").replace(
        "effect", "mode: shadow, effect"
    )
    policy = small("rules:\n" + enforced + watched)
    assert decide_layer(policy, Phase.COLLECT, {"origin.country": "CN"}).rule == "COL-001"


def test_a_fact_can_not_be_changed_on_the_way() -> None:
    """Facts are write-once: an addon that changes one is a conflict, which denies."""
    sheet = FactSheet()
    sheet.set("origin.class", "domestic")
    with pytest.raises(FactConflictError):
        sheet.set("origin.class", "overseas")


def cases(tests: str) -> CasesFile:
    head = 'apiVersion: zoneproxy/v1\nkind: ZonePolicyTest\npolicy: x.yaml\nnow: "2026-11-21"\n'
    return read_tests(
        (head + "fixtures: {good: {origin.class: overseas}}\ntests:\n" + tests).encode(), "t.yaml"
    )


@pytest.mark.parametrize(
    ("test", "code"),
    [
        ("given: [good], with: {origin.clas: zone}, expect: {collect: {kind: default}}", "ZP2001"),
        ("given: [god], expect: {collect: {kind: default}}", "ZP4001"),
        ("given: [good], expect: {collect: {rule: COL-999}}", "ZP4002"),
        ("given: [good]", "ZP4004"),
        ("given: [good], expect: {process: {rule: COL-900}}", "ZP4007"),
    ],
)
def test_a_test_that_names_nothing_does_not_pass(test: str, code: str) -> None:
    """Kyverno counts it as passed, Cerbos expects a denial where a fixture is misspelled."""
    with pytest.raises(PolicyError) as caught:
        link(cases(f"  - {{name: n, {test}}}\n"), (small(),))
    assert [problem.code for problem in caught.value.problems] == [code]


def test_a_denial_by_another_rule_does_not_pass() -> None:
    """A verdict alone hides a rule that matched nothing."""
    policy = small("rules:\n" + rule("{origin.country: CN}", phase="collect") + rule(
        "{origin.class: zone}", phase="collect", name="COL-002"))  # fmt: skip
    test = (
        "  - {name: n, with: {origin.class: zone, origin.country: SG}, expect: {collect: {rule: COL-001}}}\n"
    )
    (outcome,) = run(link(cases(test), (policy,)))
    assert outcome.failures == ("rule: expected `COL-001`, got `COL-002`",)


def test_a_condition_that_meets_nonsense_denies() -> None:
    """Products built on CEL gave an allow where evaluation failed; here such a fact is absent."""
    policy = small("rules:\n" + ALLOW + rule("{client.ip: 10.0.0.0/8}", phase="process"))
    nonsense: dict[str, Any] = {"origin.class": "overseas", "client.ip": "10.0.0.300"}
    answer = decide_layer(policy, Phase.PROCESS, clean(nonsense))
    assert (answer.effect, answer.by) == ("deny", "indeterminate")


def test_what_fails_its_proof_is_not_proved() -> None:
    """And its counterexample is denied by the evaluator all the same, until the rule is mended."""
    broken = small(
        "rules:\n" + ALLOW + "invariants:\n  - {id: INV-001, phase: process, claim: c, "
        "never_allow_when: {data.mixing: {not: clean}}}\n"
    )
    proof = prove([broken]).proofs[0]
    assert not proof.holds
    assert decide_layer(broken, Phase.PROCESS, proof.witness).by == "invariant"


def test_an_order_that_nothing_carries_out_is_refused() -> None:
    """An obligation in the log that nobody keeps is a lie."""
    ordered = RULES.replace("reason:", "obligations: {redact: identifiers}, reason:")
    assert codes(text(ordered)) == ["ZP1002"]


@pytest.mark.parametrize("ending", [b"", b"\n", b"rules:\n", b"rules: ~\n", b"rules: {}\n", b"rules: [~]\n"])
def test_half_a_file_is_no_policy(ending: bytes) -> None:
    """A file that is read while it is written can't be taken for a policy."""
    whole = text(RULES)
    head = whole[: whole.index(b"rules:")]
    assert codes(head + ending)


def test_no_part_of_a_policy_loads_alone() -> None:
    """Cut anywhere, the pilot-like sample is refused or reads as a valid shorter file with the same head."""
    whole = text("sets: {a: [b]}\n" + RULES)
    for cut in range(0, len(whole) - 1, 3):
        try:
            policy = load(whole[:cut], "x.yaml")
        except PolicyError:
            continue
        assert policy.rules
