"""Telephone numbers: prefix and context."""

# ruff: noqa: RUF001 - Chinese punctuation and look-alikes are what is tested

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoneproxy.content.detectors.telephone import find_landline, find_mobile
from zoneproxy.content.detectors.view import View


def mobiles(text):
    return [hit.value for hit in find_mobile(View(text))]


def landlines(text):
    return [hit.value for hit in find_landline(View(text))]


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True))
def test_the_prefixes_agree_with_the_numbering_plan(number):
    """What phonenumbers takes for a mobile number of the mainland, we take too."""
    parsed = phonenumbers.parse("+86" + number)
    if phonenumbers.number_type(parsed) == phonenumbers.PhoneNumberType.MOBILE:
        assert mobiles(f"+86{number}") == [number]


@pytest.mark.parametrize(
    "text",
    [
        "电话13812345678好",
        "+86 138-1234-5678",
        "0086 13812345678",
        "tel 8613812345678",
        "tel: 138 1234 5678",
        "(+86)13812345678",
        "mobile=1381,2345,678",
        "手机一三八一二三四五六七八",
        "张三,25,13812345678,x",
        "mobile=l38I2345678",
        "手机1 3 8 1 2 3 4 5 6 7 8",
        "Call Zhang Wei at 13812345678 today",
    ],
)
def test_every_writing_of_a_mobile_number_is_found(text):
    """Z11: beside Chinese, grouped, spaced, in numerals, with a country code."""
    assert mobiles(text) == ["13812345678"]


@pytest.mark.parametrize(
    "text",
    [
        "size 13812345678 bytes",
        "build 13812345678",
        "SO-1381-2345678",
        "13812345678 tokens used",
        "$13812345678",
        "Rp 13812345678",
        "0.13812345678",
        "+1 381 234 5678",
        "tel:+1-381-234-5678",
        "213812345678",
        "138123456789",
        "12012345678",
        "order id: 13812345678",
        "18184582610 / 2 = 9092291305.0",
        "138.29.235.206",
        "Call 19496297612 (US)",
    ],
)
def test_quantities_and_other_countries_are_not_mobile_numbers(text):
    """Bytes, sums, currencies, addresses, North America and longer numbers pass."""
    assert mobiles(text) == []


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("公司电话：0755-53960159", "75553960159"),
        ("固话 +86-591-47181096", "59147181096"),
        ("公司电话：(0531)64095494", "53164095494"),
        ("固话 +86 10 6552 9988", "1065529988"),
        ("公司电话：零贰玖 柒叁肆捌零肆伍柒", "2973480457"),
    ],
)
def test_landlines_are_found_among_chinese_words_or_with_the_country_code(text, number):
    """Z11: area code and seven or eight digits, in every writing."""
    assert landlines(text) == [number]


@pytest.mark.parametrize(
    "text",
    [
        "Jakarta office telp (021) 32477910",
        "TP.HCM ĐT 028 56496525",
        "Bandung 022-75742677",
        "電話 02 2904 9015",
    ],
)
def test_area_codes_that_others_have_too_are_not_enough(text):
    """Jakarta, Ho Chi Minh City, Bandung and Taipei pass."""
    assert landlines(text) == []


@pytest.mark.parametrize("text", ["办公 O1O-23456789", "办公 l20-2345-6789", "办公 0l0-234S6789"])
def test_letters_that_look_like_digits_in_groups(text: str) -> None:
    """Z11: a landline that is written in groups is found in the same disguises as a mobile number."""
    assert len(landlines(text)) == int(text != "办公 l20-2345-6789")


def test_cells_of_a_table_are_no_landline() -> None:
    """Two numbers that stand over each other are not one."""
    assert landlines("7.89,00866281\n878966,0254") == []
    assert landlines("+86 10 6281\n8789") == ["1062818789"]
