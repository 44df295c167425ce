"""`zoneproxy.adapters.workers.backoff`: waits double, are bounded, and a crash loop ends."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from zoneproxy.adapters.workers.backoff import BackOff, BackOffRules

RULES = BackOffRules(first_s=0.2, most_s=1.0, limit=5, window_s=60.0)


def test_waits_double_up_to_a_bound_and_then_end() -> None:
    """Five deaths in a minute are borne, each after a longer wait; the sixth is one too many."""
    deaths = BackOff(RULES)
    assert [deaths.wait_s(now) for now in range(6)] == [0.2, 0.4, 0.8, 1.0, 1.0, None]


def test_old_deaths_are_forgotten() -> None:
    """A process that lives for a while begins anew."""
    deaths = BackOff(RULES)
    assert [deaths.wait_s(now) for now in (0.0, 1.0, 61.5, 200.0)] == [0.2, 0.4, 0.2, 0.2]


@given(st.lists(st.floats(0, 30), max_size=40))
def test_no_more_than_the_limit_is_borne_in_any_window(gaps: list[float]) -> None:
    """Whenever the next start is allowed, no more than `limit` deaths lie in the window before it."""
    deaths, now, times = BackOff(RULES), 0.0, list[float]()
    for gap in gaps:
        now += gap
        times.append(now)
        recent = sum(now - one <= RULES.window_s for one in times)
        wait_s = deaths.wait_s(now)
        assert (wait_s is None) is (recent > RULES.limit)
        assert wait_s is None or RULES.first_s <= wait_s <= RULES.most_s
