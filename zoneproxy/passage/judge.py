"""One decision from rails and policy layers.

The passage and the regulator's replay both come through `judge`: it is a pure function of the
facts and of the policies, so the same record under the same policies gives the same decision.
"""

from __future__ import annotations

from collections.abc import Sequence

from zoneproxy.passage.law import Facts, opened, rail, unkept
from zoneproxy.policy.bundle import Policy
from zoneproxy.policy.decide import decide
from zoneproxy.terms.decision import Decision, LayerDecision
from zoneproxy.terms.phase import Phase
from zoneproxy.terms.reasons import POLICY_REASONS, REASONS, policy_code

_OF_KIND = {
    "missing_fact": "policy-missing-fact",
    "default": "policy-default",
    "invariant": "policy-invariant",
}


def judge(policies: Sequence[Policy], phase: Phase, facts: Facts) -> Decision:
    """Decide at one phase: the rails first, then every layer; allow only if all of them allow.

    What the layers order must be possible: an order that can't be carried out is a denial by the law.

    The answer to a zone workload's own call (`exchange.kind` outward, phase return) is judged by
    the rails alone: the layers speak about what leaves the zone to customers. So is that to maintenance, of
    which nothing leaves; maintenance itself passes only where every layer opens its lane by name.
    """
    if reason := rail(phase, facts):
        return Decision(phase, "deny", "law", reason)
    kind = facts.get("exchange.kind")
    if phase is Phase.RETURN and kind in ("outward", "maintenance"):
        return Decision(phase, "allow", "law")
    layers = decide(policies, phase, facts)
    denial = next((layer for layer in layers if layer.effect != "allow"), None)
    if denial is not None:
        return Decision(phase, "deny", denial.by, code_of(denial), denial.rule, layers)
    orders = {name for layer in layers for name in layer.obligations}
    if reason := unkept(phase, facts, orders):
        return Decision(phase, "deny", "law", reason, "", layers)
    if kind == "maintenance" and not opened(facts, layers):
        return Decision(phase, "deny", "law", "lane-maintenance", "", layers)
    return _allowed(phase, layers)


_STANDING: dict[tuple[object, ...], Decision] = {}
"""Allows that were given, by phase and by the very answers of the layers, which the policies keep as well."""
_MOST_STANDING = 256


def _allowed(phase: Phase, layers: tuple[LayerDecision, ...]) -> Decision:
    """Make the allow of these answers; the same answers give the same decision, made once."""
    # An answer is known by its identity: as long as its decision stands here, no other can have it.
    key = (phase, *map(id, layers))
    made = _STANDING.get(key)
    if made is None:
        made = Decision(phase, "allow", layers[-1].by, "", layers[-1].rule, layers)
        if len(_STANDING) >= _MOST_STANDING:
            _STANDING.clear()
        _STANDING[key] = made
    return made


def code_of(layer: LayerDecision) -> str:
    """Return the wire code of a layer's denial."""
    if layer.by in _OF_KIND:
        return _OF_KIND[layer.by]
    if layer.reason in POLICY_REASONS and policy_code(layer.reason) in REASONS:
        return policy_code(layer.reason)
    return "policy-default"


def refused(phase: Phase, reason: str) -> Decision:
    """Return the denial of a fault: nothing was judged, so nothing may pass."""
    return Decision(phase, "deny", "fault", reason)
