"""Refusals: how much of a disk they could fill, and whether any had to do without a record."""

from __future__ import annotations

import os
from collections.abc import Iterator

from zoneproxy.assembly.doctor.findings import Finding, advice, ok
from zoneproxy.assembly.logs import Opening
from zoneproxy.assembly.refusals import ask_turned_away

RECORD_BYTES = 6144
"""What a refusal takes on a disk for good, at most: its entry, hash and private part, where the caller makes
all that he can as long as it may be. The write-ahead log takes as much again, until it is published and the
next segment begins."""
RECENT_S = 3600
_DAY_MINUTES = 24 * 60
_MOST = 3
_GIB = 2**30


def check_refusals(opening: Opening, *, running: bool) -> Iterator[Finding]:
    """Strangers can't fill the disk within a day, and nobody floods the doors now."""
    config = opening.config
    doors, a_minute = len(config.routes), config.limits.refusals.door.per_minute
    most = doors * a_minute * _DAY_MINUTES * RECORD_BYTES
    place = opening.folder / config.log.directory
    there = next(one for one in (place, *place.parents) if one.exists())
    status = os.statvfs(there)
    free = status.f_bavail * status.f_frsize
    said = (
        f"strangers at {doors} doors can have {most / _GIB:.1f} GiB a day written, {free / _GIB:.1f} are free"
    )
    if most > free:
        yield advice("refusal-room", said, "make room, or lower `limits.refusals.door` in zone.yaml")
    else:
        yield ok("refusal-room", said)
    if not running:
        return
    recent = [one for one in ask_turned_away(opening) if one.ago_s < RECENT_S]
    for one in recent:
        whose = f" of the {one.whose.replace(':', ' `', 1)}`" if one.whose else ""
        places = ", ".join(list(one.networks)[:_MOST])
        yield advice(
            "refusals",
            f"{one.count} times `{one.code}` at `{one.door}`{whose} without a record each, the last "
            f"{one.ago_s} s ago, most from {places}",
            "`zoneproxy refusals` shows for which reasons; bound them at the front or the router",
        )
    if not recent:
        yield ok("refusals", "in the last hour every refusal had a record of its own")
