"""A growing set of indexes, kept as spans: as small as what is missing is connected.

A public copy of a log lacks every private part; a list of their indexes would grow with the log, its spans
do not.

Worked example: 1, 2, 3, 7 are the spans 1 to 4 and 7 to 8, ends not included.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field


def _indexes() -> array[int]:
    return array("Q")


@dataclass(slots=True)
class Spans:
    """Indexes that are added in rising order."""

    starts: array[int] = field(default_factory=_indexes)
    ends: array[int] = field(default_factory=_indexes)

    def append(self, index: int) -> None:
        """Add an index, larger than all before."""
        self._add(index, index + 1)

    def extend(self, later: Spans) -> None:
        """Add indexes that are larger than all before."""
        for start, end in zip(later.starts, later.ends, strict=True):
            self._add(start, end)

    def _add(self, start: int, end: int) -> None:
        if self.ends and start < self.ends[-1]:
            raise ValueError("indexes are added in rising order")
        if self.ends and self.ends[-1] == start:
            self.ends[-1] = end
        else:
            self.starts.append(start)
            self.ends.append(end)

    def __iter__(self) -> Iterator[int]:
        """Yield the indexes, in order."""
        for start, end in zip(self.starts, self.ends, strict=True):
            yield from range(start, end)
