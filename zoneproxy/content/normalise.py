r"""The form in which identifiers are looked for: one character for all that look or count alike.

Dropped: every Default_Ignorable code point (zero-widths, soft hyphen, variation selectors, tag
characters, Hangul fillers) and the combining marks of Latin and of symbols. Those of other scripts
stay: without them Thai and Khmer text is destroyed. Replaced: digits of every script, circled and
super- or subscript ones, full-width and mathematical letters, and the many dashes and spaces.
Sources: Unicode 16, DerivedCoreProperties.txt and UnicodeData.txt.

    >>> normalise("\uff11\uff13\uff18\u200b-\u0660\u0660").text
    '138-00'
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

_IGNORABLE_RANGES = (
    (0x00AD, 0x00AD), (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160), (0x17B4, 0x17B5),
    (0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164),
    (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
)  # fmt: skip
_MARK_RANGES = ((0x0300, 0x036F), (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF), (0x20D0, 0x20FF), (0xFE20, 0xFE2F))
# The zero of every decimal script but ASCII; the nine other digits follow it.
_ZEROS = (
    0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xDE6, 0xE50,
    0xED0, 0xF20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0,
    0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10, 0x104A0, 0x10D30,
    0x11066, 0x110F0, 0x11136, 0x111D0, 0x112F0, 0x11450, 0x114D0, 0x11650, 0x116C0, 0x11730, 0x118E0,
    0x11950, 0x11C50, 0x11D50, 0x11DA0, 0x11F50, 0x16A60, 0x16AC0, 0x16B50, 0x1D7CE, 0x1D7D8, 0x1D7E2,
    0x1D7EC, 0x1D7F6, 0x1E140, 0x1E2F0, 0x1E4F0, 0x1E950, 0x1FBF0,
)  # fmt: skip
# The one of each row of enclosed and similar digits; 2 to 9 follow it.
_ONES = (0x2460, 0x2474, 0x2488, 0x24F5, 0x2776, 0x2780, 0x278A, 0x2081)
_SINGLES = {0x24EA: "0", 0x24FF: "0", 0x2070: "0", 0x2080: "0", 0xB9: "1", 0xB2: "2", 0xB3: "3"} | {
    0x2070 + digit: str(digit) for digit in range(4, 10)
}
_DASHES = (0x2010, 0x2011, 0x2012, 0x2013, 0x2014, 0x2015, 0x2043, 0x2212, 0xFE58, 0xFE63, 0xFF0D)
_SPACES = (0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000)
_DOTS = (0xB7, 0x2022, 0x2024, 0x2027, 0x2219, 0x22C5, 0x30FB, 0xFF0E, 0xFF65)
_WIDE_SIGNS = "@/:+()[]_=&"


def _table() -> dict[int, str]:
    table = {code: "" for low, high in (*_IGNORABLE_RANGES, *_MARK_RANGES) for code in range(low, high + 1)}
    for zero in _ZEROS:
        table.update({zero + digit: str(digit) for digit in range(10)})
    for one in _ONES:
        table.update({one + digit - 1: str(digit) for digit in range(1, 10)})
    table.update(_SINGLES)
    table.update(dict.fromkeys(_DASHES, "-") | dict.fromkeys(_SPACES, " ") | dict.fromkeys(_DOTS, "."))
    for code in (*range(0x21, 0x7F),):
        if chr(code).isalpha() or chr(code) in _WIDE_SIGNS:
            table[code + 0xFEE0] = chr(code)
    for code in (*range(0x1D400, 0x1D7CE), *range(0x24B6, 0x24EA)):
        plain = unicodedata.normalize("NFKC", chr(code))
        if plain != chr(code) and len(plain) == 1:
            table[code] = plain
    return table


TABLE = _table()
ASTRAL_START = 0x10000


def char_class(codes: Iterable[int]) -> str:
    """Write code points as the inside of a regular expression's character class."""
    pieces: list[str] = []
    start = last = -2
    for code in [*sorted(codes), -2]:
        if code == last + 1:
            last = code
            continue
        if start >= 0:
            pieces.append(f"\\U{start:08x}" + (f"-\\U{last:08x}" if last > start else ""))
        start = last = code
    return "".join(pieces)


# What may stand between the digits of one identifier, in normalised text.
GAP_SIGNS = " \t\r\n.,-_/~|*"


def invisible(below: int = 0x110000) -> str:
    """Write the characters that vanish, below a code point, as a character class."""
    return char_class(code for code, plain in TABLE.items() if not plain and code < below)


def digit(below: int = 0x110000) -> str:
    """Write the characters that count as a decimal digit, below a code point, as a character class."""
    return "0-9" + char_class(code for code, plain in TABLE.items() if plain.isdigit() and code < below)


# Characters that may stand between digits, as they come, as a character class.
GAP = char_class(
    [*map(ord, GAP_SIGNS), *(code for code, plain in TABLE.items() if plain and plain in GAP_SIGNS)]
)
_RUN = re.compile(f"[{char_class(list(TABLE))}]+")
# The same below U+10000: a class without ranges above is many times faster to search for.
_PLAIN_RUN = re.compile(f"[{char_class([code for code in TABLE if code < ASTRAL_START])}]")
ASTRAL = re.compile("[\U00010000-\U0010ffff]")
_DROPPED = re.compile(f"[{invisible()}]+")


@dataclass(frozen=True, slots=True)
class Normal:
    """A text in the form that is searched.

    Attributes:
        text: the normalised text.
        drops: places in `text` before which characters were dropped, ascending.
        shifts: for each such place, how many characters were dropped up to it.
    """

    text: str
    drops: tuple[int, ...] = ()
    shifts: tuple[int, ...] = ()

    def raw(self, place: int) -> int:
        """Return where the character at `place` stands in the text as it came."""
        before = bisect_right(self.drops, place)
        return place + (self.shifts[before - 1] if before else 0)


def _plain(found: re.Match[str]) -> str:
    return found.group().translate(TABLE)


def normalise(raw: str) -> Normal:
    """Bring a text to the form in which identifiers are looked for."""
    if raw.isascii() or (_PLAIN_RUN.search(raw) is None and ASTRAL.search(raw) is None):
        return Normal(raw)
    text = _RUN.sub(_plain, raw)
    if len(text) == len(raw):
        return Normal(text)
    drops: list[int] = []
    shifts: list[int] = []
    dropped = 0
    for found in _DROPPED.finditer(raw):
        drops.append(found.start() - dropped)
        dropped += found.end() - found.start()
        shifts.append(dropped)
    return Normal(text, tuple(drops), tuple(shifts))
