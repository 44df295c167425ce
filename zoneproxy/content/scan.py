"""Findings of a text or of bytes, and what they add up to.

A finding holds a keyed digest of the canonical value (BLAKE2b, 8 bytes, keyed, personalised by
kind), never the value.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from zoneproxy.content import artefacts
from zoneproxy.content.detectors.view import Hit
from zoneproxy.content.inspect import Inspection
from zoneproxy.content.sealed import KIND as UNINSPECTABLE
from zoneproxy.content.settings import ScanSettings
from zoneproxy.terms.finding import Finding, Mixing, Segment

__all__ = [
    "BodyScan",
    "ScanSettings",
    "Verdict",
    "scan_body",
    "scan_bytes",
    "scan_strings",
    "scan_text",
    "to_finding",
    "verdict",
]

_DETECTED_SCORE = 350
_MAX_SCORE = 1_000_000
_WEIGHTS = "model_weights"
# A shorter word without digits is neither an identifier nor the encoding of one.
_SHORTEST_ENCODED = 14
# Names, kinds and small values come again and again; registered data are looked for across strings.
_MOST_REMEMBERED, _MOST_REMEMBERED_CHARS = 2048, 32


@dataclass(frozen=True, slots=True)
class Verdict:
    """What findings add up to, as the facts of mixing hold it.

    Attributes:
        mixing: `clean`, `suspected`, `detected` or `not_scanned`.
        score: sum of the findings' scores, at most 1,000,000.
        categories: categories found.
        weights_like: a model's file was found.
    """

    mixing: str
    score: int
    categories: frozenset[str]
    weights_like: bool


def to_finding(hit: Hit, segment: Segment, settings: ScanSettings) -> Finding:
    """Make a finding of a hit: the value becomes its keyed digest."""
    digest = hashlib.blake2b(
        hit.value.encode("utf-8", "surrogatepass"),
        key=settings.digest_key,
        digest_size=8,
        person=hit.kind.encode()[:16],
    ).hexdigest()
    return Finding(hit.kind, segment, hit.start, hit.end, hit.level, hit.score, hit.category, digest)


def scan_text(text: str, segment: Segment, settings: ScanSettings) -> tuple[Finding, ...]:
    """Find what may not cross in a whole text, and in what stands encoded in it.

    Places are characters of the text as it came; what was found in an encoded piece stands where
    the piece stands. In a model's output the zone's own assets count too.
    """
    if len(text) < _SHORTEST_ENCODED and text.isalpha() and text.isascii():
        return ()
    seen = Inspection(settings, leaving=segment is Segment.OUTPUT)
    seen.string(text, segment, 0)
    return _findings(seen)


def scan_bytes(data: bytes, settings: ScanSettings) -> tuple[Finding, ...]:
    """Find the zone's assets at the beginning of bytes of whatever declared type."""
    return tuple(to_finding(hit, Segment.FILE, settings) for hit in artefacts.find(data))


@dataclass(frozen=True, slots=True)
class BodyScan:
    """What a body holds.

    Attributes:
        findings: what may not cross.
        whole: everything in it could be looked into.
        steps: the decoding steps taken, in order of first use.
    """

    findings: tuple[Finding, ...]
    whole: bool
    steps: tuple[str, ...]


def scan_body(
    data: bytes,
    content_type: str | None,
    content_encoding: str | None,
    settings: ScanSettings,
    *,
    segment: Segment = Segment.FILE,
    leaving: bool = True,
) -> BodyScan:
    """Look into a whole body of any type, through its encodings and containers.

    Args:
        data: the body as it came.
        content_type: the header's only value, or `None`.
        content_encoding: the header's only value, or `None`.
        settings: how closely is looked.
        segment: whose words it is where its structure does not say more.
        leaving: the body leaves the zone, so the zone's assets count.
    """
    seen = Inspection(settings, leaving=leaving)
    seen.body(data, content_type, content_encoding, segment)
    findings = _findings(seen)
    return BodyScan(findings, seen.whole, tuple(seen.steps))


def scan_strings(
    pieces: Iterable[tuple[Segment, str]], settings: ScanSettings, sealed: Iterable[str] = ()
) -> tuple[Finding, ...]:
    """Find what may not cross in the strings of one body; its budgets are those of the whole body.

    Args:
        pieces: every string with whose words it is.
        settings: how closely is looked.
        sealed: the media of parts in the body that can't be looked into.
    """
    findings: list[Finding] = []
    seen = Inspection(settings)
    for medium in sealed:
        seen.seal(medium, Segment.UNKNOWN)
    findings.extend(_findings(seen))
    forgets = bool(settings.registered)
    for segment, text in pieces:
        leaving = segment is Segment.OUTPUT
        short = not forgets and len(text) <= _MOST_REMEMBERED_CHARS
        if short and (text, leaving) in settings.clean:
            continue
        seen.begin(leaving=leaving)
        seen.string(text, segment, 0)
        if seen.hits:
            findings.extend(to_finding(hit, owner, settings) for hit, owner in seen.hits)
        elif short and seen.whole and not seen.spent_up:
            if len(settings.clean) >= _MOST_REMEMBERED:
                settings.clean.clear()
            settings.clean.add((text, leaving))
    seen.begin(leaving=True)
    findings.extend(_findings(seen))
    return tuple(findings)


def _findings(seen: Inspection) -> tuple[Finding, ...]:
    seen.close()
    return tuple(to_finding(hit, owner, seen.settings) for hit, owner in seen.hits)


def verdict(findings: Iterable[Finding], *, scanned_all: bool) -> Verdict:
    """Add findings up; the same value found twice counts once.

    Args:
        findings: all findings of a request or of an answer.
        scanned_all: everything that could cross was looked into.
    """
    found = {(finding.kind, finding.digest): finding for finding in findings}.values()
    score = min(sum(finding.score for finding in found), _MAX_SCORE)
    categories = frozenset(finding.category for finding in found)
    doubts = any(finding.kind != UNINSPECTABLE for finding in found)
    unseen = not scanned_all or any(finding.kind == UNINSPECTABLE for finding in found)
    if score >= _DETECTED_SCORE or (doubts and unseen):
        # A doubt beside something unseen is more than either: no policy may let both through as one.
        mixing = Mixing.DETECTED
    elif doubts:
        mixing = Mixing.SUSPECTED
    else:
        mixing = Mixing.NOT_SCANNED if unseen else Mixing.CLEAN
    return Verdict(mixing.value, score, categories, _WEIGHTS in categories)
