"""Where an encoded identifier may have begun."""

from __future__ import annotations

import pytest

from zoneproxy.content.veil import may_be_veiled, veiled_start


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("x MTEwMTAx", 2),
        ("x %31%31", 2),
        ("x \\u0031\\u00", 2),
        ("x &#49;&#4", 2),
        ("words Mother", 12),
        ("Not", 3),
        ("", 0),
    ],
)
def test_encoded_digits_are_held_from_their_first(text, start):
    """Ordinary words are not held."""
    assert veiled_start(text) == start


def test_a_cheap_look_says_whether_to_decode():
    """Signs of an escape, or a long word."""
    assert may_be_veiled("a %31", 3)
    assert may_be_veiled("x" * 30, 1)
    assert not may_be_veiled("just some words here", 4)
