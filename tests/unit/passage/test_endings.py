"""`zoneproxy.passage.endings`: a bad end is recorded first, then told, cut or severed."""

from __future__ import annotations

import json

import pytest

from tests.support.zone_world import CHAT, STREAMED_CHAT, Receipts, body, head, passage, pin
from zoneproxy.passage import endings
from zoneproxy.passage.commands import Command, Cut, Refuse, Sever, Write
from zoneproxy.passage.events import (
    AnswerBody,
    AnswerChunk,
    AnswerEnd,
    AnswerHead,
    ClientGone,
    Event,
    Fault,
    Recorded,
    RecordFailed,
    Stopping,
    UpstreamFailed,
)
from zoneproxy.passage.machine import Passage
from zoneproxy.passage.state import State

RECORDED = Recorded(Receipts().next())
EVENT = b'data: {"choices": [{"index": 0, "delta": {"content": "hello "}}]}\n\n'
DONE = b'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
STREAMING: tuple[Event, ...] = (
    head(),
    body(STREAMED_CHAT),
    RECORDED,
    AnswerHead(200, (("content-type", "text/event-stream"),), pin()),
)


def walk(*events: Event) -> tuple[Passage, list[Command]]:
    """Feed the events; return the way and what the last one led to."""
    way, orders = passage(), list[Command]()
    for event in events:
        orders = way.receive(event)
    return way, orders


def only(orders: list[Command]) -> Write:
    """The record that stands alone among the orders."""
    (order,) = orders
    assert isinstance(order, Write)
    return order


@pytest.mark.parametrize("event", [ClientGone(), Stopping()], ids=lambda event: type(event).__name__)
def test_what_ends_before_it_was_decided_leaves_no_record(event: Event) -> None:
    """Z13: nothing has passed and nothing was decided, so both sides are closed and that is all."""
    assert walk(event)[1] == [Sever()]
    assert walk(head(), event)[1] == [Sever()]


@pytest.mark.parametrize("before", [(), (head(),), (head(), body())], ids=["open", "reading", "admitting"])
def test_a_fault_before_the_zone_is_recorded_as_a_denial_without_facts(before: tuple[Event, ...]) -> None:
    """Z22: what a failed step left half made is not written down; the caller is refused."""
    way, orders = walk(*before, Fault("content", "RecursionError: too deep"))
    record = only(orders)
    assert (record.body["verdict"], record.body["by"]) == ("deny", "fault")
    assert (record.body["facts"], record.body["findings"]) == ({}, [])
    assert record.private == {"detail": "content: RecursionError: too deep"}
    (told,) = way.receive(RECORDED)
    assert isinstance(told, Refuse)
    assert told.status == 500
    assert b"RecursionError" not in told.body


def test_a_faults_detail_is_bounded() -> None:
    """Z13: no exception's text can make a record impossible."""
    _, orders = walk(Fault("content", "x" * 10_000))
    assert len(only(orders).private["detail"]) == 512


@pytest.mark.parametrize(
    ("event", "reason", "end"),
    [
        (ClientGone(), "client-gone", "client_gone"),
        (Stopping(), "upstream-failed", "stopped"),
        (UpstreamFailed("upstream-truncated", "reset"), "upstream-truncated", "upstream_failed"),
        (Fault("hook", "x"), "internal-error", "fault"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Event) else None,
)
def test_an_admitted_exchange_that_breaks_off_is_recorded(event: Event, reason: str, end: str) -> None:
    """Z13: each admission has its return, which says how it ended; it never allows."""
    for before in ((head(), body(), RECORDED), STREAMING):
        way, orders = walk(*before, event)
        record = only(orders)
        assert way.state is State.CLOSING
        assert (record.kind, record.body["verdict"], record.body["by"]) == ("return", "deny", "fault")
        assert (record.body["reason"], record.body["end"]) == (reason, end)


def test_a_broken_stream_is_cut_loudly_and_a_broken_answer_is_refused() -> None:
    """Z11: an SDK never takes an answer that broke off for a whole one."""
    way, _ = walk(*STREAMING, AnswerChunk(EVENT), UpstreamFailed("upstream-truncated"))
    (cut,) = way.receive(RECORDED)
    assert isinstance(cut, Cut)
    assert b"upstream-truncated" in cut.data
    way, _ = walk(head(), body(), RECORDED, UpstreamFailed())
    (told,) = way.receive(RECORDED)
    assert isinstance(told, Refuse)
    assert told.status == 502


def test_a_caller_that_left_is_told_nothing() -> None:
    """Z13: the record is written all the same; then both sides are closed."""
    way, _ = walk(head(), body(), RECORDED, ClientGone())
    assert way.receive(RECORDED) == [Sever()]


def test_a_caller_that_left_stays_gone_through_a_later_fault() -> None:
    """A fault after the caller has left does not bring it back."""
    way, orders = walk(*STREAMING, AnswerChunk(DONE), AnswerEnd(pin()), ClientGone(), Fault("record"))
    assert only(orders).body["end"] == "fault"
    assert way.receive(RECORDED) == [Sever()]


def test_a_held_end_that_never_left_is_not_counted_as_delivered() -> None:
    """Z18: a record that could not be written takes the bytes that it would have let go with it."""
    json_head = AnswerHead(200, (("content-type", "application/json"),), pin())
    way, orders = walk(head(), body(), RECORDED, json_head, AnswerBody(b'{"choices": []}', pin()))
    sealed = only(orders)
    assert sealed.body["bytes"] == {"answer": 15, "delivered": 15}
    assert only(way.receive(Fault("record", "refused"))).body["bytes"] == {"answer": 15, "delivered": 0}


def test_a_denial_that_can_not_be_recorded_is_told_as_that() -> None:
    """Z13, Z22: where the log takes no record the caller learns that nothing passes, and names none."""
    mixed = body(CHAT.replace(b"hello", b"110101199003074610"))
    for before in ((head(), body()), (head(), mixed), (head(headers=()),)):
        _, (told,) = walk(*before, RecordFailed())
        assert isinstance(told, Refuse)
        assert told.status == 503
        assert json.loads(told.body)["error"]["trace"] is None


def test_an_end_that_can_not_be_recorded_lets_nothing_more_go() -> None:
    """Z13: no last byte, no cut event: both sides are closed."""
    for before in (STREAMING, (head(), body(), RECORDED)):
        way, _ = walk(*before, UpstreamFailed())
        assert way.receive(RecordFailed()) == [Sever()]


def test_a_fault_while_a_denial_is_recorded_severs() -> None:
    """Z22: where even the denial fails there is nothing left to tell."""
    assert walk(head(headers=()), Fault("record"))[1] == [Sever()]


def test_a_record_that_nobody_waits_for_is_a_bug_and_is_said_to_be_one() -> None:
    """Z13: an acknowledgement is never taken for another record's."""
    with pytest.raises(TypeError):
        endings.otherwise(State.CLOSING, passage().exchange, RECORDED)
