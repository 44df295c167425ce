"""`zoneproxy.trace.canonical`: one value, one spelling."""

from __future__ import annotations

import pytest

from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.canonical import MAX_INT, decode, encode


def test_round_trip() -> None:
    """A value reads back as it was written."""
    value = {"b": [1, True, None, "\u00e9\u2028\x7f\x01"], "a": {"z": -MAX_INT}}
    assert decode(encode(value)) == value
    assert encode(value).startswith(b'{"a":')


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1,"a":1}',
        b'{"b":1,"a":2}',
        b'{"a": 1}',
        b'{"a":1.0}',
        b'{"a":1e3}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":9007199254740992}',
        b'{"a":"\\u00e9"}',
        b'{"a":"\\ud800"}',
        b"\xff",
        b'{"a":1}\n',
        b"{",
        b"",
        b'"\\/"',
        b"[" * 100_000,
        '{"\u00e9":1}'.encode(),
        b"-0",
        b"\xef\xbb\xbf{}",
    ],
)
def test_other_spellings_are_refused(data: bytes) -> None:
    """Duplicate keys, floats, large integers, escapes, disorder: all refused with the one error."""
    with pytest.raises(VerificationError):
        decode(data)


@pytest.mark.parametrize("value", [1.5, MAX_INT + 1, "\ud800", {1: 2}, {"\u00e9": 1}, b"x", (1,), {"a": {1}}])
def test_values_without_a_spelling(value: object) -> None:
    """What has no canonical spelling is refused when written."""
    with pytest.raises(ValueError, match=r"ASCII|integer|neither|surrogates"):
        encode(value)
