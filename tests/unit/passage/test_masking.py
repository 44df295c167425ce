"""`zoneproxy.passage.masking`: what is ordered to be masked is masked, or the flow is refused."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.support.masking_policy import masking
from tests.support.zone_world import CHAT, STREAMED_CHAT, Receipts, body, head, passage, pilot, pin
from zoneproxy.passage.commands import Command, Cut, Deliver, Finish, Forward, Refuse, Release, Write
from zoneproxy.passage.events import AnswerBody, AnswerChunk, AnswerEnd, AnswerHead, Event, Recorded
from zoneproxy.passage.machine import Passage
from zoneproxy.passage.masking import mask_answer, mask_request, ordered
from zoneproxy.replay.rewalk import Recorded as Entry
from zoneproxy.replay.rewalk import Rewalk, Walk
from zoneproxy.terms.decision import Decision
from zoneproxy.terms.phase import Phase

RECORDED = Recorded(Receipts().next())
RESIDENT_ID = "110101199003074610"
JSON = (("content-type", "application/json"),)
SSE = (("content-type", "text/event-stream"),)
TOKEN = "[masked:cn_resident_id]"
DONE = b'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'


def begin() -> Passage:
    way = passage()
    way.exchange.rules = replace(way.exchange.rules, policies=masking())
    return way


def played(way: Passage, *events: Event) -> list[list[Command]]:
    return [way.receive(event) for event in events]


def record(orders: list[Command]) -> Write:
    (order,) = orders
    assert isinstance(order, Write)
    return order


def event(text: str) -> bytes:
    return b"data: " + json.dumps({"choices": [{"index": 0, "delta": {"content": text}}]}).encode() + b"\n\n"


def agree(*written: Write) -> bool:
    """Walk these records again; tell whether all of them agree."""
    policies = {policy.digest: policy for policy in masking()}
    entries = []
    for index, one in enumerate(written):
        given = json.loads(json.dumps(one.body))
        private = json.loads(json.dumps(dict(one.private)))
        entries.append(Entry(index, one.kind, given, private))
    return all(step.walk is Walk.AGREES for step in Rewalk(policies.__getitem__).walk(entries))


def test_a_request_goes_on_without_what_was_found() -> None:
    """Z11, Z15: the identifier stays outside, the record says so, and replay derives it again."""
    way = begin()
    asked = CHAT.replace(b"hello", f"who is {RESIDENT_ID}?".encode())
    _, orders = played(way, head(), body(asked))
    made = record(orders)
    assert (made.body["verdict"], made.body["masked"]) == ("allow", {"cn_resident_id": 1})
    assert made.body["facts"]["data.mixing"] == "detected"
    (forward,) = way.receive(RECORDED)
    assert isinstance(forward, Forward)
    assert RESIDENT_ID.encode() not in forward.body
    assert json.loads(forward.body)["messages"][0]["content"] == f"who is {TOKEN}?"
    assert dict(forward.headers)["content-length"] == str(len(forward.body))
    assert agree(made)


def test_a_streamed_request_still_asks_for_usage() -> None:
    """Z18: masking takes nothing from what the boundary adds itself."""
    way = begin()
    played(way, head(), body(STREAMED_CHAT.replace(b"hello", RESIDENT_ID.encode())))
    (forward,) = way.receive(RECORDED)
    assert isinstance(forward, Forward)
    assert json.loads(forward.body)["stream_options"] == {"include_usage": True}
    assert TOKEN.encode() in forward.body


@pytest.mark.parametrize(
    "asked",
    [
        CHAT[:-1] + f', "{RESIDENT_ID}": 1}}'.encode(),
        CHAT[:-1] + f', "seed": {RESIDENT_ID}}}'.encode(),
        CHAT.replace(
            b'"hello"', b'[{"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}]'
        ),
    ],
    ids=["key", "number", "image"],
)
def test_what_cannot_be_masked_is_refused(asked: bytes) -> None:
    """Z11, Z22: keys, numbers and pictures have no masked form; the denial is the policy's or the law's."""
    way = begin()
    _, orders = played(way, head(), body(asked))
    made = record(orders)
    assert made.body["verdict"] == "deny"
    assert made.body["facts"]["data.maskable"] is False
    assert "masked" not in made.body
    assert agree(made)


def test_what_stands_in_the_head_is_refused() -> None:
    """A query goes on as it came: nothing in it is masked."""
    way = begin()
    _, orders = played(way, head(query=f"id={RESIDENT_ID}"), body())
    assert record(orders).body["verdict"] == "deny"


def inside(*, streamed: bool = False) -> tuple[Passage, Write]:
    way = begin()
    _, orders, _ = played(way, head(), body(STREAMED_CHAT if streamed else CHAT), RECORDED)
    return way, record(orders)


def test_a_whole_answer_is_masked() -> None:
    """Z11, Z15: nothing of the identifier leaves, and the record holds kinds and numbers only."""
    way, decision = inside()
    answer = {"choices": [{"message": {"content": f"it is {RESIDENT_ID}, {RESIDENT_ID}"}}]}
    _, orders = played(way, AnswerHead(200, JSON, pin()), AnswerBody(json.dumps(answer).encode(), pin()))
    made = record(orders)
    assert (made.body["verdict"], made.body["masked"]) == ("allow", {"cn_resident_id": 2})
    (release,) = way.receive(RECORDED)
    assert isinstance(release, Release)
    assert json.loads(release.body)["choices"][0]["message"]["content"] == f"it is {TOKEN}, {TOKEN}"
    assert dict(release.headers)["content-length"] == str(len(release.body))
    assert agree(decision, made)


@pytest.mark.parametrize("width", [1, 2, 7, 60])
def test_a_stream_is_masked_as_it_goes(width: int) -> None:
    """Z11, Z13: whatever the cuts, no digit of the identifier leaves, and the stream ends well."""
    way, decision = inside(streamed=True)
    text = f"sure: {RESIDENT_ID} and that is all"
    played(way, AnswerHead(200, SSE, pin()))
    out = b""
    for at in range(0, len(text), width):
        for order in way.receive(AnswerChunk(event(text[at : at + width]))):
            assert isinstance(order, Deliver)
            out += order.data
    for order in way.receive(AnswerChunk(DONE)):
        assert isinstance(order, Deliver)
        out += order.data
    made = record(way.receive(AnswerEnd(pin())))
    assert (made.body["verdict"], made.body["masked"]) == ("allow", {"cn_resident_id": 1})
    (finish,) = way.receive(RECORDED)
    assert isinstance(finish, Finish)
    shown = [
        json.loads(line[6:])
        for line in (out + finish.data).decode().splitlines()
        if line.startswith("data: {")
    ]
    said = "".join(choice["delta"].get("content", "") for one in shown for choice in one["choices"])
    assert said == f"sure: {TOKEN} and that is all"
    assert agree(decision, made)


def test_a_stream_with_what_cannot_be_masked_is_cut() -> None:
    """Z11, Z22: an identifier in an event's id is no growing text: the stream is cut."""
    way, decision = inside(streamed=True)
    played(way, AnswerHead(200, SSE, pin()))
    odd = (
        b'data: {"id": "%s", "choices": [{"index": 0, "delta": {"content": "a"}}]}\n\n' % RESIDENT_ID.encode()
    )
    made = record(way.receive(AnswerChunk(odd)))
    assert (made.body["verdict"], made.body["end"]) == ("deny", "cut")
    (cut,) = way.receive(RECORDED)
    assert isinstance(cut, Cut)
    assert RESIDENT_ID.encode() not in cut.data
    assert agree(decision, made)


def test_a_record_that_masked_nothing_is_found_out() -> None:
    """Z15: a record that says it let findings through masked, and masked nothing, differs."""
    way = begin()
    _, orders = played(way, head(), body(CHAT.replace(b"hello", RESIDENT_ID.encode())))
    made = record(orders)
    assert agree(made)
    assert not agree(
        replace(made, body={name: value for name, value in made.body.items() if name != "masked"})
    )


def test_where_no_rule_orders_it_nothing_changes() -> None:
    """Without the order there is no fact, and the pilot refuses as ever."""
    way = passage()
    _, orders = played(way, head(), body(CHAT.replace(b"hello", RESIDENT_ID.encode())))
    made = record(orders)
    assert made.body["verdict"] == "deny"
    assert "data.maskable" not in made.body["facts"]
    assert not ordered(way.exchange, Phase.RETURN)
    (refusal,) = way.receive(RECORDED)
    assert isinstance(refusal, Refuse)
    assert pilot()


def test_an_order_without_a_masked_form_is_a_fault() -> None:
    """Z22: a bug that loses the masked form stops the flow, never the check."""
    way = begin()
    _, orders = played(way, head(), body(CHAT.replace(b"hello", RESIDENT_ID.encode())))
    assert orders
    exchange = way.exchange
    exchange.masked = None
    decision: Decision = exchange.decisions[Phase.PROCESS]
    with pytest.raises(ValueError, match="was not"):
        mask_request(exchange, decision)
    exchange.answer_findings = exchange.findings
    with pytest.raises(ValueError, match="was not"):
        mask_answer(exchange, decision)
