"""`zoneproxy.passage.leg_return`: the answer goes out by its own door, whole and inspected, or not."""

from __future__ import annotations

import pytest

from tests.support.zone_world import STREAMED_CHAT, Receipts, body, head, passage, pin
from zoneproxy.passage.commands import (
    BufferAnswer,
    Command,
    Cut,
    Deliver,
    Finish,
    Refuse,
    Release,
    Sever,
    StreamAnswer,
    Write,
)
from zoneproxy.passage.events import (
    AnswerBody,
    AnswerChunk,
    AnswerEnd,
    AnswerHead,
    ClientGone,
    Event,
    Recorded,
    RecordFailed,
    Stopping,
)
from zoneproxy.passage.leg_return import on_body, on_chunk, on_end, on_head, on_sealed
from zoneproxy.passage.machine import Passage
from zoneproxy.passage.state import State

RECORDED = Recorded(Receipts().next())
RESIDENT_ID = b"110101199003074610"
EVENT = b'data: {"choices": [{"index": 0, "delta": {"content": "hello "}}]}\n\n'
WITH_ID = EVENT.replace(b"hello", b"no " + RESIDENT_ID + b" yes")
DONE = b'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
JSON = (("content-type", "application/json"),)
SSE = (("content-type", "text/event-stream"),)


def inside(*events: Event, streamed: bool = False) -> tuple[Passage, list[Command]]:
    """An admitted request's way, and what the last of these events led to."""
    way, orders = passage(), list[Command]()
    for event in (head(), body(STREAMED_CHAT) if streamed else body(), RECORDED, *events):
        orders = way.receive(event)
    return way, orders


def streaming(*events: Event) -> tuple[Passage, list[Command]]:
    """A streamed answer under way."""
    return inside(AnswerHead(200, SSE, pin()), *events, streamed=True)


def record(orders: list[Command]) -> Write:
    (order,) = orders
    assert isinstance(order, Write)
    return order


def withheld(orders: list[Command]) -> str:
    """Return why the answer stays in."""
    made = record(orders)
    assert (made.kind, made.body["verdict"]) == ("return", "deny")
    return str(made.body["reason"])


def test_a_whole_answer_is_held_until_its_return_is_durable() -> None:
    """Z6, Z13: buffered, judged, recorded, released, byte for byte."""
    way, orders = inside(AnswerHead(200, JSON, pin()))
    assert orders == [BufferAnswer()]
    made = record(way.receive(AnswerBody(b'{"choices": []}', pin())))
    assert (made.body["verdict"], made.body["end"]) == ("allow", "complete")
    assert made.body["route"] == {"in": "cable-sg-1", "out": "cable-sg-1", "same": True}
    (order,) = way.receive(RECORDED)
    assert isinstance(order, Release)
    assert order.body == b'{"choices": []}'
    assert dict(order.headers)["zone-trace"] == "zone.test/log#0"


def test_a_stream_flows_and_its_end_is_held() -> None:
    """Z6, Z13: text goes on as it comes; the last event leaves after the record, not before."""
    way, orders = streaming()
    (order,) = orders
    assert isinstance(order, StreamAnswer)
    assert way.receive(AnswerChunk(EVENT)) == [Deliver(EVENT)]
    delivered = way.receive(AnswerChunk(DONE))
    assert not any(b"[DONE]" in order.data for order in delivered if isinstance(order, Deliver))
    assert record(way.receive(AnswerEnd(pin()))).body["verdict"] == "allow"
    assert way.receive(RECORDED) == [Finish(b"data: [DONE]\n\n")]


def test_half_an_event_is_not_delivered() -> None:
    """Z11: what may still become an identifier waits for its rest."""
    way, orders = streaming(AnswerChunk(EVENT[:30]))
    assert orders == []
    assert way.receive(AnswerChunk(EVENT[30:])) == [Deliver(EVENT)]


@pytest.mark.parametrize("size", [1, 7, len(WITH_ID)])
def test_a_finding_in_a_stream_cuts_it_before_it_crosses(size: int) -> None:
    """Z11: an identifier that comes in pieces of any size never leaves, not even its beginning."""
    way, orders = streaming(AnswerChunk(EVENT))
    left = b""
    for at in range(0, len(WITH_ID), size):
        orders = way.receive(AnswerChunk(WITH_ID[at : at + size]))
        left += b"".join(order.data for order in orders if isinstance(order, Deliver))
        if way.state is not State.ANSWERING:
            break
    assert withheld(orders) == "policy-domestic-data-mixed"
    assert RESIDENT_ID[:6] not in left
    (cut,) = way.receive(RECORDED)
    assert isinstance(cut, Cut)
    assert RESIDENT_ID not in cut.data


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b'{"a": "' + RESIDENT_ID + b'"}', "policy-domestic-data-mixed"),
        (b"GGUF\x03\x00\x00\x00" + bytes(32), "return-weights"),
        (b"{", "return-unreadable"),
        (b'{"a": "' + b"x" * 1_000_001 + b'"}', "return-unreadable"),
    ],
    ids=["domestic data", "model file", "no JSON", "too large"],
)
def test_an_answer_that_may_not_leave_is_refused_instead(data: bytes, reason: str) -> None:
    """Z9, Z11, Z22: nothing of it leaves; the refusal comes after its record."""
    way, _ = inside(AnswerHead(200, JSON, pin()))
    assert withheld(way.receive(AnswerBody(data, pin()))) == reason
    (told,) = way.receive(RECORDED)
    assert isinstance(told, Refuse)
    assert RESIDENT_ID not in told.body


@pytest.mark.parametrize("now", [pin("cable-my-1"), pin(connection="c2"), pin("inland-1")])
def test_an_answer_never_leaves_by_another_way(now: object) -> None:
    """Z6: another route, another connection or an inland door: the answer is withheld."""
    assert type(now) is type(pin())
    way, _ = inside(AnswerHead(200, JSON, pin()))
    orders = way.receive(AnswerBody(b'{"choices": []}', now))
    assert withheld(orders) == "pin-changed"
    assert record(orders).body["route"]["same"] is False


def test_a_stream_is_not_begun_on_another_way_and_not_ended_on_one() -> None:
    """Z6: the door is judged before the first byte, and once more before the last."""
    _, orders = inside(AnswerHead(200, SSE, pin("cable-my-1")), streamed=True)
    assert withheld(orders) == "pin-changed"
    _, orders = streaming(AnswerChunk(EVENT + DONE), AnswerEnd(pin("cable-my-1")))
    assert withheld(orders) == "pin-changed"


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (103, JSON),
        (101, ()),
        (0, JSON),
        (200, (*JSON, ("content-encoding", "gzip"))),
        (200, (*JSON, *JSON)),
        (200, (*SSE, ("trailer", "x"))),
        (200, (*JSON, ("content-encoding", "identity"), ("content-encoding", "br"))),
    ],
)
def test_a_head_that_hides_its_body_is_an_answer_withheld(
    status: int, headers: tuple[tuple[str, str], ...]
) -> None:
    """Z22: interim and upgraded answers, codings, two types and trailers can't be inspected."""
    assert withheld(inside(AnswerHead(status, headers, pin()))[1]) == "return-unreadable"


def test_an_answer_with_trailers_is_withheld() -> None:
    """Z9: nothing leaves in a place that is not inspected."""
    way, _ = inside(AnswerHead(200, JSON, pin()))
    assert withheld(way.receive(AnswerBody(b"{}", pin(), trailers=True))) == "return-unreadable"
    _, orders = streaming(AnswerChunk(EVENT + DONE), AnswerEnd(pin(), trailers=True))
    assert withheld(orders) == "return-unreadable"


def test_a_stream_that_breaks_off_is_not_taken_for_a_whole_one() -> None:
    """Z22: without its last event an answer is truncated, and its caller is told so."""
    way, orders = streaming(AnswerChunk(EVENT), AnswerEnd(pin()))
    assert withheld(orders) == "upstream-truncated"
    assert isinstance(way.receive(RECORDED)[0], Cut)


def test_a_servers_headers_do_not_leave_but_those_that_the_api_defines() -> None:
    """Z9: a header is a way out, too."""
    headers = (*JSON, ("x-weights", "AAAA"), ("set-cookie", "a=b"), ("x-request-id", "r1"))
    way, _ = inside(AnswerHead(200, headers, pin()))
    way.receive(AnswerBody(b'{"choices": []}', pin()))
    (order,) = way.receive(RECORDED)
    assert isinstance(order, Release)
    assert {name for name, _ in order.headers} == {
        "content-type",
        "x-request-id",
        "zone-flow",
        "zone-trace",
        "content-length",
    }


def test_without_its_record_the_last_byte_stays() -> None:
    """Z13: where the log fails, or the caller has gone, an answer that was allowed does not leave."""
    for event, durable in ((RecordFailed(), None), (ClientGone(), RECORDED)):
        way, _ = inside(AnswerHead(200, JSON, pin()), AnswerBody(b'{"choices": []}', pin()))
        orders = way.receive(event)
        if durable is not None:
            assert orders == []
            orders = way.receive(durable)
        assert orders == [Sever()]


def test_tokens_are_counted_as_the_server_says() -> None:
    """Z18: the return's record bears the usage of the exchange."""
    answer = (
        b'{"choices": [{"message": {"content": "a b c d e"}, "finish_reason": "stop"}], "usage": '
        b'{"prompt_tokens": 3, "completion_tokens": 5}}'
    )
    _, orders = inside(AnswerHead(200, JSON, pin()), AnswerBody(answer, pin()))
    tokens = record(orders).body["tok"]
    assert (tokens["prompt"], tokens["completion"], tokens["source"]) == (3, 5, "upstream")


@pytest.mark.parametrize("handler", [on_head, on_chunk, on_end, on_body, on_sealed])
def test_another_event_is_a_bug(handler: object) -> None:
    """Z22: a handler that is fed the wrong event raises, and the fault withholds the answer."""
    assert callable(handler)
    with pytest.raises(TypeError):
        handler(passage().exchange, Stopping())
