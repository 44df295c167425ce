"""`zoneproxy.trace.alarms`: counts of refusals are a closed part of an alarm, which older logs lack (Z14)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.logs import Writer
from zoneproxy.terms.reasons import REASONS
from zoneproxy.trace.alarms import ALARM_KINDS, MOST_REASONS
from zoneproxy.trace.entry import MAX_BYTES, parse
from zoneproxy.trace.glance import Glance

TURNED = {"from": 1, "to": 2, "door": "cable-sg-1", "whose": None, "reasons": {"request-malformed": 3}}


def alarm(**changes: Any) -> dict[str, Any]:
    return {"code": "requests-refused", "flow": None, "count": 3, "turned": {**TURNED, **changes}}


@pytest.mark.parametrize(
    "body",
    [
        alarm(),
        alarm(whose="tenant:toyco-sg"),
        {"code": "disk-low", "flow": None, "count": 1},
        {"code": "disk-low", "flow": "00000000-0000-7000-8000-000000000000", "count": 1},
    ],
    ids=["of strangers", "of a tenant", "without", "of a flow"],
)
def test_an_alarm_is_read_by_its_spelling_as_the_long_way(body: dict[str, Any]) -> None:
    """Both readers accept the same, with the same values."""
    writer = Writer()
    writer.opening()
    data = writer.item("alarm", body, {"detail": "203.0.113.0/24: 3"}).entry
    glance = Glance()
    seen = glance.see(data)
    assert parse(data).body == body
    assert seen.kind == "alarm"
    if "turned" in body:
        assert seen.get("turned") == body["turned"]


def test_the_largest_alarm_fits_into_an_entry() -> None:
    """Every reason there is, each with a large count, at a door and of a tenant with the longest names."""
    assert len(REASONS) <= MOST_REASONS * 2
    reasons = dict.fromkeys(sorted(REASONS, key=len)[-MOST_REASONS:], 10**12)
    body = alarm(reasons=reasons, whose="tenant:" + "t" * 120, door="d" * 63) | {"count": 10**14}
    writer = Writer()
    writer.opening()
    assert len(writer.item("alarm", body, {"detail": "x" * 4096}).entry) < MAX_BYTES // 2


@pytest.mark.parametrize(
    "changes",
    [
        {"reasons": {}},
        {"reasons": {"x": 0}},
        {"door": ""},
        {"whose": ""},
        {"to": -1},
        {"from": None},
        {"a": 1},
    ],
    ids=["no reason", "a reason of none", "no door", "no name", "before 1970", "no time", "a field"],
)
def test_whatever_else_is_no_alarm(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="turned"):
        ALARM_KINDS["alarm"](alarm(**changes), "alarm")
