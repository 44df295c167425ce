"""Mobile numbers: prefix and context."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoneproxy.content.detectors.mobile import find
from zoneproxy.content.detectors.view import View


def found(text):
    return [hit.value for hit in find(View(text))]


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True))
def test_the_prefixes_agree_with_the_numbering_plan(number):
    """What phonenumbers takes for a mobile number of the mainland, we take too."""
    parsed = phonenumbers.parse("+86" + number)
    if phonenumbers.number_type(parsed) == phonenumbers.PhoneNumberType.MOBILE:
        assert found(f"+86{number}") == [number]


@pytest.mark.parametrize(
    "text",
    ["电话13812345678好", "+86 138-1234-5678", "0086 13812345678", "tel: 138 1234 5678", "(+86)13812345678"],
)
def test_every_writing_is_found(text):
    """Z11: beside Chinese, grouped, with a country code."""
    assert found(text) == ["13812345678"]


@pytest.mark.parametrize(
    "text",
    [
        "size 13812345678 bytes",
        "13812345678 tokens",
        "$13812345678",
        "Rp 13812345678",
        "0.13812345678",
        "+1 1381234567",
        "213812345678",
        "138123456789",
        "12012345678",
        "order id: 13812345678",
    ],
)
def test_quantities_are_not_telephones(text):
    """Bytes, sums, currencies, other countries and longer numbers pass."""
    assert found(text) == []
