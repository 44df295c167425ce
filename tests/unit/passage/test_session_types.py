"""`zoneproxy.passage.session`: each type of event that OpenAI's SDK knows passes, or is refused by name."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.realtime_types import CLIENT, OTHER_CLIENT, OTHER_SERVER, SERVER
from tests.support.realtime_world import CREATE, World, created, done, said, told
from zoneproxy.content.realtime import CLIENT_EVENTS, SERVER_EVENTS
from zoneproxy.passage.commands import Command
from zoneproxy.passage.session_words import CloseBoth, ToClient, ToServer

SOUND = {"input_audio_buffer.append", "response.output_audio.delta"}
ADMITTED, ENDED = ("decision", "allow", ""), ("return", "allow", "complete")
MIXED = "policy-domestic-data-mixed"
UNASKED = ("content-unasked", 1008)


def error_of(commands: list[Command]) -> tuple[dict[str, Any], int, str]:
    """Return the error that a caller is told, and the close behind it."""
    telling, closing = commands
    assert isinstance(telling, ToClient)
    assert isinstance(closing, CloseBoth)
    event = json.loads(telling.text)
    assert event["type"] == "error"
    return event["error"], closing.code, closing.reason


def test_the_lists_are_the_sdks() -> None:
    """Z11: nothing is spoken that the SDK does not know, and nothing that it knows is forgotten."""
    assert set(CLIENT) == CLIENT_EVENTS
    assert set(SERVER) == SERVER_EVENTS
    assert len(CLIENT) >= 11
    assert len(SERVER) >= 46
    assert OTHER_CLIENT.keys() >= {"session.close", "transcription_session.update"}


@pytest.mark.parametrize("kind", sorted(CLIENT))
def test_what_a_caller_says_is_passed_on_or_refused(kind: str) -> None:
    """Z4, Z13: passed on as it came between two records, or refused by name with one."""
    world = World()
    session = world.open()
    more = {name: value for name, value in CLIENT[kind].items() if name != "type"}
    event = said(kind, **{**more, "event_id": "own-7"})
    crossed = world.run(session, event)
    if kind in SOUND:
        error, code, reason = error_of(crossed)
        assert (error["code"], error["event_id"], code, reason) == (MIXED, None, 1008, MIXED)
        assert world.verdicts()[1:] == [("decision", "deny", MIXED), ENDED]
        return
    (sent,) = crossed
    assert isinstance(sent, ToServer)
    assert sent.text == event.text
    if kind == "response.create":
        world.run(session, created())
        world.run(session, done())
    assert world.verdicts() == [ADMITTED, ADMITTED, ENDED]
    assert not session.final


@pytest.mark.parametrize(
    "kind", sorted({*OTHER_CLIENT, "response.invented", "Session.update", "session.update "})
)
def test_what_no_session_speaks_is_refused_by_name(kind: str) -> None:
    """Z11, Z13: recorded, told with the name of the caller's own event, and nothing of it goes on."""
    world = World()
    session = world.open()
    event = {name: value for name, value in OTHER_CLIENT.get(kind, {}).items() if name != "type"}
    error, code, reason = error_of(world.run(session, said(kind, **{**event, "event_id": "own-7"})))
    assert (error["code"], error["event_id"]) == ("content-unknown-type", "own-7")
    assert (code, reason) == (1003, "content-unknown-type")
    assert error["trace"].endswith("#1")
    assert world.verdicts()[1:] == [("decision", "deny", "content-unknown-type"), ENDED]


def test_a_refusal_repeats_no_name_beside_what_was_found() -> None:
    """Z11: whatever a caller puts into its event's name is not echoed where the event held something."""
    for name in ("110101199003074610", "n" * 200):
        world = World()
        error, _, _ = error_of(world.run(world.open(), said("response.invented", event_id=name)))
        assert error["event_id"] is None


@pytest.mark.parametrize("kind", sorted(SERVER))
def test_what_a_server_says_is_passed_on_or_withheld(kind: str) -> None:
    """Z11, Z13, Z18: byte for byte, within the answer that it belongs to; sound is refused by the rules."""
    world = World()
    session = world.open()
    event = {name: value for name, value in SERVER[kind].items() if name != "type"}
    in_answer = kind.startswith("response.")
    if in_answer:
        world.run(session, CREATE)
        if kind != "response.created":
            world.run(session, created("x"))
        event |= {"response": {"id": "x"}} if "response" in event else {}
    server = told(kind, **event)
    crossed = world.run(session, server)
    if kind in SOUND:
        error, code, _ = error_of(crossed)
        assert (error["code"], code) == (MIXED, 1008)
        assert world.verdicts()[-2] == ("return", "deny", "cut")
        return
    more = [] if crossed else world.run(session, told("session.updated", session={}))
    assert [one.text for one in (*crossed, *more) if isinstance(one, ToClient)][:1] == [server.text]
    assert not session.final


@pytest.mark.parametrize("kind", sorted({*OTHER_SERVER, "response.invented", "session.invented"}))
@pytest.mark.parametrize("answering", [False, True], ids=["idle", "in an answer"])
def test_what_no_server_may_say_is_withheld_loudly(kind: str, answering: bool) -> None:  # noqa: FBT001
    """Z11, Z22: recorded, and both sides are closed."""
    world = World()
    session = world.open()
    if answering:
        world.run(session, CREATE)
        world.run(session, created("x"))
    event = {name: value for name, value in OTHER_SERVER.get(kind, {}).items() if name != "type"}
    error, code, reason = error_of(world.run(session, told(kind, **event)))
    assert (error["code"], code, reason) == ("return-unreadable", 1011, "return-unreadable")
    assert ("return", "deny", "cut") in world.verdicts()
    assert session.final


@pytest.mark.parametrize("kind", sorted(one for one in SERVER if one.startswith("response.")))
def test_nothing_of_an_answer_passes_that_nobody_asked_for(kind: str) -> None:
    """Z18: whatever type it is, it was asked of no quota."""
    world = World()
    event = {name: value for name, value in SERVER[kind].items() if name != "type"}
    error, _, _ = error_of(world.run(world.open(), told(kind, **event)))
    assert error["code"] == "return-unreadable"


TURNS: dict[str, tuple[Any, bool]] = {
    "none": (None, True),
    "by volume": ({"type": "server_vad"}, False),
    "by volume, not answering": ({"type": "server_vad", "create_response": False}, True),
    "by meaning": ({"type": "semantic_vad", "eagerness": "high"}, False),
    "by meaning, not answering": ({"type": "semantic_vad", "create_response": False}, True),
    "answering": ({"type": "server_vad", "create_response": True}, False),
    "answering to silence": (
        {"type": "server_vad", "create_response": False, "idle_timeout_ms": 6000},
        False,
    ),
}


@pytest.mark.parametrize("form", ["today's", "the first"])
@pytest.mark.parametrize("name", TURNS)
def test_a_server_takes_no_turn_by_itself(name: str, form: str) -> None:
    """Z18: whatever would let it begin an answer that no quota was asked for is refused by name."""
    turns, passes = TURNS[name]
    today = {"type": "realtime", "audio": {"input": {"turn_detection": turns}}}
    update = said("session.update", session=today if form == "today's" else {"turn_detection": turns})
    world = World()
    crossed = world.run(world.open(), update)
    if passes:
        assert [type(one) for one in crossed] == [ToServer]
        return
    error, code, _ = error_of(crossed)
    assert (error["code"], code) == UNASKED


def test_answers_beside_the_conversation_are_answers() -> None:
    """Z18: out of band, with a context of their own, one after the other, each with its tokens."""
    world = World()
    session = world.open()
    beside = {"conversation": "none", "metadata": {"topic": "t"}, "input": [], "output_modalities": ["text"]}
    first = world.run(session, said("response.create", event_id="a", response=beside))
    second = world.run(session, said("response.create", event_id="b", response=beside))
    assert (len(first), second) == (1, [])
    world.run(session, created("r1"))
    crossed = world.run(session, done("r1"))
    assert [type(one) for one in crossed] == [ToClient, ToServer]
    world.run(session, created("r2"))
    world.run(session, done("r2"))
    tokens = [write.body["tok"] for write in world.durable if write.kind == "return"]
    assert [one["completion"] for one in tokens] == [7, 7]
    assert not session.final


def test_what_stands_in_the_context_of_such_an_answer_is_looked_into() -> None:
    """Z11: its own input is the caller's words too."""
    item = {
        "type": "message",
        "role": "user",
        "content": [{"type": "input_text", "text": "110101199003074610"}],
    }
    world = World()
    beside = {"conversation": "none", "input": [item]}
    error, _, _ = error_of(world.run(world.open(), said("response.create", response=beside)))
    assert error["code"] == MIXED


def test_a_cut_of_what_was_spoken_and_a_cancel_pass() -> None:
    """What a client does when it is interrupted goes to the server as it came, also within an answer."""
    world = World()
    session = world.open()
    world.run(session, CREATE)
    world.run(session, created())
    cut = said("conversation.item.truncate", item_id="i", content_index=0, audio_end_ms=1500)
    for event in (said("response.cancel", response_id="r1"), cut, said("output_audio_buffer.clear")):
        (sent,) = world.run(session, event)
        assert isinstance(sent, ToServer)
        assert sent.text == event.text
    (told_it,) = world.run(session, told("conversation.item.truncated", item_id="i", audio_end_ms=1500))
    assert isinstance(told_it, ToClient)
