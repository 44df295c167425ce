"""`zoneproxy.replay.turnedaway`: refusals without a record of their own are summed, and told (Z13, Z14)."""

from __future__ import annotations

from typing import Any

import pytest

from zoneproxy.replay import turnedaway
from zoneproxy.replay.turnedaway import REST, TurnedAway
from zoneproxy.trace.schema import check_body


def alarm(count: int = 3, **changes: Any) -> dict[str, Any]:
    told = {
        "from": 1000, "to": 5000, "door": "cable-sg-1", "whose": None,
        "reasons": {"origin-tenant-unknown": 3},
    } | changes  # fmt: skip
    body = {"code": "requests-refused", "flow": None, "count": count, "turned": told}
    check_body("alarm", body)
    return body


def test_counts_are_summed_by_door_and_name() -> None:
    """Parts of a log are joined to the same sums."""
    one, other = TurnedAway(), TurnedAway()
    assert one.take(alarm(), 9000) == ""
    assert (
        other.take(alarm(5, to=9000, reasons={"origin-tenant-unknown": 1, "request-malformed": 4}), 9000)
        == ""
    )
    assert other.take(alarm(whose="tenant:toyco-sg"), 9000) == ""
    one.join(other)
    mine = one.sums["requests-refused", "cable-sg-1", ""]
    assert (mine.count, mine.first_ms, mine.last_ms) == (8, 1000, 9000)
    assert mine.reasons == {"origin-tenant-unknown": 4, "request-malformed": 4}
    assert one.sums["requests-refused", "cable-sg-1", "tenant:toyco-sg"].count == 3
    assert one.total == 11


def test_counts_of_older_logs_are_read() -> None:
    """An alarm without door and reasons is what logs held before; other alarms are not counted."""
    sums = TurnedAway()
    assert sums.take({"code": "handshakes-refused", "flow": None, "count": 7}, 5000) == ""
    assert sums.take({"code": "witness-quorum-missing", "flow": None, "count": 7}, 5000) == ""
    assert sums.total == 7
    assert sums.sums["handshakes-refused", "", ""].first_ms == 5000


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (alarm(4), "a count of refusals is another than that of their reasons"),
        (alarm(2), "a count of refusals is another than that of their reasons"),
        (alarm(to=999), "a count of refusals ends before it begins"),
    ],
)
def test_a_count_that_contradicts_itself_is_told(body: dict[str, Any], told: str) -> None:
    assert TurnedAway().take(body, 9000) == told


@pytest.mark.parametrize(
    "changes",
    [
        {"reasons": {}}, {"reasons": {"x": 0}}, {"door": None}, {"whose": ""}, {"from": -1}, {"more": 1},
        {"reasons": {f"r{number}": 1 for number in range(65)}},
    ],
)  # fmt: skip
def test_the_schema_is_closed(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="turned"):
        alarm(**changes)


def test_a_hostile_log_fills_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes under ever new names is summed under one."""
    monkeypatch.setattr(turnedaway, "MOST_SUMS", 10)
    sums = TurnedAway()
    for number in range(50):
        sums.take(alarm(door=f"door-{number}"), 9000)
    assert (len(sums.sums), sums.sums[REST].count, sums.total) == (11, 120, 150)
