"""`zoneproxy.adapters.shards.placing`: an exchange ends where it was admitted, whatever turned meanwhile."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoneproxy.adapters.shards.placing import Placing

OLD: Any = "old"
NEW: Any = "new"


def test_across_a_turn() -> None:
    """Before the turn to the old shard, after it to the new one, but ends to where they belong."""
    placing = Placing(OLD)
    assert placing.begin("decision", "f1", admits=True) == OLD
    assert not placing.turn(NEW, 1, lambda: 2)
    assert placing.turn(NEW, 1, lambda: 1)
    assert not placing.has_ended(OLD)
    placing.end(OLD, "decision", "f1", admits=True, written=True)
    assert not placing.has_ended(OLD)  # the exchange is under way
    assert placing.begin("decision", "f2", admits=True) == NEW
    assert placing.begin("return", "f1", admits=False) == OLD
    assert not placing.has_ended(OLD)  # the record is on its way
    placing.end(OLD, "return", "f1", admits=False, written=True)
    assert placing.has_ended(OLD)
    assert placing.begin("alarm", "f2", admits=False) == NEW
    assert placing.begin("abort", "f9", admits=False) == NEW


def test_what_was_not_written() -> None:
    """A decision that was refused admits nothing; an end that was refused ends nothing."""
    placing = Placing(OLD)
    for written, ended in ((False, True), (None, False), (True, False)):
        placing.begin("decision", "f1", admits=True)
        placing.end(OLD, "decision", "f1", admits=True, written=written)
        assert placing.has_ended(OLD) is ended
    placing.begin("return", "f1", admits=False)
    placing.end(OLD, "return", "f1", admits=False, written=False)
    assert not placing.has_ended(OLD)


def test_abandoned() -> None:
    """After the shard was closed, an end of its exchanges is refused, again and again."""
    placing = Placing(OLD)
    placing.begin("decision", "f1", admits=True)
    placing.turn(NEW, 1, lambda: 1)
    placing.abandon(OLD)
    assert placing.has_ended(OLD)
    for kind in ("return", "abort"):
        with pytest.raises(ValueError, match="aborted"):
            placing.begin(kind, "f1", admits=False)
    placing.end(OLD, "decision", "f1", admits=True, written=True)


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=40))
def test_an_end_follows_its_decision(steps: list[tuple[int, bool]]) -> None:
    """Whatever the order of exchanges and turns, each end is placed where its decision is (Z13)."""
    shards: list[Any] = [OLD]
    placing, places = Placing(OLD), dict[str, Any]()
    for number, turns in steps:
        flow = str(number)
        if flow in places:
            assert placing.begin("return", flow, admits=False) == places[flow]
            placing.end(places.pop(flow), "return", flow, admits=False, written=True)
        else:
            places[flow] = placing.begin("decision", flow, admits=True)
            placing.end(places[flow], "decision", flow, admits=True, written=True)
        if turns:
            shards.append(f"shard {len(shards)}")
            placing.turn(shards[-1], 0, lambda: 0)
    assert {shard for shard in shards if not placing.has_ended(shard)} == set(places.values())
