"""`zoneproxy.meter.occupancy`: connections are counted in and out, and nothing is kept of who has gone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from zoneproxy.meter.occupancy import Occupancy
from zoneproxy.meter.refusals import places_of
from zoneproxy.terms.networks import read_address


def test_each_peer_and_all_together_are_bounded() -> None:
    """One address can't take all places, and all together can't take more than there are."""
    places = Occupancy(3, 2)
    assert [places.enter(peer) for peer in ("a", "a", "a", "b", "c")] == [True, True, False, True, False]
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


def test_a_network_of_one_caller_is_one_source() -> None:
    """Z22: whoever has a /64 of IPv6 has no more places than whoever has one address."""
    places = Occupancy(100, 2)
    came = [places_of(read_address(f"2001:db8::{number:x}"))[0] for number in range(1, 6)]
    assert [places.enter(source) for source in came] == [True, True, False, False, False]
