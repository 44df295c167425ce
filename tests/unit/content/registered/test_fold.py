"""One form for all disguises."""

from __future__ import annotations

import pytest

from zoneproxy.content.registered.fold import Reading, flat, plain


@pytest.mark.parametrize(
    "disguised",
    [
        "".join(chr(ord(sign) + 0xFEE0) for sign in "ZhangWEI88"),
        "zhang-wei/88",
        "Z\u200bh\u00adang\u3164 We\ufe0fi 88",
        "z h a n g\nw e i 8 8",
        "Zh\u0430ng W\u0435i 八八",
        "ZH\u0391NG we\u0131 \u0668\u0668".replace("\u0131", "i"),
        "Zha\u0301ng Wéi ⑧⑧",
        "".join(chr(0x1D468 + ord(sign) - 65) for sign in "ZHANG") + "wei\U0001d7e0\U0001d7e0",
    ],
)
def test_every_disguise_has_the_same_flat_form(disguised: str) -> None:
    """Z12: case, width, separators, look-alikes, marks and the digits of every script vanish."""
    assert flat(disguised) == "zhangwe188"


def test_letters_and_digits_that_look_alike_are_one() -> None:
    """O and 0, l, I and 1 fold to the same character."""
    assert flat("IO l0") == flat("10 1o") == "1010"


def test_what_is_dropped_joins_and_what_separates_does_not() -> None:
    """An ignorable character leaves nothing behind, a sign leaves one space."""
    assert plain("a\u200bb…c") == "ab c"


def test_a_text_in_pieces_folds_as_the_whole_does() -> None:
    """Z12: flat text, places and boundaries do not depend on where a text was cut."""
    text = "Ab12 ㎏é\u0301\u200b张-三, x" + " " * 9 + "9z… ½A"
    whole = Reading()
    marks = whole.feed(text) + whole.settle()
    for width in range(1, len(text)):
        one = Reading()
        seen = [mark for at in range(0, len(text), width) for mark in one.feed(text[at : at + width])]
        assert seen + one.settle() == marks
        assert one.flat == whole.flat
        assert [one.raw(at) for at in range(one.end)] == [whole.raw(at) for at in range(whole.end)]


def test_boundaries() -> None:
    """Values begin and end between letters and digits, beside signs, and beside each Chinese character."""
    reading = Reading()
    assert reading.feed("ab12 张山c") == [0, 2, 4, 5, 6]
    assert reading.settle() == [7]
    assert reading.flat == "ab12张山c"


def test_no_value_reaches_across_a_long_gap() -> None:
    """A gap that is too long is a break, told once."""
    assert Reading().feed("a" + " " * 6 + "b") == [0, 1]
    assert Reading().feed("a" + " " * 9 + "b") == [0, 1, ~1]


def test_places_begin_anew_in_the_next_text_of_a_body() -> None:
    """After a text's end places count from nought, and what lay before lies before."""
    reading = Reading()
    reading.feed("abc")
    assert reading.close() == [3, ~3]
    reading.feed("-de")
    assert [reading.raw(at) for at in (0, 2, 3, 4)] == [0, 0, 1, 2]


def test_letting_go_keeps_places() -> None:
    """What is forgotten shifts nothing."""
    reading = Reading()
    reading.feed("ab cd ef")
    reading.let_go(4)
    assert (reading.begin, reading.end, reading.piece(4, 6), reading.raw(4)) == (4, 6, "ef", 6)


def test_a_lone_surrogate_is_a_separator() -> None:
    """Broken text folds like any other."""
    assert plain("a\ud800b") == "a b"
