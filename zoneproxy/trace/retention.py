"""Retention: how long what is kept, and the policy that the log publishes about it.

Private parts (openings) belong to a class by their entry's kind; each class has its days. Public entries
have days of their own; hash tiles and checkpoints are kept for ever, so that old proofs still verify.

    <log>/retention.json     canonical JSON and a line feed:
        classes              [{class, days, kinds}], by name
        entries_days         days that the public entries are kept
        minimum              the tree's minimum index (C2SP tlog-tiles): bundles before it may be gone
        origin, v            the log's origin; 1

What is deleted is told by a record first, of kind `retention`, which names the SHA-256 of this file's bytes:

    openings    class, kinds, before (ms): every opening of an entry of these kinds, of a UTC day that ended
                before that time, at an index below `end`; `keys` data keys were destroyed. `minimum` is null
    entries     class `entries`, no kinds; `minimum`: bundles that end at or before it are deleted

Worked example: with 183 days, openings of 2026-05-21 go on 2026-11-21 at the earliest: `before` is the first
millisecond of 2026-05-22.

Source: Personal Information Protection Law, articles 19 and 56; Cybersecurity Law, article 21; C2SP
tlog-tiles.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace import canonical
from zoneproxy.trace.tiles import WIDTH

RETENTION_FILE = "retention.json"
MAX_FILE_BYTES = 64 * 1024
RECORD, OPERATIONAL, ENTRIES_CLASS = "record", "operational", "entries"
DEFAULT_DAYS: Mapping[str, int] = {RECORD: 1096, OPERATIONAL: 183}
"""Three years with a leap day, and half a year rounded up."""
_DAY_MS = 86_400_000
_VERSION = 1
_EXCHANGE = frozenset({"decision", "return", "abort"})


def class_of(kind: str, classes: Mapping[str, str]) -> str:
    """Return the retention class of an entry kind's private part."""
    return classes.get(kind) or (RECORD if kind in _EXCHANGE else OPERATIONAL)


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """How long a log keeps what.

    Attributes:
        days: days by retention class.
        classes: retention class by entry kind, where it differs from the default.
        entries_days: days that public entries are kept.
    """

    days: Mapping[str, int] = field(default_factory=lambda: dict(DEFAULT_DAYS))
    classes: Mapping[str, str] = field(default_factory=dict)
    entries_days: int = DEFAULT_DAYS[RECORD]

    def kinds(self, retention: str, private_kinds: Mapping[str, object]) -> list[str]:
        """Return the kinds whose private part is of this class."""
        return sorted(kind for kind in private_kinds if class_of(kind, self.classes) == retention)

    def cutoff(self, retention: str, now_ms: int) -> int:
        """Return the first millisecond of the oldest day that is still kept."""
        return first_kept(now_ms, self.days[retention])

    def published(self, origin: str, minimum: int, private_kinds: Mapping[str, object]) -> bytes:
        """Return the bytes of the published policy."""
        value = {
            "classes": [
                {"class": name, "days": days, "kinds": self.kinds(name, private_kinds)}
                for name, days in sorted(self.days.items())
            ],
            "entries_days": self.entries_days,
            "minimum": minimum,
            "origin": origin,
            "v": _VERSION,
        }
        return canonical.encode(value) + b"\n"


def first_kept(now_ms: int, days: int) -> int:
    """Return the first millisecond of the oldest UTC day that is still kept: what is younger stays.

    A day is over before it is counted, so everything is kept for at least `days` times 24 hours.
    """
    return (now_ms // _DAY_MS - days) * _DAY_MS


def day_start(day: str) -> int:
    """Return the first millisecond of a UTC day, `YYYY-MM-DD`.

    Raises:
        VerificationError: it is no day.
    """
    try:
        return int(dt.datetime.fromisoformat(f"{day}T00:00:00+00:00").timestamp()) * 1000
    except ValueError:
        raise VerificationError(f"`{day[:20]}` is no day", hint="write it as YYYY-MM-DD") from None


def read_minimum(data: bytes | None) -> int:
    """Return the minimum index that a published retention policy names; 0 where there is none.

    Raises:
        VerificationError: it is no such policy.
    """
    if data is None:
        return 0
    try:
        minimum = canonical.decode(data.removesuffix(b"\n"))["minimum"]
    except (KeyError, TypeError, VerificationError):
        minimum = None
    if type(minimum) is not int or minimum < 0 or minimum % WIDTH:
        raise VerificationError("this is no retention policy", where=RETENTION_FILE)
    return minimum
