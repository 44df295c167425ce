"""`zoneproxy.passage.egress`: an answer that outweighs what is billed for it does not leave."""

from __future__ import annotations

import hashlib
import json

import pytest

from tests.support.zone_world import CHAT, STREAMED_CHAT, Receipts, body, head, passage, pin
from zoneproxy.content.dialects import recognise
from zoneproxy.content.request import RequestLimits, read_request
from zoneproxy.meter.egress import EgressBudget, EgressLedger
from zoneproxy.passage.commands import Command, Cut, Deliver, Refuse, Release, Write
from zoneproxy.passage.egress import _asked, egress_facts
from zoneproxy.passage.events import AnswerBody, AnswerChunk, AnswerEnd, AnswerHead, Recorded
from zoneproxy.passage.law import return_rail
from zoneproxy.passage.machine import Passage
from zoneproxy.terms.facts import FactValue

RECORDED = Recorded(Receipts().next())
JSON = (("content-type", "application/json"),)
SSE = (("content-type", "text/event-stream"),)
BUDGET = EgressBudget(
    bytes_per_token=8, tokens_per_event=4, envelope_bytes=300, allowance_bytes=100, unbilled_bytes=200,
    window_bytes=120,
)  # fmt: skip


def inside(ledger: EgressLedger, *, streamed: bool = False, asked: bytes = CHAT) -> Passage:
    way = passage()
    way.exchange.ledger = ledger
    for event in (head(), body(STREAMED_CHAT if streamed else asked), RECORDED):
        way.receive(event)
    way.receive(AnswerHead(200, SSE if streamed else JSON, pin()))
    return way


def answer(text: str, completion: int) -> bytes:
    return json.dumps(
        {
            "choices": [{"message": {"content": text}}],
            "usage": {"prompt_tokens": 3, "completion_tokens": completion},
        }
    ).encode()


def event(text: str, **more: object) -> bytes:
    return (
        b"data: "
        + json.dumps({"choices": [{"index": 0, "delta": {"content": text}}]} | more).encode()
        + b"\n\n"
    )


def varied(number: int) -> str:
    """Text that no event before had, and that is no identifier."""
    digest = hashlib.blake2b(str(number).encode()).hexdigest()
    return digest.translate(str.maketrans("0123456789", "ghijkmnpqr"))


def record(orders: list[Command]) -> Write:
    (order,) = orders
    assert isinstance(order, Write)
    return order


def test_a_whole_answer_beyond_its_tokens_is_withheld() -> None:
    """Z9: ten tokens do not account for 4 KB; nothing of it leaves, and the record has the figures."""
    way = inside(EgressLedger(BUDGET))
    made = record(way.receive(AnswerBody(answer("qwxz " * 800, 10), pin())))
    assert (made.body["reason"], made.body["end"]) == ("egress-exchange", "withheld")
    facts = made.body["facts"]
    assert facts["egress.ceiling"] == 300 + 80 + 100
    assert facts["egress.bytes"] > 4000
    (refusal,) = way.receive(RECORDED)
    assert isinstance(refusal, Refuse)
    assert (refusal.status, b"egress-exchange" in refusal.body) == (403, True)


def test_an_ordinary_answer_leaves_and_uses_nothing_of_the_window() -> None:
    """An answer that its tokens account for charges nobody."""
    ledger = EgressLedger(BUDGET)
    way = inside(ledger)
    made = record(way.receive(AnswerBody(answer("hello there", 3), pin())))
    assert made.body["verdict"] == "allow"
    assert "egress.tenant_bytes" not in made.body["facts"]
    (release,) = way.receive(RECORDED)
    assert isinstance(release, Release)
    assert ledger.used("toyco-sg", 0) == 0


def test_a_stream_is_cut_before_the_byte_that_is_too_many() -> None:
    """Z9: the event that would exceed the budget is not delivered; what was before it is within."""
    way = inside(EgressLedger(BUDGET), streamed=True)
    sent = 0
    for number in range(100):
        (order,) = way.receive(AnswerChunk(event(varied(number)[:63])))
        if isinstance(order, Write):
            break
        assert isinstance(order, Deliver)
        sent += 63
    else:
        pytest.fail("it was never cut")
    assert (order.body["reason"], order.body["end"]) == ("egress-exchange", "cut")
    facts = order.body["facts"]
    assert facts["egress.bytes"] > facts["egress.ceiling"] >= sent
    (cut,) = way.receive(RECORDED)
    assert isinstance(cut, Cut)
    assert b"egress-exchange" in cut.data


def test_what_is_hidden_beside_the_text_counts() -> None:
    """Z9: bytes in an id that changes from event to event leave no more than text would."""
    way = inside(EgressLedger(BUDGET), streamed=True)
    for number in range(100):
        (order,) = way.receive(AnswerChunk(event("a", id=varied(number))))
        if isinstance(order, Write):
            break
    assert isinstance(order, Write)
    assert order.body["reason"] == "egress-exchange"


def test_a_stream_that_bills_too_little_does_not_end_well() -> None:
    """Z9, Z18: at the end the billed tokens count, and the terminal marker stays in."""
    way = inside(EgressLedger(BUDGET), streamed=True)
    for number in range(30):
        way.receive(AnswerChunk(event(varied(number)[:17])))
        way.receive(AnswerChunk(event(varied(number)[20:40])))
    usage = {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 1}}
    end = b'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\n'
    way.receive(AnswerChunk(end + b"data: " + json.dumps(usage).encode() + b"\n\ndata: [DONE]\n\n"))
    made = record(way.receive(AnswerEnd(pin())))
    assert (made.body["reason"], made.body["end"]) == ("egress-exchange", "cut")


def test_a_tenant_fills_its_window_over_many_answers() -> None:
    """Z9: each answer is within its own bound, together they are not."""
    ledger = EgressLedger(BUDGET)
    reasons = []
    for _ in range(4):
        way = inside(ledger)
        size = 350 + 8 * 2
        text = "x" * (size - len(answer("", 2)))
        made = record(way.receive(AnswerBody(answer(text, 2), pin())))
        reasons.append(made.body["reason"])
    assert reasons == ["", "", "egress-tenant", "egress-tenant"]
    facts = made.body["facts"]
    assert (facts["egress.tenant_bytes"], facts["egress.tenant_ceiling"]) == (150, 120)


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({}, ""),
        ({"egress.bytes": 5, "egress.ceiling": 5}, ""),
        ({"egress.bytes": 6, "egress.ceiling": 5}, "egress-exchange"),
        ({"egress.bytes": 6}, "egress-exchange"),
        ({"egress.tenant_bytes": 6, "egress.tenant_ceiling": 5}, "egress-tenant"),
    ],
)
def test_the_rail_is_a_function_of_the_figures(facts: dict[str, int], reason: str) -> None:
    """Z15: replay derives it from the record; an amount without its ceiling is a denial."""
    rest: dict[str, FactValue] = {
        "trace.writable": True, "egress.same_connection": True, "egress.route": "r", "ingress.route": "r",
        "response.state": "ok", "response.binding": "none",
    }  # fmt: skip
    assert return_rail({**rest, **dict[str, FactValue](facts)}) == reason


def test_what_was_asked_for_widens_the_budget() -> None:
    """Log-probabilities, speech and echoes are read from the request."""
    endpoint = recognise("POST", "/v1/chat/completions")
    assert endpoint is not None
    wide = json.loads(CHAT) | {"logprobs": True, "top_logprobs": 3, "modalities": ["audio"], "max_tokens": 9}
    reading = read_request(endpoint, "application/json", None, json.dumps(wide).encode(), RequestLimits())
    asked = _asked(endpoint, reading, "m")
    assert (asked.alternatives, asked.speech, asked.max_tokens, asked.billed) == (4, True, 9, True)
    listing = recognise("GET", "/v1/models")
    assert listing is not None
    assert not _asked(listing, None, "").billed


def test_without_a_ledger_nothing_is_weighed() -> None:
    """No figures stand in the record where nobody took them."""
    way = passage()
    assert egress_facts(way.exchange) == {}
