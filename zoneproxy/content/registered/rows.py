"""Cells and rows of one data set in a growing flat text.

Where a value may begin, its first four characters say which lengths are registered; at each place where one
of these may end, the piece is looked up. What is found is a match by itself where it is distinctive
(`cells.stands_alone`), and together with other cells of its row that stand within `NEAR` flat characters, in
whatever order. Values shorter than a beginning are looked for only near another cell of their row.

Everything happens at places where a value may end, in their order, so that a text that grows in pieces gives
what the whole text gives.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from zoneproxy.content.effort import Effort
from zoneproxy.content.registered import cells
from zoneproxy.content.registered.fold import Reading
from zoneproxy.content.registered.form import BEGINNING
from zoneproxy.content.registered.index import Found, Index

NEAR = 300
_MOST_NEAR = 32
_MOST_LED = 32
LOOKUP_STEPS = 16


class Cell(NamedTuple):
    """A registered value in the text: its places in the flat text, and its entries in the index."""

    start: int
    end: int
    value: str
    found: Found


class Match(NamedTuple):
    """A match: `row` is the row's number, or -1 for a cell by itself."""

    start: int
    end: int
    row: int
    value: str


class RowFinder:
    """Finds the cells and rows of one index.

    Args:
        index: the data set.
        reading: the text, fed by the caller.
    """

    def __init__(self, index: Index, reading: Reading) -> None:
        self._index = index
        self._reading = reading
        self._fresh: deque[int] = deque()
        self._open: list[tuple[int, int]] = []
        self._near: deque[Cell] = deque(maxlen=_MOST_NEAR)
        self._bounds: deque[int] = deque()
        self._alert = -1
        self._shorts = [size for size in range(1, BEGINNING) if index.header.shorts >> size & 1]

    def find(self, marks: Iterable[int], effort: Effort) -> Iterator[Match]:
        """Go on to the places that the text has grown by; yield matches, some of them repeatedly."""
        for mark in marks:
            if mark < 0:
                self._open.clear()
                self._fresh.clear()
                self._fresh.append(~mark)
                continue
            yield from self._at(mark, effort)

    def hold(self) -> int:
        """Return the place from which the text may become a registered value; its end where it can't."""
        end = self._reading.end
        starts = [start for start, lengths in self._open if lengths >> max(end - start, 0)]
        for start in self._fresh:
            begun = self._reading.piece(start, min(start + BEGINNING, end))
            if begun and self._index.lengths(begun) >> (len(begun) if len(begun) == BEGINNING else 0):
                starts.append(start)
        return min(starts, default=end)

    def _at(self, end: int, effort: Effort) -> Iterator[Match]:
        """A value may end here, and another begin."""
        piece, fresh = self._reading.piece, self._fresh
        while fresh and fresh[0] + BEGINNING <= end:
            start = fresh.popleft()
            # One character tells most places of a Chinese text apart, and its answer is remembered.
            if not self._index.lengths(piece(start, start + 1)):
                continue
            lengths = self._index.lengths(piece(start, start + BEGINNING))
            if lengths >> BEGINNING:
                self._open.append((start, lengths))
        if self._open:
            for start, lengths in self._open:
                if lengths >> (end - start) & 1:
                    yield from self._look(start, end, effort)
            self._open = [one for one in self._open if one[1] >> (end - one[0] + 1)]
        if end <= self._alert:
            yield from self._short(end, effort)
        fresh.append(end)
        if self._shorts:
            self._bounds.append(end)
            while self._bounds[0] < end - NEAR:
                self._bounds.popleft()

    def _look(self, start: int, end: int, effort: Effort) -> Iterator[Match]:
        cell = self._cell(start, end, effort)
        if cell is None:
            return
        if cell.found.size <= cells.MOST_ROWS_ALONE and cells.stands_alone(cell.value):
            yield Match(start, end, -1, cell.value)
        yield from self._beside(cell, effort)
        self._near.append(cell)
        if cell.found.size <= _MOST_LED and self._shorts:
            yield from self._short_before(cell, effort)
            self._alert = end + NEAR

    def _cell(self, start: int, end: int, effort: Effort) -> Cell | None:
        if not effort.spend(LOOKUP_STEPS):
            return None
        value = self._reading.piece(start, end)
        found = self._index.find_cell(value)
        return Cell(start, end, value, found) if found.size else None

    def _short(self, end: int, effort: Effort) -> Iterator[Match]:
        """Look for a short value that ends here, now that a cell of its row was seen."""
        for size in self._shorts:
            if end - size in self._bounds and (cell := self._cell(end - size, end, effort)):
                before = list(self._near)
                if any(self._shares(cell, other) for other in before):
                    yield from self._beside(cell, effort)
                    self._near.append(cell)

    def _short_before(self, led: Cell, effort: Effort) -> Iterator[Match]:
        """Look for short values before a cell that was found just now."""
        bounds = [at for at in self._bounds if at >= led.start - NEAR]
        known = {(cell.start, cell.end) for cell in self._near}
        ends = set(bounds)
        for start in bounds:
            for size in self._shorts:
                end = start + size
                if (end in ends or end == led.start) and end <= led.start and (start, end) not in known:
                    cell = self._cell(start, end, effort)
                    if cell and self._shares(cell, led):
                        yield from self._beside(cell, effort)
                        self._near.append(cell)

    def _shares(self, cell: Cell, other: Cell) -> bool:
        """Tell whether two cells share a row, by the rows of the rarer one."""
        if cell.found.size > other.found.size:
            cell, other = other, cell
        if cell.found.size > _MOST_LED:
            return False
        return any(self._index.stands_in(other.found, row) for row in self._index.rows(cell.found))

    def _beside(self, cell: Cell, effort: Effort) -> Iterator[Match]:
        """Find the rows that this cell completes."""
        near = [other for other in self._near if abs(cell.end - other.end) <= NEAR]
        rows: set[int] = set()
        for one in (cell, *near):
            if one.found.size <= _MOST_LED:
                rows.update(
                    row
                    for row in self._index.rows(one.found)
                    if one is cell or self._index.stands_in(cell.found, row)
                )
        for row in sorted(rows):
            if not effort.spend(LOOKUP_STEPS):
                return
            members = [cell, *(one for one in near if self._index.stands_in(one.found, row))]
            chosen = _apart(members)
            if len(chosen) >= self._index.header.least and _weighty(chosen):
                start, end = min(one.start for one in chosen), max(one.end for one in chosen)
                yield Match(start, end, row, "")


def _apart(members: list[Cell]) -> list[Cell]:
    """Choose different values that do not overlap, the longest first."""
    chosen: list[Cell] = []
    for cell in sorted(members, key=lambda one: (one.start - one.end, one.start)):
        if all(
            (cell.end <= one.start or one.end <= cell.start) and cell.value != one.value for one in chosen
        ):
            chosen.append(cell)
    return chosen


def _weighty(chosen: list[Cell]) -> bool:
    """Tell whether the values say enough together, and one of them is clear enough to lead."""
    return sum(cells.worth(one.value) for one in chosen) >= cells.ENOUGH and any(
        cells.leads(one.value) for one in chosen
    )
