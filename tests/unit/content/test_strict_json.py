"""JSON is read so that no other reader can understand another thing."""

from __future__ import annotations

import json

import pytest

from zoneproxy.content.strict_json import (
    UnreadableError,
    members,
    read_object,
    read_value,
    too_deep,
    with_member,
    without,
)


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1,"a":2}',
        b'{"x":{"a":1,"a":1}}',
        b'{"x":[{"a":1,"\\u0061":1}]}',
        b'{"a":NaN}',
        b'{"a":-Infinity}',
        b'\xef\xbb\xbf{"a":1}',
        b'{"a":"\xff"}',
        '{"a":1}'.encode("utf-16"),
        b'{"a":1} x',
        b'{"a":1}{"b":2}',
        b'{"a":"\\ud800"}',
        b'{"\\udc00":1}',
        b'{"a":"\x01"}',
        b"{'a':1}",
        b"",
        b"[" * 100_000,
        b'{"a":' + b"9" * 100_000 + b"}",
    ],
)
def test_what_readers_could_take_differently_is_refused(data):
    """Z22: duplicate keys, half characters, foreign encodings and the like are unreadable."""
    with pytest.raises(UnreadableError):
        read_value(data, 64)


def test_what_every_reader_takes_alike_is_read():
    """Whole characters, escapes and space around the value are plain JSON."""
    assert read_object(b' {"a": ["\\ud83d\\ude00", 1.5, null, true]}\r\n', 8) == {
        "a": ["\U0001f600", 1.5, None, True]
    }


def test_only_an_object_is_an_object():
    """A body is one object, not a list."""
    with pytest.raises(UnreadableError, match="not an object"):
        read_object(b"[1]", 8)


def test_depth_counts_brackets_outside_strings():
    """Brackets in strings nest nothing."""
    assert too_deep("[" * 5 + "]" * 5, 4)
    assert not too_deep("[" * 4 + "]" * 4, 4)
    assert not too_deep(json.dumps(["[[[[[[" for _ in range(9)]), 4)
    assert not too_deep('["\\"[[[[[["]', 4)


@pytest.mark.parametrize(
    "text", ['{"u":1}', '{ "a" : [1,{"u":2}] , "u" : null }', '{"u":{},"b":"\\u0041"}', "{}"]
)
def test_taking_a_member_out_leaves_the_rest_byte_for_byte(text):
    """The object without a member is the object without it, and nothing else changes."""
    expected = {key: value for key, value in json.loads(text).items() if key != "u"}
    assert json.loads(without(text, "u")) == expected


@pytest.mark.parametrize("text", ["{}", '{ "a" : 1.50 }', '{"u":null,"b":2}', '{"b":2 ,"u":[1]}\n'])
def test_setting_a_member_leaves_the_rest_byte_for_byte(text):
    """The object with a member set is the object with it, and numbers keep their writing."""
    made = with_member(text, "u", {"x": True})
    assert json.loads(made) == {**json.loads(text), "u": {"x": True}}
    assert ("1.50" in made) == ("1.50" in text)


def test_members_tell_their_places():
    """A member's places cut its key and value out of the text."""
    text = ' {"a" : 1, "b":[2, 3] } '
    cut = [(m.key, text[m.start : m.end], text[m.value_start : m.end]) for m in members(text)]
    assert cut == [("a", '"a" : 1', "1"), ("b", '"b":[2, 3]', "[2, 3]")]
