"""The law of refusals, over random floods: bounded for each source, network, door and name, and all counted.

What a flood may have recorded is said by plain sums over its whole history, which know nothing of buckets. To
show that they can see, breaches are planted, and each must be caught.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from zoneproxy.meter import refusals as module
from zoneproxy.meter.bucket import Bucket
from zoneproxy.meter.refusals import REQUESTS, Bounds, Flow, Key, Refusals, places_of
from zoneproxy.terms.networks import read_address

PEERS = (
    "203.0.113.1", "203.0.113.2", "203.0.113.3", "198.51.100.1", "198.51.100.2", "192.0.2.1",
    "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1", "2001:db8:0:2::1", "2001:db8:1::1", "not an address",
)  # fmt: skip
NAMES = ("tenant:a", "tenant:b", "workload:a")
DOORS = ("cable-sg-1", "inland-1")
MINUTE_MS = 60_000

flows = st.builds(Flow, st.integers(1, 600), st.integers(1, 12))
bounds = st.builds(Bounds, flows, flows, flows, flows, st.integers(1, 5000))
steps = st.tuples(
    st.integers(-500, 3000),  # how the clock goes, sometimes back
    st.sampled_from(DOORS),
    st.sampled_from((*PEERS, *PEERS, *NAMES)),
    st.integers(1, 20),  # so many at once
    st.booleans(),  # counts are recorded now, where they are due
)


class LawBrokenError(AssertionError):
    """A law of the refusals does not hold."""


def most(flow: Flow, times: list[int]) -> bool:
    """Tell whether records at these times keep a flow, in every span of time: never more than may flow."""
    for start in range(len(times)):
        for end in range(start, len(times)):
            if (end - start + 1 - flow.burst) * MINUTE_MS > (times[end] - times[start]) * flow.per_minute:
                return False
    return True


class Flood:
    """A flood on its way.

    Args:
        bound: how many may be recorded.
    """

    def __init__(self, bound: Bounds) -> None:
        self._bound, self._refusals = bound, Refusals(bound)
        self._calm = {name: Refusals(bound) for name in NAMES}  # of each name: nobody else is there
        self._now_ms = 10_000
        self._latest_ms = Counter[str]()  # a clock that went back stands still for whoever asks
        self._recorded: dict[Any, list[int]] = {}
        self._asked, self._had, self._counted = Counter[Key](), Counter[Key](), Counter[Key]()

    def go(self, step_ms: int, door: str, who: str, times: int, tells: bool) -> None:  # noqa: FBT001 - one step
        """Let so many come at once, some time later."""
        self._now_ms += step_ms
        for _ in range(times):
            self._one(door, who)
        if tells:
            self._tell(last=False)

    def _one(self, door: str, who: str) -> None:
        key = Key(REQUESTS, door, who if who in NAMES else "")
        self._asked[key] += 1
        now_ms = self._latest_ms[key.name] = max(self._latest_ms[key.name], self._now_ms)
        if who in NAMES:
            admitted = self._refusals.admits(who, self._now_ms)
            if admitted != self._calm[who].admits(who, self._now_ms):
                raise LawBrokenError("somebody else took what a name has")
            places: tuple[Any, ...] = (("named", who),)
        else:
            admitted = self._refusals.admits_stranger(door, who, self._now_ms)
            source, network = places_of(read_address(who))
            places = (("source", source), ("network", network), ("door", door))
        if not admitted:
            self._refusals.turn_away(key, "request-malformed", who, self._now_ms)
            return
        self._had[key] += 1
        for place in places:
            self._recorded.setdefault(place, []).append(now_ms)

    def _tell(self, *, last: bool) -> None:
        for count in self._refusals.due(self._now_ms, last=last):
            self._counted[count.key] += count.total

    def finish(self) -> None:
        """Hold what came of it to the law."""
        self._tell(last=True)
        if self._had + self._counted != self._asked:
            raise LawBrokenError("a refusal is neither recorded nor counted, or both")
        for (kind, _), at_ms in self._recorded.items():
            if not most(getattr(self._bound, kind), at_ms):
                raise LawBrokenError(f"more than a {kind} may have was recorded")


def flood(bound: Bounds, happened: list[tuple[int, str, str, int, bool]]) -> None:
    """Send a flood and hold what came of it to the law."""
    made = Flood(bound)
    for step in happened:
        made.go(*step)
    made.finish()


@settings(max_examples=150)
@given(bounds, st.lists(steps, max_size=25))
def test_a_flood_is_bounded_and_counted(
    bound: Bounds, happened: list[tuple[int, str, str, int, bool]]
) -> None:
    """Z13, Z22: whatever the clock does, whoever comes: bounded at every place, and nothing unsaid."""
    flood(bound, happened)


@settings(max_examples=60)
@given(bounds, st.integers(1, 8), st.lists(st.integers(0, 7), max_size=80))
def test_workers_together_keep_the_bound(bound: Bounds, among: int, where: list[int]) -> None:
    """Z22: however the kernel spreads one source over workers, all have no more than one would."""
    parts = [Refusals(bound.divided(among)) for _ in range(among)]
    got = sum(parts[place % among].admits_stranger("cable-sg-1", "203.0.113.1", 0) for place in where)
    assert got <= max(among, min(bound.source.burst, bound.network.burst, bound.door.burst))


def forget_the_network(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(module, "places_of", lambda address: (places_of(address)[0],) * 2)


def one_bucket_for_all(patch: pytest.MonkeyPatch) -> None:
    original = module._Table.find
    patch.setattr(module._Table, "find", lambda self, _key: original(self, "everybody"))


def take_before_all_have_it(patch: pytest.MonkeyPatch) -> None:
    original = Refusals.admits_stranger
    patch.setattr(
        Refusals,
        "admits_stranger",
        lambda self, door, peer, now: (
            original(self, door, peer, now)
            or self._sources.find(peer) is None
            or original(self, door, peer, now + MINUTE_MS)
        ),
    )


def count_only_the_first(patch: pytest.MonkeyPatch) -> None:
    original = Refusals.turn_away

    def mutant(self: Refusals, key: Key, reason: str, peer: str, now_ms: int) -> None:
        if key not in self._counts:
            original(self, key, reason, peer, now_ms)

    patch.setattr(Refusals, "turn_away", mutant)


def forget_counts_that_are_not_due(patch: pytest.MonkeyPatch) -> None:
    original = Refusals.due

    def mutant(self: Refusals, now_ms: int, *, last: bool = False) -> Any:
        yield from list(original(self, now_ms, last=last))
        self._counts.clear()

    patch.setattr(Refusals, "due", mutant)


def believe_the_clock(patch: pytest.MonkeyPatch) -> None:
    def mutant(self: Bucket, now_ms: int) -> None:
        passed = abs(now_ms - (now_ms if self._at_ms is None else self._at_ms))
        self._level = min(self.burst * self.per_ms, self._level + passed * self.amount)
        self._at_ms = now_ms

    patch.setattr(Bucket, "_flow", mutant)


MUTANTS = [
    forget_the_network,
    one_bucket_for_all,
    take_before_all_have_it,
    count_only_the_first,
    forget_counts_that_are_not_due,
    believe_the_clock,
]


@pytest.mark.parametrize("plant", MUTANTS, ids=lambda plant: plant.__name__)
def test_a_breach_of_the_law_is_caught(
    plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The property above would notice: each planted breach is found."""
    plant(monkeypatch)

    @settings(
        max_examples=400, database=None, derandomize=True, phases=[Phase.generate],
        report_multiple_bugs=False,
    )  # fmt: skip
    @given(bounds, st.lists(steps, max_size=25))
    def law_holds(bound: Bounds, happened: list[tuple[int, str, str, int, bool]]) -> None:
        flood(bound, happened)

    with pytest.raises(LawBrokenError):
        law_holds()
