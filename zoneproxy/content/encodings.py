"""Texts and bytes that stand encoded inside a text, each brought out once.

Percent escapes, HTML entities and inline tags, quoted-printable, backslash escapes (JSON in JSON, to any
depth of backslashes; bytes by `x` or in octal), hex, also in pairs, base64 in both alphabets and base32;
and letters that are spaced out one by one, or broken over lines.
A decoded piece that is neither text nor a known container is dropped: most long words decode to
noise.

    >>> [(piece.step, piece.data) for piece in pieces("x MTM4MTIzNDU2Nzg= y")]
    [('base64', b'13812345678')]
"""

from __future__ import annotations

import base64
import binascii
import html
import re
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,8});?")
_NUMERIC_ENTITY = re.compile(r"&#")
_ESCAPE = re.compile(r"(?<!\\)\\++(?:u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,6})\}|([nrt\"'/]))")
# Bytes, one after the other: together they may be UTF-8.
_BYTES = re.compile(r"(?<!\\)(?:\\++(?:x[0-9a-fA-F]{2}|[0-3][0-7]{2}))+")
_BYTE = re.compile(r"(?:x([0-9a-fA-F]{2})|([0-3][0-7]{2}))")
_PRINTABLE = re.compile(r"=[0-9A-F]{2}=[0-9A-F]{2}")
_PRINTABLE_BYTE = re.compile(r"(?:=[0-9A-F]{2})+")
_SOFT_BREAK = re.compile(r"=\r?\n")
# Tags that only change how a piece of a word looks, and comments; cells of tables are not joined.
_INLINE_TAG = re.compile(
    r"</?(?:a|b|big|bdi|bdo|code|del|em|font|i|ins|kbd|mark|q|s|small|span|strong|sub|sup|tt|u|wbr)(?:\s[^<>]{0,160})?/?>"
    r"|<!--(?:[^-<>]|-(?!->)){0,160}-->",
    re.IGNORECASE,
)
_TAGGED = re.compile(r"[0-9A-Za-z]<[/!A-Za-z]")
_BASE64 = re.compile(
    r"(?<![A-Za-z0-9+/_\-])[A-Za-z0-9+/_\-]{14,}(?:(?:\r?\n|\\n)[A-Za-z0-9+/_\-]{14,})*+={0,2}"
)
_LINE = re.compile(r"\r?\n|\\n")
_HEX = re.compile(r"[0-9A-Fa-f]{22,}+(?![0-9A-Za-z])")
_HEX_PAIRS = re.compile(
    r"(?<![0-9A-Za-z])(?:0[xX])?[0-9A-Fa-f]{2}(?P<gap>[ :\-]|, ?)(?:0[xX])?[0-9A-Fa-f]{2}"
    r"(?:(?P=gap)(?:0[xX])?[0-9A-Fa-f]{2}){9,}+(?![0-9A-Za-z])"
)
_PAIR = re.compile(r"(?:0[xX])?([0-9A-Fa-f]{2})")
_A_PAIR = re.compile(r"[0-9A-Fa-f]{2}([ :,\-]) ?(?:0[xX])?[0-9A-Fa-f]{2}\1")
_BASE32 = re.compile(r"(?<![A-Za-z0-9+/_\-])[A-Z2-7]{24,}+(?![A-Za-z0-9+/_\-])={0,6}")
_BASE32_BITS = 8
_FEWEST_BASE32, _FEWEST_PAIRS = 24, 9
_HEX_BEFORE = re.compile(r"(?:\A|[^0-9A-Za-z])(?:0x)?\Z")
_SPACED = re.compile(
    r"(?<![!-~])(?:[!-~\u4e00-\u9fff][ \t]){5,}[!-~\u4e00-\u9fff](?![!-~])"
    r"|(?<=[^\x00-\x7f])(?:[!-~] ){5,}[!-~](?![!-~])"
)
_BROKEN = re.compile(r"(?<=[0-9A-Za-z@._:-])[ \t]{0,2}\r?\n[ \t]{0,2}(?=[0-9A-Za-z@._:-])")
_LETTER = re.compile(r"[A-Za-z]")
_FEWEST_ENCODED, _FEWEST_SPACED = 14, 5
_LONG = (b"x" * _FEWEST_BASE32, b"x" * _FEWEST_ENCODED)
_DRAWN = bytes(ord(" ") if chr(code).isspace() else ord("x") for code in range(256))


@dataclass(frozen=True, slots=True)
class Piece:
    """Something decoded out of a text.

    Attributes:
        step: how it was decoded.
        start, end: the encoded piece's place in the text.
        data: what came out: text, or bytes that may be anything.
    """

    step: str
    start: int
    end: int
    data: str | bytes


def pieces(text: str) -> Iterator[Piece]:
    """Bring out everything that stands encoded in a text, one layer deep."""
    for sign, step, read in _SIGNED:
        if sign in text and (plain := read(text)) != text:
            yield Piece(step, 0, len(text), plain)
    longest, single, double = _lengths(text)
    if _may_hold_pairs(text, double):
        for found in _HEX_PAIRS.finditer(text):
            yield Piece("hex", *found.span(), bytes.fromhex("".join(_PAIR.findall(found.group()))))
    if longest >= _FEWEST_ENCODED:
        yield from _words(text)
    if longest >= _FEWEST_BASE32:
        for found in _BASE32.finditer(text):
            yield Piece("base32", *found.span(), _base32(found.group()))
    if single >= _FEWEST_SPACED:
        joined = _SPACED.sub(_joined, text)
        if joined != text:
            yield Piece("spaced", 0, len(text), joined)


def _words(text: str) -> Iterator[Piece]:
    for found in _HEX.finditer(text):
        start, end = found.span()
        if (end - start) % 2 == 0 and _HEX_BEFORE.search(text, max(0, start - 3), start):
            yield Piece("hex", start, end, bytes.fromhex(found.group()))
    for found in _BASE64.finditer(text):
        data = _base64(found.group())
        if data:
            yield Piece("base64", found.start(), found.end(), data)


def _lengths(text: str) -> tuple[int, int, int]:
    """Tell how long words are: the longest, and how many have one character, and two.

    Of the longest word of an ASCII text only is told whether it reaches the lengths that are asked for: the
    text is written as signs and gaps, in which no list of words has to be made.
    """
    if not text.isascii():
        lengths = list(map(len, text.split()))
        return max(lengths, default=0), lengths.count(1), lengths.count(2)
    # Each gap is doubled, so that words side by side don't share one.
    drawn = b" %b " % text.encode("ascii").translate(_DRAWN).replace(b" ", b"  ")
    longest = next((len(word) for word in _LONG if word in drawn), 0)
    return longest, drawn.count(b" x "), drawn.count(b" xx ")


def _may_hold_pairs(text: str, double: int) -> bool:
    """Tell cheaply whether hex may stand in pairs: so many gaps of one kind are in few texts."""
    return (
        double >= _FEWEST_PAIRS
        or text.count(":") >= _FEWEST_PAIRS
        or text.count("-") >= _FEWEST_PAIRS
        or text.count(",") >= _FEWEST_PAIRS
    ) and _A_PAIR.search(text) is not None


def unbroken(text: str) -> str:
    """Return the text with words that stand broken over lines joined."""
    return _BROKEN.sub("", text) if "\n" in text else text


def _unquoted(text: str) -> str:
    if not _PERCENT.search(text):
        return text
    raw = urllib.parse.unquote_to_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("gb18030", "replace")


def _entities(text: str) -> str:
    return html.unescape(text) if _NUMERIC_ENTITY.search(text) or _ENTITY.search(text) else text


def _escapes(text: str) -> str:
    return _ESCAPE.sub(_unescaped, _BYTES.sub(_unescaped_bytes, text))


def _printable(text: str) -> str:
    if not _PRINTABLE.search(text):
        return text
    return _PRINTABLE_BYTE.sub(_unquoted_printable, _SOFT_BREAK.sub("", text))


def _untagged(text: str) -> str:
    return _INLINE_TAG.sub("", text) if _TAGGED.search(text) else text


def _text(raw: bytes) -> str:
    """Read bytes that were written one by one: UTF-8, or each as its own character."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _unescaped_bytes(found: re.Match[str]) -> str:
    return _text(bytes(int(x, 16) if x else int(octal, 8) for x, octal in _BYTE.findall(found.group())))


def _unquoted_printable(found: re.Match[str]) -> str:
    return _text(bytes.fromhex(found.group().replace("=", "")))


def _unescaped(found: re.Match[str]) -> str:
    code = found.group(1) or found.group(2)
    if code is None:
        return {"n": "\n", "r": "\r", "t": "\t"}.get(found.group(3), found.group(3))
    number = int(code, 16)
    return chr(number) if number <= 0x10FFFF else ""  # noqa: PLR2004 - the last code point


def _joined(found: re.Match[str]) -> str:
    return found.group().replace(" ", "").replace("\t", "")


def _base32(written: str) -> bytes:
    plain = written.rstrip("=")
    plain = plain[: len(plain) - (len(plain) % _BASE32_BITS in {1, 3, 6})]
    return base64.b32decode(plain + "=" * (-len(plain) % _BASE32_BITS))


def _base64(written: str) -> bytes:
    plain = _LINE.sub("", written).rstrip("=").replace("-", "+").replace("_", "/")
    if _LETTER.search(plain) is None:
        return b""
    plain = plain[: len(plain) - (len(plain) % 4 == 1)]
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4))
    except (binascii.Error, ValueError):
        return b""


_SIGNED: tuple[tuple[str, str, Callable[[str], str]], ...] = (
    ("%", "percent", _unquoted),
    ("&", "entity", _entities),
    ("\\", "escape", _escapes),
    ("=", "quoted-printable", _printable),
    ("<", "tags", _untagged),
)
"""The sign that an encoding of a text can't do without, its name, and what undoes it."""
