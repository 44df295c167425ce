"""`bench.bench_memory`: growth is what the second half of a soak says."""

from __future__ import annotations

import os

import pytest

from bench.bench_memory import Watch
from bench.load import Target
from bench.processes import Holding
from bench.traffic import Traffic


@pytest.fixture
def watch() -> Watch:
    return Watch(os.getpid(), Traffic(Target("127.0.0.1", 1, "127.0.0.1"), "x"))


def test_a_process_that_warms_up_does_not_grow(watch: Watch) -> None:
    """What it takes once lies in the first half."""
    watch.rows = [(float(at), at * 10, Holding(100.0 + min(at, 30), 10, 4)) for at in range(101)]
    assert watch.growth_mb() == pytest.approx(0.0)
    assert watch.growth_bytes() == pytest.approx(0.0)


def test_a_leak_is_told_by_time_and_by_exchange(watch: Watch) -> None:
    """A kilobyte for each of ten exchanges a second, for 50 seconds of the second half."""
    watch.rows = [(float(at), at * 10, Holding(100.0 + at * 0.01, 10, 4)) for at in range(101)]
    assert watch.growth_mb() == pytest.approx(0.5)
    assert watch.growth_bytes() == pytest.approx(1000.0)


def test_a_look_is_of_the_process_itself(watch: Watch) -> None:
    """Seconds, exchanges and what it holds."""
    seen = watch.look()
    assert seen.resident_mb > 1
    assert watch.rows[0][1:] == (0, seen)
