"""Texts and bytes that stand encoded inside a text, each brought out once.

Percent escapes, HTML entities, backslash escapes (JSON in JSON, to any depth of backslashes), hex
and base64 in both alphabets; and letters that are spaced out one by one, or broken over lines.
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
from collections.abc import Iterator
from dataclasses import dataclass

_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,8});?")
_NUMERIC_ENTITY = re.compile(r"&#")
_ESCAPE = re.compile(
    r"(?<!\\)\\++(?:u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,6})\}|x([0-9a-fA-F]{2})|([nrt\"'/]))"
)
_BASE64 = re.compile(
    r"(?<![A-Za-z0-9+/_\-])[A-Za-z0-9+/_\-]{14,}(?:(?:\r?\n|\\n)[A-Za-z0-9+/_\-]{14,})*+={0,2}"
)
_LINE = re.compile(r"\r?\n|\\n")
_HEX = re.compile(r"[0-9A-Fa-f]{22,}+(?![0-9A-Za-z])")
_HEX_BEFORE = re.compile(r"(?:\A|[^0-9A-Za-z])(?:0x)?\Z")
_SPACED = re.compile(
    r"(?<![!-~])(?:[!-~\u4e00-\u9fff][ \t]){5,}[!-~\u4e00-\u9fff](?![!-~])"
    r"|(?<=[^\x00-\x7f])(?:[!-~] ){5,}[!-~](?![!-~])"
)
_BROKEN = re.compile(r"(?<=[0-9A-Za-z@._:-])[ \t]{0,2}\r?\n[ \t]{0,2}(?=[0-9A-Za-z@._:-])")
_LETTER = re.compile(r"[A-Za-z]")
_FEWEST_ENCODED, _FEWEST_SPACED = 14, 5


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
    if "%" in text and _PERCENT.search(text):
        yield Piece("percent", 0, len(text), _unquoted(text))
    if "&" in text and (_NUMERIC_ENTITY.search(text) or _ENTITY.search(text)):
        plain = html.unescape(text)
        if plain != text:
            yield Piece("entity", 0, len(text), plain)
    if "\\" in text and _ESCAPE.search(text):
        yield Piece("escape", 0, len(text), _ESCAPE.sub(_unescaped, text))
    lengths = list(map(len, text.split()))
    if lengths and max(lengths) >= _FEWEST_ENCODED:
        yield from _words(text)
    if lengths.count(1) >= _FEWEST_SPACED:
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


def unbroken(text: str) -> str:
    """Return the text with words that stand broken over lines joined."""
    return _BROKEN.sub("", text) if "\n" in text else text


def _unquoted(text: str) -> str:
    raw = urllib.parse.unquote_to_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("gb18030", "replace")


def _unescaped(found: re.Match[str]) -> str:
    code = found.group(1) or found.group(2) or found.group(3)
    if code is None:
        return {"n": "\n", "r": "\r", "t": "\t"}.get(found.group(4), found.group(4))
    number = int(code, 16)
    return chr(number) if number <= 0x10FFFF else ""  # noqa: PLR2004 - the last code point


def _joined(found: re.Match[str]) -> str:
    return found.group().replace(" ", "").replace("\t", "")


def _base64(written: str) -> bytes:
    plain = _LINE.sub("", written).rstrip("=").replace("-", "+").replace("_", "/")
    if _LETTER.search(plain) is None:
        return b""
    plain = plain[: len(plain) - (len(plain) % 4 == 1)]
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4))
    except (binascii.Error, ValueError):
        return b""
