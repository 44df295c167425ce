"""UnionPay cards: Luhn and length."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn as oracle

from zoneproxy.content.detectors.bank_card import find, luhn
from zoneproxy.content.detectors.view import View


def found(text):
    return [hit.value for hit in find(View(text))]


@given(st.from_regex(r"[0-9]{2,24}", fullmatch=True))
def test_the_check_agrees_with_the_oracle(number):
    """python-stdnum computes the same check."""
    assert luhn(number) == oracle.is_valid(number)


@given(st.from_regex(r"62[0-9]{13,16}", fullmatch=True), st.sampled_from(["", " ", "-", "/"]))
def test_cards_are_found_in_groups_too(body, gap):
    """Z11: sixteen to nineteen digits, together or in fours."""
    card = body + oracle.calc_check_digit(body)
    written = gap.join(card[at : at + 4] for at in range(0, len(card), 4))
    assert found(f"card={written}") == [card]
    wrong = body + str((int(card[-1]) + 1) % 10)
    assert found(f"card={wrong}") == []


@pytest.mark.parametrize(
    "text", ["Visa 4111111111111111", "parcel 6222021234567890128", "x6222021234567890128"]
)
def test_other_cards_and_other_things_are_not_cards(text):
    """Foreign cards, parcels and pieces of a code pass."""
    assert found(text) == []


def test_a_card_in_a_table_is_found():
    """What follows in the next column does not hide it."""
    card = "622202123456789" + oracle.calc_check_digit("622202123456789")
    assert found(f"{card},123,x") == [card]
    assert found(f"7,{card},13812345678") == [card]
