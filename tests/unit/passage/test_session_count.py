"""`zoneproxy.passage.session_count`: what a session asks for is asked of the turnstile first."""

from __future__ import annotations

import pytest

from tests.support.realtime_world import CREATE, World, broken, handshake, said
from zoneproxy.meter.turnstile import Allowance, Turnstile
from zoneproxy.passage.events import Limited
from zoneproxy.passage.machine import Passage
from zoneproxy.passage.session_count import SessionCount


def turn() -> Passage:
    passage = World().begin()
    passage.receive(handshake())
    return passage


def test_what_asks_for_an_answer_counts_as_a_request_until_its_end() -> None:
    """Z18: concurrency and rate hold for answers; the bytes that came back are spent at the end, once."""
    gate = Turnstile(Allowance(), Allowance(concurrent=1, bytes_per_second=100, byte_burst=100), {})
    count, first, second = SessionCount(gate), turn(), turn()
    assert count.enter(first, CREATE, 10) is None
    assert count.enter(second, CREATE, 10) == Limited("tenant_concurrency", 1)
    first.exchange.answer_bytes = 1000
    count.leave(first, 1000)
    count.leave(first, 1000)
    assert gate.under_way("toyco-sg") == 0
    assert isinstance(count.enter(second, CREATE, 10), Limited)


@pytest.mark.parametrize("event", [said("session.update", session={}), broken("unreadable")])
def test_other_messages_count_by_their_bytes(event: object) -> None:
    """Z18: sound in many small messages is no flood of requests; its bytes are bounded."""
    gate = Turnstile(Allowance(), Allowance(requests_per_minute=1, bytes_per_second=100, byte_burst=100), {})
    count = SessionCount(gate)
    assert [count.enter(turn(), event, 40) for _ in range(2)] == [None, None]  # type: ignore[arg-type]
    assert count.enter(turn(), event, 40) == Limited("tenant_bytes", 1)  # type: ignore[arg-type]
    assert gate.under_way() == 0
