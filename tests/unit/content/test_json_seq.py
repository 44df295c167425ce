"""`zoneproxy.content.json_seq`: a session's messages have one reading as bytes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoneproxy.content.json_seq import decode, encode
from zoneproxy.content.strict_json import UnreadableError


@given(st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=20), max_size=3), max_size=5))
def test_messages_come_back_as_they_went(messages: list[dict[str, str]]) -> None:
    """Z15: whoever has the messages can make the recorded digest's bytes again, and the other way round."""
    texts = [json.dumps(message, ensure_ascii=False) for message in messages]
    assert decode(b"".join(map(encode, texts))) == texts


def test_a_message_with_a_separator_is_no_json() -> None:
    """Z11: one message of the server's is never two of the sequence's."""
    with pytest.raises(UnreadableError):
        encode('{"a": 1}\x1e{"b": 2}')


@pytest.mark.parametrize("data", [b"{}", b"{}\n\x1e{}\n", b"\x1e{}", b"\x1e{}\n\x1e{}"])
def test_what_is_no_sequence_is_not_read(data: bytes) -> None:
    """A caller's bug is told, not guessed at."""
    with pytest.raises(ValueError, match="sequence"):
        decode(data)
