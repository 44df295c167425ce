"""Where an identifier that begins with letters may have begun."""

from __future__ import annotations

import pytest

from tests.unit.content.identifiers import KEY
from zoneproxy.content.approach import LONGEST, approach_start
from zoneproxy.content.scan import ScanSettings
from zoneproxy.content.window import Window


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("to zhang.wei@", 3),
        ("to zhang.wei@q", 3),
        ("see https://www.exa", 4),
        ("微信号: jing", 0),
        ("车牌 粤A12", 3),
        ("住址 广东省汕头", 3),
        ("绝密", 0),
    ],
)
def test_what_may_become_an_identifier_waits_from_there(text, start):
    """Z11: from the first sign on."""
    assert approach_start(text) == start


@pytest.mark.parametrize("text", ["", "plain words", "人人有权享有", "ทุกคน", "see https://a.b/c and"])
def test_other_words_do_not_wait(text):
    """Ordinary text goes as it comes."""
    assert approach_start(text) == len(text)


def test_the_wait_is_bounded():
    """A run that never ends is given up."""
    assert len("广东省" + "人" * 500) - approach_start("广东省" + "人" * 500) <= LONGEST


@pytest.mark.parametrize(
    ("before", "value"),
    [
        ("here: ", "91350100M000100Y43"),
        ("here: ", "豫AF98056"),
        ("here: ", "58.119.142.4"),
        ("card ", "6222021234567890128"),
        ("公司电话 ", "0755-53960159"),
        ("the ", "绝密★启用前"),
    ],
)
@pytest.mark.parametrize("width", [1, 2, 4])
def test_nothing_of_it_has_gone_when_it_is_found(before, value, width):
    """Z11: letter by letter, the stream is stopped before the identifier's second character."""
    text = f"{before}{value}. And then more."
    window = Window(ScanSettings(2, KEY))
    for at in range(0, len(text), width):
        safe = window.safe
        if window.grow(text[at : at + width]):
            break
    else:
        pytest.fail("nothing was found")
    assert safe <= len(before) + 1
