"""Why a decision came out as it did: every rule, every question, and what would turn it.

Nothing is left out: rules that did not fire are listed with the answers of all their parts, so that a
reader sees which clause let them pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product

from zoneproxy.policy.bundle import Policy
from zoneproxy.policy.cases import joint
from zoneproxy.policy.compile import Condition, Leaf
from zoneproxy.policy.decide import decide_layer
from zoneproxy.policy.match import Kleene, matcher
from zoneproxy.policy.prove import PhaseModel
from zoneproxy.terms.decision import LayerDecision
from zoneproxy.terms.facts import FactValue
from zoneproxy.terms.phase import Phase

MAX_TRIES = 200_000


@dataclass(frozen=True, slots=True)
class PartAnswer:
    """One part of a condition with its answer.

    Attributes:
        depth: 0 for the whole condition.
        text: the question, or `all`, `any`, `not`.
        answer: True, False, or None for unknown.
        value: the fact's value, None where it is absent or the part is no question.
    """

    depth: int
    text: str
    answer: Kleene
    value: FactValue | None = None


@dataclass(frozen=True, slots=True)
class RuleAnswer:
    """One rule, invariant or required fact list of a layer, with all its parts."""

    layer: str
    id: str
    effect: str
    answer: Kleene
    parts: tuple[PartAnswer, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision with everything that led to it.

    Attributes:
        answer: the joint answer.
        layers: each layer's own.
        rules: every rule that was asked, in the order of the files.
        flip: the fewest facts, with values, that would turn the decision; None stands for absent.
            Empty where nothing short does.
    """

    answer: LayerDecision
    layers: tuple[LayerDecision, ...]
    rules: tuple[RuleAnswer, ...]
    flip: Mapping[str, FactValue | None]


def explain(policies: Sequence[Policy], phase: Phase, facts: Mapping[str, FactValue]) -> Explanation:
    """Explain one decision.

    Args:
        policies: the layers that are judged together.
        phase: the leg.
        facts: what was known, in its domains.
    """
    layers = tuple(decide_layer(policy, phase, facts) for policy in policies)
    rules = tuple(rule for policy in policies for rule in _rules(policy, phase, facts))
    return Explanation(joint(layers), layers, rules, shortest_flip(policies, phase, facts))


def _rules(policy: Policy, phase: Phase, facts: Mapping[str, FactValue]) -> Iterator[RuleAnswer]:
    plan = policy.plans[phase]
    for _, rule in (*plan.denies, *plan.allows, *plan.shadows):
        effect = f"shadow {rule.effect}" if rule.shadow else rule.effect
        yield _asked(policy.layer, rule.id, effect, rule.condition, facts)
    for _, invariant in plan.invariants:
        yield _asked(policy.layer, invariant.id, "invariant is broken", invariant.breach, facts)


def _asked(
    layer: str, name: str, effect: str, condition: Condition, facts: Mapping[str, FactValue]
) -> RuleAnswer:
    parts = tuple(_parts(condition, facts, 0))
    return RuleAnswer(layer, name, effect, parts[0].answer, parts)


def _parts(condition: Condition, facts: Mapping[str, FactValue], depth: int) -> Iterator[PartAnswer]:
    answer = matcher(condition)(facts.get)
    if isinstance(condition, Leaf):
        shown = (
            ", ".join(map(str, condition.value)) if isinstance(condition.value, tuple) else condition.value
        )
        yield PartAnswer(depth, f"{condition.fact} {condition.op} {shown}", answer, facts.get(condition.fact))
        return
    yield PartAnswer(depth, condition.kind, answer)
    for part in condition.parts:
        yield from _parts(part, facts, depth + 1)


def shortest_flip(
    policies: Sequence[Policy], phase: Phase, facts: Mapping[str, FactValue]
) -> Mapping[str, FactValue | None]:
    """Find the fewest facts whose change turns the decision, trying one value of each cell.

    At most three facts and a bounded number of tries; empty where that does not turn it.
    """
    wanted = "deny" if _effect(policies, phase, facts) == "allow" else "allow"
    space = PhaseModel([policies], phase).space
    options: dict[str, list[FactValue | None]] = {
        name: list(domain) for name, domain in space.domains.items()
    }
    for name, elements in space.names.items():
        options[name] = [None, frozenset(), *(frozenset({element}) for element in elements)]
        options[name].append(frozenset(elements))
    if wanted == "deny":  # losing a fact is a poor answer where a value does it too
        options = {name: [*values[1:], None] for name, values in options.items()}
    tries = 0
    for size in (1, 2, 3):
        for names in combinations(sorted(options), size):
            for values in product(*(options[name] for name in names)):
                tries += 1
                if tries > MAX_TRIES:
                    return {}
                change = dict(zip(names, values, strict=True))
                changed = {name: value for name, value in {**facts, **change}.items() if value is not None}
                if _effect(policies, phase, changed) == wanted:
                    return change
    return {}


def _effect(policies: Sequence[Policy], phase: Phase, facts: Mapping[str, FactValue]) -> str:
    allowed = all(decide_layer(policy, phase, facts).effect == "allow" for policy in policies)
    return "allow" if allowed else "deny"
