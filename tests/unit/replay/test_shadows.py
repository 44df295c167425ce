"""`zoneproxy.replay.shadows`: what would have changed, told from records alone."""

from __future__ import annotations

from typing import Any

import pytest

from zoneproxy.replay.rewalk import Recorded
from zoneproxy.replay.shadows import report

DIGEST, OTHER = "a" * 64, "b" * 64


def layer(name: str, effect: str, rule: str, *shadow: str) -> dict[str, Any]:
    return {"layer": name, "effect": effect, "rule": rule, "by": "rule", "shadow": list(shadow)}


def record(
    regulator: str, operator: str, seen: dict[str, str], *, fault: bool = False, index: int = 1
) -> Recorded:
    """A decision: each layer's effect in force, and each shadow's where it differs."""
    effect = "allow" if regulator == operator == "allow" else "deny"
    layers = [layer("regulator", regulator, "R-1", "R-9"), layer("operator", operator, "O-1")]
    told = [
        {"layer": name, "phases": {"collect": {"effect": one, "rule": "S-1", "by": "rule"}}}
        for name, one in seen.items()
    ]
    named = [{"layer": "operator", "digest": DIGEST}, {"layer": "regulator", "digest": OTHER}]
    shadow = {"policy": named, "fault": fault, "seen": told}
    body = {"phases": {"collect": {"effect": effect, "layers": layers}}, "shadow": shadow}
    return Recorded(index, "decision", body, None)


@pytest.mark.parametrize(
    ("regulator", "operator", "seen", "kinds"),
    [
        ("allow", "allow", {}, []),
        ("allow", "allow", {"operator": "deny"}, ["newly_denied"]),
        ("allow", "deny", {"operator": "allow"}, ["newly_allowed"]),
        ("deny", "deny", {"operator": "allow"}, ["other_rule"]),
        ("deny", "deny", {"operator": "allow", "regulator": "allow"}, ["newly_allowed", "newly_allowed"]),
        ("allow", "deny", {"operator": "allow", "regulator": "deny"}, ["other_rule", "other_rule"]),
        ("allow", "deny", {"operator": "deny"}, ["other_rule"]),
        ("allow", "allow", {"operator": "allow"}, ["other_rule"]),
    ],
)
def test_what_would_have_become_of_it(
    regulator: str, operator: str, seen: dict[str, str], kinds: list[str]
) -> None:
    """Both layers must allow: one that would is not enough where the other denies."""
    found = report([record(regulator, operator, seen)])
    assert [shift.kind for shift in found.shifts] == kinds
    assert found.watched == {DIGEST: 1, OTHER: 1}


def test_groups_are_counted_largest_first() -> None:
    """The same change is one line, with the entries in their order."""
    some = [record("allow", "allow", {"operator": "deny"}, index=index) for index in (3, 5, 8)]
    found = report([*some, record("allow", "deny", {"operator": "allow"}, index=9)])
    assert [(shift.kind, shift.indexes) for shift in found.shifts] == [
        ("newly_allowed", (9,)),
        ("newly_denied", (3, 5, 8)),
    ]


def test_faults_and_rules_are_counted_apart() -> None:
    """A record whose watching failed says nothing; shadow rules count by what became of the request."""
    found = report(
        [record("allow", "allow", {}, fault=True), record("deny", "allow", {}), record("allow", "allow", {})]
    )
    assert found.faults == 1
    assert found.rules == {"R-9": {"allow": 2, "deny": 1}}


def test_nothing_watched() -> None:
    """A log without shadows has nothing to tell; other kinds of records are passed over."""
    plain = Recorded(1, "decision", {"phases": {}}, None)
    found = report([plain, Recorded(2, "abort", {}, None)])
    assert (found.shifts, found.watched, found.rules, found.faults) == ((), {}, {}, 0)
