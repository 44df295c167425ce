"""`zoneproxy.passage.state`: each state has its row, and can be reached from the beginning."""

from __future__ import annotations

from zoneproxy.passage.machine import TABLE
from zoneproxy.passage.state import State


def test_each_state_has_its_row_and_no_row_is_without_a_state() -> None:
    """Z22: there is no place on the way for which the table says nothing."""
    assert list(State) == sorted(TABLE, key=list(State).index)


def test_each_state_can_be_reached_from_open() -> None:
    """The way has no rooms without a door: every state is reached by some events."""
    reached, waiting = set(), [State.OPEN]
    while waiting:
        state = waiting.pop()
        if state not in reached:
            reached.add(state)
            waiting += [after for follow in TABLE[state].values() for after in follow]
    assert reached == set(State)
