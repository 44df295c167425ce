"""Whatever bytes come, reading them never raises."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.content.identifiers import DONE, KEY, chat_chunk, output_delta, resident_id
from zoneproxy.content.answer import read_answer
from zoneproxy.content.dialects import recognise
from zoneproxy.content.request import RequestLimits, read_request, upstream_body
from zoneproxy.content.scan import ScanSettings, scan_bytes
from zoneproxy.content.stream import AnswerStream
from zoneproxy.meter.usage import UsageMeter
from zoneproxy.terms.facts import VOCABULARY

SETTINGS = ScanSettings(4, KEY)
ENDPOINTS = [
    recognise("POST", "/v1/chat/completions"),
    recognise("POST", "/v1/messages"),
    recognise("POST", "/v1/responses"),
    recognise("GET", "/v1/files/a/content"),
]
TYPES = st.sampled_from([None, "", "application/json", "text/event-stream", "text/plain", "x", "a/b;c=d"])
ENCODINGS = st.sampled_from([None, "", "identity", "gzip", "br, gzip"])
JSONISH = st.lists(
    st.sampled_from(
        [b"{", b"}", b"[", b"]", b'"', b"\\u", b"d800", b",", b":", b'"stream"', b"true", b"null", b'"model"',
         b'"usage"', b'"choices"', b"1", b"-", b"e9", b" ", b"\xff", b"\xed\xa0\x80", b'"delta"', b'"index"']
    ),
    max_size=30,
).map(b"".join)  # fmt: skip
BODIES = st.binary(max_size=200) | JSONISH | JSONISH.map(lambda inner: b'{"messages":' + inner + b"}")
EVENTS = st.lists(
    st.one_of(
        st.sampled_from(
            [b"data: ", b"\n", b"\r", b"\r\n", b"\n\n", b"event: ", b": ", b"id", DONE, chat_chunk("1")]
        ),
        st.integers(0, 99).map(lambda seed: chat_chunk(resident_id(seed))),
        st.integers(0, 99).map(lambda seed: output_delta(resident_id(seed))),
        BODIES,
    ),
    max_size=12,
).map(b"".join)


@given(st.sampled_from(ENDPOINTS), TYPES, ENCODINGS, BODIES)
def test_requests_never_raise(endpoint, content_type, encoding, body):
    """Z22: every body is a reading with a state of the vocabulary."""
    reading = read_request(endpoint, content_type, encoding, body, RequestLimits())
    assert reading.state in VOCABULARY["request.state"].values
    if reading.state == "ok":
        upstream_body(reading)


@given(st.sampled_from([*ENDPOINTS, None]), st.integers(100, 599), TYPES, ENCODINGS, BODIES)
def test_answers_never_raise(endpoint, status, content_type, encoding, body):
    """Z22: every answer is a reading with a state of the vocabulary."""
    reading = read_answer(endpoint, status, content_type, encoding, body, SETTINGS)
    assert reading.state in VOCABULARY["response.state"].values
    meter = UsageMeter("openai_chat")
    meter.observe(reading.document or {})
    meter.total()


@given(st.sampled_from(ENDPOINTS), EVENTS, st.integers(1, 40), st.booleans())
def test_streams_never_raise(endpoint, wire, width, strip_usage):
    """Z22: every stream is a list of steps, and a state that refuses releases nothing."""
    stream = AnswerStream(endpoint, SETTINGS, strip_usage=strip_usage)
    meter = UsageMeter(endpoint.dialect)
    for at in range(0, len(wire), width):
        step = stream.feed(wire[at : at + width])
        assert step.state in VOCABULARY["response.state"].values
        assert step.state == "ok" or not step.release
        for event in step.usage_events:
            meter.observe(event)
    stream.end()
    meter.total()


@given(st.binary(max_size=300))
def test_bytes_never_raise(data):
    """Z22: no bytes upset the search for model files."""
    scan_bytes(data, SETTINGS)
