"""What a bundle that only watches would have said: recorded beside the decision, and never a part of it.

A shadow bundle takes the place of its layer, beside the other layer in force, and is judged at every phase
that the layers in force were asked about. What it provides itself (a tenant's chain, what it knows of a
model) it is asked for anew; the facts that differ by that are recorded, so that its answers can be derived
again. Only answers that differ from the layer's in force are recorded: no entry means that it agreed.

Nothing in here can change a flow: it is called when the decision is made already, gives the record a field,
and whatever fails in it is a word in that field.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from zoneproxy.passage.exchange import Exchange
from zoneproxy.policy.bundle import Policy
from zoneproxy.policy.chains import CHAIN_FACTS, action_facts, authorization_facts, model_facts
from zoneproxy.policy.decide import decide_layer
from zoneproxy.terms.decision import Decision, LayerDecision
from zoneproxy.terms.facts import VOCABULARY, FactValue, to_json
from zoneproxy.terms.phase import Phase

_PROVIDED = ("model.id", "model.provenance", "model.location", "model.granted")


def watch(exchange: Exchange, decisions: Mapping[Phase, Decision]) -> dict[str, Any] | None:
    """Return the record's field for what the shadow bundles say; `None` where there are none.

    Args:
        exchange: what is known; it is not changed.
        decisions: what was decided in the phases that the record speaks of.
    """
    shadows = exchange.rules.shadows
    if not shadows:
        return None
    named = [{"layer": policy.layer, "digest": policy.digest} for policy in shadows]
    try:
        told = [_seen(exchange, policy, decisions) for policy in shadows]
        seen = [one for one in told if one["phases"] or one["facts"] or one["absent"]]
    except Exception:  # noqa: BLE001 - whatever fails here must not touch the flow
        return {"policy": named, "fault": True, "seen": []}
    return {"policy": named, "fault": False, "seen": seen}


def _seen(exchange: Exchange, policy: Policy, decisions: Mapping[Phase, Decision]) -> dict[str, Any]:
    model = exchange.reading.model if exchange.reading else None
    changed = provided(policy, exchange.facts, model, exchange.now_ms)
    known = overlaid(exchange.facts, changed)
    phases = {
        phase.value: answer
        for phase, decision in decisions.items()
        if (answer := differing(policy, phase, known, decision.layers)) is not None
    }
    return {
        "layer": policy.layer,
        "facts": {name: to_json(value) for name, value in changed.items() if value is not None},
        "absent": sorted(name for name, value in changed.items() if value is None),
        "phases": {name: shadow_body(answer) for name, answer in phases.items()},
    }


def provided(
    policy: Policy, facts: Mapping[str, FactValue], model: str | None, now_ms: int
) -> dict[str, FactValue | None]:
    """Return the facts that a policy itself would provide otherwise; `None` where it provides none.

    Args:
        policy: the layer that watches; only an operator's provides facts.
        facts: what is known.
        model: the name that the request gives, or `None`.
        now_ms: milliseconds since 1970 UTC.
    """
    tenant = facts.get("tenant.id")
    if policy.layer != "operator" or not isinstance(tenant, str):
        return {}
    own: dict[str, FactValue | None] = {}
    if "tenant.authorization" in facts:
        own |= dict.fromkeys(CHAIN_FACTS)
        own |= authorization_facts(policy, tenant, now_ms, facts.get("tenant.market"))
    if isinstance(purpose := facts.get("purpose"), str) and "purpose.granted" in facts:
        own |= action_facts(policy, tenant, purpose)
    if model is not None:
        own |= dict.fromkeys(_PROVIDED) | model_facts(policy, model, tenant)
    return {
        name: value
        for name, value in own.items()
        if value != facts.get(name) and not VOCABULARY[name].private
    }


def overlaid(facts: Mapping[str, FactValue], changed: Mapping[str, FactValue | None]) -> dict[str, FactValue]:
    """Return facts with others in their place."""
    return {name: value for name, value in {**facts, **changed}.items() if value is not None}


def differing(
    policy: Policy, phase: Phase, known: Mapping[str, FactValue], in_force: Sequence[LayerDecision]
) -> LayerDecision | None:
    """Return what a shadow bundle says at a phase, if it is not what its layer in force says.

    Two answers are the same if they have the same effect for the same reason: kind and deciding rule.
    Where no layer was asked (a rail decided), the shadow is not asked either.
    """
    current = next((layer for layer in in_force if layer.layer == policy.layer), None)
    if current is None:
        return None
    answer = decide_layer(policy, phase, known)
    return None if _core(answer) == _core(current) else answer


def _core(answer: LayerDecision) -> tuple[str, str, str]:
    return answer.effect, answer.by, answer.rule


def shadow_body(answer: LayerDecision) -> dict[str, Any]:
    """Write a shadow's answer as JSON values; orders of an answer that nothing obeys are left out."""
    return {
        "effect": answer.effect,
        "by": answer.by,
        "rule": answer.rule,
        "reason": answer.reason,
        "deny": list(answer.deny),
        "indeterminate": list(answer.indeterminate),
        "missing": list(answer.missing),
    }
