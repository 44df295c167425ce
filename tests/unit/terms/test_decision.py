"""`zoneproxy.terms.decision`: a decision allows only where it says so."""

from __future__ import annotations

import dataclasses

import pytest

from zoneproxy.terms.decision import Decision, LayerDecision
from zoneproxy.terms.phase import Phase


def test_only_allow_allows() -> None:
    """Z22: whatever else stands in a decision, it does not let anything pass."""
    assert Decision(Phase.COLLECT, "allow", "rule").allowed
    assert not Decision(Phase.COLLECT, "deny", "rule").allowed
    assert not Decision(Phase.COLLECT, "ALLOW", "rule").allowed  # type: ignore[arg-type]
    assert not Decision(Phase.COLLECT, "", "rule").allowed  # type: ignore[arg-type]


def test_a_decision_can_not_be_turned() -> None:
    """Z13: what was recorded is what was decided."""
    made = Decision(Phase.COLLECT, "deny", "law", "origin-domestic")
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.effect = "allow"  # type: ignore[misc]


def test_layers_share_no_obligations() -> None:
    """What one layer orders does not become another's order."""
    one, other = (LayerDecision(name, "", "allow", "rule") for name in ("regulator", "operator"))
    assert one.obligations == {}
    assert one.obligations is not other.obligations
