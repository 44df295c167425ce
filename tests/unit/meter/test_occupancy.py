"""`zoneproxy.meter.occupancy`: connections are counted in and out, and nothing is kept of who has gone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from zoneproxy.meter.occupancy import Occupancy


def test_each_peer_and_all_together_are_bounded() -> None:
    """One address can't take all places, and all together can't take more than there are."""
    places = Occupancy(3, 2)
    assert [places.enter(peer) for peer in ("a", "a", "a", "b", "c")] == [True, True, False, True, False]
    assert places.take_refused() == 2
    assert places.take_refused() == 0
    places.leave("a")
    assert places.enter("c")


@given(st.lists(st.tuples(st.booleans(), st.sampled_from("abcdef")), max_size=200))
def test_memory_is_that_of_open_connections(steps: list[tuple[bool, str]]) -> None:
    """Whoever comes and goes, only open connections are remembered."""
    places = Occupancy(5, 2)
    inside: list[str] = []
    for coming, peer in steps:
        if coming and places.enter(peer):
            inside.append(peer)
        elif not coming and inside:
            places.leave(inside.pop())
        assert places.total == len(inside) <= 5
        assert set(places._open) == set(inside)
        assert all(inside.count(one) <= 2 for one in inside)
