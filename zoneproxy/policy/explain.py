"""Why a decision came out as it did: every rule, every question, and what would turn it.

Nothing is left out: rules that did not fire are listed with the answers of all their parts, so that a
reader sees which clause let them pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product

from zoneproxy.policy.bundle import Policy
from zoneproxy.policy.cases import joint
from zoneproxy.policy.compile import SAME, Condition, Leaf, leaves
from zoneproxy.policy.decide import decide_layer
from zoneproxy.policy.match import Kleene, matcher
from zoneproxy.policy.prove import PhaseModel
from zoneproxy.terms.decision import LayerDecision
from zoneproxy.terms.facts import FactValue
from zoneproxy.terms.phase import Phase

MAX_CHANGES, MAX_TRIES = 5, 40_000

Allows = Callable[[Mapping[str, FactValue]], bool]


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


def explain(
    policies: Sequence[Policy], phase: Phase, facts: Mapping[str, FactValue], allows: Allows | None = None
) -> Explanation:
    """Explain one decision.

    Args:
        policies: the layers that are judged together.
        phase: the leg.
        facts: what was known, in its domains.
        allows: tells whether facts are allowed, where more than the policies decides (the law's rails).
    """
    layers = tuple(decide_layer(policy, phase, facts) for policy in policies)
    rules = tuple(rule for policy in policies for rule in _rules(policy, phase, facts))
    return Explanation(joint(layers), layers, rules, shortest_flip(policies, phase, facts, allows))


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
        values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
        shown = ", ".join(str(value).lower() if isinstance(value, bool) else str(value) for value in values)
        yield PartAnswer(depth, f"{condition.fact} {condition.op} {shown}", answer, facts.get(condition.fact))
        return
    yield PartAnswer(depth, condition.kind, answer)
    for part in condition.parts:
        yield from _parts(part, facts, depth + 1)


def shortest_flip(
    policies: Sequence[Policy], phase: Phase, facts: Mapping[str, FactValue], allows: Allows | None = None
) -> Mapping[str, FactValue | None]:
    """Find the fewest facts whose change turns the decision, trying one value of each cell.

    Args:
        policies: the layers that are judged together.
        phase: the leg.
        facts: what was known.
        allows: tells whether facts are allowed, where more than the policies decides.

    Returns:
        The change, None standing for absent; empty where a few facts do not turn it.
    """
    turns = allows or (lambda changed: _allows(policies, phase, changed))
    wanted = not turns(facts)
    options = _options(policies, phase, losing_last=not wanted)
    groups = list(_to_change(policies, phase, facts)) if wanted else []
    tries = 0
    for size in range(1, MAX_CHANGES + 1):
        for names in _choices(groups, sorted(options), size):
            for values in product(*(options[name] for name in names)):
                tries += 1
                if tries > MAX_TRIES:
                    return {}
                change = dict(zip(names, values, strict=True))
                changed = {name: value for name, value in {**facts, **change}.items() if value is not None}
                if turns(changed) is wanted:
                    return change
    return {}


def _options(
    policies: Sequence[Policy], phase: Phase, *, losing_last: bool
) -> dict[str, list[FactValue | None]]:
    """Return one value of each cell of every fact that is asked for."""
    space = PhaseModel([policies], phase).space
    options: dict[str, list[FactValue | None]] = {
        name: list(domain) for name, domain in space.domains.items()
    }
    for name, elements in space.names.items():
        options[name] = [None, frozenset(), *(frozenset({element}) for element in elements)]
        options[name].append(frozenset(elements))
    if losing_last:  # losing a fact is a poor answer where a value does it too
        return {name: [*values[1:], None] for name, values in options.items()}
    # A fact that is lost never opens anything.
    return {name: values[1:] for name, values in options.items()}


def _to_change(
    policies: Sequence[Policy], phase: Phase, facts: Mapping[str, FactValue]
) -> Iterator[frozenset[str]]:
    """Yield sets of facts of each of which one at least must change before the policies can allow."""
    for policy in policies:
        plan = policy.plans[phase]
        yield from (frozenset({name}) for name in sorted(plan.required.difference(facts)))
        for match, rule in plan.denies:
            if match(facts.get) is not False:
                yield _asked_facts([rule.condition])
        if not any(match(facts.get) is True for match, _ in plan.allows):
            yield _asked_facts([rule.condition for _, rule in plan.allows])


def _asked_facts(conditions: Sequence[Condition]) -> frozenset[str]:
    found = [leaf for condition in conditions for leaf in leaves(condition)]
    return frozenset(
        name for leaf in found for name in ((leaf.fact, str(leaf.value)) if leaf.op in SAME else (leaf.fact,))
    )


def _choices(groups: Sequence[frozenset[str]], names: Sequence[str], size: int) -> Iterator[tuple[str, ...]]:
    """Yield the sets of `size` names that have a name in each group, each set once."""
    seen: set[frozenset[str]] = set()

    def grow(chosen: frozenset[str]) -> Iterator[frozenset[str]]:
        left = size - len(chosen)
        waiting = next((group for group in groups if not group & chosen), None)
        if waiting is None:
            rest = [name for name in names if name not in chosen]
            yield from (chosen.union(more) for more in combinations(rest, left))
        elif left:
            for name in sorted(waiting.intersection(names)):
                yield from grow(chosen | {name})

    for chosen in grow(frozenset()):
        if chosen not in seen:
            seen.add(chosen)
            yield tuple(sorted(chosen))


def _allows(policies: Sequence[Policy], phase: Phase, facts: Mapping[str, FactValue]) -> bool:
    return all(decide_layer(policy, phase, facts).effect == "allow" for policy in policies)
