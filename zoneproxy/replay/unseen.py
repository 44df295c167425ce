"""What can be said of a decision whose private facts are withheld.

A withheld fact may have had any value, or none. Conditions are strong Kleene logic, so what is certain
without a fact stays as it is whatever the fact was; a rule that is unknown for want of it may have been true,
false or unknown. All these cases are judged by the judge itself, with each such rule held at each of its
answers:

    the record is none of the cases           it differs, whatever was withheld
    it is one, and all decide the same        it agrees: the fact was not needed
    it is one of several decisions            withheld

Rules that ask for the same fact are taken as if they could answer independently, so a record may be called
withheld that a cleverer reader could tell; never the other way round. Beyond `MOST_CASES` nothing is tried.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from zoneproxy.passage.judge import judge
from zoneproxy.passage.record import phase_body
from zoneproxy.policy.bundle import PhasePlan, Policy
from zoneproxy.policy.compile import Condition, leaves
from zoneproxy.policy.match import Kleene, Lookup
from zoneproxy.replay.memo import Memo
from zoneproxy.terms.facts import VOCABULARY, FactValue
from zoneproxy.terms.phase import Phase

MOST_CASES = 2048
MOST_KEPT = 4096
PRIVATE_FACTS = frozenset(name for name, spec in VOCABULARY.items() if spec.private)


@dataclass(frozen=True, slots=True)
class Cases:
    """Every decision that the withheld facts leave possible.

    Attributes:
        bodies: the decisions as records hold them.
        certain: whether all of them have the same effect, by the same, for the same reason and rule.
        complete: whether all cases were tried.
    """

    bodies: Sequence[Mapping[str, Any]]
    certain: bool
    complete: bool


@dataclass
class Unseen:
    """Judges without the private facts, remembering."""

    memo: Memo
    _kept: dict[tuple[object, ...], Cases] = field(default_factory=dict)

    def cases(self, policies: Sequence[Policy], phase: Phase, facts: Mapping[str, FactValue]) -> Cases:
        """Return what the decision may have been.

        Args:
            policies: the layers, judged together.
            phase: the leg.
            facts: the public facts, in their domains.
        """
        question = self.memo.question(policies, phase, facts)
        made = self._kept.get(question)
        if made is None:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            made = self._kept[question] = find_cases(policies, phase, facts)
        return made


def find_cases(policies: Sequence[Policy], phase: Phase, facts: Mapping[str, FactValue]) -> Cases:
    """Judge every case that the withheld facts leave."""
    public = {name: value for name, value in facts.items() if name not in PRIVATE_FACTS}
    choices: list[list[tuple[Kleene, ...]]] = [
        _plan_choices(policy.plans[phase], public) for policy in policies
    ]
    count = 1
    for layer in choices:
        for answers in layer:
            count *= len(answers)
    if count > MOST_CASES:
        return Cases((), certain=False, complete=False)
    bodies: list[Mapping[str, Any]] = []
    decisions = set()
    for held in itertools.product(*(itertools.product(*layer) for layer in choices)):
        layers = [_held(policy, phase, answers) for policy, answers in zip(policies, held, strict=True)]
        decision = judge(layers, phase, public)
        decisions.add((decision.effect, decision.by, decision.reason, decision.rule))
        body = phase_body(decision)
        if body not in bodies:
            bodies.append(body)
    return Cases(bodies, certain=len(decisions) == 1, complete=True)


def _plan_choices(plan: PhasePlan, facts: Mapping[str, FactValue]) -> list[tuple[Kleene, ...]]:
    """List what each rule may answer, in the plan's order, then whether each required fact was there."""
    get = facts.get
    made = [_answers(match(get), rule.condition, (True, False, None)) for match, rule in plan.denies]
    made += [_answers(match(get), rule.condition, (True, False)) for match, rule in plan.allows]
    made += [
        _answers(match(get), rule.condition, (True, False, None) if rule.effect == "deny" else (True, False))
        for match, rule in plan.shadows
    ]
    made += [_answers(match(get), one.breach, (True, False)) for match, one in plan.invariants]
    return [*made, *((True, False) for _ in _withheld_required(plan))]


def _answers(answer: Kleene, condition: Condition, possible: tuple[Kleene, ...]) -> tuple[Kleene, ...]:
    asked: set[object] = set()
    for leaf in leaves(condition):
        asked |= {leaf.fact, leaf.value} if leaf.op in {"same_as", "not_same_as"} else {leaf.fact}
    return possible if answer is None and asked & PRIVATE_FACTS else (answer,)


def _withheld_required(plan: PhasePlan) -> list[str]:
    return sorted(plan.required & PRIVATE_FACTS)


def _held(policy: Policy, phase: Phase, answers: Sequence[Kleene]) -> Policy:
    """Return the policy with each rule of a leg held at an answer."""
    plan, given = policy.plans[phase], iter(answers)
    denies = tuple((_always(next(given)), rule) for _, rule in plan.denies)
    allows = tuple((_always(next(given)), rule) for _, rule in plan.allows)
    shadows = tuple((_always(next(given)), rule) for _, rule in plan.shadows)
    invariants = tuple((_always(next(given)), one) for _, one in plan.invariants)
    there = {name for name in _withheld_required(plan) if next(given)}
    made = dataclasses.replace(
        plan,
        required=plan.required - there,
        denies=denies,
        allows=allows,
        shadows=shadows,
        invariants=invariants,
        answers={},
    )
    return dataclasses.replace(policy, plans={**policy.plans, phase: made})


def _always(answer: Kleene) -> Callable[[Lookup], Kleene]:
    return lambda _: answer
