"""Streamed answers: event by event, unchanged, and nothing of an identifier."""

from __future__ import annotations

import base64
import json

import pytest

from tests.unit.content.identifiers import (
    DONE,
    KEY,
    anthropic_event,
    chat_chunk,
    near_miss,
    output_delta,
    resident_id,
    responses_event,
    text_delta,
)
from zoneproxy.content.dialects import recognise
from zoneproxy.content.scan import ScanSettings
from zoneproxy.content.stream import AnswerStream, streams
from zoneproxy.terms.facts import VOCABULARY

CHAT = recognise("POST", "/v1/chat/completions")
MESSAGES = recognise("POST", "/v1/messages")
RESPONSES = recognise("POST", "/v1/responses")
COMPLETED = responses_event("completed", response={"usage": {"input_tokens": 3, "output_tokens": 2}})
SETTINGS = ScanSettings(2, KEY)


def stream(endpoint=CHAT, **more):
    return AnswerStream(endpoint, SETTINGS, **{"strip_usage": False, **more})


def test_only_streams_of_streamable_endpoints_are_streams():
    """The declared type decides, and the endpoint must know streams."""
    listing = recognise("GET", "/v1/models")
    assert CHAT is not None
    assert listing is not None
    assert streams(CHAT, "text/event-stream; charset=utf-8")
    assert not streams(CHAT, "application/json")
    assert not streams(listing, "text/event-stream")


def test_ordinary_events_go_as_they_come():
    """A 200-event answer is delivered event by event."""
    made = stream()
    for number in range(200):
        event = chat_chunk(f" word{'s' * (number % 3)}")
        assert made.feed(event).release == event
        assert made.held == 0
    assert made.feed(DONE).release == b""
    step = made.end()
    assert (step.state, step.terminal) == ("ok", DONE)


def test_the_terminal_marker_waits_for_the_end():
    """Z13: the last byte goes only when the passage says so."""
    made = stream(MESSAGES)
    stop = anthropic_event("message_stop")
    assert made.feed(text_delta("hi") + stop).release == text_delta("hi")
    assert made.end().terminal == stop


@pytest.mark.parametrize(
    ("endpoint", "event", "done"),
    [
        (CHAT, chat_chunk, DONE),
        (CHAT, lambda text: chat_chunk(text, field="reasoning_content"), DONE),
        (MESSAGES, text_delta, anthropic_event("message_stop")),
        (RESPONSES, output_delta, COMPLETED),
    ],
)
@pytest.mark.parametrize("width", [1, 3, 7, 18])
def test_a_stream_is_stopped_before_any_character_of_an_identifier(endpoint, event, done, width):
    """Z11: whatever the pieces, nothing of the number is released before it is found."""
    value = resident_id(width)
    made = stream(endpoint)
    released = b""
    pieces = ["The number is "] + [value[i : i + width] for i in range(0, 18, width)] + [".", " So it is."]
    for piece in pieces:
        step = made.feed(event(piece))
        if step.findings:
            break
        released += step.release
    else:
        step = made.feed(done)
    assert [finding.kind for finding in step.findings] == ["cn_resident_id"]
    assert released == event(pieces[0])


def test_an_identifier_at_the_very_end_is_found():
    """The end of the stream decides what waits."""
    made = stream()
    assert made.feed(chat_chunk(resident_id(9))).findings == ()
    assert made.feed(DONE).findings != ()


def test_a_near_miss_passes_unchanged():
    """A number with a wrong check character comes through byte for byte."""
    made = stream()
    events = [chat_chunk(piece) for piece in ("no: ", near_miss(resident_id(3)), ", bye")]
    released = b"".join(made.feed(event).release for event in events)
    assert released + made.feed(DONE).release == b"".join(events)


def test_tool_arguments_are_a_channel():
    """Z11: pieces of a tool call's arguments are put together too."""
    value = resident_id(4)
    made = stream()
    findings = []
    for piece in ('{"id": "', value[:9], value[9:], '"}'):
        call = {"index": 0, "function": {"arguments": piece}}
        chunk = {"choices": [{"index": 0, "delta": {"tool_calls": [call]}, "finish_reason": None}]}
        findings += made.feed(b"data: " + json.dumps(chunk).encode() + b"\n\n").findings
    assert [finding.kind for finding in findings] == ["cn_resident_id"]


def test_usage_that_we_asked_for_is_taken_out():
    """Z18: the caller gets the stream it would have got, the meter gets the usage."""
    made = stream(strip_usage=True)
    released = made.feed(chat_chunk("a", usage=None)).release
    assert released == chat_chunk("a")
    step = made.feed(b'data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}\n\n')
    assert step.release == b""
    assert step.usage_events[0]["usage"]["completion_tokens"] == 2
    kept = stream()
    assert b"usage" in kept.feed(b'data: {"choices":[],"usage":{"prompt_tokens":1}}\n\n').release


def test_comments_pass():
    """Keep-alives reach the caller."""
    assert stream().feed(b": keep-alive\n\n").release == b": keep-alive\n\n"


@pytest.mark.parametrize(
    ("data", "state"),
    [
        (b"data: {\n\n", "unreadable"),
        (b'data: {"a":1,"a":2}\n\n', "unreadable"),
        (b"data: hello\n\n", "unreadable"),
        (b"data: \xff\n\n", "unreadable"),
        (DONE + chat_chunk("late"), "unreadable"),
        (b"data: " + b"x" * 300_000, "too_large"),
    ],
)
def test_what_cannot_be_inspected_stops_the_stream_for_ever(data, state):
    """Z22: nothing passes by default, then or later."""
    made = stream()
    assert made.feed(data).state == state
    later = made.feed(chat_chunk("more"))
    assert (later.state, later.release) == (state, b"")
    assert (made.end().state, made.end().terminal) == (state, b"")
    assert state in VOCABULARY["response.state"].values


@pytest.mark.parametrize("rest", [b"", b"data: {", b"data: [DONE]"])
def test_a_stream_without_its_terminal_marker_is_truncated(rest):
    """A broken stream is never ended as if it were whole."""
    made = stream()
    made.feed(chat_chunk("a") + rest)
    step = made.end()
    assert (step.state, step.terminal) == ("truncated", b"")


def test_identifiers_outside_the_deltas_are_found():
    """Z11: ids, names and comments cross too."""
    value = resident_id(6)
    assert stream().feed(f": {value}\n\n".encode()).findings
    assert stream().feed(json.dumps({"id": value, "choices": []}).join(["data: ", "\n\n"]).encode()).findings


@pytest.mark.parametrize(
    "data", ['{"choices": []}', '{"id": "a", "choices": [{"index": 0, "delta": {}}]}', "[DONE]", None]
)
def test_the_name_of_an_event_is_looked_into(data):
    """Z11: an event's name crosses as its data do, whatever data it has."""
    written = f"event: {resident_id(7)}\n" + (f"data: {data}\n" if data else "") + "\n"
    step = stream().feed(written.encode())
    assert [finding.kind for finding in step.findings] == ["cn_resident_id"]
    assert stream().feed(written.replace(resident_id(7), "delta").encode()).findings == ()


def test_text_is_counted():
    """The meter learns how many bytes of text were shown."""
    assert stream().feed(chat_chunk("h\u00e9")).text_bytes == 3


@pytest.mark.parametrize("rest", [b"", DONE])
def test_a_response_ends_with_its_last_event(rest):
    """Z13: `response.completed` waits, with its usage told; servers that add `[DONE]` may."""
    made = stream(RESPONSES)
    hello = output_delta("hello")
    assert made.feed(hello).release == hello
    step = made.feed(COMPLETED + rest)
    assert step.release == b""
    assert [event["response"]["usage"]["output_tokens"] for event in step.usage_events] == [2]
    end = made.end()
    assert (end.state, end.terminal) == ("ok", COMPLETED + rest)


@pytest.mark.parametrize("wire", [output_delta("a"), DONE, COMPLETED + output_delta("a")])
def test_a_response_without_its_last_event_in_place_is_refused(wire):
    """Nothing before the last event ends a response, and nothing goes on after it."""
    made = stream(RESPONSES)
    made.feed(wire)
    assert made.end().state in {"truncated", "unreadable"}


def test_the_last_event_of_a_response_may_repeat_a_long_answer():
    """The last event is allowed to be larger than others, because it repeats them."""
    made = stream(RESPONSES)
    long = responses_event("completed", response={"output": ["word " * 80_000]})
    assert made.feed(long).state == "ok"
    assert made.end().terminal == long


def test_what_a_response_repeats_is_looked_into():
    """Z11: an identifier that stands in a closing event alone, encoded too, is found."""
    for text in (resident_id(3), base64.b64encode(f"id: {resident_id(3)}!".encode()).decode()):
        step = stream(RESPONSES).feed(responses_event("output_text.done", output_index=0, text=text))
        assert [finding.kind for finding in step.findings] == ["cn_resident_id"]
