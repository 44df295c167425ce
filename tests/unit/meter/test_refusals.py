"""`zoneproxy.meter.refusals`: whose refusal is recorded, and how the others are counted (Z13, Z22)."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import pytest

from zoneproxy.meter.refusals import (
    CONNECTIONS,
    MOST_NETWORKS,
    REQUESTS,
    Bounds,
    Flow,
    Key,
    Refusals,
    places_of,
    shown_network,
)
from zoneproxy.terms.networks import read_address

DOOR = "cable-sg-1"
STRANGERS = Key(REQUESTS, DOOR)
BOUNDS = Bounds(Flow(60, 3), Flow(120, 5), Flow(240, 8), Flow(60, 2), told_every_ms=1000)


def taken(refusals: Refusals, peer: str, times: int = 1, now_ms: int = 0, door: str = DOOR) -> int:
    return sum(refusals.admits_stranger(door, peer, now_ms) for _ in range(times))


def test_the_worked_example() -> None:
    """240 at once and 120 a minute: of fifty a second for a minute, 359 are recorded."""
    refusals = Refusals(Bounds(Flow(120, 240), Flow(10**6, 10**6), Flow(10**6, 10**6), Flow(1, 1)))
    assert sum(taken(refusals, "203.0.113.9", now_ms=20 * number) for number in range(3000)) == 359


def test_a_source_a_network_and_a_door_are_bounded() -> None:
    """One address, then its neighbours, then everybody at that door; another door has its own."""
    refusals = Refusals(replace(BOUNDS, door=Flow(240, 9)))
    assert taken(refusals, "203.0.113.1", 10) == 3
    assert [taken(refusals, f"203.0.113.{number}") for number in (2, 3, 4)] == [1, 1, 0]
    assert [taken(refusals, f"192.0.{number}.1") for number in range(5)] == [1, 1, 1, 1, 0]
    assert taken(refusals, "192.0.4.1", 10, door="inland-1") == 3


def test_the_lower_half_of_a_door_is_for_those_who_come_new() -> None:
    """Whoever had a record leaves the rest to others, as long as there is a rest."""
    refusals = Refusals(Bounds(Flow(60, 100), Flow(60, 100), Flow(60, 10), Flow(1, 1)))
    assert taken(refusals, "203.0.113.1", 50) == 5
    assert [taken(refusals, f"198.51.{number}.1", 9) for number in range(7)] == [1, 1, 1, 1, 1, 0, 0]


def test_names_and_strangers_take_nothing_from_each_other() -> None:
    """Z22: a flood of strangers leaves a tenant what it has, and a tenant its neighbour."""
    refusals = Refusals(BOUNDS)
    for number in range(50):
        taken(refusals, f"10.{number}.0.1", 5)
    assert [refusals.admits("tenant:a", 0) for _ in range(3)] == [True, True, False]
    assert refusals.admits("tenant:b", 0)
    assert refusals.admits("workload:a", 0)
    assert taken(Refusals(BOUNDS), "203.0.113.1", 3) == 3


@pytest.mark.parametrize(
    ("one", "other", "source", "network"),
    [
        ("203.0.113.1", "203.0.113.1", True, True),
        ("203.0.113.1", "::ffff:203.0.113.1", True, True),
        ("203.0.113.1", "203.0.113.254", False, True),
        ("203.0.113.1", "203.0.114.1", False, False),
        ("2001:db8::1", "2001:db8::ffff:1", True, True),
        ("2001:db8::1", "2001:db8:0:1::1", False, True),
        ("2001:db8::1", "2001:db8:1::1", False, False),
        ("0.0.0.1", "::1", False, False),
        ("fe80::1%eth0", "nonsense", True, True),
    ],
)
def test_what_a_source_is(one: str, other: str, source: object, network: object) -> None:
    """IPv4 by address and /24, IPv6 by /64 and /48; what can't be read is one source."""
    ours, theirs = places_of(read_address(one)), places_of(read_address(other))
    assert (ours[0] == theirs[0], ours[1] == theirs[1]) == (source, network)


@pytest.mark.parametrize(
    ("peer", "shown"),
    [
        ("198.51.100.77", "198.51.100.0/24"),
        ("2001:db8:7:9::1", "2001:db8:7::/48"),
        ("::ffff:192.0.2.1", "192.0.2.0/24"),
        ("", "unreadable"),
    ],
)
def test_networks_are_shown_as_people_write_them(peer: str, shown: str) -> None:
    assert shown_network(read_address(peer)) == shown


def test_memory_is_bounded_whoever_comes() -> None:
    """A hundred thousand sources are not remembered; the door bounds them all the same."""
    refusals = Refusals(Bounds(Flow(1, 1), Flow(1, 1), Flow(60, 100), Flow(1, 1)), most_sources=500)
    recorded = 0
    for number in range(20_000):
        peer = f"{10 + number // 65536}.{number // 256 % 256}.{number % 256}.1"
        recorded += taken(refusals, peer)
        refusals.turn_away(STRANGERS, "origin-tenant-unknown", peer, 0)
        assert refusals.remembered <= 1000
    assert recorded == 100
    assert len(refusals._had) <= 500
    (count,) = refusals.due(0)
    assert (count.total, len(count.networks) <= MOST_NETWORKS) == (20_000, True)


def test_a_full_table_takes_few_megabytes() -> None:
    """Eight thousand sources in as many networks, as a worker would keep them."""
    tracemalloc.start()
    refusals = Refusals(BOUNDS)
    for number in range(20_000):
        taken(refusals, f"2001:db8:{number:x}::1")
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert refusals.remembered == 2 * 8192
    assert size < 10 * 2**20


def test_time_that_goes_back_gives_nothing() -> None:
    """A clock that goes back counts as one that stands still."""
    refusals = Refusals(BOUNDS)
    assert taken(refusals, "203.0.113.1", 5, now_ms=100_000) == 3
    assert taken(refusals, "203.0.113.1", 5, now_ms=0) == 0
    assert taken(refusals, "203.0.113.1", 5, now_ms=101_000) == 1


def test_a_count_is_told_at_once_then_in_its_time_and_at_last() -> None:
    """What began is on record soon; what goes on, every so often; what is left, at the end."""
    refusals = Refusals(BOUNDS)
    refusals.turn_away(STRANGERS, "origin-tenant-unknown", "203.0.113.1", 10)
    refusals.turn_away(STRANGERS, "request-malformed", "203.0.113.2", 20)
    (first,) = refusals.due(100)
    assert (first.first_ms, first.last_ms, first.reasons) == (
        10, 20, {"origin-tenant-unknown": 1, "request-malformed": 1},
    )  # fmt: skip
    refusals.turn_away(STRANGERS, "request-malformed", "203.0.113.2", 200)
    assert list(refusals.due(1099)) == []
    (second,) = refusals.due(1100)
    assert second.total == 1
    refusals.turn_away(STRANGERS, "request-malformed", "203.0.113.2", 1200)
    assert [one.total for one in refusals.due(1200, last=True)] == [1]
    assert list(refusals.due(9999, last=True)) == []
    assert refusals.since_start[STRANGERS].total == 4


def test_what_is_not_asked_for_stays() -> None:
    """A log that fails at the first count keeps the others from being forgotten unsaid."""
    refusals = Refusals(BOUNDS)
    for door in ("a", "b"):
        refusals.turn_away(Key(CONNECTIONS, door), "no-room", "203.0.113.1", 0)
    next(iter(refusals.due(0)))
    assert [one.key.door for one in refusals.due(0)] == ["b"]


def test_more_reasons_than_a_record_holds_are_one() -> None:
    """A count stays one that the log takes, whatever codes there will be."""
    refusals = Refusals(BOUNDS)
    for number in range(200):
        refusals.turn_away(STRANGERS, f"reason-{number}", "203.0.113.1", 0)
    (count,) = refusals.due(0)
    assert (count.total, len(count.reasons), count.reasons["other"]) == (200, 64, 137)


def test_the_loudest_network_is_named() -> None:
    """Of a hundred networks the one that sent half of all is told first."""
    refusals = Refusals(BOUNDS)
    for number in range(100):
        refusals.turn_away(STRANGERS, "request-malformed", f"10.0.{number}.1", 0)
        refusals.turn_away(STRANGERS, "request-malformed", "203.0.113.1", 0)
    (count,) = refusals.due(0)
    assert count.loudest()[0][0] == "203.0.113.0/24"


def test_parts_are_rounded_down_but_never_to_nothing() -> None:
    """Each of several workers gets its part of every bound."""
    made = Bounds(Flow(120, 240), Flow(7, 3), Flow(360, 720), Flow(1, 1), 500).divided(4)
    assert made == Bounds(Flow(30, 60), Flow(1, 1), Flow(90, 180), Flow(1, 1), 500)


def test_without_bounds_all_are_recorded() -> None:
    """A boundary that nobody bounded, as tests build it."""
    refusals = Refusals()
    assert taken(refusals, "203.0.113.1", 1000) == 1000
    assert refusals.admits("tenant:a", 0)
    assert (refusals.remembered, list(refusals.due(0))) == (0, [])
