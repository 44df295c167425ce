"""Every string of a body is walked."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from zoneproxy.content.walk import strings
from zoneproxy.terms.finding import Segment

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


def _all_strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _all_strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _all_strings(inner)


@given(VALUES)
def test_no_string_is_left_out(value):
    """Z11: every string and every key that says more than a field's name is walked."""
    walked = "\n".join(text for _, text in strings(value))
    plain = {"content", "text", "input", "prompt", "arguments", "role", "type", "data"}
    for text in _all_strings(value):
        assert text in walked or text in plain or not text


def test_segments_say_whose_words_they_are():
    """System, user, tool, retrieved and assistant words are told apart, unknown fields stay unknown."""
    body = {
        "system": "s",
        "messages": [
            {"role": "developer", "content": "d"},
            {"role": "user", "content": [{"type": "text", "text": "u"}, {"type": "document", "title": "r"}]},
            {"role": "assistant", "tool_calls": [{"function": {"arguments": "t"}}]},
            {"role": "tool", "content": "o"},
        ],
        "metadata": {"note": "x"},
    }
    found = {text: segment for segment, text in strings(body)}
    assert found["system: s"] is Segment.SYSTEM
    assert found["d"] is Segment.SYSTEM
    assert found["u"] is Segment.USER
    assert found["title: r"] is Segment.RETRIEVED
    assert found["t"] is Segment.TOOL
    assert found["o"] is Segment.TOOL
    assert found["note: x"] is Segment.UNKNOWN


def test_long_integers_are_walked_as_text():
    """A telephone number is one also when it is written as a JSON number."""
    assert (Segment.UNKNOWN, "mobile: 13812345678") in list(strings(json.loads('{"mobile": 13812345678}')))
