"""`zoneproxy.passage.session_words`: what happens in a session, and what it orders, are values."""

from __future__ import annotations

import dataclasses

import pytest

from zoneproxy.passage import session_words
from zoneproxy.passage.commands import Command
from zoneproxy.passage.events import Event
from zoneproxy.passage.machine import TABLE

WORDS = [
    word
    for word in vars(session_words).values()
    if isinstance(word, type) and issubclass(word, Event | Command) and word not in (Event, Command)
]


@pytest.mark.parametrize("word", WORDS, ids=lambda word: word.__name__)
def test_a_word_is_a_value(word: type) -> None:
    """Z13: what is recorded of an event is what the driver saw; what is ordered can't be changed."""
    fields = dataclasses.fields(word)
    one, same = (word(*(field.name for field in fields)) for _ in range(2))
    assert one == same
    for field in fields:
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(one, field.name, "other")


def test_no_exchange_by_itself_knows_them() -> None:
    """Z22: the table of an exchange stays what it is; messages cross by these two orders alone."""
    assert not {event for row in TABLE.values() for event in row} & set(WORDS)
    crossing = {
        word.__name__ for word in WORDS if issubclass(word, Command) and "text" in word.__annotations__
    }
    assert crossing == {"ToServer", "ToClient"}
