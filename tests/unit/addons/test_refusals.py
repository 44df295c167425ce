"""`addons.refusals`: counts as records and as words; floods at real doors are in `tests/live` (Z13, Z22)."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any

import pytest

from addons.refusals import DoorRecords, may_record, record_of, tell_turned_away, words_of
from tests.support.boundary_lab import MemoryJournal
from tests.support.zone_world import passage
from zoneproxy.meter.refusals import CONNECTIONS, HANDSHAKES, REQUESTS, Bounds, Count, Flow, Key, Refusals
from zoneproxy.trace.entry import draft
from zoneproxy.trace.schema import PUBLIC

FEW = Bounds(Flow(1, 2), Flow(1, 3), Flow(1, 4), Flow(1, 1), told_every_ms=1000)


class Clock:
    mono, wall = 50_000, 1_800_000_000_000

    def mono_ms(self) -> int:
        return self.mono

    def now_ms(self) -> int:
        return self.wall


def world(fail_after: int | None = None) -> Any:
    journal = MemoryJournal(fail_after=fail_after)
    return SimpleNamespace(clock=Clock(), refusals=Refusals(FEW), journal=journal)


STRANGERS = Key(REQUESTS, "cable-sg-1")


def counted(key: Key = STRANGERS) -> Count:
    count = Count(key, 10_000, 10_000)
    for number in range(3):
        count.add("origin-tenant-unknown", f"203.0.{number}.0/24", 10_000 + number)
    count.add("request-malformed", "203.0.1.0/24", 12_000)
    return count


def test_a_count_is_a_record_that_the_log_takes() -> None:
    """From-to, door, whose and for which reasons are public; where they came from is not."""
    body, private = record_of(counted(), 15_000, 1_800_000_005_000)
    draft("alarm", body, private, bytes(32))
    assert body == {
        "code": "requests-refused", "flow": None, "count": 4,
        "turned": {
            "from": 1_800_000_000_000, "to": 1_800_000_002_000, "door": "cable-sg-1", "whose": None,
            "reasons": {"origin-tenant-unknown": 3, "request-malformed": 1},
        },
    }  # fmt: skip
    assert private == {"detail": "203.0.1.0/24: 2, 203.0.0.0/24: 1, 203.0.2.0/24: 1"}
    assert "203.0" not in str(body)


@pytest.mark.parametrize("now_ms", [0, 1, 3_000, 5_000, 10**13])
@pytest.mark.parametrize("mono_ms", [0, 11_000, 15_000])
def test_whatever_the_clocks_do_it_begins_before_it_ends(now_ms: int, mono_ms: int) -> None:
    """A clock that was set back between the first and the last turns nothing around."""
    body, private = record_of(counted(), mono_ms, now_ms)
    PUBLIC["alarm"](body, "alarm")
    draft("alarm", body, private, bytes(32))
    assert 0 <= body["turned"]["from"] <= body["turned"]["to"] <= now_ms


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (Key(REQUESTS, "d"), "4 requests were refused at `d` without a record each, most of them from "),
        (Key(HANDSHAKES, "d"), "4 connections were refused before HTTP began at `d` without"),
        (Key(CONNECTIONS, "d"), "4 connections found no room at `d` without"),
        (Key(REQUESTS, "d", "tenant:acme"), "of the tenant `acme` without a record each: talk to it, or"),
        (Key(REQUESTS, "d", "workload:acme"), "of the workload `acme` without a record each: look at the"),
        (Key(REQUESTS, "d", "lane:acme"), "of the lane `acme` without a record each: look at what calls"),
    ],
)
def test_the_operator_is_told_with_a_remedy(key: Key, said: str) -> None:
    assert said in words_of(counted(key))


async def test_what_may_not_be_recorded_is_counted_and_told(caplog: pytest.LogCaptureFixture) -> None:
    """Two of a source, three of its network; then counted, and the count is recorded."""
    core, exchange = world(), passage().exchange
    told = [may_record(core, exchange, "origin-tenant-unknown") for _ in range(5)]
    assert told == [True, True, False, False, False]
    door = DoorRecords(core, exchange.pin.route)
    assert [door.takes("127.0.10.99", "no_tls") for _ in range(2)] == [True, False]
    door.no_room("127.0.10.99")
    with caplog.at_level(logging.WARNING):
        await tell_turned_away(core)
    bodies = {body["code"]: body for _, body, _ in core.journal.entries}
    assert {code: body["count"] for code, body in bodies.items()} == {
        "requests-refused": 3, "handshakes-refused": 1, "connections-refused": 1,
    }  # fmt: skip
    assert bodies["handshakes-refused"]["turned"]["reasons"] == {"origin-handshake": 1}
    assert bodies["connections-refused"]["turned"]["reasons"] == {"no-room": 1}
    assert len(caplog.records) == 3


async def test_a_log_that_fails_is_told_and_ends_the_telling(caplog: pytest.LogCaptureFixture) -> None:
    """The first count that can't be recorded is not followed by others; those are still there."""
    core = world(fail_after=0)
    for door in ("a", "b"):
        DoorRecords(core, door).no_room("203.0.113.1")
    await tell_turned_away(core, last=True)
    assert "the trace log takes no record" in caplog.text
    assert {count.key.door: count.total for count in core.refusals.due(10**6, last=True)} == {"a": 1, "b": 1}


async def test_a_fault_at_a_count_forgets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be recorded is recorded the next time, with what came meanwhile."""
    core = world()
    door = DoorRecords(core, "a")
    door.no_room("203.0.113.1")

    async def fail(*_args: Any) -> None:
        door.no_room("203.0.113.1")
        raise ValueError("planted")

    with monkeypatch.context() as planted:
        planted.setattr(core.journal, "append", fail)
        with pytest.raises(ValueError, match="planted"):
            await tell_turned_away(core)
    await tell_turned_away(core, last=True)
    assert [body["count"] for _, body, _ in core.journal.entries] == [2]
