"""`zoneproxy.passage.machine`: the table, and that nothing happens outside of it."""

from __future__ import annotations

import pytest

from tests.support.zone_world import Receipts, body, head, passage, pin
from zoneproxy.passage import machine
from zoneproxy.passage.commands import Forward, Release, Sever, Write
from zoneproxy.passage.events import (
    AnswerBody,
    AnswerChunk,
    AnswerEnd,
    AnswerHead,
    BodyArrived,
    ClientGone,
    Dialled,
    Dialling,
    Event,
    Fault,
    Recorded,
    RecordFailed,
    Stopping,
)
from zoneproxy.passage.machine import FINAL, TABLE, IllegalEventError
from zoneproxy.passage.state import State

RECORDED = Recorded(Receipts().next())
JSON = (("content-type", "application/json"),)


def test_a_good_exchange_reads_like_the_law() -> None:
    """Z4, Z5, Z6, Z13: in, recorded, inside, recorded, out."""
    way = passage()
    assert way.receive(head()) == []
    (decision,) = way.receive(body())
    assert isinstance(decision, Write)
    assert (decision.kind, decision.body["verdict"]) == ("decision", "allow")
    (forward,) = way.receive(RECORDED)
    assert isinstance(forward, Forward)
    assert way.receive(Dialling(forward.host, forward.port)) == []
    assert way.receive(Dialled(forward.host)) == []
    way.receive(AnswerHead(200, JSON, pin()))
    (end,) = way.receive(AnswerBody(b'{"choices": []}', pin()))
    assert isinstance(end, Write)
    assert (end.kind, end.body["verdict"]) == ("return", "allow")
    (release,) = way.receive(RECORDED)
    assert isinstance(release, Release)
    assert release.body == b'{"choices": []}'
    assert way.final
    assert way.state is State.DELIVERED


def test_the_doors_of_the_law_have_one_key_each() -> None:
    """Z13: inside and delivered are entered on `Recorded` only, and from one state each."""
    for state, source in ((State.INSIDE, State.ADMITTING), (State.DELIVERED, State.SEALING)):
        ways = {
            (before, event)
            for before, row in TABLE.items()
            for event, follow in row.items()
            if state in follow and before is not state
        }
        assert ways == {(source, Recorded)}


def test_the_table_is_what_its_drawing_says() -> None:
    """The module's drawing names the states, and each double line in it is a record's."""
    doc = machine.__doc__ or ""
    drawn = [state for state in State if state is not State.SEVERED]
    assert all(state.value in doc for state in drawn)
    assert doc.count("══▶") == 4
    durable = {
        (before, after)
        for before, row in TABLE.items()
        for after in row.get(Recorded, ())
        if after not in (State.CLOSING, State.SEVERED)
    }
    assert durable == {
        (State.ADMITTING, State.INSIDE),
        (State.SEALING, State.DELIVERED),
        (State.CLOSING, State.WITHHELD),
        (State.DENYING, State.REFUSED),
    }


def test_after_the_end_nothing_happens() -> None:
    """What comes late, on whatever end, orders nothing."""
    assert set(FINAL) == {State.REFUSED, State.WITHHELD, State.DELIVERED, State.SEVERED}
    way = passage()
    assert way.receive(ClientGone()) == [Sever()]
    for event in (head(), body(), RECORDED, RecordFailed(), Fault("late"), AnswerChunk(b"x")):
        assert way.receive(event) == []
    assert way.state is State.SEVERED


@pytest.mark.parametrize("event", [body(), RECORDED, AnswerEnd(pin())], ids=lambda e: type(e).__name__)
def test_what_the_table_does_not_know_is_illegal_and_changes_nothing(event: Event) -> None:
    """Z22: an unexpected event is a bug; the fault that follows denies."""
    way = passage()
    with pytest.raises(IllegalEventError):
        way.receive(event)
    assert way.state is State.OPEN
    (record,) = way.receive(Fault("illegal"))
    assert isinstance(record, Write)
    assert record.body["verdict"] == "deny"


def test_a_handler_that_leaves_the_table_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Z13: even a wrong handler can't lead past a record; its orders are never seen."""
    wrong = {BodyArrived: lambda _exchange, _event: (State.INSIDE, [Forward("127.0.30.10", 8000, (), b"")])}
    monkeypatch.setattr(machine, "_HANDLERS", {**machine._HANDLERS, State.READING: wrong})
    way = passage()
    way.receive(head())
    with pytest.raises(IllegalEventError, match="led from reading to inside"):
        way.receive(body())
    assert way.state is State.READING


def test_what_comes_while_a_record_is_written_waits_for_it() -> None:
    """Z13: a caller that leaves, or a stop, between decision and record orders nothing by itself."""
    for event in (ClientGone(), Stopping()):
        way = passage()
        way.receive(head())
        way.receive(body())
        assert way.receive(event) == []
        (end,) = way.receive(RECORDED)
        assert isinstance(end, Write)
        assert end.kind == "return"
