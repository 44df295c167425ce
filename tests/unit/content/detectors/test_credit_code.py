"""Credit codes of organisations: both checksums."""

# ruff: noqa: RUF001 - Chinese punctuation and look-alikes are what is tested

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import uscc

from zoneproxy.content.detectors.credit_code import find, inner_check, valid
from zoneproxy.content.detectors.view import View

BODY = st.builds(
    lambda head, place, rest: f"{head}{place}{rest}",
    st.sampled_from(["91", "11", "12", "52", "93"]),
    st.sampled_from(["440507", "110101", "350100"]),
    st.text("0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=9, max_size=9),
)


def found(text):
    return [hit.value for hit in find(View(text))]


@given(BODY)
def test_the_outer_check_agrees_with_the_oracle(body):
    """python-stdnum computes the same check character; a string of digits needs the inner one too."""
    code = body + uscc.calc_check_digit(body)
    assert valid(code) == (not code.isdigit() or inner_check(code[8:17]))


@pytest.mark.parametrize(
    "text",
    [
        "统一社会信用代码：91350100M000100Y43",
        "uscc=91350100m000100y43",
        "9135 0100 M000 100Y 43",
        "9 1 3 5 0 1 0 0 M 0 0 0 1 0 0 Y 4 3",
        "91350100M000\n100Y43",
        "9135О100M00O100Y43",
        "9l350l00m000l00y43",
        "9135ol00moooi00y43",
    ],
)
def test_every_writing_is_found(text):
    """Z11: either case, grouped, spaced, broken, with look-alikes."""
    assert found(text) == ["91350100M000100Y43"]


@pytest.mark.parametrize(
    "text",
    [
        "91350100M000100Y44",
        "licence key 91QWD1JKH4NQQPQ86Y",
        "token 9AY1LWKQCFWPTJFA25",
        "123456789012345678",
    ],
)
def test_codes_without_the_check_are_not(text):
    """A wrong check character, an unknown registrar, a place that is none."""
    assert found(text) == []
