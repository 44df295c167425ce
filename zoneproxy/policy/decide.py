"""The policy's answer: a pure function of facts.

In one phase and layer: a missing required fact, or any deny rule that is True or Unknown, denies;
else any allow rule that is True allows, unless an invariant does not certainly hold; else the answer
is deny. Layers are asked independently and none can weaken another. The order of rules has no
meaning. The primary rule is the smallest firing deny id; all that fired is recorded. Shadow rules are
recorded and decide nothing. A layer for which no enforced policy is given denies.

The facts of a later phase are never seen: conditions that ask for them don't compile. Values outside
their domain count as absent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from zoneproxy.policy.bundle import LAYERS, CompiledInvariant, CompiledRule, PhasePlan, Policy
from zoneproxy.policy.match import Lookup
from zoneproxy.terms.decision import DecidedBy, LayerDecision
from zoneproxy.terms.facts import VOCABULARY, FactSheet, FactValue, in_domain
from zoneproxy.terms.phase import Phase

MISSING_FACT, DEFAULT, INVARIANT = "missing_fact", "default", "invariant"


def decide(
    policies: Sequence[Policy], phase: Phase, facts: Mapping[str, FactValue]
) -> tuple[LayerDecision, ...]:
    """Judge one phase of a flow.

    Args:
        policies: the bundle; shadow policies in it are not asked (see `shadow`).
        phase: the leg to be judged.
        facts: everything known so far; a `FactSheet` is trusted to hold values in their domains,
            any other mapping is cleaned first.

    Returns:
        One answer for each enforced policy, and a denial for each layer that has none. The phase is
        allowed only if all of them allow.
    """
    known = clean(facts)
    answers = [decide_layer(policy, phase, known) for policy in policies if not policy.shadow]
    given = {answer.layer for answer in answers}
    if len(given) < len(LAYERS):
        answers += [
            LayerDecision(layer, "", "deny", "fault", reason=DEFAULT)
            for layer in LAYERS
            if layer not in given
        ]
    return tuple(answers)


def shadow(
    policies: Sequence[Policy], phase: Phase, facts: Mapping[str, FactValue]
) -> tuple[LayerDecision, ...]:
    """Return what the shadow policies would have said; it decides nothing."""
    known = clean(facts)
    return tuple(decide_layer(policy, phase, known) for policy in policies if policy.shadow)


def partial(
    policies: Sequence[Policy], phase: Phase, facts: Mapping[str, FactValue]
) -> tuple[LayerDecision, ...]:
    """Judge early, before all facts are known.

    Facts are write-once, so a deny rule that is True now stays True whatever else becomes known.

    Returns:
        The denials that are already final, one for each layer that has some; empty means that the
        answer is still open, never that it is allowed.
    """
    get = clean(facts).get
    answers: list[LayerDecision] = []
    for policy in policies:
        if policy.shadow:
            continue
        fired = sorted((rule for match, rule in policy.plans[phase].denies if match(get) is True), key=_by_id)
        if fired:
            answers.append(
                LayerDecision(
                    policy.layer,
                    policy.digest,
                    "deny",
                    "rule",
                    fired[0].id,
                    fired[0].reason,
                    deny=tuple(rule.id for rule in fired),
                    obligations=_orders(fired),
                )
            )
    return tuple(answers)


def clean(facts: Mapping[str, FactValue]) -> dict[str, FactValue]:
    """Return the facts that lie in their domains; unknown names and other values are left out."""
    if isinstance(facts, FactSheet):
        return facts.snapshot()
    return {
        name: value
        for name, value in facts.items()
        if (spec := VOCABULARY.get(name)) and in_domain(spec, value)
    }


def decide_layer(policy: Policy, phase: Phase, known: Mapping[str, FactValue]) -> LayerDecision:
    """Judge one phase by one policy, whatever its mode.

    A broken invariant's id stands in `deny`, as that of a rule that fired.

    Args:
        policy: the layer.
        phase: the leg.
        known: facts in their domains (see `clean`).
    """
    plan = policy.plans[phase]
    get = known.get
    fired: list[CompiledRule] = []
    unsure: list[CompiledRule] = []
    for match, rule in plan.unguarded if plan.guard.clear(get) else plan.denies:
        answer = match(get)
        if answer is not False:
            (unsure if answer is None else fired).append(rule)
    allowing = [rule for match, rule in plan.allows if match(get) is True]
    seen = _shadow_ids(plan, get) if plan.shadows else ()
    missing = () if plan.required.issubset(known) else _missing(plan, known)
    if fired or unsure:
        first = min(fired + unsure, key=_by_id)
        by: DecidedBy = "indeterminate" if first in unsure else "rule"
        primary = (first.id, first.reason)
    elif missing:
        by, primary = "missing_fact", ("", MISSING_FACT)
    elif not allowing:
        by, primary = "default", ("", DEFAULT)
    elif broken := _broken(plan, get):
        primary = (min(_ids(broken)), INVARIANT)
        return _denial(policy, "invariant", primary, fired=broken, allowing=allowing, seen=seen)
    else:
        return _allow(policy, plan, allowing, seen)
    return _denial(
        policy, by, primary, fired=fired, unsure=unsure, allowing=allowing, seen=seen, missing=missing
    )


def _broken(plan: PhasePlan, get: Lookup) -> list[CompiledInvariant]:
    """Return the invariants that do not certainly hold."""
    if not plan.invariants:
        return []
    asked = plan.unkept if plan.kept.clear(get) else plan.invariants
    return [invariant for match, invariant in asked if match(get) is not False]


def _allow(
    policy: Policy, plan: PhasePlan, allowing: Sequence[CompiledRule], seen: tuple[str, ...]
) -> LayerDecision:
    """Make the answer of the rules that allow; the same rules give the same answer, made once."""
    key = (*_ids(allowing), "", *seen)
    answer = plan.answers.get(key)
    if answer is None:
        primary = min(allowing, key=_by_id)
        answer = LayerDecision(
            policy.layer,
            policy.digest,
            "allow",
            "rule",
            primary.id,
            primary.reason,
            allow=_ids(allowing),
            shadow=seen,
            obligations=_orders(allowing),
        )
        plan.answers[key] = answer
    return answer


def _denial(
    policy: Policy,
    by: DecidedBy,
    primary: tuple[str, str],
    *,
    fired: Sequence[CompiledRule | CompiledInvariant] = (),
    unsure: Sequence[CompiledRule] = (),
    allowing: Sequence[CompiledRule] = (),
    seen: tuple[str, ...] = (),
    missing: tuple[str, ...] = (),
) -> LayerDecision:
    return LayerDecision(
        policy.layer,
        policy.digest,
        "deny",
        by,
        *primary,
        deny=_ids(fired),
        indeterminate=_ids(unsure),
        allow=_ids(allowing),
        shadow=seen,
        missing=missing,
        obligations=_orders([rule for rule in fired if isinstance(rule, CompiledRule)]),
    )


def _missing(plan: PhasePlan, known: Mapping[str, FactValue]) -> tuple[str, ...]:
    return tuple(sorted(plan.required.difference(known)))


def _by_id(rule: CompiledRule) -> str:
    return rule.id


def _ids(parts: Sequence[CompiledRule | CompiledInvariant]) -> tuple[str, ...]:
    if len(parts) == 1:
        return (parts[0].id,)
    return tuple(sorted(part.id for part in parts)) if parts else ()


def _shadow_ids(plan: PhasePlan, get: Lookup) -> tuple[str, ...]:
    """Return the shadow rules that would have fired: a denial on True or Unknown, an allow on True."""
    fired = []
    for match, rule in plan.shadows:
        answer = match(get)
        if answer is True or (answer is None and rule.effect == "deny"):
            fired.append(rule.id)
    return tuple(sorted(fired))


def _orders(rules: Sequence[CompiledRule]) -> Mapping[str, str]:
    """Join the obligations of the rules that fired; where two differ, the smallest id's stands."""
    orders: dict[str, str] = {}
    for rule in sorted(rules, key=_by_id, reverse=True):
        orders.update(rule.obligations)
    return MappingProxyType(orders)
