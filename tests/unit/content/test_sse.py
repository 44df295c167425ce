"""Events are split without losing a byte."""

from __future__ import annotations

import pytest
from chunk_invariance import assert_chunk_invariant

from zoneproxy.content.sse import BrokenEventError, EventSplitter, read_event

STREAM = "data: é\r\n\r\n: c\n\nevent: x\ndata:1\r\r\ndata: 2\r\n\n".encode()


def split(chunks):
    splitter = EventSplitter(1024)
    for chunk in chunks:
        for event in splitter.feed(chunk):
            yield event.raw
    yield splitter.rest


@pytest.mark.parametrize("wire", [b"data:\xc3\xa9\r\n\r\n:c", b":a\r\r\n:b\n\r\r\n", b"data:1\n\r\ndata"])
def test_no_byte_is_lost_in_any_split(wire):
    """Cut anywhere, inside UTF-8 and between carriage return and line feed too."""
    assert_chunk_invariant(split, lambda whole: whole, wire, splits="all")
    assert_chunk_invariant(split, lambda whole: whole, STREAM)


def test_events_are_the_same_in_every_split():
    """What the events say does not depend on how their bytes arrived."""

    def said(chunks):
        splitter = EventSplitter(1024)
        for chunk in chunks:
            for event in splitter.feed(chunk):
                yield f"[{event.name}|{event.data}|{event.remarks}]".encode() if event.raw.strip() else b""

    assert_chunk_invariant(said, lambda whole: b"".join(said([whole])), STREAM, splits=3)


@pytest.mark.parametrize(
    ("raw", "name", "data", "remarks"),
    [
        (b"data: a\ndata: b\n\n", "", "a\nb", ""),
        (b"event: error\ndata:x\n\n", "error", "x", ""),
        (b": keep-alive\n\n", "", None, " keep-alive".strip()),
        (b"\xef\xbb\xbfdata: a\n\n", "", "a", ""),
        (b"id: 7\ndata\n\n", "", "", "7"),
    ],
)
def test_fields_are_read(raw, name, data, remarks):
    """Fields, comments and ids, as the standard says."""
    event = read_event(raw)
    assert (event.name, event.data, event.remarks) == (name, data, remarks)


@pytest.mark.parametrize("raw", [b"data: \xff\n\n", b"datum: 1\n\n", b"event: a\nevent: b\n\n"])
def test_what_readers_could_take_differently_is_refused(raw):
    """Z22: broken text, unknown fields and second names are unreadable."""
    with pytest.raises(BrokenEventError) as caught:
        read_event(raw)
    assert caught.value.state == "unreadable"


def test_an_event_without_end_is_too_large():
    """A line that never ends is cut off at the limit, not buffered."""
    splitter = EventSplitter(100)
    assert list(splitter.feed(b"data: " + b"x" * 90)) == []
    with pytest.raises(BrokenEventError) as caught:
        list(splitter.feed(b"xxxxxxxxxx"))
    assert caught.value.state == "too_large"
