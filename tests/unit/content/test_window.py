"""Of a growing text only the open run waits."""

from __future__ import annotations

import base64

import pytest

from tests.unit.content.identifiers import KEY, resident_id
from zoneproxy.content.scan import ScanSettings
from zoneproxy.content.window import MOST_HELD, Window

SETTINGS = ScanSettings(2, KEY)


@pytest.mark.parametrize("text", ["Hello", " world,", "\n", "人人有权", " ทุกคน", "x1 y", "42 apples"])
def test_ordinary_words_do_not_wait(text):
    """A piece that ends in no digit goes as it comes."""
    window = Window(SETTINGS)
    window.grow(text)
    assert window.held == 0


def test_an_open_run_waits_until_it_is_decided():
    """The run is held from its first digit; when it is decided it goes, or is found."""
    window = Window(SETTINGS)
    value = resident_id(1)
    assert window.grow("id: " + value[:10]) == []
    assert window.held == 10
    assert window.grow(value[10:]) == []
    assert window.held == 18
    (hit,) = window.grow(".. ok then, whatever follows")
    assert (hit.start, hit.end) == (4, 22)


def test_a_long_run_of_numbers_is_held_no_longer_than_the_bound():
    """Lists of numbers go on, at most `MOST_HELD` characters behind."""
    window = Window(SETTINGS)
    for number in range(1000):
        window.grow(f" {number % 97}")
        assert window.held <= MOST_HELD
    assert not window.padded


def test_padding_with_what_vanishes_is_no_way_out():
    """Z22: a run stretched with invisible characters can't be inspected."""
    window = Window(SETTINGS)
    for digit in resident_id(2):
        window.grow(digit + "\u200b" * 40)
    assert window.padded


def test_a_window_stays_small():
    """Memory does not grow with the text."""
    window = Window(SETTINGS)
    for _ in range(2000):
        window.grow("some more words ")
    assert window.end - window.offset < 2000


def encoded(value):
    base = base64.b64encode(value.encode()).decode()
    return {
        "base64": base,
        "percent": "".join(f"%{ord(sign):02x}" for sign in value),
        "escape": "".join(f"\\u{ord(sign):04x}" for sign in value),
        "entity": "".join(f"&#{ord(sign)};" for sign in value),
        "hex": value.encode().hex(),
    }


@pytest.mark.parametrize("step", ["base64", "percent", "escape", "entity", "hex"])
@pytest.mark.parametrize("width", [1, 3, 8])
def test_encoded_identifiers_are_found_as_they_grow(step, width):
    """Z11: an encoding hides nothing in a stream, and at most three characters of it have gone."""
    text = f"here: {encoded(resident_id(8))[step]} and on"
    window = Window(SETTINGS)
    for at in range(0, len(text), width):
        safe = window.safe
        if hits := window.grow(text[at : at + width]):
            break
    assert [hit.kind for hit in hits] == ["cn_resident_id"]
    assert safe <= len("here: ") + 3
