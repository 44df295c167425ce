"""`zoneproxy.trace.retention`: how long what is kept, and what is published about it."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.retention import RetentionPolicy, class_of, day_start, first_kept, read_minimum
from zoneproxy.trace.schema import PRIVATE


def ms(text: str) -> int:
    return int(dt.datetime.fromisoformat(text).timestamp() * 1000)


def test_worked_example() -> None:
    """With 183 days, openings of 2026-05-21 go on 2026-11-21, and those of the 22nd stay."""
    cutoff = RetentionPolicy().cutoff("operational", ms("2026-11-21T07:00:00+00:00"))
    assert cutoff == day_start("2026-05-22")


@pytest.mark.parametrize("hour", [0, 12, 23])
def test_everything_is_kept_for_its_days(hour: int) -> None:
    """Z17: a record of the last millisecond of a day is kept for the whole number of days after it."""
    now = ms(f"2026-11-21T{hour:02d}:59:59.999+00:00")
    assert now - (first_kept(now, 10) - 1) >= 10 * 86_400_000


def test_defaults() -> None:
    """Three years for the records of exchanges, half a year for the others."""
    policy = RetentionPolicy()
    assert (policy.days, policy.entries_days) == ({"record": 1096, "operational": 183}, 1096)
    assert policy.kinds("record", PRIVATE) == ["abort", "decision", "return"]
    assert policy.kinds("operational", PRIVATE) == sorted(PRIVATE.keys() - {"abort", "decision", "return"})
    assert class_of("alarm", {"alarm": "record"}) == "record"


def test_the_published_policy_names_every_kind_once() -> None:
    """What is published tells of every kind with a private part, and reads back."""
    data = RetentionPolicy().published("zone.example/trace", 512, PRIVATE)
    classes = json.loads(data)["classes"]
    assert sorted(kind for one in classes for kind in one["kinds"]) == sorted(PRIVATE)
    assert read_minimum(data) == 512
    assert read_minimum(None) == 0


@pytest.mark.parametrize(
    "data", [b"", b"{}\n", b'{"minimum":-256}\n', b'{"minimum":7}\n', b'{"minimum":"0"}\n', b"[]\n"]
)
def test_what_is_no_policy_is_refused(data: bytes) -> None:
    """A minimum index is a bundle's beginning; anything else gives the one error."""
    with pytest.raises(VerificationError):
        read_minimum(data)


@pytest.mark.parametrize("day", ["2026-13-01", "yesterday", "2026-1-1", ""])
def test_what_is_no_day_is_refused(day: str) -> None:
    """Days are written in one way."""
    with pytest.raises(VerificationError, match="is no day"):
        day_start(day)
