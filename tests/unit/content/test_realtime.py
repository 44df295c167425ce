"""`zoneproxy.content.realtime`: every word of a session's events is seen, and sound is said to be sound."""

from __future__ import annotations

import json
import typing
from typing import Any

import pytest
from openai.types import realtime as sdk

from zoneproxy.content.realtime import (
    CLIENT_EVENTS,
    SERVER_EVENTS,
    RealtimeEvent,
    begins,
    read_client_event,
    read_server_event,
)
from zoneproxy.content.strict_json import UnreadableError
from zoneproxy.terms.finding import Segment


def asked(**event: Any) -> RealtimeEvent:
    return read_client_event(json.dumps(event))


def told(**event: Any) -> RealtimeEvent:
    return read_server_event(json.dumps(event))


def test_a_callers_words_are_its_segments() -> None:
    """Z11: what is said, what instructs, what a tool gave back, and fields that nobody knows."""
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hello"}]}
    event = asked(type="conversation.item.create", item=item, later={"x": "also seen"})
    assert (Segment.USER, "hello") in event.segments
    assert any("also seen" in text for _, text in event.segments)
    session = asked(type="session.update", session={"model": "m", "instructions": "be brief"})
    assert (Segment.SYSTEM, "instructions: be brief") in session.segments
    assert (session.model, session.begins) == ("m", False)
    output = {"type": "function_call_output", "output": "result"}
    assert (Segment.TOOL, "output: result") in asked(type="conversation.item.create", item=output).segments


def test_an_answer_is_asked_for_by_one_event_alone() -> None:
    """Z18: what a quota must be asked for is known before the model begins."""
    assert asked(type="response.create").begins
    assert not asked(type="input_audio_buffer.commit").begins


def test_sound_is_sealed_whoever_sends_it() -> None:
    """Z11: sound can't be looked into; its transcript is text like any other."""
    event = asked(type="input_audio_buffer.append", audio="AAEAgP//" * 100)
    assert event.sealed == ("audio",)
    assert not any("AAEA" in text for _, text in event.segments)
    assert told(type="response.output_audio.delta", delta="AAEAgP//").sealed == ("audio",)
    spoken = told(type="response.output_audio_transcript.delta", item_id="i", delta="hello")
    assert (spoken.sealed, spoken.grown) == (
        (),
        ((("", "i", -1, "response.output_audio_transcript"), "hello"),),
    )
    inline = {"type": "message", "content": [{"type": "input_audio", "audio": "AAEAgP//AAEAgP//"}]}
    assert asked(type="conversation.item.create", item=inline).sealed == ("audio",)


def test_pieces_grow_the_channel_that_their_end_closes() -> None:
    """Z11: an identifier may lie across pieces, and never across channels."""
    place = {"response_id": "r", "item_id": "i", "content_index": 0}
    pieces = [told(type="response.output_text.delta", delta=text, **place) for text in ("110101", "1990")]
    assert len({piece.grown[0][0] for piece in pieces}) == 1
    done = told(type="response.output_text.done", text="1101011990", **place)
    assert done.closed == pieces[0].grown[0][0]
    assert any("1101011990" in text for _, text in done.segments)
    last = told(type="response.done", response={"usage": {"total_tokens": 3}})
    assert (last.closed, last.usage) == ((), True)


def test_only_what_outlives_the_session_is_a_name() -> None:
    """Z6: items are the session's own; a file is not."""
    event = asked(type="conversation.item.create", previous_item_id="i", item={"file_id": "f"})
    assert [(one.name.kind, one.name.id) for one in event.names] == [("file", "f")]


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"type": 1}', '{"type": ""}', '{"type": "a", "type": "b"}', "{", b"\xff",
     '{"type": "session.update", "session": {"model": "a"}, "response": {"model": "b"}}',
     '{"type": "session.update", "session": {"model": 1}}'],
)  # fmt: skip
def test_what_can_not_be_read_is_no_event(text: str | bytes) -> None:
    """Z22: a frame that two readers may take differently is refused."""
    with pytest.raises(UnreadableError):
        read_client_event(text)


def types_of(union: Any) -> set[str]:
    """Return every `type` that a union of the SDK's events knows."""
    if typing.get_origin(union) is typing.Annotated:
        return types_of(typing.get_args(union)[0])
    if hasattr(union, "model_fields"):
        return set(typing.get_args(union.model_fields["type"].annotation))
    return set().union(*map(types_of, typing.get_args(union)))


def test_the_types_that_are_known_are_those_of_the_official_sdk() -> None:
    """Z22: the lists are closed; a type that the API grows is a decision, and this test tells of it."""
    assert types_of(sdk.RealtimeClientEvent) == CLIENT_EVENTS
    assert types_of(sdk.RealtimeServerEvent) == SERVER_EVENTS


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ('{"type": "response.create"}', True),
        ('{"type": "response\\u002ecreate"}', True),
        ('{"type": "session.update", "x": "response.create"}', False),
        ('{"type": "response.create", "type": "session.update"}', False),
        ("response.create", False),
    ],
)
def test_what_asks_for_an_answer_is_known_before_it_is_judged(text: str, *, asks: bool) -> None:
    """Z18: however it is spelled; what can't be read asks for nothing."""
    assert begins(text) is asks


def test_what_a_session_says_of_turns_speech_and_models_is_read() -> None:
    """Z18, Z20: in the API's form of today and in its first."""
    today = {"audio": {"input": {"turn_detection": {"type": "x"}, "transcription": {"model": "m"}}}}
    first = {
        "turn_detection": {"type": "x"},
        "input_audio_transcription": {"model": "m"},
        "modalities": ["text"],
    }
    for session in (today, first):
        event = asked(type="session.update", session=session)
        assert (event.unasked, event.model) == (True, "m")
    quiet = {"audio": {"input": {"turn_detection": {"type": "x", "create_response": False}}}}
    assert not asked(type="session.update", session=quiet).unasked
    assert not asked(type="session.update", session={"turn_detection": None}).unasked
    assert asked(type="session.update", session=first).speech is False
    assert asked(type="response.create", response={"output_modalities": ["audio"]}).speech is True
    assert asked(type="response.create").speech is None
    assert asked(type="response.create", response={"max_output_tokens": 9}).max_tokens == 9
    assert asked(type="response.create", response={"max_output_tokens": "inf"}).max_tokens is None
    with pytest.raises(UnreadableError):
        asked(
            type="session.update",
            session={"model": "a", "audio": {"input": {"transcription": {"model": "b"}}}},
        )


def test_an_event_says_what_it_belongs_to() -> None:
    """Z6: an answer's events by its id, an error by what it is about."""
    assert told(type="response.created", response={"id": "r"}).response_id == "r"
    assert told(type="response.output_text.delta", response_id="r", delta="x").response_id == "r"
    assert told(type="error", error={"event_id": "e"}).culprit == "e"
    assert told(type="error", error="x").culprit == ""
    assert asked(type="response.create", event_id="e").event_id == "e"
    heard = "conversation.item.input_audio_transcription"
    assert told(type=f"{heard}.completed", item_id="i").closed == ("", "i", -1, heard)
