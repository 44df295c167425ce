"""Look-ups in the index of one registered data set.

A miss costs one keyed hash and a binary search; most texts never come so far, because the lengths of the
values that begin with the same four characters are looked up first, and remembered.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from zoneproxy.content.registered.form import DataKey, Header

_MOST_REMEMBERED = 65_536


class Found(NamedTuple):
    """Where a fingerprint's entries stand in a table; none where both are equal."""

    low: int
    high: int

    @property
    def size(self) -> int:
        """How many entries there are."""
        return self.high - self.low


class Index:
    """A loaded index.

    Args:
        header: what it says of itself.
        digest: what names it, 64 hex digits.
        secret: the owner's key.
        body: its body, checked by whoever read it; stays readable as long as the index lives.
    """

    def __init__(self, header: Header, digest: str, secret: bytes, body: memoryview) -> None:
        self.header = header
        self.digest = digest
        self._key = DataKey(secret, bytes.fromhex(header.salt))
        begins, cells, rows, grams, documents = header.spans()
        self._begins: Sequence[int] = body[slice(*begins)].cast("Q")
        self._cells: Sequence[int] = body[slice(*cells)].cast("Q")
        self._rows: Sequence[int] = body[slice(*rows)].cast("I")
        self._grams: Sequence[int] = body[slice(*grams)].cast("Q")
        self._documents: Sequence[int] = body[slice(*documents)].cast("I")
        self._remembered: dict[str, int] = {}

    def lengths(self, beginning: str) -> int:
        """Say which values begin so, of up to four characters.

        Returns:
            Bit 0: some value does. Bit l, for four characters: one of l characters may.
        """
        known = self._remembered.get(beginning)
        if known is None:
            known = self._begins[self._key.beginning(beginning, self.header.begin_bits)]
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
            self._remembered[beginning] = known
        return known

    def find_cell(self, value: str) -> Found:
        """Look a flat value up."""
        return _find(self._cells, int.from_bytes(self._key.cell(value)))

    def rows(self, found: Found) -> Sequence[int]:
        """Return the rows that a found value stands in, ascending."""
        return self._rows[found.low : found.high]

    def stands_in(self, found: Found, row: int) -> bool:
        """Tell whether a found value stands in a row."""
        at = bisect_left(self._rows, row, found.low, found.high)
        return at < found.high and self._rows[at] == row

    def find_gram(self, gram: str) -> Found:
        """Look a gram up."""
        return _find(self._grams, int.from_bytes(self._key.gram(gram)))

    def documents(self, found: Found) -> Sequence[int]:
        """Return the documents that a found gram stands in, ascending."""
        return self._documents[found.low : found.high]


def _find(table: Sequence[int], fingerprint: int) -> Found:
    low = bisect_left(table, fingerprint)
    if low == len(table) or table[low] != fingerprint:
        return Found(low, low)
    return Found(low, bisect_right(table, fingerprint, low))
