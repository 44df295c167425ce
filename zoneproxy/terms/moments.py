"""Moments as text: what a log, a ticket or a note claims may lie beyond any calendar."""

from __future__ import annotations

import datetime as dt

MAX_MS = 253_402_300_799_999
"""The last millisecond of the year 9999, since 1970 UTC."""


def moment(ms: int, *, exact: bool = False) -> str:
    """Write a moment as ISO 8601, UTC.

    Args:
        ms: milliseconds since 1970 UTC, whatever somebody signed.
        exact: with its milliseconds.

    Returns:
        The text; a moment that no calendar has is named by its number.
    """
    if not 0 <= ms <= MAX_MS:
        return f"no date ({ms} ms)"
    at = dt.datetime.fromtimestamp(ms // 1000, tz=dt.UTC) + dt.timedelta(milliseconds=ms % 1000)
    return at.isoformat(timespec="milliseconds" if exact else "seconds")
