"""The prover and the evaluator agree: on random policies cell by cell, and on the pilot's floor."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.property.test_policy_semantics import condition, facts, known, make, rules
from tests.support.small_policy import text
from zoneproxy.policy.bundle import load
from zoneproxy.policy.cells import Space
from zoneproxy.policy.decide import decide_layer
from zoneproxy.policy.diff import compare, equivalent
from zoneproxy.policy.match import matcher
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


def test_the_pilots_floor_cell_by_cell() -> None:
    """All combinations at the regulator's door, asked one by one, give the prover's count."""
    name = "shantou-pilot.regulator.yaml"
    policy = load((POLICIES / name).read_bytes(), name)
    model = PhaseModel([[policy]], Phase.COLLECT)
    cells = every(model.space)
    allowed = sum(decide_layer(policy, Phase.COLLECT, each).effect == "allow" for each in cells)
    assert len(cells) == model.space.size
    assert allowed == model.space.count(model.allowed([policy]))
