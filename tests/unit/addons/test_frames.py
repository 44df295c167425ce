"""`addons.frames`: bytes become whole messages within limits, or a break; nothing else gets through."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from addons.frames import End, Heard
from tests.support.realtime_lab import BINARY, CLOSE, PING, PONG, TEXT, frame


def end(*, server: bool = True, **given: Any) -> End:
    limits = {"max_message_bytes": 1000, "max_fragments": 4, "pings_per_minute": 3, **given}
    return End(server=server, **limits)


def heard(to: End, data: bytes, now_ms: int = 0) -> list[Heard]:
    return list(to.read(data, now_ms))


@given(st.lists(st.text(max_size=40), min_size=1, max_size=5), st.data())
def test_messages_come_whole_however_the_bytes_are_cut(texts: list[str], data: st.DataObject) -> None:
    """Z11: cuts between bytes, and between pieces of a message, leave no trace."""
    raw = b""
    for text in texts:
        payload = text.encode()
        cut = data.draw(st.integers(0, len(payload)))
        raw += frame(TEXT, payload[:cut], fin=False) + frame(0, payload[cut:])
    one, got, at = end(), list[str](), 0
    while at < len(raw):
        size = data.draw(st.integers(1, 30))
        got += [event.text for event in heard(one, raw[at : at + size])]
        at += size
    assert got == texts


def test_both_ends_understand_each_other() -> None:
    """RFC 6455, section 5.3: a caller masks, a server does not."""
    caller, server = end(server=False), end()
    assert [event.text for event in heard(server, caller.say("hello ä"))] == ["hello ä"]
    assert [event.text for event in heard(caller, server.say("back"))] == ["back"]
    assert heard(caller, server.close(1008, "x" * 200)) == [Heard("left")]
    assert server.say("more") == b""
    assert server.close(1000) == b""


def test_a_ping_is_answered_and_goes_no_further() -> None:
    """Z9: neither it nor its answer is a message."""
    (asked,) = heard(end(), frame(PING, b"data"))
    assert (asked.what, asked.reply) == ("asked", b"\x8a\x04data")
    assert heard(end(), frame(PONG, b"data")) == []
    assert end().ask() == b"\x89\x00"


def test_control_frames_are_counted_over_time() -> None:
    """Z22: so many a minute, of both kinds."""
    one = end()
    assert len(heard(one, frame(PING) * 3)) == 3
    assert heard(one, frame(PONG), now_ms=1)[0].state == "malformed"
    later = end()
    heard(later, frame(PING) * 3)
    assert heard(later, frame(PING), now_ms=20_000)[0].what == "asked"


@pytest.mark.parametrize(
    ("data", "state"),
    [
        (frame(BINARY, b"x"), "unknown_type"),
        (frame(TEXT, b"\xff"), "unreadable"),
        (frame(TEXT, b"x" * 1001), "too_large"),
        (frame(TEXT, b"", fin=False) * 1 + frame(0, b"", fin=False) * 4, "too_large"),
        (frame(TEXT, b"x", mask=False), "malformed"),
        (frame(0, b"x"), "malformed"),
        (frame(CLOSE, b"x"), "malformed"),
    ],
)
def test_what_breaks_the_protocol_is_said_once(data: bytes, state: str) -> None:
    """Z22: and nothing behind it is read."""
    one = end()
    (last,) = heard(one, data + frame(TEXT, b"{}"))
    assert (last.what, last.state) == ("broke", state)
    assert heard(one, frame(TEXT, b"{}")) == []


def test_a_mask_where_none_may_be_is_a_break() -> None:
    """RFC 6455, section 5.1: a server masks nothing."""
    assert heard(end(server=False), frame(TEXT, b"{}"))[0].state == "malformed"


def test_the_answer_to_a_close_is_known_and_nothing_else_is_read() -> None:
    """A caller that was told of the end may still be sending."""
    one = end()
    one.close(1008)
    assert not one.answers_close(frame(TEXT, b"{}"))
    assert one.answers_close(frame(CLOSE, struct.pack("!H", 1008)))
    assert one.answers_close(b"")
    closed = end()
    assert heard(closed, frame(CLOSE, struct.pack("!H", 1000)) + frame(TEXT, b"{}")) == [Heard("left")]
    assert closed.close(1000) == b"\x88\x02\x03\xe8"


@given(st.binary(max_size=300))
def test_any_bytes_are_messages_or_a_break(data: bytes) -> None:
    """Z22: it never raises, whatever the bytes are."""
    for server in (True, False):
        one = end(server=server)
        for event in heard(one, data):
            assert event.what in ("said", "asked", "left", "broke")
