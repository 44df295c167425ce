"""`zoneproxy.content.realtime`: every word of a session's events is seen, and sound is said to be sound."""

from __future__ import annotations

import json
from typing import Any

import pytest

from zoneproxy.content.realtime import RealtimeEvent, read_client_event, read_server_event
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
