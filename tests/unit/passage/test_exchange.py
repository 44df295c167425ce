"""`zoneproxy.passage.exchange`: one exchange's memory; a header said twice says nothing."""

from __future__ import annotations

import pytest

from tests.support.zone_world import CREDENTIAL, STREAMED_CHAT, Receipts, body, head, passage, pin
from zoneproxy.passage.events import AnswerHead, Recorded
from zoneproxy.passage.exchange import merged, sole
from zoneproxy.terms.facts import FactConflictError


def test_a_header_counts_only_if_it_stands_once() -> None:
    """Z22: of two values neither is believed, so that no two readers take a different one."""
    headers = (("host", "a"), ("accept", "x"), ("accept", "x"))
    assert sole(headers, "host") == "a"
    assert sole(headers, "accept") is None
    assert sole(headers, "via") is None


def test_the_dialect_is_unknown_until_the_endpoint_is_recognised() -> None:
    """A refusal before that is told in a form that any caller can read."""
    way = passage()
    assert way.exchange.dialect == "unknown"
    way.receive(head())
    assert way.exchange.dialect == "openai_chat"
    assert way.exchange.header("authorization") == f"Bearer {CREDENTIAL}"


def test_what_would_be_known_is_tried_without_being_written() -> None:
    """Z6: judging an answer that still runs leaves no fact behind, and an unknown one stays absent."""
    exchange = passage().exchange
    exchange.facts.set("egress.same_connection", value=True)
    tried = merged(exchange.facts, {"response.state": "ok", "response.consumer": None})
    assert tried == {"egress.same_connection": True, "response.state": "ok"}
    assert "response.state" not in exchange.facts


def test_two_exchanges_share_no_memory() -> None:
    """Z7: nothing that one exchange learns is known to another."""
    one, other = passage().exchange, passage().exchange
    one.private["detail"] = "x"
    one.facts.set("origin.class", "overseas")
    one.answer_digest.update(b"x")
    assert not other.private
    assert not other.facts
    assert one.answer_digest.digest() != other.answer_digest.digest()


def test_an_exchange_does_not_change_its_mind_about_a_fact() -> None:
    """Z1: an origin that was concluded can't be overwritten; the second value is a fault."""
    way = passage()
    way.receive(head())
    with pytest.raises(FactConflictError):
        way.exchange.facts.set("origin.class", "domestic")


def test_a_long_answer_holds_nothing_of_its_request() -> None:
    """Z22: a thousand idle streams cost no thousand prompts; what bounds the answer is still known."""
    way = passage()
    way.receive(head())
    way.receive(body(STREAMED_CHAT))
    way.receive(Recorded(Receipts().next()))
    reading = way.exchange.reading
    assert reading is not None
    assert (reading.segments, reading.files, reading.body) == ((), (), STREAMED_CHAT)
    way.receive(AnswerHead(200, (("content-type", "text/event-stream"),), pin()))
    begun = way.exchange.reading
    assert begun is not None
    assert begun.body == b""
    assert (begun.model, begun.text_bytes, begun.usage_injected) == (
        reading.model, reading.text_bytes, reading.usage_injected,
    )  # fmt: skip
    assert begun.text_bytes > 0


@pytest.mark.parametrize("opens_session", [False, True])
def test_a_head_is_forgotten_once_the_answer_has_begun(*, opens_session: bool) -> None:
    """An answer may take an hour; only the messages of a session are judged by the head that opened it."""
    exchange = passage().exchange
    exchange.headers = (("host", "a"),)
    exchange.handshake = object() if opens_session else None
    exchange.let_go_of_body()
    assert exchange.headers == ((("host", "a"),) if opens_session else ())
