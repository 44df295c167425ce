"""Dates, windows and durations as policies write them.

A moment is `2026-12-01T00:00:00+08:00` (always with its offset) or a bare day. A bare day counts in
UTC: as a start it means the day's first millisecond, as an end its last. Durations are ISO 8601 with
one unit from days up, or hours, minutes and seconds after `T`: `P3Y`, `P14D`, `PT24H`. A year counts
365 days and a month 30, so that a retention is never longer than what its words can mean.
"""

from __future__ import annotations

import functools
import re
from datetime import UTC, datetime

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:Z|[+-]\d{2}:\d{2})\Z", re.ASCII)
_DURATION = re.compile(
    r"P(?:(\d{1,4})Y)?(?:(\d{1,4})M)?(?:(\d{1,5})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,5})M)?(?:(\d{1,6})S)?)?\Z",
    re.ASCII,
)
_SECONDS = (365 * 86400, 30 * 86400, 86400, 3600, 60, 1)
DAY_MS = 86_400_000


@functools.lru_cache(maxsize=1024)  # a policy's few texts are asked for with every request
def moment_ms(text: str, *, end: bool = False) -> int:
    """Read a moment as milliseconds since 1970 UTC.

    Args:
        text: a moment with its offset, or a bare day.
        end: whether a bare day means its last millisecond rather than its first.

    Raises:
        ValueError: the text is neither.

    >>> moment_ms("1970-01-02")
    86400000
    """
    try:
        if _DAY.match(text):
            start = int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000
            return start + DAY_MS - 1 if end else start
        if _MOMENT.match(text):
            return int(datetime.fromisoformat(text).timestamp()) * 1000
    except ValueError:
        pass  # the 30th of February has the form of a day: the message below fits it too
    raise ValueError(f"`{text}` is not a moment with its offset, nor a day")


@functools.lru_cache(maxsize=1024)
def duration_s(text: str) -> int:
    """Read a duration as seconds.

    Raises:
        ValueError: the text is not a duration.

    >>> duration_s("P14D")
    1209600
    """
    match = _DURATION.match(text)
    if match is None or text[-1] in "PT" or not any(match.groups()):
        raise ValueError(f"`{text}` is not a duration")
    return sum(int(part) * unit for part, unit in zip(match.groups(), _SECONDS, strict=True) if part)
