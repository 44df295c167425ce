"""Passports of the mainland and its residents' exit permits.

Neither has a checksum in print, so words decide: a passport counts beside a word for passport and
no foreign country, a permit beside its Chinese or English name. The machine-readable zone has check
digits (ICAO Doc 9303-4): there they decide.

    >>> from zoneproxy.content.detectors.view import View
    >>> [hit.kind for hit in find(View("护照号 EE9627948"))]
    ['cn_passport']
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from zoneproxy.content.detectors.view import GAP, PERSONAL, Hit, View, plausible_gaps

PASSPORT = "cn_passport"
PERMIT = "cn_travel_permit"
# A digit, or a letter that looks like one; most must be digits.
_DIGIT = "[0-9OoIl|]"
_FEWEST_DIGITS = 5
_ALIKE = str.maketrans("OoIl|", "00111")
_PASSPORT = re.compile(
    rf"(?<![0-9A-Za-z])(?=((?:E{GAP}[A-HJ-NP-Z]|[DSP]{GAP}E|K{GAP}J|M{GAP}A)(?:{GAP}{_DIGIT}){{7}}"
    rf"|[EGDSP](?:{GAP}{_DIGIT}){{8}})"
    r"(?![0-9A-Za-z]))",
    re.ASCII | re.IGNORECASE,
)
_PERMIT = re.compile(
    rf"(?<![0-9A-Za-z])(?=([CLT](?:{GAP}{_DIGIT}){{8}}|C{GAP}[A-Z](?:{GAP}{_DIGIT}){{7}})(?![0-9A-Za-z]))",
    re.ASCII | re.IGNORECASE,
)
_ZONE = re.compile(r"P[A-Z<]CHN[A-Z<]{4,60}\s*(?P<number>[A-Z0-9<]{9})(?P<check>\d)CHN", re.ASCII)
_GAPS = re.compile(r"[^0-9A-Za-z]+", re.ASCII)
_CHINESE_PASSPORT = re.compile(
    r"护照|護照|chinese\s+passport|china\s+passport|prc\s+passport|passport.{0,12}\b(?:china|chn|prc|chinese)\b"
    r"|(?:\bchina|\bchn|\bprc|中国).{0,24}passport",
    re.IGNORECASE | re.DOTALL,
)
# Right behind the number, as in "holder of E12345678, a Chinese passport".
_PASSPORT_AFTER = re.compile(
    r"[\s,(（，]{0,3}(?:[号號]|号码)?\s?的?(?:中国|中國|中华人民共和国)?(?:普通|因公|因私|公务|外交)?(?:护照|護照)"
    r"|[\s,(]{1,3}(?:is |on |under |of )?(?:my |his |her |a |the )?(?:chinese|prc|china) passport",
    re.IGNORECASE,
)
_ANY_PASSPORT = re.compile(r"passport|hu ?zhao", re.IGNORECASE)
_FOREIGN = re.compile(
    r"singapore|malaysia|\bMYS\b|\bSGP\b|\buk\b|british|\bus\b|\busa\b|american|thai|vietnam|indonesia"
    r"|philippin|korea|japan|german|french|taiwan|hong ?kong|macau|india|australia|canad|新加坡|马来西亚"
    r"|日本|韩国|美国|英国|台湾|香港",
    re.IGNORECASE,
)
_PERMIT_WORD = re.compile(
    r"通行证|通行證|往来港澳|往来台湾|港澳|\bEEP\b|two-?way permit|exit-?entry permit|travel permit"
    r"|tongxingzheng",
    re.IGNORECASE,
)
# One of these is in every word of the pattern above, and a plain test for it is cheap.
_PERMIT_WORDS = ("通行证", "通行證", "往来", "港澳", "eep", "permit", "tongxingzheng")
_NEAR_PASSPORT = re.compile(r"passport|zhao|护照|護照", re.IGNORECASE)
_LOOK = 40
_AROUND = 96


def find(view: View) -> Iterator[Hit]:
    """Find passports and permits beside the words that name them, and machine-readable zones."""
    text = view.numerals
    if "CHN" in text:
        for found in _ZONE.finditer(text):
            if check_digit(found.group("number")) == found.group("check"):
                value = found.group("number").rstrip("<")
                yield Hit(PASSPORT, found.start(), found.end(), 1, 800, PERSONAL, value)
    lower = view.lower
    if "passport" in lower or "zhao" in lower or "护照" in text or "護照" in text:
        for found in view.candidates(_PASSPORT, text, view.places(_NEAR_PASSPORT, text, _AROUND, _AROUND)):
            if hit := _passport(view, found):
                yield hit
    if any(word in lower for word in _PERMIT_WORDS):
        for found in view.candidates(_PERMIT, text):
            if _whole(found) and _PERMIT_WORD.search(view.before(found.start(1), _LOOK)):
                yield _hit(PERMIT, found, 1)


def _passport(view: View, found: re.Match[str]) -> Hit | None:
    if not _whole(found):
        return None
    before = view.before(found.start(1), _LOOK)
    if _CHINESE_PASSPORT.search(before):
        return _hit(PASSPORT, found, 1)
    if _PASSPORT_AFTER.match(view.after(found.start(1), found.end(1), _LOOK)) and not _FOREIGN.search(before):
        return _hit(PASSPORT, found, 1)
    if not _ANY_PASSPORT.search(before):
        return None
    after = view.after(found.start(1), found.end(1), 16)
    return None if _FOREIGN.search(before) or _FOREIGN.search(after) else _hit(PASSPORT, found, 2)


def _whole(found: re.Match[str]) -> bool:
    digits = sum(map(str.isdigit, found.group(1)))
    return digits >= _FEWEST_DIGITS and plausible_gaps(_GAPS.findall(found.group(1)))


def _hit(kind: str, found: re.Match[str], level: int) -> Hit:
    value = _GAPS.sub("", found.group(1).translate(_ALIKE)).upper()
    return Hit(kind, found.start(1), found.end(1), level, 500, PERSONAL, value)


def check_digit(field: str) -> str:
    """Compute the check digit of a machine-readable field (weights 7, 3, 1; ICAO Doc 9303-3).

    >>> check_digit("E61706069")
    '9'
    """
    values = (0 if sign == "<" else int(sign, 36) for sign in field)
    return str(sum(value * (7, 3, 1)[place % 3] for place, value in enumerate(values)) % 10)
