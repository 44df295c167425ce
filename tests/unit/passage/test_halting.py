"""`zoneproxy.passage.halting`: stops before, during and after; what is beyond a limit."""

from __future__ import annotations

import json

import pytest

from tests.support.zone_world import CHAT, CREDENTIAL, STREAMED_CHAT, Receipts, body, head, passage, pin
from zoneproxy.origin.tenants import digest_of
from zoneproxy.passage import halting
from zoneproxy.passage.commands import Command, Cut, Deliver, Refuse, Write
from zoneproxy.passage.events import (
    AnswerBody,
    AnswerChunk,
    AnswerHead,
    Limited,
    Recorded,
    StopsChanged,
)
from zoneproxy.passage.halting import stop_of, traits_of
from zoneproxy.passage.judge import judge
from zoneproxy.passage.machine import Passage
from zoneproxy.passage.state import State
from zoneproxy.route.stops import EVERYTHING, NOTHING, Scope, Stops
from zoneproxy.terms.phase import Phase

STOP = StopsChanged(Stops.of([(Scope.TENANT, "toyco-sg")]))
MODEL = StopsChanged(Stops.of([(Scope.MODEL, "zone-llm-01")]))
OTHER = StopsChanged(Stops.of([(Scope.TENANT, "toyco-my")]))
SSE = (("content-type", "text/event-stream"),)
JSON = (("content-type", "application/json"),)
EVENT = b'data: {"choices": [{"index": 0, "delta": {"content": "hello "}}]}\n\n'


def at(state: State, data: bytes = STREAMED_CHAT) -> tuple[Passage, Receipts]:
    """An exchange that has come to a state."""
    walked, receipts = passage(), Receipts()
    if state is State.OPEN:
        return walked, receipts
    walked.receive(head())
    if state is State.READING:
        return walked, receipts
    walked.receive(body(data))
    if state is State.ADMITTING:
        return walked, receipts
    walked.receive(Recorded(receipts.next()))
    if state is State.ANSWERING:
        walked.receive(AnswerHead(200, SSE, pin()))
        walked.receive(AnswerChunk(EVENT * 30))
    elif state is State.BUFFERING:
        walked.receive(AnswerHead(200, JSON, pin()))
    assert walked.state is state
    return walked, receipts


def only(commands: list[Command]) -> Command:
    (command,) = commands
    return command


def test_what_an_exchange_is_known_by() -> None:
    """Its routes, its tenant, its credential's id and the model by each of its names."""
    walked, _ = at(State.ADMITTING)
    traits = traits_of(walked.exchange)
    assert traits.routes == {"cable-sg-1"}
    assert traits.tenant == "toyco-sg"
    assert traits.credential == digest_of(CREDENTIAL).hex()[:16]
    assert traits.models == {"zone-llm-01"}


@pytest.mark.parametrize("state", [State.INSIDE, State.ANSWERING, State.BUFFERING])
@pytest.mark.parametrize("stop", [STOP, MODEL, StopsChanged(EVERYTHING)])
def test_what_is_under_way_ends_with_its_own_record(state: State, stop: StopsChanged) -> None:
    """Z21: recorded first as `halted`, by the law, then told; not a byte more."""
    walked, receipts = at(state, STREAMED_CHAT if state is State.ANSWERING else CHAT)
    write = only(walked.receive(stop))
    assert isinstance(write, Write)
    assert (write.body["end"], write.body["by"], write.body["verdict"]) == ("halted", "law", "deny")
    assert walked.receive(AnswerChunk(EVENT)) == []
    told = only(walked.receive(Recorded(receipts.next())))
    assert isinstance(told, Cut if state is State.ANSWERING else Refuse)
    assert walked.final


def test_the_end_is_derived_again_from_its_record() -> None:
    """Z15: the recorded facts alone lead a regulator to the same answer."""
    walked, _ = at(State.ANSWERING)
    write = only(walked.receive(STOP))
    assert isinstance(write, Write)
    facts = {**dict(walked.exchange.facts)}
    assert write.body["facts"]["control.halt"] == "tenant"
    assert judge(walked.exchange.rules.policies, Phase.RETURN, facts).reason == write.body["reason"]


@pytest.mark.parametrize("state", [State.OPEN, State.READING, State.ADMITTING])
def test_a_stop_before_the_server_is_asked_forwards_nothing(state: State) -> None:
    """Z21: the newest stops judge, however early they came."""
    walked, receipts = at(state)
    assert walked.receive(STOP) == []
    commands: list[Command] = []
    if state is State.OPEN:
        commands = walked.receive(head())
    elif state is State.READING:
        commands = walked.receive(body(STREAMED_CHAT))
    else:
        commands = walked.receive(Recorded(receipts.next()))
    write = only(commands)
    assert isinstance(write, Write)
    assert write.body["reason"] == "control-tenant-stopped"
    told = only(walked.receive(Recorded(receipts.next())))
    assert isinstance(told, Refuse)
    assert told.status == 403


def test_a_model_is_stopped_as_soon_as_it_is_named() -> None:
    """A head says nothing of a model; the body does."""
    walked, receipts = at(State.READING)
    assert walked.receive(MODEL) == []
    write = only(walked.receive(body(CHAT)))
    assert isinstance(write, Write)
    assert write.body["facts"]["control.stop"] == "model"
    told = only(walked.receive(Recorded(receipts.next())))
    assert isinstance(told, Refuse)
    assert json.loads(told.body)["error"]["code"] == "control-model-stopped"


@pytest.mark.parametrize("state", [State.INSIDE, State.ANSWERING, State.BUFFERING])
def test_other_peoples_stops_cut_nobody(state: State) -> None:
    """A stop of somebody else, and the lifting of one, change nothing here."""
    walked, _ = at(state, STREAMED_CHAT if state is State.ANSWERING else CHAT)
    assert walked.receive(OTHER) == []
    assert walked.receive(StopsChanged(NOTHING)) == []
    assert walked.state is state
    if state is State.ANSWERING:
        assert isinstance(only(walked.receive(AnswerChunk(EVENT * 20))), Deliver)


def test_an_end_that_is_being_recorded_is_left_to_it() -> None:
    """What was judged whole before the stop came is delivered by its own record."""
    walked, receipts = at(State.BUFFERING, CHAT)
    walked.receive(AnswerBody(b'{"choices": []}', pin()))
    assert walked.receive(STOP) == []
    states = [walked.state]
    walked.receive(Recorded(receipts.next()))
    assert [*states, walked.state] == [State.SEALING, State.DELIVERED]


def test_a_stop_that_the_law_would_let_pass_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """Z22: if law and stops ever disagree, nothing passes."""
    walked, _ = at(State.ANSWERING)
    calls = iter(["tenant", "none"])
    monkeypatch.setattr(halting, "stop_of", lambda _exchange: next(calls))
    write = only(walked.receive(STOP))
    assert isinstance(write, Write)
    assert write.body["verdict"] == "deny"


def test_a_limit_is_recorded_and_says_when_to_come_back() -> None:
    """A tenant's limit is 429 with `retry-after`; replay derives it from the fact."""
    walked, receipts = at(State.READING)
    write = only(walked.receive(Limited("tenant_requests", 7)))
    assert isinstance(write, Write)
    assert (write.body["facts"]["control.limit"], write.body["by"]) == ("tenant_requests", "law")
    told = only(walked.receive(Recorded(receipts.next())))
    assert isinstance(told, Refuse)
    assert told.status == 429
    assert {("retry-after", "7"), ("x-should-retry", "true")} <= set(told.headers)
    assert judge(walked.exchange.rules.policies, Phase.COLLECT, walked.exchange.facts).reason == (
        "limit-tenant-requests"
    )


def test_a_stop_wins_over_a_limit() -> None:
    """Who is stopped is not told to come back."""
    walked, _ = at(State.OPEN)
    walked.receive(STOP)
    walked.receive(head())
    assert walked.exchange.refusal == "control-tenant-stopped"
    assert stop_of(walked.exchange) == "tenant"
