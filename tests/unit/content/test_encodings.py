"""What stands encoded in a text is brought out."""

from __future__ import annotations

import base64

import pytest

from zoneproxy.content.encodings import pieces, unbroken

PLAIN = "call 13812345678"


def steps(text):
    return {piece.step: piece.data for piece in pieces(text)}


@pytest.mark.parametrize(
    ("step", "text"),
    [
        ("base64", base64.b64encode(PLAIN.encode()).decode()),
        ("base64", base64.urlsafe_b64encode(PLAIN.encode()).decode().rstrip("=")),
        ("hex", PLAIN.encode().hex()),
        ("percent", "".join(f"%{ord(sign):02X}" for sign in PLAIN)),
        ("entity", "".join(f"&#x{ord(sign):x};" for sign in PLAIN)),
        ("escape", "".join(f"\\u{ord(sign):04x}" for sign in PLAIN)),
        ("escape", "".join(f"\\\\\\u{ord(sign):04x}" for sign in PLAIN)),
    ],
)
def test_every_encoding_is_undone(step, text):
    """Z11: to any depth of backslashes, in both base64 alphabets."""
    data = steps(f"x {text} y")[step]
    assert PLAIN in (data.decode() if isinstance(data, bytes) else data)


def test_spaced_letters_are_joined():
    """Letters one by one are a word."""
    assert steps("mail v d a i @ q q . c o m now")["spaced"] == "mail vdai@qq.com now"


@pytest.mark.parametrize("text", ["", "plain words only", "100% of R&D", "a b c", "short"])
def test_plain_text_has_no_pieces(text):
    """Nothing is made up."""
    assert steps(text) == {}


def test_broken_words_are_joined():
    """A word that goes on in the next line is one word."""
    assert unbroken("a@\r\nqq.com") == "a@qq.com"
    assert unbroken("no break") == "no break"
