"""What stands encoded in a text is brought out."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoneproxy.content.encodings import _FEWEST_BASE32, _FEWEST_ENCODED, _lengths, pieces, unbroken

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
        ("escape", "".join(f"\\x{ord(sign):02x}" for sign in PLAIN)),
        ("escape", "".join(f"\\{ord(sign):03o}" for sign in PLAIN)),
        ("hex", PLAIN.encode().hex(" ")),
        ("hex", PLAIN.encode().hex(":").upper()),
        ("hex", ", ".join(f"0x{ord(sign):02x}" for sign in PLAIN)),
        ("base32", base64.b32encode(PLAIN.encode()).decode()),
        ("base32", base64.b32encode(PLAIN.encode()).decode().rstrip("=")),
        ("quoted-printable", "".join(f"={ord(sign):02X}" for sign in PLAIN)),
        ("quoted-printable", "=E6=89=8B call 138=\n12345678"),
        ("tags", "call <b>138</b><i class='x'>1234</i><!-- x -->56<wbr/>78"),
    ],
)
def test_every_encoding_is_undone(step, text):
    """Z11: to any depth of backslashes, in both base64 alphabets."""
    data = steps(f"x {text} y")[step]
    assert PLAIN in (data.decode() if isinstance(data, bytes) else data)


@pytest.mark.parametrize(
    "text", [r"b'\xe6\x89\x8b\xe6\x9c\xba'", r"\346\211\213\346\234\272", "=E6=89=8B=E6=9C=BA"]
)
def test_bytes_that_are_written_one_by_one_are_utf8(text: str) -> None:
    """Z11: the words beside a number count in these too."""
    assert any("手机" in data for data in steps(text).values())


def test_bytes_that_are_no_text_stay_bytes() -> None:
    """What is no UTF-8 is read byte by byte, and fingerprints of certificates bring out nothing readable."""
    assert steps(r"\xff\xfe\x31")["escape"] == "ÿþ1"
    assert steps("=FF=31")["quoted-printable"] == "ÿ1"


@pytest.mark.parametrize(
    "text",
    [
        "a<td>138</td><td>12345678</td>",
        "1<2 and 3>2",
        "x=3D",
        "dead beef 12 34",
        "ABCDEFGHIJKLMNOPQRSTUV",
        r"re \1 \2",
    ],
)
def test_what_only_looks_encoded_stays(text: str) -> None:
    """Cells of a table are not joined, and comparisons, short runs and back-references are no encodings."""
    assert not steps(text).keys() & {"tags", "quoted-printable", "hex", "base32", "escape"}


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


GAPS = " \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f"


@given(st.lists(st.text("ab1\x00\x7f" + GAPS, max_size=30)).map("".join) | st.text(max_size=60))
def test_words_are_measured_as_if_they_had_been_listed(text):
    """Z11: drawn as signs and gaps, a text has the same lengths of words as its list of words."""
    longest, single, double = _lengths(text)
    lengths = [len(word) for word in text.split()]
    assert (single, double) == (lengths.count(1), lengths.count(2))
    for asked in (_FEWEST_ENCODED, _FEWEST_BASE32):
        assert (longest >= asked) is (max(lengths, default=0) >= asked)
