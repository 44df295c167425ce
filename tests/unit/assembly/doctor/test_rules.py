"""`zoneproxy.assembly.doctor.rules`: the end of a policy is told while there is time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.unit.assembly.test_doctor import made, zone
from zoneproxy.assembly.doctor.findings import State
from zoneproxy.assembly.doctor.rules import DAY_MS, check_policies
from zoneproxy.assembly.logs import Opening

__all__ = ["made", "zone"]
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
