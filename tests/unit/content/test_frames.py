"""`zoneproxy.content.frames`: what need not be parsed again is what parsing would have said."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.content.identifiers import DONE, KEY, chat_chunk, resident_id, text_delta
from zoneproxy.content import frames
from zoneproxy.content.dialects import recognise
from zoneproxy.content.frames import learn
from zoneproxy.content.scan import ScanSettings
from zoneproxy.content.sse import read_event
from zoneproxy.content.stream import AnswerStream
from zoneproxy.content.stream_step import StreamStep

SETTINGS = ScanSettings(2, KEY)


def frame_of(raw: bytes, dialect: str = "openai_chat", *, strip: bool = False):
    return learn(dialect, read_event(raw), strip=strip)


def test_the_text_of_an_event_in_the_frame_is_read() -> None:
    """Anthropic's events, which have a name, have frames too."""
    chat = frame_of(chat_chunk("Hel"))
    assert chat is not None
    assert (chat.text(chat_chunk("lo")), chat.channel) == ("lo", (0, "content"))
    messages = frame_of(text_delta("a"), "anthropic_messages")
    assert messages is not None
    assert messages.text(text_delta("bc")) == "bc"


@pytest.mark.parametrize(
    "inner", [b"", b'a", "x": "b', b"a\\n", b"\\u0041", b"a\nb", b"a\x00b", b"\xff\xfe", b'"', b"\x7f"]
)
def test_what_is_not_plain_text_is_read_in_full(inner: bytes) -> None:
    """Quotes, escapes, control characters and broken UTF-8 are left to the parser."""
    frame = frame_of(chat_chunk("Hel"))
    assert frame is not None
    assert frame.text(frame.head + inner + frame.tail) is None


@pytest.mark.parametrize(
    "raw",
    [
        b'data: {"model": "zone", "choices": [{"index": 0, "delta": {"content": "zone"}}]}\n\n',
        b'data: {"choices": [{"index": 0, "delta": {"content": "a", "refusal": "b"}}]}\n\n',
        b'data: {"choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": "stop"}]}\n\n',
        b'data: {"choices": [{"index": 0, "delta": {"content": "a"}}], "usage": {"prompt_tokens": 1}}\n\n',
        b'data: {"choices": [{"index": 0, "delta": {"content": "\\u0061"}}], "x": "a"}\n\n',
        b': note\ndata: {"choices": [{"index": 0, "delta": {"content": "a"}}]}\n\n',
        b'data: {"choices": [{"index": 0, \ndata: "delta": {"content": "a"}}]}\n\n',
        b'data: {"choices": [{"index": 0, "delta": {"role": "a"}}]}\n\n',
        b'data: {"choices": []}\n\n',
        b"data: [DONE]\n\n",
        b": ping\n\n",
    ],
)
def test_events_that_say_more_have_no_frame(raw: bytes) -> None:
    """Where another text would change more than one channel, or could not be told apart, there is none."""
    assert frame_of(raw) is None


def test_a_frame_shows_no_usage_that_nobody_asked_for() -> None:
    """A stream that is asked for usage on the caller's behalf says `usage: null` in each event."""
    raw = b'data: {"choices": [{"index": 0, "delta": {"content": "ab"}}], "usage": null}\n\n'
    frame = frame_of(raw, strip=True)
    assert frame is not None
    assert frame.shown_head + b"ab" + frame.shown_tail == raw.replace(b', "usage": null', b"")


def played(wire: list[bytes], patch: pytest.MonkeyPatch, *, learning: bool, strip: bool) -> list[StreamStep]:
    patch.setattr(frames, "MOST_TRIED", 16 if learning else 0)
    endpoint = recognise("POST", "/v1/chat/completions")
    assert endpoint is not None
    made = AnswerStream(endpoint, SETTINGS, strip_usage=strip)
    return [*(made.feed(piece) for piece in wire), made.end()]


_TEXTS = st.one_of(
    st.text(alphabet='ab 1234567890-"\\\n好', max_size=12),
    st.sampled_from([resident_id(1)[:9], resident_id(1)[9:], resident_id(1), "[DONE]", '"}}]}', "data: "]),
)


@settings(max_examples=200, deadline=None)
@given(
    texts=st.lists(_TEXTS, min_size=1, max_size=14),
    cut=st.integers(1, 400),
    indexes=st.lists(st.integers(0, 2), min_size=1, max_size=5),
    usage=st.booleans(),
)
def test_with_and_without_frames_a_stream_says_the_same(
    texts: list[str], cut: int, indexes: list[int], *, usage: bool
) -> None:
    """Z11: releases, findings, states and counts are those of a stream that parses every event."""
    events = []
    for number, text in enumerate(texts):
        choice = {"index": indexes[number % len(indexes)], "delta": {"content": text}}
        event: dict[str, object] = {"id": "c", "choices": [choice]}
        if usage:
            event["usage"] = None
        events.append(b"data: " + json.dumps(event, ensure_ascii=number % 2 == 0).encode() + b"\n\n")
    whole = b"".join(events) + DONE
    for wire in ([*events, DONE], [whole[at : at + cut] for at in range(0, len(whole), cut)], [whole]):
        with pytest.MonkeyPatch.context() as patch:
            fast = played(wire, patch, learning=True, strip=usage)
            slow = played(wire, patch, learning=False, strip=usage)
        assert [step._replace(new_bytes=0) for step in fast] == [step._replace(new_bytes=0) for step in slow]
        assert all(one.new_bytes >= other.new_bytes for one, other in zip(fast, slow, strict=True))
