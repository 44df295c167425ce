"""`zoneproxy.trace.months`: month arithmetic agrees with the calendar."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoneproxy.trace.months import Month, is_month, shard_origin, split_origin

MONTHS = st.builds(Month, st.integers(1970, 9998), st.integers(1, 12))
MOMENTS = st.integers(0, Month(9998, 12).start_ms)


@given(MOMENTS)
def test_the_month_of_a_moment(ms: int) -> None:
    """A moment lies in its month and not in the one after; the calendar says the same."""
    month = Month.of(ms)
    assert month.start_ms <= ms < max(month.following.start_ms, ms + 1)
    if month.year < 9998:
        assert ms < month.following.start_ms
    moment = dt.datetime.fromtimestamp(ms / 1000, tz=dt.UTC)
    assert (month.year, month.month) == (moment.year, moment.month) or ms % 1000 >= 999


@given(MONTHS)
def test_writing_and_the_next_month(month: Month) -> None:
    """What is written is read again; months are in order, and each has 28 to 31 days."""
    assert Month.parse(str(month)) == month
    assert is_month(str(month))
    assert Month.of(month.start_ms) == month
    assert month < month.following
    if month.following.year < 9999:
        assert 28 <= (month.following.start_ms - month.start_ms) / 86_400_000 <= 31
        assert Month.of(month.following.start_ms - 1) == month
        assert str(month) < str(month.following)


def test_the_ends_of_time() -> None:
    """Moments that no shard could be named after take the nearest month."""
    assert str(Month.of(-1)) == "1970-01"
    assert str(Month.of(10**18)) == "9998-12"
    assert str(Month.of(1_764_547_200_000)) == "2025-12"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-13",
        "2026-00",
        "2026-1",
        "26-01",
        "2026-011",
        "\uff12\uff10\uff12\uff16-01",
        "2026-01\n",
        "1969-12",
        "9999-01",
    ],
)
def test_what_is_no_month(text: str) -> None:
    """Only four digits, a hyphen and two digits of a month of our era are one."""
    assert not is_month(text)
    with pytest.raises(ValueError, match="no month"):
        Month.parse(text)
    assert split_origin(f"zone.example/{text}") is None


@given(MONTHS, st.sampled_from(["a", "zone.example/trace/node-1", "x/2025-01"]))
def test_origins(month: Month, base: str) -> None:
    """A shard's origin falls into the base and the month again."""
    assert split_origin(shard_origin(base, month)) == (base, month)


def test_other_origins() -> None:
    """A log that is no shard has no month."""
    assert [split_origin(text) for text in ("zone.example/trace", "2026-01", "/2026-01", "")] == [None] * 4
