"""`zoneproxy.passage.head_text`: what stands in a head is looked into like what stands in a body."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.zone_world import CHAT, Receipts, body, head, passage, pin, rules
from zoneproxy.passage.commands import BufferAnswer, Release, StreamAnswer, Write
from zoneproxy.passage.events import AnswerBody, AnswerHead, HeadArrived, Headers, Recorded
from zoneproxy.passage.head_text import read_answer_head, scan_head
from zoneproxy.passage.machine import Passage

IDENTIFIER = "11010519491231002X"


def judged(way: Passage, event: HeadArrived) -> str:
    """The verdict of the record that the request gets."""
    way.receive(event)
    (order,) = way.receive(body())
    assert isinstance(order, Write)
    return str(order.body["verdict"])


def with_header(name: str, value: str) -> HeadArrived:
    plain = head()
    return replace(plain, headers=(*plain.headers, (name, value)))


@pytest.mark.parametrize(
    "event",
    [
        replace(head(), query=f"note={IDENTIFIER}"),
        replace(head(), query="note=" + "".join(f"%{ord(char):02x}" for char in IDENTIFIER)),
        with_header("user-agent", f"agent {IDENTIFIER}"),
        with_header("accept", IDENTIFIER),
        with_header("user-agent", "x" * 300 + f" {IDENTIFIER}"),
    ],
    ids=["query", "escaped query", "user agent", "accept", "long user agent"],
)
def test_an_identifier_in_a_head_is_refused(event: HeadArrived) -> None:
    """Z11: domestic personal information does not cross beside the body."""
    assert judged(passage(), event) == "deny"


@pytest.mark.parametrize(
    "event",
    [head(), replace(head(), query="beta=true"), with_header("user-agent", "OpenAI/Python 3.4.1")],
)
def test_an_ordinary_head_passes(event: HeadArrived) -> None:
    """What every SDK sends is nothing."""
    assert judged(passage(), event) == "allow"


def test_what_stays_outside_is_not_looked_into() -> None:
    """A credential is never read for what it looks like: it goes no further."""
    way = passage()
    way.receive(with_header("x-internal", IDENTIFIER))
    assert scan_head(way.exchange) == ()


def test_an_outward_head_is_looked_into() -> None:
    """Z5, Z11: a workload's own call carries nothing out in its target or in its headers."""
    way = passage("zone-out-1", "127.0.30.10")
    headers = (("host", "tools.example"), ("cookie", f"id={IDENTIFIER}"))
    way.receive(head(method="GET", path="/search", query="", target_host="tools.example", headers=headers))
    assert [finding.kind for finding in scan_head(way.exchange)] != []


def answered(fields: Headers, *, streamed: bool) -> list[object]:
    """What is ordered for an answer with these header fields, to its end or its refusal."""
    way, receipts = passage(), Receipts()
    way.receive(head())
    way.receive(body(CHAT.replace(b"{", b'{"stream": true, ', 1) if streamed else CHAT))
    way.receive(Recorded(receipts.next()))
    orders: list[object] = list(way.receive(AnswerHead(200, fields, pin())))
    if isinstance(orders[0], BufferAnswer):
        orders = list(way.receive(AnswerBody(b'{"object": "chat.completion", "choices": []}', pin())))
    if isinstance(orders[0], Write):
        orders += way.receive(Recorded(receipts.next()))
    return orders


KINDS = {False: "application/json", True: "text/event-stream"}


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("name", ["x-request-id", "content-disposition", "cache-control", "content-type"])
def test_nothing_is_carried_out_in_an_answers_head(name: str, *, streamed: bool) -> None:
    """Z11: what the policy stops in an answer's body it stops in its head, before the first byte."""
    fields = {"content-type": KINDS[streamed]}
    fields[name] = f"{fields.get(name, 'a')}; a={IDENTIFIER}"
    record, told = answered(tuple(fields.items()), streamed=streamed)
    assert isinstance(record, Write)
    assert (record.body["verdict"], record.body["reason"]) == ("deny", "policy-domestic-data-mixed")
    assert IDENTIFIER not in repr(told)


@pytest.mark.parametrize("streamed", [False, True])
def test_an_ordinary_answers_head_goes_out(*, streamed: bool) -> None:
    """What the API defines reaches the caller; what a server adds of its own does not."""
    fields = (("content-type", KINDS[streamed]), ("x-request-id", "req_1"), ("x-weights", "AAAA"))
    order = answered(fields, streamed=streamed)[-1]
    assert isinstance(order, StreamAnswer | Release)
    assert [name for name, _ in order.headers if name.startswith("x-")] == ["x-request-id"]


def test_an_answers_head_is_no_way_out_for_bulk() -> None:
    """Z9: headers are not weighed, so what is long or stands twice stays behind."""
    settings = rules().scan
    assert read_answer_head((("request-id", "a" * 256),), settings)[0] == (("request-id", "a" * 256),)
    assert read_answer_head((("request-id", "a" * 257),), settings) == ((), ())
    assert read_answer_head((("request-id", "a"), ("request-id", "b")), settings) == ((), ())


def test_what_was_found_in_an_answers_head_stays_behind_even_if_it_may_go_masked() -> None:
    """Z11: in a head nothing can be masked, so a field with a finding is never delivered."""
    kept, found = read_answer_head(
        (("x-request-id", IDENTIFIER), ("content-type", "text/plain")), rules().scan
    )
    assert kept == (("content-type", "text/plain"),)
    assert [finding.kind for finding in found] != []
