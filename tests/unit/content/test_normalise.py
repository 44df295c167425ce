"""Texts are brought to the form in which identifiers are looked for."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoneproxy.content.normalise import TABLE, normalise


def test_every_decimal_digit_counts():
    """A digit of any script is its ASCII digit."""
    digits = [chr(code) for code in range(0x80, 0x20000) if unicodedata.category(chr(code)) == "Nd"]
    for digit in digits:
        if ord(digit) in TABLE:
            assert normalise(digit).text == str(unicodedata.decimal(digit))
    missing = [digit for digit in digits if ord(digit) not in TABLE]
    assert len(missing) <= 30, [hex(ord(digit)) for digit in missing]


@pytest.mark.parametrize("invisible", "\u200b\u00ad\u2060\u034f\ufe0f\U000e0041\u3164\ufeff\u061c\u180e")
def test_what_vanishes_is_dropped(invisible):
    """Z11: every default-ignorable code point is dropped, not only the five zero-widths."""
    assert normalise(f"1{invisible}2").text == "12"


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("\uff11\uff13\uff18", "138"),
        ("\u2460\u24ea", "10"),
        ("\U0001d7cf\U0001d7d1", "13"),
        ("a\u0301 1\u0336", "a 1"),
        ("1\u30001\u20111", "1 1-1"),
        ("\uff21\uff22\uff20", "AB@"),
    ],
)
def test_what_looks_alike_is_alike(raw, plain):
    """Full-width, enclosed, mathematical and struck characters are their plain ones."""
    assert normalise(raw).text == plain


@pytest.mark.parametrize(
    "text",
    [
        "\u0e17\u0e38\u0e01\u0e04\u0e19\u0e21\u0e35\u0e2a\u0e34\u0e17\u0e18\u0e34\u0e4c",
        "\u179f\u17d2\u179a\u17bb\u1780",
        "\u4eba\u4eba\uff0c\u6709",
    ],
)
def test_scripts_are_not_destroyed(text):
    """Marks of Thai and Khmer and the signs of Chinese stay."""
    assert normalise(text).text == text


@given(st.text(alphabet=st.sampled_from("ab1\u200b\u0301\uff11\U000e0041 "), max_size=40))
def test_places_lead_back_to_the_text(raw):
    """Every character of the normalised text stands where `raw` says."""
    normal = normalise(raw)
    for place, character in enumerate(normal.text):
        assert normalise(raw[normal.raw(place)]).text == character
