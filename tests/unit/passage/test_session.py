"""`zoneproxy.passage.session`: whose turn it is, and what ends with what."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.support.realtime_world import (
    CREATE,
    World,
    broken,
    created,
    delta,
    done,
    said,
    session_rules,
    told,
)
from zoneproxy.meter.turnstile import Allowance, Turnstile
from zoneproxy.passage.commands import Bind, Command, LookUp, Sever, Write
from zoneproxy.passage.events import (
    Bound,
    ClientGone,
    Event,
    Fault,
    LookedUp,
    Recorded,
    RecordFailed,
    Stopping,
    StopsChanged,
    UpstreamFailed,
)
from zoneproxy.passage.machine import IllegalEventError
from zoneproxy.passage.session import Session
from zoneproxy.passage.session_words import (
    Carried,
    ClientLeft,
    CloseBoth,
    Draining,
    Expired,
    ServerLeft,
    ServerSaid,
    ToClient,
    ToServer,
)
from zoneproxy.passage.state import State
from zoneproxy.route.stops import Scope, Stops
from zoneproxy.terms.objects import ObjectName

UPDATE = said("session.update", session={"type": "realtime"})


def kinds(commands: list[Command]) -> list[str]:
    """Name what crossed: `>` to the server, `<` to the caller."""
    named = []
    for command in commands:
        match command:
            case ToServer(text):
                named.append("> " + json.loads(text)["type"])
            case ToClient(text):
                named.append("< " + json.loads(text)["type"])
            case CloseBoth(code, reason):
                named.append(f"close {code} {reason}".strip())
            case _:
                named.append(type(command).__name__)
    return named


def answering() -> tuple[World, Session]:
    """A session with an answer under way."""
    world = World()
    session = world.open()
    assert kinds(world.run(session, CREATE)) == ["> response.create"]
    assert kinds(world.run(session, created())) == ["< response.created"]
    return world, session


def test_a_conversation_from_end_to_end() -> None:
    """Z4-Z6, Z13: each message two records, each answer its tokens, the session its own two."""
    world = World()
    session = world.open()
    way = [told("session.created"), UPDATE, CREATE, created(), delta("hello "), done(), ClientLeft()]
    crossed = [kinds(world.run(session, event)) for event in way]
    assert crossed == [
        ["< session.created"],
        ["> session.update"],
        ["> response.create"],
        ["< response.created"],
        ["< response.output_text.delta"],
        ["< response.done"],
        ["close 1000"],
    ]
    admitted, ended = ("decision", "allow", ""), ("return", "allow", "complete")
    assert world.verdicts() == [admitted, admitted, ended, admitted, ended, ended]
    assert [write.body["tok"] for write in world.durable if write.kind == "return"][1]["completion"] == 7
    assert (session.state, session.final) == (State.DELIVERED, True)
    assert session.receive(UPDATE) == []


def test_nothing_happens_beside_an_outstanding_record() -> None:
    """Z13: one thing at a time; what comes meanwhile is the driver's mistake, and ends the session."""
    session = World().open()
    (write,) = session.receive(UPDATE)
    assert isinstance(write, Write)
    with pytest.raises(IllegalEventError, match="outstanding"):
        session.receive(told("session.updated"))
    with pytest.raises(IllegalEventError, match="nobody"):
        World().open().receive(Recorded(World().receipts.next()))


def test_the_record_first_then_the_message_then_its_return() -> None:
    """Z13: `Carried` stands between the message and its return."""
    world = World()
    session = world.open()
    (write,) = session.receive(UPDATE)
    assert write.body["parent"] == session.exchange.flow  # type: ignore[attr-defined]
    assert kinds(world.record(session, write)) == ["> session.update"]
    assert session.follows
    (ending,) = session.receive(Carried())
    assert (ending.kind, ending.body["tok"]) == ("return", None)  # type: ignore[attr-defined]
    assert world.record(session, ending) == []
    assert not session.follows


def test_the_end_of_an_answer_waits_for_its_return() -> None:
    """Z13: what can go before it goes; the last message comes with the record."""
    world, session = answering()
    assert kinds(session.receive(delta("hello"))) == ["< response.output_text.delta"]
    (write,) = session.receive(done())
    assert isinstance(write, Write)
    assert session.answering
    assert kinds(world.record(session, write)) == ["< response.done"]
    assert session.receive(Carried()) == []
    assert not session.answering


def test_what_asks_again_waits_and_keeps_its_order() -> None:
    """Z18: a second answer is not begun beside the first; what comes behind it waits with it."""
    world, session = answering()
    assert kinds(world.run(session, said("response.cancel"))) == ["> response.cancel"]
    assert world.run(session, said("response.create", event_id="second")) == []
    assert world.run(session, UPDATE) == []
    crossed = kinds(world.run(session, done()))
    assert crossed == ["< response.done", "> response.create", "> session.update"]


def test_only_so_much_waits() -> None:
    """Z22: what is beyond it is refused like any other message."""
    world = World(rules=session_rules(max_waiting=2))
    session = world.open()
    world.run(session, CREATE)
    for _ in range(2):
        assert world.run(session, CREATE) == []
    assert kinds(world.run(session, CREATE)) == ["< error", "close 1008 limit-session"]
    assert [one[2] for one in world.verdicts()][-3:] == ["limit-session", "stopped", "complete"]


def test_only_so_many_messages_make_a_session() -> None:
    """Z22: the one that is too many is refused."""
    world = World(rules=session_rules(max_messages=1))
    session = world.open()
    assert kinds(world.run(session, UPDATE)) == ["> session.update"]
    assert kinds(world.run(session, UPDATE)) == ["< error", "close 1008 limit-session"]


@pytest.mark.parametrize(
    ("event", "reason", "code"),
    [
        (said("session.update", session={"x": "110101199003074610"}), "policy-domestic-data-mixed", 1008),
        (said("later.kind"), "content-unknown-type", 1003),
        (broken("unknown_type"), "content-unknown-type", 1003),
        (broken("unreadable"), "content-unreadable", 1007),
        (broken("too_large"), "content-too-large", 1009),
        (broken("malformed"), "request-malformed", 1002),
        (said("session.update", session={"turn_detection": {"type": "server_vad"}}), "content-unasked", 1008),
        (said("session.update", session={"model": "other"}), "content-unreadable", 1007),
    ],
)  # fmt: skip
def test_a_refused_message_ends_everything(event: Event, reason: str, code: int) -> None:
    """Z11, Z13: recorded first, the answer under way stopped, the session ended; then told, then closed."""
    world, session = answering()
    assert kinds(world.run(session, event)) == ["< error", f"close {code} {reason}"]
    assert world.verdicts()[-3:] == [
        ("decision", "deny", reason),
        ("return", "deny", "stopped"),
        ("return", "allow", "complete"),
    ]
    assert session.final


def test_a_session_by_other_rules_from_now_on() -> None:
    """Z22: rules that come into force in the middle of a session hold for its next message."""
    world = World()
    session = world.open()
    world.run(session, UPDATE)
    world.rules = replace(world.rules, policies=session_rules().policies[:1])
    world.rules = replace(world.rules, stops=Stops.of([(Scope.MODEL, "zone-llm-01")]))
    crossed = kinds(world.run(session, UPDATE))
    assert crossed[0] == "< error"
    assert world.durable[-2].body["verdict"] == "deny"


def test_a_session_whose_model_has_moved_ends() -> None:
    """Z5: a message goes to the server that was judged, or nowhere."""
    world = World()
    session = world.open()
    session._ties.destination = replace(session._ties.destination, port=9)
    assert kinds(world.run(session, UPDATE)) == ["< error", "close 1008 lane-changed"]


def test_an_answer_that_may_not_leave_is_cut() -> None:
    """Z11: and the session's own end holds nothing of it."""
    world, session = answering()
    world.run(session, delta("one 1101"))
    assert kinds(world.run(session, delta("01199003074610 "))) == [
        "< error",
        "close 1008 policy-domestic-data-mixed",
    ]
    assert world.verdicts()[-2:] == [("return", "deny", "cut"), ("return", "allow", "complete")]


@pytest.mark.parametrize("event", [created("r9"), told("later.kind"), ServerSaid("", 0, 0, state="too_large"),
                                   ServerSaid('{"type": "error"}\x1e{}', 0, 0)])  # fmt: skip
def test_what_the_server_may_not_say_ends_the_session(event: Event) -> None:
    """Z18, Z22: recorded as the session's own cut."""
    world = World()
    session = world.open()
    assert kinds(world.run(session, event)) == ["< error", "close 1011 return-unreadable"]
    assert world.verdicts() == [("decision", "allow", ""), ("return", "deny", "cut")]


CUT, FAILED = ["< error", "close 1011 upstream-truncated"], "upstream_failed"
STOPPED = StopsChanged(Stops.of([(Scope.TENANT, "toyco-sg")]))
ENDS: dict[str, tuple[Event, list[str], str, str]] = {
    "the caller closed": (ClientLeft(), ["close 1000"], "client_gone", "complete"),
    "the caller vanished": (ClientGone(), ["Sever"], "client_gone", "client_gone"),
    "the server closed": (ServerLeft(properly=True), CUT, FAILED, FAILED),
    "it took too long": (Expired("x"), CUT, FAILED, "complete"),
    "the process stops": (Stopping(), ["< error", "close 1011 upstream-failed"], "stopped", "stopped"),
    "a stop": (STOPPED, ["< error", "close 1008 control-tenant-stopped"], "halted", "halted"),
    "a fault": (Fault("hook", "x"), ["< error", "close 1011 internal-error"], "fault", "fault"),
    "the server is silent": (UpstreamFailed("upstream-truncated"), CUT, FAILED, FAILED),
}


@pytest.mark.parametrize("name", ENDS)
def test_what_is_under_way_ends_first_and_the_session_after_it(name: str) -> None:
    """Z13, Z21, Z22: two records, in this order, before anybody is told."""
    event, crossed, answer, own = ENDS[name]
    world, session = answering()
    world.run(session, delta("held 1101"))
    assert kinds(world.run(session, event)) == crossed
    assert [one[2] for one in world.verdicts()[-2:]] == [answer, own]
    assert [write.body["flow"] == session.exchange.flow for write in world.durable[-2:]] == [False, True]
    assert session.final


IDLE: dict[str, tuple[Event, list[str], str]] = {
    "the caller closed": (ClientLeft(), ["close 1000"], "complete"),
    "the server closed": (ServerLeft(properly=True), ["close 1000"], "complete"),
    "the server vanished": (
        ServerLeft(properly=False), ["< error", "close 1011 upstream-truncated"], "upstream_failed",
    ),
    "it was silent": (Expired("x"), ["close 1001 limit-session"], "complete"),
    "the boundary drains": (Draining(), ["close 1001"], "complete"),
}  # fmt: skip


@pytest.mark.parametrize("name", IDLE)
def test_an_idle_session_ends_well(name: str) -> None:
    """Z13: its return first, then the close."""
    event, crossed, end = IDLE[name]
    world = World()
    session = world.open()
    assert kinds(world.run(session, event)) == crossed
    assert world.verdicts()[-1][2] == end


def test_what_waited_of_the_sessions_own_goes_with_a_good_end() -> None:
    """Z13: a piece that could have become an identifier leaves when nothing can follow it."""
    world = World()
    session = world.open()
    piece = told("conversation.item.input_audio_transcription.delta", item_id="i", delta="call 12345")
    assert world.run(session, piece) == []
    assert kinds(world.run(session, ClientLeft())) == [
        "< conversation.item.input_audio_transcription.delta",
        "close 1000",
    ]


def test_a_drain_waits_for_the_answer() -> None:
    """Z13: nothing new is begun; behind the answer's end the session is closed."""
    world, session = answering()
    assert world.run(session, Draining()) == []
    assert kinds(world.run(session, done())) == ["< response.done", "close 1001"]


def test_a_stop_of_something_else_ends_nothing() -> None:
    """Z21: and one that names the session's model does."""
    world, session = answering()
    assert world.run(session, StopsChanged(Stops.of([(Scope.TENANT, "toyco-my")]))) == []
    assert not session.final
    crossed = kinds(world.run(session, StopsChanged(Stops.of([(Scope.MODEL, "zone-llm-01")]))))
    assert crossed == ["< error", "close 1008 control-model-stopped"]


def test_a_log_that_fails_ends_it_at_once() -> None:
    """Z13: no further record is ordered; a caller whose message was refused for that is told."""
    session = World().open()
    session.receive(UPDATE)
    assert kinds(session.receive(RecordFailed())) == ["< error", "close 1011 trace-unavailable"]
    assert (session.state, session.receive(ClientGone())) == (State.SEVERED, [])
    _, other = answering()
    other.receive(done())
    assert [type(one) for one in other.receive(RecordFailed())] == [Sever]


@pytest.mark.parametrize("times", [1, 2])
def test_a_record_that_is_refused_leaves_one_from_what_cannot_be_wrong(times: int) -> None:
    """Z22: the exchange's, then the session's; if that fails too both sides are closed all the same."""
    world, session = answering()
    (write,) = session.receive(done())
    assert isinstance(write, Write)
    for _ in range(times):
        commands = session.receive(Fault("record", "planted"))
    crossed: list[Command] = []
    while commands:
        if isinstance(commands[0], Write):
            commands = world.record(session, commands[0])
            continue
        crossed, commands = commands, []
    assert kinds(crossed)[-1].startswith("close 1011")
    assert session.final


def test_what_names_stored_objects_is_asked_of_the_store() -> None:
    """Z6: a message may name a stored prompt; whose it is must be known first."""
    world = World()
    session = world.open()
    (order,) = session.receive(said("session.update", session={"prompt": {"id": "pmpt_1"}}))
    assert order == LookUp((ObjectName("prompt", "pmpt_1"),))
    (write,) = session.receive(LookedUp({}))
    assert write.body["reason"] == "binding-unknown"  # type: ignore[attr-defined]


def test_what_a_server_names_beyond_the_session_is_asked_too() -> None:
    """Z6: another's file in what the server says is not delivered."""
    world = World()
    session = world.open()
    (order,) = session.receive(told("session.updated", session={"tools": [{"file_id": "file-9"}]}))
    assert isinstance(order, Bind)
    (write,) = session.receive(Bound({}))
    assert isinstance(write, Write)
    assert kinds(world.record(session, write)) == ["< error", "close 1011 binding-foreign"]


def test_what_asks_without_a_name_goes_in_with_ours() -> None:
    """Z6: the digest in the record is that of the message as it came."""
    world = World()
    session = world.open()
    (sent,) = world.run(session, said("response.create"))
    assert isinstance(sent, ToServer)
    named = json.loads(sent.text)
    assert named == {"type": "response.create", "event_id": f"event_{world.durable[1].body['flow']}"}
    refused = told("error", error={"message": "no", "event_id": named["event_id"]})
    assert kinds(world.run(session, refused)) == ["< error"]
    assert (session.answering, world.verdicts()[-1]) == (False, ("return", "allow", "complete"))


def test_a_session_needs_an_exchange_that_is_one() -> None:
    """A bug of ours is told at once."""
    world = World()
    gate = Turnstile(Allowance(), Allowance(), {})
    with pytest.raises(TypeError):
        Session(world.begin(), begin=world.begin, pin=lambda: world.begin().exchange.pin, turnstile=gate,
                limits=session_rules().sessions)  # type: ignore[arg-type] # fmt: skip
