"""What a detector found: kind, place and confidence, never the text itself."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Segment(StrEnum):
    """Whose words a piece of a body is."""

    SYSTEM = "system"
    USER = "user"
    TOOL = "tool"
    RETRIEVED = "retrieved"
    FILE = "file"
    OUTPUT = "output"
    UNKNOWN = "unknown"


class Mixing(StrEnum):
    """The verdict of a scan, as the facts `data.mixing` and `response.mixing` hold it."""

    CLEAN = "clean"
    SUSPECTED = "suspected"
    DETECTED = "detected"
    NOT_SCANNED = "not_scanned"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found.

    Attributes:
        kind: the detector's label, for example `cn_resident_id` or `model_weights`.
        segment: whose words it stands in.
        start, end: half-open span in characters of the segment's normalised text (bytes for files).
        level: 1-4, the lowest detector level that reports it (1 errs least).
        score: contribution to `data.mixing_score`, 0-1000.
        category: `cn_personal_info`, `cn_important_data`, `domestic_corpus`, `model_weights` or
            `uninspectable`.
        digest: keyed digest of the normalised value, 16 hex digits, so that equal values can be
            recognised by whoever holds the key and by nobody else.
    """

    kind: str
    segment: Segment
    start: int
    end: int
    level: int
    score: int
    category: str
    digest: str
