r"""Encoded identifiers at the end of a growing text: where one may have begun, and whether to look.

An identifier may come out of a model percent-escaped, as `\u0031`, as an entity, in hex or in
base64. Its first encoded digits already say so: the run of them is held like a run of digits. Of
base64 the first group of four characters must be there to tell, so up to three characters of a
word may have gone before.

    >>> veiled_start("id MTEwMTAx"), veiled_start("id Mother"), veiled_start("a %31%3")
    (3, 9, 2)
"""

from __future__ import annotations

import base64
import re

from zoneproxy.content.normalise import GAP

_ESCAPED = (
    r"(?:\\+u00[3][0-9]|\\+x3[0-9]|%3[0-9]|&#(?:4[89]|5[0-7]);?|&#[xX]3[0-9];?)"
    rf"[{GAP}]{{0,4}}"
)
_PARTIAL = r"(?:\\+(?:u(?:0(?:03?)?)?|x3?)?|%3?|&(?:#(?:[xX]3?|4|5)?)?)"
_RUN = re.compile(rf"(?:{_ESCAPED})*(?:{_ESCAPED}|{_PARTIAL})\Z")
_WORD = re.compile(r"[A-Za-z0-9+/_\-]{4,}\Z", re.ASCII)
_LONG_WORD = re.compile(r"[A-Za-z0-9+/_\-]{16}", re.ASCII)
_DIGITS = re.compile(rb"[0-9][0-9 .\-]*\Z")
_FEWEST_DIGITS = 2
_LONGEST = 160
_NEAR = 24
# One escape with a gap behind it.
_LONGEST_ESCAPE = 12


def veiled_start(text: str) -> int:
    """Return where a run of encoded digits begins that reaches the end; the length where none does."""
    tail = text[-_LONGEST:]
    shift = len(text) - len(tail)
    start = len(text)
    last = max(tail.rfind("\\"), tail.rfind("%"), tail.rfind("&"))
    # A run that reaches the end has its last sign close to it.
    if last >= 0 and len(tail) - last <= _LONGEST_ESCAPE and (found := _RUN.search(tail)):
        start = shift + found.start()
    word = tail.rpartition(" ")[2]
    # Every digit's base64 group begins with one of these, so most words are told at a glance.
    if ("M" in word or "N" in word or "O" in word) and (found := _WORD.search(word)):
        at = len(text) - len(word) + found.start()
        start = min(start, _base64_start(found.group(), at))
    return start


def _signed(text: str) -> bool:
    return "\\" in text or "%" in text or "&" in text


def _base64_start(word: str, at: int) -> int:
    """Return where the groups begin that decode to digits up to the word's end, or the word's end."""
    plain = word.replace("-", "+").replace("_", "/")
    plain = plain[: len(plain) - (len(plain) % 4 == 1)]
    decoded = base64.b64decode(plain + "=" * (-len(plain) % 4))
    found = _DIGITS.search(decoded)
    if found is None or len(found.group()) < _FEWEST_DIGITS:
        return at + len(word)
    return at + found.start() // 3 * 4


def may_be_veiled(text: str, grown: int) -> bool:
    """Tell cheaply whether the last `grown` characters may have ended something encoded."""
    tail = text[-grown - _NEAR :]
    return _signed(tail) or _LONG_WORD.search(tail) is not None
