"""The policy's answer at one phase.

A `LayerDecision` is one layer's answer with everything that fired in it; a `Decision` joins the
law's rails (see `zoneproxy.passage.law`) and every layer: allow only if all of them allow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from zoneproxy.terms.phase import Phase

Effect = Literal["allow", "deny"]
DecidedBy = Literal["rule", "indeterminate", "missing_fact", "default", "invariant", "law", "fault"]


@dataclass(frozen=True, slots=True)
class LayerDecision:
    """What one policy layer says at one phase, and everything that fired.

    Attributes:
        layer: `regulator` or `operator`.
        digest: SHA-256 of the policy's bytes, 64 hex digits.
        effect: allow or deny.
        by: what decided.
        rule: the primary rule (smallest firing deny id, or the smallest allow id), or empty.
        reason: the primary rule's snake_case reason, or the kind's own.
        deny, indeterminate, allow, shadow: ids of all rules that fired, sorted.
        missing: required facts that were absent, sorted.
        obligations: what an allow orders, by name.
    """

    layer: str
    digest: str
    effect: Effect
    by: DecidedBy
    rule: str = ""
    reason: str = ""
    deny: tuple[str, ...] = ()
    indeterminate: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    shadow: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    obligations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """The joint answer at one phase.

    Attributes:
        phase: which leg was judged.
        effect: allow only if the law and every layer allow.
        by: what decided: the law's rail, a fault, or the first layer that denies.
        reason: a code of `zoneproxy.terms.reasons.REASONS`; empty on allow.
        rule: the deciding rule's id, or empty.
        layers: each layer's own answer; empty where a rail or a fault decided first.
    """

    phase: Phase
    effect: Effect
    by: DecidedBy
    reason: str = ""
    rule: str = ""
    layers: tuple[LayerDecision, ...] = ()

    @property
    def allowed(self) -> bool:
        """True only on `allow`."""
        return self.effect == "allow"
