"""`zoneproxy.meter.bucket`: never more than the burst and what flowed in since, in whole numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoneproxy.meter.bucket import Bucket

RATES = st.tuples(st.integers(1, 1000), st.sampled_from([1, 7, 1000, 60_000]), st.integers(1, 200))
STEPS = st.lists(st.tuples(st.integers(-50, 5000), st.integers(0, 60)), max_size=60)


def test_the_worked_example() -> None:
    """Five a second, burst two, as the module tells it."""
    bucket = Bucket(5, 1000, 2)
    assert [bucket.take(1, 0) for _ in range(3)] == [True, True, False]
    assert bucket.wait_ms(1, 0) == 200
    assert not bucket.take(1, 199)
    assert bucket.take(1, 200)
    assert [bucket.take(1, 10_000) for _ in range(3)] == [True, True, False]


@given(RATES, STEPS)
def test_it_gives_no_more_than_it_may(rate: tuple[int, int, int], steps: list[tuple[int, int]]) -> None:
    """Over any stretch of time: at most burst + rate * time, whatever the clock and the callers do."""
    amount, per_ms, burst = rate
    bucket, now, latest = Bucket(*rate), 0, 0
    taken: list[tuple[int, int]] = []
    for ahead, count in steps:
        now = max(0, now + ahead)
        latest = max(latest, now)
        if bucket.take(count, now):
            taken.append((latest, count))
    for first in range(len(taken)):
        total = 0
        for at, count in taken[first:]:
            total += count
            assert total * per_ms <= burst * per_ms + amount * (at - taken[first][0])


@given(RATES, STEPS, st.integers(1, 60))
def test_the_wait_it_names_is_right(
    rate: tuple[int, int, int], steps: list[tuple[int, int]], count: int
) -> None:
    """After the named time, and not a millisecond before, so much can be taken."""
    bucket, now = Bucket(*rate), 0
    for ahead, spent in steps:
        now += max(0, ahead)
        bucket.spend(spent, now)
    count = min(count, rate[2])
    wait = bucket.wait_ms(count, now)
    if wait:
        assert not bucket.take(count, now + wait - 1)
    assert bucket.take(count, now + wait)


def test_a_debt_flows_in_first() -> None:
    """What was spent without asking is missing until it has flowed in."""
    bucket = Bucket(1, 1, 10)
    bucket.spend(110, 0)
    assert bucket.wait_ms(0, 0) == 100
    assert bucket.wait_ms(0, 100) == 0


def test_a_clock_that_goes_back_gives_nothing() -> None:
    """A time before the last one counts as the last one."""
    bucket = Bucket(1, 1, 5)
    assert bucket.take(5, 1000)
    assert not bucket.take(1, 0)
    assert not bucket.take(1, 1000)
    assert bucket.take(1, 1001)


@pytest.mark.parametrize("rate", [(0, 1, 1), (1, 0, 1), (1, 1, 0)])
def test_a_bucket_without_rate_is_none(rate: tuple[int, int, int]) -> None:
    """A bound of nothing is a mistake, not a bound."""
    with pytest.raises(ValueError, match="at least 1"):
        Bucket(*rate)
