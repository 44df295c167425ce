"""Facts as a finite space."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from tests.support.small_policy import rule, small
from zoneproxy.policy.cells import Space
from zoneproxy.policy.compile import Condition
from zoneproxy.policy.match import matcher
from zoneproxy.terms.facts import VOCABULARY, FactValue, in_domain


def condition(when: str) -> Condition:
    return small("rules:\n" + rule(when)).rules[0].condition


CONDITIONS = [
    "{origin.class: overseas}",
    "{origin.agreeing: {ge: 2, lt: 5}}",
    "{origin.country: {same_as: tenant.market}, origin.class: [zone]}",
    "{egress.route: {not_same_as: ingress.route}, ingress.route: {not: undeclared}}",
    '{client.ip: ["10.0.0.0/8", "10.1.0.0/16", "240e::/20"]}',
    "{data.categories: {not: {has_any: [model_weights]}, has_all: [cn_personal_info, domestic_corpus]}}",
    "{request.path: {prefix: [/v1/]}, not: {request.path: {suffix: [x]}}}",
    "{trace.writable: {not: true}, purpose: [inference, embedding]}",
    "{origin.class: {same_as: ingress.side}}",
    "{destination.side: {same_as: ingress.side}}",
]  # fmt: skip


def combinations(space: Space) -> list[dict[str, FactValue]]:
    """Every combination of cells as facts."""
    options: dict[str, list[FactValue | None]] = {
        name: list(domain) for name, domain in space.domains.items()
    }
    for name, elements in space.names.items():
        chosen = product([False, True], repeat=len(elements))
        subsets = (frozenset(e for e, taken in zip(elements, each, strict=True) if taken) for each in chosen)
        options[name] = [None, *subsets]
    return [
        {name: value for name, value in zip(options, values, strict=True) if value is not None}
        for values in product(*options.values())
    ]


@pytest.mark.parametrize("when", CONDITIONS)
def test_counts_agree_with_asking_every_cell(when: str) -> None:
    """True, False and unknown are counted as the evaluator answers them, cell by cell."""
    tree = condition(when)
    space = Space([tree])
    true, false = space.answers(tree)
    asked = [matcher(tree)(facts.get) for facts in combinations(space)]
    assert space.size == len(asked)
    assert space.count(true) == asked.count(True)
    assert space.count(false) == asked.count(False)


@pytest.mark.parametrize("when", CONDITIONS)
def test_a_witness_gives_the_answer_it_stands_for(when: str) -> None:
    """Facts turned back from a diagram lie in their domains and answer as proved."""
    tree = condition(when)
    space = Space([tree])
    true, false = space.answers(tree)
    unknown = space.bdd.negate(space.bdd.either(true, false))
    for node, answer in ((true, True), (false, False), (unknown, None)):
        facts = space.witness(node)
        assert facts is not None
        assert matcher(tree)(facts.get) is answer
        assert all(in_domain(VOCABULARY[name], value) for name, value in facts.items())


def test_values_of_compared_facts_stay_apart() -> None:
    """Two countries that no list names can still differ."""
    tree = condition("{origin.country: {same_as: tenant.market}}")
    space = Space([tree])
    differ = space.witness(space.answers(tree)[1])
    assert differ is not None
    assert differ["origin.country"] != differ["tenant.market"]


def test_whether_a_fact_is_known() -> None:
    """Facts of which nothing is asked still have two cells: absent and there."""
    space = Space([], ["tenant.id", "data.categories", "client.ip"])
    known: Any = space.witness(space.bdd.all(space.known(name) for name in ("tenant.id", "data.categories")))
    assert set(known) >= {"tenant.id", "data.categories"}
    assert space.size == 8


def test_nothing_lies_in_the_empty_set() -> None:
    """A proof is the absence of a witness."""
    tree = condition("{all: [{origin.class: zone}, {origin.class: overseas}]}")
    space = Space([tree])
    assert space.witness(space.certain(tree)) is None
