"""Resident identity numbers: province, day and check character."""

# ruff: noqa: RUF001 - Chinese punctuation and look-alikes are what is tested

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.iso7064 import mod_11_2

from tests.unit.content.identifiers import check_character, near_miss, resident_id
from zoneproxy.content.detectors.resident_id import find, valid
from zoneproxy.content.detectors.view import View


def found(text):
    return [hit.value for hit in find(View(text))]


@given(st.integers(0, 10**9), st.sampled_from(["110101", "440507", "810000", "820000", "830000", "659001"]))
def test_numbers_are_found_beside_anything_but_digits(seed, region):
    """Z11: beside Chinese, letters and signs, where a word boundary would see none."""
    value = resident_id(seed, region)
    assert mod_11_2.is_valid(value)
    for text in (value, f"身份证{value}号", f"id={value},", f"x{value}y"[:19], value.lower()):
        assert found(text) == [value]


@given(st.integers(0, 10**9))
def test_near_misses_are_not_numbers(seed):
    """A wrong check character, a day that never was, an unknown province, a longer run of digits."""
    value = resident_id(seed)
    no_day = value[:10] + "1332" + value[14:17]
    no_region = "00" + value[2:17]
    for text in (
        near_miss(value),
        no_day + check_character(no_day),
        no_region + check_character(no_region),
        "9" + value,
        value[:17] + "1" + "23",
    ):
        assert found(text) == []


@pytest.mark.parametrize("gap", [" ", "-", ".", "\n", " - "])
def test_gaps_do_not_hide_a_number(gap):
    """Spaced, dashed, dotted and broken over lines."""
    value = resident_id(7)
    assert found(gap.join(value)) == [value]
    assert found(gap.join((value[:6], value[6:14], value[14:]))) == [value]


def test_the_checksum_alone_is_no_proof():
    """One random number in eleven has a right check character; few have a province and a day too."""
    accepted = 0
    for number in range(20_000):
        body = f"{(number * 48_271 * 10**10 + 7 ** (number % 60)) % 10**17:017}"
        accepted += valid(body + check_character(body))
    assert accepted < 20


def test_the_old_form_needs_its_word():
    """Fifteen digits have no check character, so only a word makes them a number."""
    assert found("身份证号：410106800125866") == ["410106800125866"]
    assert found("IMEI 410106800125866") == []
    assert found("身份证号：410106801325866") == []


@pytest.mark.parametrize("writing", ["4I172119691|246605", "8200o019500826949X", "37078320021122900B"])
def test_letters_that_look_like_digits_do_not_hide_a_number(writing):
    """Z11: O for zero, l and I for one, B for eight."""
    assert len(found(f"x,{writing},active")) == 1


@pytest.mark.parametrize(
    "text",
    [
        "4222252593777",
        "3174010904062848",
        "110450637349579251",
        "trace_id=200801387791773494",
        "0190-6237-2119-2801",
        "860808-1646636",
        "001318787160",
    ],
)
def test_other_countries_numbers_are_not_numbers(text):
    """Thai, Indonesian, Philippine, Korean and Vietnamese numbers and order ids pass."""
    assert found(text) == []
