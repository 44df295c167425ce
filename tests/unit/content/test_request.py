"""Requests are read whole, or not at all."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from zoneproxy.content.dialects import EVENT, recognise
from zoneproxy.content.request import RequestLimits, read_request, upstream_body
from zoneproxy.terms.facts import VOCABULARY
from zoneproxy.terms.finding import Segment

CHAT = recognise("POST", "/v1/chat/completions")
MESSAGES = recognise("POST", "/v1/messages")
RESPONSES = recognise("POST", "/v1/responses")
MODELS = recognise("GET", "/v1/models")
LIMITS = RequestLimits()


def read(body, endpoint=CHAT, content_type="application/json", encoding=None, limits=LIMITS):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_request(endpoint, content_type, encoding, data, limits)


def test_a_plain_request_is_read():
    """Model, streaming, size of the answer and all words are known."""
    reading = read(
        {"model": "m", "stream": True, "max_tokens": 5, "n": 2, "messages": [{"content": "hello"}]}
    )
    assert (reading.state, reading.model, reading.streamed, reading.max_tokens) == ("ok", "m", True, 10)
    assert "hello" in [text for _, text in reading.segments]
    assert reading.text_bytes >= 5


@pytest.mark.parametrize(
    ("body", "content_type", "encoding", "state"),
    [
        (b"{}", "text/plain", None, "unknown_type"),
        (b"{}", None, None, "unknown_type"),
        (b"{}", "application/json", "gzip", "unknown_type"),
        (b"{}", "application/json", "identity", "ok"),
        (b"", "application/json", None, "unreadable"),
        (b"[]", "application/json", None, "unreadable"),
        (b'{"model":"a","model":"b"}', "application/json", None, "unreadable"),
        (b'{"model":1}', "application/json", None, "unreadable"),
        (b'{"stream":"true"}', "application/json", None, "unreadable"),
        (b'{"stream":1}', "application/json", None, "unreadable"),
        (b'{"stream_options":[1]}', "application/json", None, "unreadable"),
        (b'{"max_tokens":-1}', "application/json", None, "unreadable"),
        (b'{"max_tokens":1.5}', "application/json", None, "unreadable"),
        (b'{"max_tokens":true}', "application/json", None, "unreadable"),
        (b'{"x":' + b"[" * 80 + b"]" * 80 + b"}", "application/json", None, "unreadable"),
    ],
)
def test_what_cannot_be_read_has_a_state(body, content_type, encoding, state):
    """Z22: each doubt has a state of the vocabulary, and none is `ok`."""
    reading = read(body, content_type=content_type, encoding=encoding)
    assert reading.state == state
    assert reading.state in VOCABULARY["request.state"].values


def test_limits_are_states():
    """Too many bytes and too many strings are `too_large`."""
    assert read(b" " * 11 + b"{}", limits=RequestLimits(max_body_bytes=12)).state == "too_large"
    assert read({"x": ["a"] * 20}, limits=RequestLimits(max_strings=10)).state == "too_large"


def test_a_request_without_body_has_none():
    """A body where none belongs is not read past."""
    assert read(b"", MODELS, content_type=None).state == "ok"
    assert read(b"{}", MODELS).state == "unreadable"


@pytest.mark.parametrize(
    "body",
    [
        b'{"model":"m"}',
        b'{"model":"m","stream":false}',
        b'{"model":"m","stream":true,"stream_options":{"include_usage":true}}',
    ],
)
def test_bytes_go_on_unchanged_where_usage_comes_anyway(body):
    """The model server gets the caller's bytes."""
    reading = read(body)
    assert not reading.usage_injected
    assert upstream_body(reading) == body


@pytest.mark.parametrize(
    "body",
    [
        b'{"model":"m",  "stream":true, "t":1.50}',
        b'{"stream_options":null,"stream":true}',
        b'{"stream":true,"stream_options":{"x":1,"include_usage":false}}',
        b'{"stream":true,"stream_options":{}}',
    ],
)
def test_a_stream_is_always_asked_for_usage(body):
    """Z18: a streamed OpenAI request asks for usage upstream; all else stays as it was written."""
    reading = read(body)
    assert reading.usage_injected
    made = upstream_body(reading)
    expected = json.loads(body)
    expected["stream_options"] = {**(expected.get("stream_options") or {}), "include_usage": True}
    assert json.loads(made) == expected
    assert (b"1.50" in made) == (b"1.50" in body)


def test_anthropic_streams_need_no_asking():
    """Anthropic streams bear usage by themselves."""
    assert not read(b'{"model":"m","stream":true}', MESSAGES).usage_injected


def test_a_response_s_request_is_read():
    """Instructions, input, calls and the size of the answer are known; the bytes stay as they came."""
    asked = {
        "model": "m", "stream": True, "max_output_tokens": 7, "instructions": "be brief",
        "input": [
            {"role": "user", "content": [{"type": "input_text", "text": "hello"}]},
            {"type": "function_call_output", "output": "result"},
        ],
    }  # fmt: skip
    reading = read(asked, RESPONSES)
    assert (reading.state, reading.streamed, reading.max_tokens) == ("ok", True, 7)
    assert {(Segment.SYSTEM, "instructions: be brief"), (Segment.USER, "hello")} <= set(reading.segments)
    assert (Segment.TOOL, "output: result") in reading.segments
    assert upstream_body(reading) == reading.body


@pytest.mark.parametrize("background", [True, 1, "yes", {}])
def test_an_answer_that_would_come_elsewhere_is_not_asked_for(background):
    """Z7: what is not answered on its own connection, and can't be collected later, is not served."""
    assert read({"model": "m", "background": background}, CHAT).state == "unreadable"
    assert read({"model": "m", "background": False}, CHAT).state == "ok"


@pytest.mark.parametrize(
    ("asked", "keeps"),
    [({}, True), ({"store": True}, True), ({"store": False}, False), ({"background": True}, True)],
)
def test_an_answer_that_stays_in_the_zone_is_known_to(asked, keeps):
    """Z6: what a response leaves behind is its caller's, so it must be known that it leaves something."""
    reading = read({"model": "m", **asked}, RESPONSES)
    assert (reading.state, reading.keeps) == ("ok", keeps)


@pytest.mark.parametrize("field", ["store", "background"])
@pytest.mark.parametrize("value", [1, 0, "true", [], {}])
def test_whether_something_stays_is_said_in_one_way(field, value):
    """Z22: what one reader takes for true and another for nothing is not read at all."""
    assert read({"model": "m", field: value}, RESPONSES).state == "unreadable"


def test_a_message_of_a_session_is_read():
    """Z18: what it asks for, whose words it bears, and the name that its answer is known by."""
    event = {"type": "response.create", "event_id": "e", "response": {"instructions": "be brief"}}
    reading = read(event, endpoint=EVENT, content_type=None)
    assert (reading.state, reading.begins, reading.streamed, reading.event_id) == ("ok", True, True, "e")
    assert any("be brief" in text for _, text in reading.segments)
    assert reading.text_bytes > 8
    assert upstream_body(reading) == reading.body
    named = replace(reading, assigned_id="event_f", body=b'{"type": "response.create"}')
    assert json.loads(upstream_body(named)) == {"type": "response.create", "event_id": "event_f"}


@pytest.mark.parametrize(
    ("event", "state"),
    [
        ({"type": "later.kind"}, "unknown_type"),
        ({"type": "response.created"}, "unknown_type"),
        ({"no": "type"}, "unreadable"),
        (b"[]", "unreadable"),
        ({"type": "session.update", "session": {"turn_detection": {"type": "x"}}}, "unasked"),
    ],
)
def test_a_message_that_may_not_pass_has_a_state(event, state):
    """Z22: an unknown type, what is no event, and what lets answers begin by themselves."""
    assert read(event, endpoint=EVENT).state == state


def test_what_is_left_of_a_reading_is_all_but_its_strings_and_files():
    """A prompt is let go of, and nothing else that was read of it."""
    reading = read({"model": "m", "stream": True, "max_tokens": 5, "messages": [{"content": "hello"}]})
    filled = replace(
        reading, sealed=("image",), files=("file",), names=("name",), keeps=True, use="batch", begins=True,
        event_id="e", assigned_id="a", speech=True, include_usage=True, usage_injected=True,
    )  # fmt: skip
    assert filled.forgetful(b"left") == replace(filled, body=b"left", segments=(), files=())
