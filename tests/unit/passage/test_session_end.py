"""`zoneproxy.passage.session_end`: what a caller is told at the end, and with which code."""

from __future__ import annotations

from collections import deque

import pytest

from tests.support.realtime_world import World
from zoneproxy.content.json_seq import encode
from zoneproxy.passage.commands import Cut, Deliver, Finish, Refuse, Sever
from zoneproxy.passage.session_end import Ending, texts, unrecorded
from zoneproxy.passage.session_words import CloseBoth, ToClient


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("request-malformed", 1002),
        ("content-unknown-type", 1003),
        ("content-unreadable", 1007),
        ("content-too-large", 1009),
        ("policy-domestic-data-mixed", 1008),
        ("control-tenant-stopped", 1008),
        ("limit-session", 1008),
        ("return-unreadable", 1011),
        ("internal-error", 1011),
        ("trace-unavailable", 1011),
    ],
)
def test_the_code_says_whose_fault_it_was(reason: str, code: int) -> None:
    """RFC 6455, section 7.4.1; the first refusal is what is told, later ones are not."""
    own, turn = World().asked(), World().begin()
    turn.exchange.refusal = reason
    ending = Ending(deque())
    ending.keep(turn, [Refuse(403, (), b'{"first": 1}')], is_own=False)
    own.exchange.refusal = "upstream-failed"
    ending.keep(own, [Cut(b'{"second": 1}')], is_own=True)
    assert ending.last(own) == [ToClient('{"first": 1}'), CloseBoth(code, reason, 1001)]


def test_a_good_end_delivers_what_waited() -> None:
    """Z13: the rest of the session's own answer goes before the close; after a refusal it does not."""
    own = World().asked()
    ending = Ending(deque())
    ending.keep(own, [Finish(encode('{"a": 1}') + encode('{"b": 2}'))], is_own=True)
    assert ending.last(own) == [ToClient('{"a": 1}'), ToClient('{"b": 2}'), CloseBoth(1000, "", 1000)]
    ending.told = '{"type": "error"}'
    assert ending.last(own)[:-1] == [ToClient('{"type": "error"}')]


def test_nobody_is_told_where_nobody_is() -> None:
    """A caller that has gone is not written to."""
    own = World().asked()
    own.exchange.gone = True
    assert Ending(deque(), told="x").last(own) == [Sever()]


def test_without_a_log_nothing_but_the_refusal_is_told() -> None:
    """Z13: and where there is none, both sides are closed at once."""
    refusal = Refuse(503, (), b'{"type": "error"}')
    assert unrecorded([refusal]) == [
        ToClient('{"type": "error"}'),
        CloseBoth(1011, "trace-unavailable", 1001),
    ]
    assert unrecorded([Sever()]) == [Sever()]


def test_messages_are_those_that_may_go() -> None:
    """Only what is delivered or finished holds messages."""
    assert texts([Deliver(encode("{}")), Sever(), Finish(b"")]) == ["{}"]
