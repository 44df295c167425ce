"""What a value is worth."""

from __future__ import annotations

import pytest

from zoneproxy.content.registered.cells import leads, stands_alone, worth
from zoneproxy.content.registered.fold import flat


@pytest.mark.parametrize(
    "value",
    ["13812345678", "440508198001011234", "ZX-2024-00917", "zhang.wei88@qq.com",
     "灯塔市海雾区白鸥街坊九十七栋", "QK73-9920-5518"],
)  # fmt: skip
def test_distinctive_values_stand_alone(value: str) -> None:
    """Z12: identifiers, codes and addresses are matches by themselves."""
    assert stands_alone(flat(value))


@pytest.mark.parametrize(
    "value",
    ["张伟", "Zhang Wei", "1980-01-02", "02.01.1980", "20241113 101500", "515000", "12345678", "1000000000",
     "中华人民共和国", "广东省汕头市", "United States of America", "internationalisation", "male",
     "lollipop oil", "2024-11-13 10:15", "blue"],
)  # fmt: skip
def test_common_words_dates_and_short_numbers_never_match_alone(value: str) -> None:
    """Z12: what anyone may write by chance is no match without its row."""
    assert not stands_alone(flat(value))


def test_a_name_and_a_number_are_enough_for_a_row() -> None:
    """A Chinese name of two characters and a mobile number; not a name and a date."""
    assert worth("张伟") + worth("13812345678") >= 480
    assert worth("张伟") + worth("19800102") < 480


def test_words_alone_do_not_lead_a_row() -> None:
    """However many words of a row stand together, one must be clear enough."""
    assert not any(leads(flat(word)) for word in ("John Smith", "New York", "oil oil oil", "汕头市"))
    assert leads("88055523")
    assert leads("灯塔市海雾区白鸥街坊")


def test_repetition_is_worth_little() -> None:
    """A value of one or two different characters tells a third."""
    assert worth("1111111") == worth("1234567") // 3
