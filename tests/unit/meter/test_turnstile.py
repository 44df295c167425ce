"""`zoneproxy.meter.turnstile`: concurrency never exceeds, a refusal takes nothing, places come back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from zoneproxy.meter.bucket import Bucket
from zoneproxy.meter.turnstile import Allowance, Turnstile

TENANTS = ("a", "b", "c")
ZONE = Allowance(4, 120, 6, 500, 1000)
EACH = Allowance(2, 60, 3, 200, 600)
OWN = {"c": Allowance(concurrent=3)}


class Crowd(RuleBasedStateMachine):
    """Callers that come, carry and go in any order; what they have is counted here a second time."""

    def __init__(self) -> None:
        super().__init__()
        self.turnstile = Turnstile(ZONE, EACH, OWN)
        self.now = 0
        self.inside: list[str] = []
        self.entered: list[tuple[int, str]] = []

    @rule(ms=st.integers(0, 3000))
    def wait(self, ms: int) -> None:
        self.now += ms

    @rule(tenant=st.sampled_from(TENANTS))
    def enter(self, tenant: str) -> None:
        beyond = self.turnstile.enter(tenant, self.now)
        if beyond is None:
            self.inside.append(tenant)
            self.entered.append((self.now, tenant))
        else:
            assert beyond.retry_after_s >= 1
            assert beyond.limit.partition("_")[0] in ("tenant", "zone")

    @rule(data=st.data(), count=st.integers(0, 800))
    def carry(self, data: st.DataObject, count: int) -> None:
        if self.inside:
            tenant = data.draw(st.sampled_from(self.inside))
            self.turnstile.carry(tenant, count, self.now)

    @rule(data=st.data(), count=st.integers(0, 800))
    def leave(self, data: st.DataObject, count: int) -> None:
        if self.inside:
            tenant = data.draw(st.sampled_from(self.inside))
            self.inside.remove(tenant)
            self.turnstile.leave(tenant, count, self.now)

    @invariant()
    def nobody_is_beyond(self) -> None:
        assert self.turnstile.under_way() == len(self.inside) <= ZONE.concurrent
        for tenant in TENANTS:
            most = OWN.get(tenant, EACH).concurrent
            assert self.turnstile.under_way(tenant) == self.inside.count(tenant) <= most

    @invariant()
    def rates_hold(self) -> None:
        for name, allowed in (("", ZONE), ("a", EACH), ("b", EACH)):
            times = [at for at, tenant in self.entered if name in ("", tenant)]
            for first, start in enumerate(times):
                bound = allowed.request_burst + allowed.requests_per_minute * (times[-1] - start) / 60_000
                assert len(times) - first <= bound


TestCrowd = Crowd.TestCase
TestCrowd.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def test_a_turnstile_that_forgets_to_count_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The property above can fail: a bucket that never empties breaks it."""
    monkeypatch.setattr(Bucket, "wait_ms", lambda *_: 0)
    crowd: Any = Crowd()
    for _ in range(10):
        crowd.enter("a")
        crowd.turnstile.leave(crowd.inside.pop(), 0, 0)
    with pytest.raises(AssertionError):
        crowd.rates_hold()


def test_a_refusal_takes_nothing_from_anybody() -> None:
    """Who is refused for its own limit costs the zone nothing, and the other way round."""
    turnstile = Turnstile(Allowance(requests_per_minute=60, request_burst=2), Allowance(concurrent=1), {})
    assert turnstile.enter("a", 0) is None
    for _ in range(10):
        beyond = turnstile.enter("a", 0)
        assert beyond is not None
        assert beyond.limit == "tenant_concurrency"
    assert turnstile.enter("b", 0) is None
    beyond = turnstile.enter("c", 0)
    assert beyond is not None
    assert (beyond.limit, beyond.retry_after_s) == ("zone_requests", 1)
    assert turnstile.under_way("c") == 0


def test_an_answer_is_paid_for_afterwards() -> None:
    """The bytes of an answer, which nobody knew before, refuse what comes next until they have flowed in."""
    turnstile = Turnstile(Allowance(), Allowance(bytes_per_second=10, byte_burst=100), {})
    assert turnstile.enter("a", 0) is None
    assert turnstile.carry("a", 100, 0) is None
    turnstile.leave("a", 50, 0)
    beyond = turnstile.enter("a", 0)
    assert beyond is not None
    assert (beyond.limit, beyond.retry_after_s) == ("tenant_bytes", 5)
    assert turnstile.enter("a", 5000) is None


@given(st.integers(1, 10_000), st.integers(1, 64))
def test_parts_never_make_more_than_the_whole(whole: int, among: int) -> None:
    """What several workers allow together is no more than what is configured, where it can be divided."""
    part = Allowance(whole, whole, whole, whole, whole).divided(among)
    for value in (part.concurrent, part.requests_per_minute, part.request_burst, part.bytes_per_second):
        assert value >= 1
        assert value * among <= max(whole, among)
    assert part.byte_burst == whole  # a body must fit
    assert Allowance().divided(among) == Allowance()


def test_other_allowances_hold_at_once_and_memory_is_bounded() -> None:
    """A tenant's new limits hold for its next request; one that is gone is forgotten when it has left."""
    turnstile = Turnstile(Allowance(), Allowance(concurrent=1), {})
    assert turnstile.enter("a", 0) is None
    assert turnstile.enter("b", 0) is None
    turnstile.allow({"a": Allowance(concurrent=2)}, {"a"})
    assert turnstile.enter("a", 0) is None
    assert turnstile.under_way("b") == 1  # it is still here
    turnstile.leave("b", 0, 0)
    turnstile.allow({}, {"a"})
    assert set(turnstile._places) == {"a"}
    assert turnstile.enter("a", 0) is not None


class Held:
    """A lock that knows how often it was held, and whether it is."""

    def __init__(self) -> None:
        self.times, self.now = 0, False

    def __enter__(self) -> None:
        assert not self.now
        self.times, self.now = self.times + 1, True

    def __exit__(self, *_: object) -> None:
        self.now = False


def test_counting_is_done_under_the_lock() -> None:
    """Z18: long messages are looked into beside the loop, so two threads may count at once; none is lost."""
    lock = Held()
    turnstile = Turnstile(Allowance(), Allowance(concurrent=1), {}, lock)
    assert turnstile.enter("a", 0) is None
    assert turnstile.enter("a", 0) is not None
    assert turnstile.carry("a", 1, 0) is None
    turnstile.leave("a", 1, 0)
    turnstile.allow({}, ())
    assert (lock.times, lock.now) == (5, False)
