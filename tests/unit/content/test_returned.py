"""`zoneproxy.content.returned`: what was returned is recognised, and can't be read from its fingerprints."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoneproxy.content.returned import MOST_PRINTS, Returned, sight

KEY = bytes(range(32))


def words(seed: int, count: int) -> str:
    """A text of made-up words."""
    chance = random.Random(seed)
    letters = "abcdefghijklmnopqrstuvwxyz"
    return " ".join("".join(chance.choices(letters, k=chance.randint(2, 9))) for _ in range(count))


def prints(text: str, key: bytes = KEY) -> Returned:
    made = Returned(key)
    made.grow((), text)
    return made


def run(*texts: str) -> list[int]:
    return sorted({one for text in texts for one in prints(text).prints()})


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 1000), cuts=st.lists(st.integers(1, 40), min_size=1, max_size=40))
def test_fingerprints_do_not_depend_on_the_pieces(seed: int, cuts: list[int]) -> None:
    """A stream has the fingerprints of the whole text."""
    text, made, at, number = words(seed, 120), Returned(KEY), 0, 0
    while at < len(text):
        width = cuts[number % len(cuts)]
        made.grow((), text[at : at + width])
        at, number = at + width, number + 1
    assert made.prints() == prints(text).prints()


def test_a_piece_is_recognised_through_its_disguises() -> None:
    """Z7: copied out, in capitals, full-width or reflowed, it is the same text."""
    text = words(1, 400)
    piece = text[300:1500]
    held = run(text, words(2, 400))
    assert sight("2027-01-15", prints(piece), held).recognised
    wide = "".join(chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else sign for sign in piece)
    for disguised in (piece.upper(), wide, piece.replace(" ", "\n"), piece.replace("e", "e\u200b")):
        assert sight("2027-01-15", prints(disguised), held).hits >= 2


def test_pieces_are_recognised_as_often_as_the_page_says() -> None:
    """Of 600 flat characters at least 97 in 100, of 300 at least 80."""
    text = words(3, 6000).replace(" ", "")
    held = run(text)
    for size, least in ((600, 97), (300, 80)):
        seen = [sight("d", prints(text[at : at + size]), held).recognised for at in range(0, 100 * 211, 211)]
        assert sum(seen) >= least


def test_a_short_answer_is_recognised_as_a_whole() -> None:
    """An answer too short for two grams has a fingerprint of its own; what is very short has none."""
    text = "The ferry leaves at nine from pier two."
    held = run(text)
    assert sight("d", prints(text.upper()), held).whole
    assert not sight("d", prints(text + " Not."), held).whole
    assert not prints("Yes, it is.").prints()


def test_other_texts_are_not_recognised() -> None:
    """Two hundred other texts against forty thousand characters: none has two hits."""
    held = run(*(words(seed, 200) for seed in range(40)))
    assert not any(sight("d", prints(words(seed, 300)), held).recognised for seed in range(1000, 1200))


def test_nothing_can_be_told_without_the_key() -> None:
    """Privacy: under another key the same text has other fingerprints."""
    text = words(5, 300)
    assert not prints(text).prints() & prints(text, bytes(32)).prints()


def test_what_is_kept_is_bounded_and_small() -> None:
    """About an eighth of a byte a character."""
    text = words(6, 4000)
    kept = 8 * len(prints(text).prints())
    assert kept < len(text) / 5
    assert MOST_PRINTS == 200_000


@pytest.mark.parametrize(("size", "least"), [(600, 0.99), (300, 0.9)])
def test_so_many_pieces_are_recognised(size: int, least: float) -> None:
    """Z7: the shares that the documentation promises, of pieces of a length without spaces."""
    flat = words(7, 40_000).replace(" ", "")
    held = run(flat)
    starts = range(0, len(flat) - size, (len(flat) - size) // 500)
    seen = [sight("2027-01-15", prints(flat[at : at + size]), held).recognised for at in starts]
    assert sum(seen) / len(seen) >= least
