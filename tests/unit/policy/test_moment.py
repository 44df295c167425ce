"""Moments and durations."""

from __future__ import annotations

import pytest

from zoneproxy.policy.moment import DAY_MS, duration_s, moment_ms


def test_a_bare_day_is_a_whole_day() -> None:
    """As a start it is the first millisecond, as an end the last."""
    assert moment_ms("1970-01-02") == DAY_MS
    assert moment_ms("1970-01-02", end=True) == 2 * DAY_MS - 1


def test_a_moment_bears_its_offset() -> None:
    """The zone's own time is eight hours ahead."""
    assert moment_ms("1970-01-01T08:00:01+08:00") == 1000
    assert moment_ms("1970-01-01T00:00:01Z") == 1000


@pytest.mark.parametrize(
    "text", ["2026-02-30", "2026-01-01T00:00:00", "tomorrow", "2026-1-1", "", "2026-01-01 00:00:00Z"]
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    """A time without its offset could mean two moments."""
    with pytest.raises(ValueError, match="is not a moment"):
        moment_ms(text)


@pytest.mark.parametrize(
    ("text", "seconds"), [("P3Y", 3 * 365 * 86400), ("P14D", 1209600), ("PT24H", 86400), ("P1DT1S", 86401)]
)
def test_durations(text: str, seconds: int) -> None:
    """Years count 365 days."""
    assert duration_s(text) == seconds


@pytest.mark.parametrize("text", ["P", "PT", "3Y", "P3YT", "P-1D", "p3y", ""])
def test_what_is_no_duration_is_refused(text: str) -> None:
    """An empty duration is none."""
    with pytest.raises(ValueError, match="is not a duration"):
        duration_s(text)
