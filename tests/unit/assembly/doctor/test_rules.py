"""`zoneproxy.assembly.doctor.rules`: a policy that ends, or that does not know the zone, is told of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.support.realtime_world import open_rules
from tests.unit.assembly.test_doctor import made, zone
from zoneproxy.assembly.doctor.findings import State
from zoneproxy.assembly.doctor.rules import DAY_MS, check_policies
from zoneproxy.assembly.logs import Opening

__all__ = ["made", "zone"]
DOOR = '{id: cable-th-1, side: overseas, country: TH, listen: "127.0.12.1:8443"}'
END_MS = 1_924_991_999_999  # 2030-12-31, its last millisecond


@pytest.mark.parametrize(
    ("left_days", "state"), [(400, State.OK), (29, State.ADVICE), (1, State.ADVICE), (-1, State.FAULT)]
)
def test_the_end_of_a_policy_is_told_in_time(left_days: int, state: State, zone: Path) -> None:
    """A policy that ends refuses everything from then on."""
    opening = Opening.read(zone / "zone.yaml")
    clock = SimpleNamespace(now_ms=lambda: END_MS - left_days * DAY_MS)
    found = list(check_policies(replace(opening, clock=clock)))
    assert {one.state for one in found if one.id == "policy-dates"} == {state}
    assert {one.state for one in found if one.id == "policy-unsigned"} == {State.ADVICE}


@pytest.mark.parametrize(
    ("old", "new", "check", "told"),
    [
        ("  - {id: inland-1,", f"  - {DOOR}\n  - {{id: inland-1,", "policy-route", "the route `cable-th-1`"),
        ("id: toyco-my", "id: toyco-th", "policy-tenant", "the tenant `toyco-th`"),
        ("models: [zone-llm-02]", "models: [zone-llm-03]", "policy-model", "the model `zone-llm-03`"),
    ],
    ids=["route", "tenant", "model"],
)
def test_what_the_policy_does_not_know_is_told(old: str, new: str, check: str, told: str, zone: Path) -> None:
    """A door, a customer or a model that the policy does not name is refused: better told than found."""
    file = zone / "zone.yaml"
    before = list(check_policies(Opening.read(file)))
    assert {one.state for one in before if one.id == check} == {State.OK}
    text = file.read_text()
    assert text.count(old) == 1
    file.write_text(text.replace(old, new))
    (found,) = (one for one in check_policies(Opening.read(file)) if one.id == check)
    assert (found.state, told in found.what) == (State.ADVICE, True)


def test_what_is_wrong_with_the_policies_is_told(zone: Path) -> None:
    """Not only that they can't be used, but why."""
    file = zone / "zone.yaml"
    file.write_text(file.read_text().replace("id: cable-my-1", "id: cable-th-1"))
    (found,) = check_policies(Opening.read(file))
    assert found.state is State.FAULT
    assert "cable-my-1" in found.what


def test_sessions_that_only_one_side_opens_are_told(zone: Path) -> None:
    """Z22: zone.yaml opens sessions, and no rule speaks of them: nothing is open, and doctor says why."""
    file, rules = zone / "zone.yaml", zone / "policies/shantou-pilot.operator.yaml"
    assert not [one for one in check_policies(Opening.read(file)) if one.id == "realtime"]
    file.write_text(file.read_text("utf-8") + "realtime: {}\n", "utf-8")
    assert _sessions(file) == {State.ADVICE}
    rules.write_text(open_rules(rules.read_text("utf-8")), "utf-8")
    assert _sessions(file) == {State.OK}


def _sessions(file: Path) -> set[State]:
    return {one.state for one in check_policies(Opening.read(file)) if one.id == "realtime"}
