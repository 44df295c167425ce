"""Numerals and look-alikes are read as digits without moving anything."""

# ruff: noqa: RUF001 - look-alikes are what is tested

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoneproxy.content import overlay


@given(st.text(max_size=60))
def test_every_reading_keeps_the_length(text):
    """Places stay places."""
    for read in (overlay.latin, overlay.numerals, overlay.digits):
        assert len(read(text)) == len(text)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("一三八一二三四五六七八", "13812345678"),
        ("壹叁捌零零壹叁捌零零零", "13800138000"),
        ("一九九一年", "一九九一年"),
    ],
)
def test_numerals_count_only_in_long_runs(text, read):
    """An idiom or a year stays what it is."""
    assert overlay.numerals(text) == read


@pytest.mark.parametrize(
    ("text", "read"),
    [("l38I23456Z8", "13812345628"), ("BOSSlIquid", "BOSSlIquid"), ("word 12345", "word 12345")],
)
def test_letters_count_only_among_digits(text, read):
    """Words stay words."""
    assert overlay.digits(text) == read


def test_foreign_letters_count_only_among_ascii():
    """A Russian word stays Russian, a Latin word with one Cyrillic letter becomes Latin."""
    assert overlay.latin("gov.сn слово") == "gov.cn слово"
    assert overlay.maybe_digits("1234567")
    assert not overlay.maybe_digits("words only")


def test_a_sign_that_ends_a_sentence_is_no_digit():
    """A whole identifier is not read as one digit longer; within a number the sign counts as before."""
    assert overlay.digits("110101196010181330!") == "110101196010181330!"
    assert overlay.digits("13812345678|") == "13812345678|"
    assert overlay.digits("1381234567!") == "13812345671"
