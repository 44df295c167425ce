"""Winnowing: which pieces of a text stand for it."""

from __future__ import annotations

from random import Random

from zoneproxy.content.registered.grams import GRAM, SURE, WINDOW, Winnower, grams


def text(seed: int, size: int) -> str:
    random = Random(seed)
    return "".join(random.choice("abcdefghjkmnpqrstuvwxyz汕头海雾") for _ in range(size))


def test_every_sure_piece_holds_two_chosen_grams() -> None:
    """Z12: wherever a piece of 50 flat characters is cut out, two of its chosen grams are the whole's."""
    whole = text(1, 600)
    chosen = {gram for _, gram in grams(whole)}
    for start in range(len(whole) - SURE + 1):
        around = text(2, 40) + whole[start : start + SURE] + text(3, 40)
        assert len({gram for _, gram in grams(around)} & chosen) >= 2


def test_about_one_character_in_eight_is_stored() -> None:
    """The density of winnowing is 2 / (window + 1)."""
    assert 0.08 < sum(1 for _ in grams(text(4, 20_000))) / 20_000 < 0.16


def test_the_choice_does_not_depend_on_the_cuts() -> None:
    """Z12: a text that grows in pieces chooses what the whole chooses, at the same places."""
    whole = text(5, 300)
    for width in (1, 2, 3, 7, 20, 35, 36, 90):
        one = Winnower()
        pieces = [whole[at : at + width] for at in range(0, len(whole), width)]
        assert [found for piece in pieces for found in one.feed(piece)] == list(grams(whole))


def test_places_are_where_the_grams_stand() -> None:
    """A gram's place is its first character's."""
    whole = text(6, 200)
    assert all(whole[place : place + GRAM] == gram for place, gram in grams(whole))


def test_short_and_empty_texts_choose_nothing() -> None:
    """Less than one window chooses nothing, and monotony neither."""
    assert list(grams(text(7, GRAM + WINDOW - 2))) == []
    assert list(grams("")) == []
    assert list(grams("ababab" * 50)) == []
