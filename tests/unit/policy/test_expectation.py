"""What one phase must answer, and how an answer differs from it."""

from __future__ import annotations

from typing import Any

import pytest

from zoneproxy.policy.expectation import Expectation, differences, shown
from zoneproxy.terms.decision import LayerDecision

ANSWER = LayerDecision(
    "operator", "0" * 64, "deny", "rule", "COL-010", "origin_not_overseas",
    ("COL-010", "COL-021"), ("COL-020",),
    missing=("tenant.id",), shadow=("COL-099",), obligations={"alarm": "regulator"},
)  # fmt: skip
RIGHT: dict[str, Any] = {
    "decision": "deny",
    "rule": "COL-010",
    "kind": "rule",
    "also": ["COL-021", "COL-020"],
    "reason": "origin_not_overseas",
    "missing": ["tenant.id"],
    "shadow": ["COL-099"],
    "obligations": {"alarm": "regulator"},
}
WRONG: dict[str, Any] = {
    "decision": "allow",
    "rule": "COL-021",
    "kind": "default",
    "also": [],
    "reason": "market_not_on_list",
    "missing": [],
    "shadow": [],
    "obligations": {"alarm": "operator", "local_deployment": "https://x"},
}


def test_an_answer_as_expected_has_no_differences() -> None:
    """The order of what else fired has no meaning."""
    assert list(differences(Expectation(**RIGHT), ANSWER)) == []


@pytest.mark.parametrize("field", sorted(WRONG))
def test_each_field_is_held(field: str) -> None:
    """One wrong field is one difference, which names it."""
    (told,) = differences(Expectation(**{**RIGHT, field: WRONG[field]}), ANSWER)
    assert told.startswith(f"{field}: expected ")


def test_what_is_not_expected_is_not_asserted() -> None:
    """An empty expectation holds of everything; that a test expects something is asked elsewhere."""
    assert list(differences(Expectation(), ANSWER)) == []


def test_lists_are_written_for_people() -> None:
    """Without brackets and quotes."""
    assert (shown(["a", "b"]), shown(3)) == ("a, b", "3")
