"""Everything registered in a growing text, or in the strings of one body, one after the other.

In a body the cells of a row may stand in different strings; they count together when they are near one
another in the order of the body. A stream is one string that grows.

What a stream holds back, and what is reported late: the end of the text is held from where a registered
value may have begun, at most `MOST_HELD` characters, so that no part of a value leaves that is a match by
itself and shorter than that. A row is complete with its last cell: cells before it that are no match by
themselves have gone. A document is recognised by the second chosen gram: up to `grams.SURE` flat characters
of it may have gone. All of this is reported, and the stream ends there.

    registered_row:<data set>       cells of one row                                  level 1, score 1000
    registered_document:<data set>  a piece of a document, of at least about 50 characters   1, 1000
    registered_cell:<data set>      a value that is distinctive by itself                    2, 400
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from zoneproxy.content.detectors.view import Hit
from zoneproxy.content.effort import Effort
from zoneproxy.content.registered import grams
from zoneproxy.content.registered.fold import Reading
from zoneproxy.content.registered.index import Index
from zoneproxy.content.registered.rows import LOOKUP_STEPS, NEAR, RowFinder

if TYPE_CHECKING:
    from zoneproxy.content.settings import ScanSettings

MOST_HELD = 96
_KEPT, _SLACK = 2 * NEAR, 4096
_KINDS = {"row": (1, 1000), "document": (1, 1000), "cell": (2, 400)}


def trail_of(settings: ScanSettings) -> Trail | None:
    """Make what looks for registered data; `None` where none is registered."""
    return Trail(settings.registered, settings.level) if settings.registered else None


class _Pieces:
    """Finds pieces of the documents of one index."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._near: deque[tuple[int, str, frozenset[int]]] = deque()

    def find(self, place: int, gram: str) -> Iterator[tuple[int, int, int]]:
        """Take in a chosen gram; yield start, end and number of documents that it is the second of."""
        found = self._index.find_gram(gram)
        if not 0 < found.size <= grams.MOST_DOCUMENTS:
            return
        while self._near and self._near[0][0] < place - grams.NEAR:
            self._near.popleft()
        here = frozenset(self._index.documents(found))
        for start, other, documents in self._near:
            if other != gram:
                for document in sorted(here & documents):
                    yield start, place + grams.GRAM, document
        self._near.append((place, gram, here))


class Trail:
    """Finds what is registered in a growing text.

    Args:
        indexes: the registered data sets.
        level: detectors up to this level report.
    """

    def __init__(self, indexes: Sequence[Index], level: int) -> None:
        self._reading = Reading()
        self._level = level
        self._finders = [(index, RowFinder(index, self._reading)) for index in indexes if index.header.cells]
        self._pieces = [(index, _Pieces(index)) for index in indexes if index.header.grams]
        self._winnower = grams.Winnower()
        self._seen: set[tuple[str, str]] = set()

    def grow(self, text: str, effort: Effort) -> list[Hit]:
        """Take in more of a text; return what was found in it, each thing once.

        Places count from the text's beginning; where a match began in an earlier text, from nought.
        """
        before = self._reading.end
        marks = self._reading.feed(text)
        hits = list(self._found(marks, before, effort))
        surplus = self._reading.end - _KEPT - self._reading.begin
        if surplus > _SLACK:
            self._reading.let_go(self._reading.begin + surplus)
        return hits

    def settle(self, effort: Effort) -> list[Hit]:
        """Decide the end of the text as if nothing followed; it may go on all the same."""
        return list(self._found(self._reading.settle(), self._reading.end, effort))

    def read(self, text: str, effort: Effort) -> list[Hit]:
        """Take in a whole text; the next one is another text of the same body."""
        hits = self.grow(text, effort)
        hits += self.settle(effort)
        hits += self._found(self._reading.close(), self._reading.end, effort)
        return hits

    def held_from(self) -> int:
        """Return the place in the text from which it must wait; its end where nothing must."""
        place = min((one.hold() for _, one in self._finders), default=self._reading.end)
        return max(self._reading.raw(place), self._reading.raw_size - MOST_HELD)

    def _found(self, marks: list[int], before: int, effort: Effort) -> Iterator[Hit]:
        for index, finder in self._finders:
            for match in finder.find(marks, effort):
                kind = "cell" if match.row < 0 else "row"
                value = match.value if match.row < 0 else f"{index.header.id} row {match.row}"
                yield from self._hit(index, kind, value, match.start, match.end)
        if self._pieces:
            for place, gram in self._winnower.feed(self._reading.piece(before, self._reading.end)):
                for index, pieces in self._pieces:
                    if not effort.spend(LOOKUP_STEPS):
                        return
                    for start, end, document in pieces.find(place, gram):
                        yield from self._hit(
                            index, "document", f"{index.header.id} document {document}", start, end
                        )

    def _hit(self, index: Index, what: str, value: str, start: int, end: int) -> Iterator[Hit]:
        kind = f"registered_{what}:{index.header.id}"
        level, score = _KINDS[what]
        if level <= self._level and (kind, value) not in self._seen:
            self._seen.add((kind, value))
            first, last = self._reading.raw(start), self._reading.raw_end(end)
            yield Hit(kind, min(first, last), last, level, score, index.header.category, value)
