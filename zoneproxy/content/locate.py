"""Detectors over one text: prefilter, then the families whose cue is there.

Clean text leaves early: a family of detectors is asked only where a cheap cue of it stands in the
normalised text (a run of digits, an `@`, `.cn`, Chinese characters, a name).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from zoneproxy.content import canary, encodings, overlay, sealed
from zoneproxy.content.detectors import (
    address,
    bank_card,
    credit_code,
    loose,
    marks,
    network,
    plate,
    resident_id,
    social,
    telephone,
    travel_papers,
)
from zoneproxy.content.detectors.view import SEPARATOR, Detector, Hit, View, is_han
from zoneproxy.content.effort import Effort
from zoneproxy.content.normalise import normalise
from zoneproxy.content.settings import ScanSettings

_NUMBERS: tuple[Detector, ...] = (
    telephone.find_landline,
    credit_code.find,
    travel_papers.find,
    marks.find_survey,
    resident_id.find,
    telephone.find_mobile,
    bank_card.find,
    loose.find_numbers,
)
_CHINESE: tuple[Detector, ...] = (
    address.find,
    plate.find,
    marks.find_class,
    marks.find_document,
    loose.find_places,
)
# Families whose members may stand broken over lines.
_BREAKABLE: tuple[Detector, ...] = (
    network.find_email,
    network.find_host,
    network.find_listed_host,
    network.find_address,
    social.find,
    travel_papers.find,
)


# Six signs that may be digits, with gaps; and the shortest that may be an address.
_NUMBER = re.compile(rf"\d(?:{SEPARATOR}{{0,4}}[\dOI|lSZ]){{5}}", re.ASCII)
_DOTTED = re.compile(r"\d\s{0,3}\.\s{0,3}\d(?:\s?\d){0,2}\s{0,3}\.\s{0,3}\d", re.ASCII)
LONGEST_CUE = 32
# Letters that may open an identifier before its first digit.
_LETTERS_BEFORE = 8


@dataclass(frozen=True, slots=True)
class Located:
    """What a piece of a text holds.

    Attributes:
        hits: what was found and decided; places are those of the text as it came.
        cued: a family of detectors was asked.
        hold: place in the text as it came, from which nothing is decided yet.
    """

    hits: tuple[Hit, ...]
    hold: int
    cued: bool = False


def locate(
    raw: str,
    settings: ScanSettings,
    *,
    final: bool = True,
    since: int = 0,
    effort: Effort | None = None,
) -> Located:
    """Find every hit of a text up to the settings' level.

    Args:
        raw: the text as it came.
        settings: how closely is looked.
        final: nothing follows the text; otherwise what depends on more is left undecided.
        since: no number that begins before this place is of interest.
        effort: the steps that closer looks may take; the caller tells what they did not suffice for.
    """
    marks = list(_canaries(raw, settings)) if settings.canary_key and canary.CUE in raw else []
    normal = normalise(raw)
    detectors = tuple(_due(normal.text, settings.hosts))
    if not detectors:
        return Located(tuple(marks), len(raw), cued=bool(marks))
    since = max(0, since - (len(raw) - len(normal.text)) - _LETTERS_BEFORE)
    view = View(
        normal.text,
        final=final,
        since=since,
        networks=settings.networks,
        networks6=settings.networks6,
        hosts=settings.hosts,
        effort=effort,
        level=settings.level,
    )
    hits: list[Hit] = []
    for detector in detectors:
        for hit in detector(view):
            if not final and hit.end == len(view.text):
                view.undecided = min(view.undecided, hit.start)
            elif hit.level <= settings.level:
                hits.append(hit)
    if effort is None and view.effort.spent_up:
        hits.append(Hit(sealed.KIND, 0, len(view.text), 1, 0, sealed.CATEGORY, "budget"))
    if final:
        hits.extend(_broken(view, detectors, hits, settings.level))
    return Located(
        tuple(marks)
        + tuple(
            replace(hit, start=normal.raw(hit.start), end=normal.raw(hit.end - 1) + 1)
            for hit in hits
            if hit.start < view.undecided
        ),
        normal.raw(view.undecided) if view.undecided < len(view.text) else len(raw),
        cued=True,
    )


def _canaries(raw: str, settings: ScanSettings) -> Iterator[Hit]:
    """Find canaries of other tenants than the one that is served; they stand in the text as it came."""
    for found in canary.find(settings.canary_key, raw):
        if found.tenant != settings.own_canary:
            value = f"{found.day} {found.tenant.hex()}"
            yield Hit(canary.KIND, found.start, found.end, 1, 1000, canary.CATEGORY, value)


def has_cue(raw: str, hosts: frozenset[str] = frozenset()) -> bool:
    """Tell whether any family of detectors would be asked about a text.

    A cue is at most `LONGEST_CUE` characters long where the text is ASCII.
    """
    return next(_due(raw if raw.isascii() else normalise(raw).text, hosts), None) is not None


def _due(text: str, hosts: frozenset[str]) -> Iterator[Detector]:
    """Choose the families whose cue stands in a normalised text."""
    lower = text.lower()
    ascii_only = text.isascii()
    numbers = text if ascii_only else overlay.numerals(overlay.latin(text))
    # Without a digit there is no number, and most texts have none: that is told faster than by a pattern.
    has_digits = not ascii_only or len(encoded := text.encode("ascii")) != len(
        encoded.translate(None, b"0123456789")
    )
    if has_digits and (_NUMBER.search(numbers) or overlay.maybe_digits(numbers)):
        yield from _NUMBERS
    if has_digits and "." in numbers and _DOTTED.search(numbers):
        yield network.find_address
    if ":" in text and network.maybe_six(text):
        yield network.find_six
    if "@" in text:
        yield network.find_email
    if hosts and "." in text and ("//" in text or "@" in text or ":" in text or "=" in text):
        yield network.find_listed_host
    # Plain tests for one word each: several times faster than one pattern of them all.
    if ".cn" in lower or ".xn--fiqs8s" in lower or ".中国" in lower:
        yield network.find_host
        yield loose.find_hosts
    if (
        "qq" in lower
        or "wx" in lower
        or "wechat" in lower
        or "weixin" in lower
        or "vx" in lower
        or "q q" in lower
        or "we chat" in lower
    ) or (not ascii_only and ("微" in lower or "信" in lower)):
        yield social.find
    if not ascii_only and is_han(text):
        yield from _CHINESE
    if "china" in lower or "district" in lower or "province" in lower or "county" in lower:
        yield address.find_latin


def _broken(view: View, detectors: tuple[Detector, ...], hits: list[Hit], level: int) -> Iterator[Hit]:
    """Find what stands broken over lines; such a hit is placed at the text as a whole."""
    joined = encodings.unbroken(view.text)
    if joined == view.text:
        return
    known = {(hit.kind, hit.value) for hit in hits}
    other = View(
        joined,
        networks=view.networks,
        networks6=view.networks6,
        hosts=view.hosts,
        effort=view.effort,
        level=view.level,
    )
    for detector in detectors:
        if detector in _BREAKABLE:
            for hit in detector(other):
                if (hit.kind, hit.value) not in known and hit.level <= level:
                    yield replace(hit, start=0, end=len(view.text))
