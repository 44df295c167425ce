"""The prover and the evaluator agree: on random policies cell by cell, and on the pilot's floor."""

from __future__ import annotations

import functools
import json
from collections import Counter
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.property.test_policy_semantics import condition, facts, known, make, rules
from tests.support.small_policy import text
from zoneproxy.policy.bundle import Policy, load
from zoneproxy.policy.cells import Space
from zoneproxy.policy.compile import SAME, Leaf, leaves
from zoneproxy.policy.decide import decide_layer
from zoneproxy.policy.diff import compare, equivalent
from zoneproxy.policy.match import Matcher, matcher
from zoneproxy.policy.prove import PhaseModel, prove
from zoneproxy.policy.prove import _flow as flow_of
from zoneproxy.terms.facts import FactValue, known_in
from zoneproxy.terms.phase import Phase

POLICIES = Path(__file__).resolve().parents[2] / "policies"
MOST = 20_000


def every(space: Space) -> list[dict[str, FactValue]]:
    """Every combination of cells as facts."""
    options: dict[str, list[FactValue | None]] = {
        name: list(domain) for name, domain in space.domains.items()
    }
    for name, elements in space.names.items():
        chosen = product([False, True], repeat=len(elements))
        options[name] = [
            None,
            *(frozenset(e for e, taken in zip(elements, each, strict=True) if taken) for each in chosen),
        ]
    return [
        {name: value for name, value in zip(options, values, strict=True) if value is not None}
        for values in product(*options.values())
    ]


@given(rules)
def test_the_prover_counts_what_the_evaluator_allows(entries: list[Any]) -> None:
    """Asking every cell gives the count that the diagrams give."""
    policy = make(entries)
    model = PhaseModel([[policy]], Phase.RETURN)
    if model.space.size > MOST:
        return
    allowed = sum(decide_layer(policy, Phase.RETURN, each).effect == "allow" for each in every(model.space))
    assert model.space.count(model.allowed([policy])) == allowed


@given(condition, facts)
def test_every_fact_lies_in_a_cell_that_answers_like_it(when: dict[str, Any], raw: dict[str, Any]) -> None:
    """What is proved of cells is proved of facts: none gives an answer that no cell gives."""
    tree = make([("deny", when)]).rules[0].condition
    space = Space([tree])
    true, false = space.answers(tree)
    answer = matcher(tree)(known(raw).get)
    node = (
        true
        if answer is True
        else false
        if answer is False
        else space.bdd.negate(space.bdd.either(true, false))
    )
    witness = space.witness(node)
    assert witness is not None
    assert matcher(tree)(witness.get) is answer


@given(rules, rules, facts)
def test_equivalent_policies_answer_alike(one: list[Any], two: list[Any], raw: dict[str, Any]) -> None:
    """And a difference is shown by facts on which they really differ."""
    old, new = make(one), make(two)
    changes = compare([old], [new])
    assert equivalent([old], [new]) is (not changes)
    for change in changes:
        answers = [decide_layer(policy, change.phase, change.witness).effect for policy in (old, new)]
        assert answers == (["deny", "allow"] if change.kind == "newly_allowed" else ["allow", "deny"])
    if not changes:
        answers = [decide_layer(policy, Phase.RETURN, known(raw)).effect for policy in (old, new)]
        assert answers[0] == answers[1]


@settings(max_examples=30)
@given(st.lists(st.tuples(st.sampled_from(["allow", "deny"]), condition), min_size=3, max_size=5))
def test_a_flow_is_what_all_legs_allow(entries: list[Any]) -> None:
    """Asking every cell at collect, process and return gives the count of the whole-flow model."""
    phases = [Phase.RETURN, Phase.COLLECT, Phase.PROCESS]
    lines = [
        {
            "id": f"{phase.value[:3].upper()}-{index:03}",
            "phase": phase.value,
            "effect": (taken := "allow" if index < len(phases) else effect),
            "when": when if phase is Phase.RETURN else {"exchange.kind": "serve"},
            "reason": "called_outward" if taken == "allow" else "not_separated",
        }
        for index, (effect, when) in enumerate(entries)
        for phase in [phases[index % len(phases)]]
    ]
    policy = load(text("rules: " + json.dumps(lines) + "\n"), "x.yaml")
    space, passing = flow_of([policy])
    if space.size > MOST:
        return
    served = [each for each in every(space) if each.get("exchange.kind") == "serve"]
    allowed = sum(
        all(decide_layer(policy, phase, known_in(phase, each)).effect == "allow" for phase in Phase)
        for each in served
    )
    assert space.count(passing) == allowed


@settings(max_examples=30)
@given(rules)
def test_a_dead_rule_never_fires(entries: list[Any]) -> None:
    """Over all cells, not only over those that a generator finds."""
    policy = make(entries)
    dead = {note.rule for note in prove([policy]).notes if note.kind == "dead"}
    space = PhaseModel([[policy]], Phase.RETURN).space
    if not dead or space.size > MOST:
        return
    for each in every(space):
        answer = decide_layer(policy, Phase.RETURN, each)
        assert not dead.intersection(answer.deny + answer.allow)


def leaves_of(policies: Sequence[Policy], phase: Phase) -> list[tuple[Matcher, frozenset[str]]]:
    """Every denial of a bundle at a phase, with the facts that it asks for."""
    return [
        (match, frozenset(name for leaf in leaves(rule.condition) for name in asked_by(leaf)))
        for policy in policies
        for match, rule in policy.plans[phase].denies
    ]


def asked_by(leaf: Leaf) -> tuple[str, ...]:
    return (leaf.fact, str(leaf.value)) if leaf.op in SAME else (leaf.fact,)


def exhausted(space: Space, policies: Sequence[Policy], phase: Phase) -> int:
    """Count what the real evaluator allows of *every* combination of cells.

    Facts are chosen one after another. Once all facts of a denial are chosen its answer is final, whatever
    the others are; where it fires, all combinations below are denied and need not be asked one by one. What
    is left is asked of the evaluator, combination by combination.
    """
    options: dict[str, list[FactValue | None]] = {
        name: list(domain) for name, domain in space.domains.items()
    }
    for name, elements in space.names.items():
        sets = product([False, True], repeat=len(elements))
        chosen = [frozenset(e for e, on in zip(elements, each, strict=True) if on) for each in sets]
        options[name] = [None, *chosen]
    denials = leaves_of(policies, phase)
    often = Counter(name for _, asked in denials for name in asked)
    order = sorted(options, key=lambda name: (-often[name], name))
    places = {name: place for place, name in enumerate(order)}
    due: list[list[Matcher]] = [[] for _ in order]
    for match, asked in denials:
        due[max((places[name] for name in asked), default=0)].append(match)
    required = frozenset(name for policy in policies for name in policy.plans[phase].required)

    def below(place: int, facts: dict[str, FactValue]) -> int:
        if place == len(order):
            return all(decide_layer(policy, phase, facts).effect == "allow" for policy in policies)
        name, count = order[place], 0
        for value in options[name]:
            if value is None and name in required:
                continue
            chosen = facts if value is None else {**facts, name: value}
            if all(match(chosen.get) is False for match in due[place]):
                count += below(place + 1, chosen)
        return count

    return below(0, {})


@settings(max_examples=60)
@given(rules)
def test_exhausting_with_final_denials_is_exhausting(entries: list[Any]) -> None:
    """Leaving out what is denied already gives the same count as asking every single combination."""
    policy = make(entries)
    space = PhaseModel([[policy]], Phase.RETURN).space
    if space.size > MOST:
        return
    allowed = sum(decide_layer(policy, Phase.RETURN, each).effect == "allow" for each in every(space))
    assert exhausted(space, [policy], Phase.RETURN) == allowed


@functools.cache
def pilot(layer: str) -> Policy:
    name = f"shantou-pilot.{layer}.yaml"
    return load((POLICIES / name).read_bytes(), name)


@pytest.mark.parametrize("phase", list(Phase))
@pytest.mark.parametrize("layers", [("regulator",), ("operator",), ("regulator", "operator")], ids="+".join)
def test_the_pilots_cells_are_exhausted(layers: tuple[str, ...], phase: Phase) -> None:
    """Over every combination of cells of a layer and of both, evaluator and prover allow equally many."""
    policies = [pilot(layer) for layer in layers]
    model = PhaseModel([policies], phase)
    counted = model.space.count(model.allowed(policies))
    assert counted
    assert exhausted(model.space, policies, phase) == counted
