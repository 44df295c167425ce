"""Which pieces of a document stand for it: winnowed grams of the flat text.

A gram is `GRAM` characters; of every `WINDOW` grams that follow one another, the one with the smallest
checksum is chosen (the first of equal ones). Two windows that do not overlap choose two grams, so that a
piece of at least

    SURE = GRAM - 1 + 2 * WINDOW = 50

flat characters always holds two chosen grams, whatever stands around it: this is winnowing's guarantee, for
two matches instead of one. About one character in eight begins a chosen gram. The choice depends on the text
alone; what is stored of a gram is its keyed fingerprint.

Source: Schleimer, Wilkerson, Aiken: Winnowing (SIGMOD 2003).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

GRAM, WINDOW = 21, 15
SURE = GRAM - 1 + 2 * WINDOW
NEAR = 100
"""Two grams of one document count together when they begin at most this far apart."""

# What stands in more documents of one set is its boilerplate.
MOST_DOCUMENTS = 32
_FEWEST_SIGNS = 6
_UNIT = 4


class Winnower:
    """Chooses the grams of a growing flat text; the same, however it grows."""

    def __init__(self) -> None:
        self._text = ""
        self._begin = 0
        self._sums: list[int] = []
        self._last = -1

    def feed(self, text: str) -> Iterator[tuple[int, str]]:
        """Take in more flat text; yield each chosen gram with its place in the whole flat text."""
        if not text:
            return
        tail = self._text + text
        known = len(self._sums)
        data = tail.encode("utf-32-le", "surrogatepass")
        crc32, size = zlib.crc32, GRAM * _UNIT
        sums = self._sums
        sums += [crc32(data[at : at + size]) for at in range(known * _UNIT, len(data) - size + 1, _UNIT)]
        for at, least in enumerate(_least(sums)):
            if least != self._last:
                self._last = least
                place = sums.index(least, at)
                gram = tail[place : place + GRAM]
                if len(set(gram)) >= _FEWEST_SIGNS:
                    yield self._begin + place, gram
        surplus = max(0, len(sums) - WINDOW + 1)
        del sums[:surplus]
        self._text = tail[surplus:]
        self._begin += surplus


def _least(sums: list[int]) -> list[int]:
    """Return the smallest of every `WINDOW` sums that follow one another; doubling, at the speed of `map`."""
    if len(sums) < WINDOW:
        return []
    two = list(map(min, sums, sums[1:]))
    four = list(map(min, two, two[2:]))
    eight = list(map(min, four, four[4:]))
    return list(map(min, eight, eight[WINDOW - 8 :]))


def grams(text: str) -> Iterator[tuple[int, str]]:
    """Yield the chosen grams of a whole flat text, each with its place."""
    yield from Winnower().feed(text)
