"""Which shard a moment belongs to: one a calendar month, UTC, each with an origin of its own.

A shard's origin is the log's base origin, a slash and the month:

    zone.example/trace/node-1/2026-11

A shard is not bound to its month by its entries' times: exchanges that began in it end in it, and a log
whose clock was put back stays in the newest shard that it has. What binds shards to each other is what
stands in them (`log_open`, `log_close`, `log_sealed`), not the calendar: a zone that was down for March
goes from February to April.

Worked example: 1,764,547,200,000 ms (2025-12-01T00:00:00Z) is the first moment of `2025-12`, whose next
month is `2026-01`.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Self

_TEXT = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])\Z", re.ASCII)
_FIRST_YEAR, _LAST_YEAR = 1970, 9998
_MONTHS = 12


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month, UTC, of the years 1970 to 9998.

    Attributes:
        year: the year.
        month: 1 to 12.
    """

    year: int
    month: int

    @classmethod
    def of(cls, ms: int) -> Self:
        """Return the month of a moment, milliseconds since 1970 UTC; the nearest one there is."""
        first, last = cls(_FIRST_YEAR, 1), cls(_LAST_YEAR, _MONTHS)
        if ms < first.start_ms:
            return first
        if ms >= last.start_ms:
            return last
        moment = dt.datetime(_FIRST_YEAR, 1, 1, tzinfo=dt.UTC) + dt.timedelta(milliseconds=ms)
        return cls(moment.year, moment.month)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `2026-11`.

        Raises:
            ValueError: it is no month.
        """
        match = _TEXT.match(text)
        if match is None or not _FIRST_YEAR <= int(match[1]) <= _LAST_YEAR:
            raise ValueError(f"`{text}` is no month, such as `2026-11`")
        return cls(int(match[1]), int(match[2]))

    @property
    def start_ms(self) -> int:
        """Its first moment, milliseconds since 1970 UTC."""
        start = dt.datetime(self.year, self.month, 1, tzinfo=dt.UTC)
        return (start - dt.datetime(_FIRST_YEAR, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(milliseconds=1)

    @property
    def following(self) -> Self:
        """The month after it."""
        years, months = divmod(self.month, _MONTHS)
        return type(self)(self.year + years, months + 1)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"


def is_month(text: str) -> bool:
    """Tell whether a name is a month's."""
    try:
        Month.parse(text)
    except ValueError:
        return False
    return True


def shard_origin(base: str, month: Month) -> str:
    """Return the origin of a month's shard of the log with this base origin."""
    return f"{base}/{month}"


def split_origin(origin: str) -> tuple[str, Month] | None:
    """Return the base origin and the month of a shard's origin; `None` if it is no shard's."""
    base, slash, text = origin.rpartition("/")
    if not slash or not base or not is_month(text):
        return None
    return base, Month.parse(text)
