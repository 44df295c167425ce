"""`zoneproxy.content.novelty`: what of an event says something new."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.content.identifiers import chat_chunk
from zoneproxy.content.novelty import new_bytes


def test_only_what_changes_counts() -> None:
    """The frame of a token event is not new, its text is."""
    assert new_bytes(chat_chunk("a"), chat_chunk("bcd")) == 3
    assert new_bytes(b"", b"abc") == 3
    assert new_bytes(chat_chunk("a"), chat_chunk("a")) == 0


def test_text_hidden_beside_the_text_counts_too() -> None:
    """Z9: an id, a number or spaces that change carry something out, and are counted."""
    before = b'{"id": "a", "n": 1, "delta": "x"}'
    assert new_bytes(before, b'{"id": "b' + b"q" * 50 + b'", "n": 1, "delta": "x"}') >= 50
    assert new_bytes(before, b'{"id": "a", "n": 123456789, "delta": "x"}') == 8
    assert new_bytes(before, b'{"id": "a",          "n": 1, "delta": "x"}') == 9


def test_pieces_that_were_there_count_one_byte() -> None:
    """Of a long frame in which two far places changed, only what is new counts."""
    frame = b'{"delta": "%s", "item": "msg_0123456789", "object": "chat.completion", "model": "m", "n": "%d"}'
    first, second = frame % (b"a", 1), frame % (b"bb", 2)
    assert new_bytes(first, second) < 24
    filler = b'"' + bytes(range(97, 123)) * 4 + b'"'
    assert new_bytes(first, frame % (filler, 2)) > 100


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_new_bytes_are_enough_to_tell_the_event(before: bytes, event: bytes) -> None:
    """Never negative, never more than the event, and nought only for what is shared."""
    new = new_bytes(before, event)
    assert 0 <= new <= len(event) + 1
    if new == 0:
        assert event in (before, before[: len(event)]) or len(event) < len(before)
