"""Detectors over one text: prefilter, then the families whose cue is there.

Clean text leaves early: a family of detectors is asked only where a cheap cue of it stands in the
normalised text (a run of digits, an `@`, `.cn`, Chinese characters, a name).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from zoneproxy.content import encodings
from zoneproxy.content.detectors import (
    address,
    bank_card,
    credit_code,
    marks,
    network,
    plate,
    resident_id,
    social,
    telephone,
    travel_papers,
)
from zoneproxy.content.detectors.view import SEPARATOR, Detector, Hit, View
from zoneproxy.content.normalise import normalise
from zoneproxy.content.settings import ScanSettings

_LONG = re.compile(rf"\d(?:{SEPARATOR}{{0,4}}\d){{9}}", re.ASCII)
_SHORT = re.compile(rf"[\dOIl|](?:{SEPARATOR}{{0,4}}[\dOIl|]){{5}}", re.ASCII)
_DOMAIN = re.compile(r"\.(?:cn|xn--fiqs8s|中国)\b", re.IGNORECASE)
_SOCIAL = re.compile(r"wxid_|wechat|weixin|we chat|qq|q q|微|加微|[vw]x|信", re.IGNORECASE)
_STREET = re.compile(r"road|street|avenue|\brd\b|\blu\b|\bjie\b|dadao", re.IGNORECASE)
_LONG_NUMBERS: tuple[Detector, ...] = (resident_id.find, telephone.find_mobile, bank_card.find)
_SHORT_NUMBERS: tuple[Detector, ...] = (
    telephone.find_landline,
    credit_code.find,
    travel_papers.find,
    network.find_address,
    marks.find_survey,
)
_CHINESE: tuple[Detector, ...] = (address.find, plate.find, marks.find_class, marks.find_document)
# Families whose members may stand broken over lines.
_BREAKABLE: tuple[Detector, ...] = (
    network.find_email,
    network.find_host,
    network.find_address,
    social.find,
    travel_papers.find,
)


@dataclass(frozen=True, slots=True)
class Located:
    """What a piece of a text holds.

    Attributes:
        hits: what was found and decided; places are those of the text as it came.
        hold: place in the text as it came, from which nothing is decided yet.
    """

    hits: tuple[Hit, ...]
    hold: int


def locate(raw: str, settings: ScanSettings, *, final: bool = True) -> Located:
    """Find every hit of a text up to the settings' level.

    Args:
        raw: the text as it came.
        settings: how closely is looked.
        final: nothing follows the text; otherwise what depends on more is left undecided.
    """
    normal = normalise(raw)
    view = View(normal.text, final=final, networks=settings.networks)
    detectors = tuple(_due(view))
    if not detectors:
        return Located((), len(raw))
    hits: list[Hit] = []
    for detector in detectors:
        for hit in detector(view):
            if not final and hit.end == len(view.text):
                view.undecided = min(view.undecided, hit.start)
            elif hit.level <= settings.level:
                hits.append(hit)
    if final:
        hits.extend(_broken(view, detectors, hits, settings.level))
    return Located(
        tuple(
            replace(hit, start=normal.raw(hit.start), end=normal.raw(hit.end - 1) + 1)
            for hit in hits
            if hit.start < view.undecided
        ),
        normal.raw(view.undecided) if view.undecided < len(view.text) else len(raw),
    )


def _due(view: View) -> Iterator[Detector]:
    """Choose the families whose cue stands in the text."""
    numbers = view.digits
    if _SHORT.search(numbers):
        yield from _SHORT_NUMBERS
        if _LONG.search(numbers):
            yield from _LONG_NUMBERS
    if "@" in view.text:
        yield network.find_email
    if _DOMAIN.search(view.text):
        yield network.find_host
    if _SOCIAL.search(view.text):
        yield social.find
    if view.han:
        yield from _CHINESE
    elif "." in numbers and _STREET.search(view.text):
        yield address.find_latin


def _broken(
    view: View, detectors: tuple[Detector, ...], hits: list[Hit], level: int
) -> Iterator[Hit]:
    """Find what stands broken over lines; such a hit is placed at the text as a whole."""
    joined = encodings.unbroken(view.text)
    if joined == view.text:
        return
    known = {(hit.kind, hit.value) for hit in hits}
    other = View(joined, networks=view.networks)
    for detector in detectors:
        if detector in _BREAKABLE:
            for hit in detector(other):
                if (hit.kind, hit.value) not in known and hit.level <= level:
                    yield replace(hit, start=0, end=len(view.text))
