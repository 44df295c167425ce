"""What only the paranoid levels report: looser contexts, and look-alikes that fail a check.

As with paranoia levels elsewhere, level 3 takes a word or a shape for enough where level 2 wants both, and
level 4 takes what stands alone. One such finding makes a text suspected and never detected: its score
is too low. How often each level errs is measured, see `docs/detection.md`.

| level | kind | what is enough |
| --- | --- | --- |
| 3 | resident number | province and day among words for it, though the check digit fails |
| 3 | mobile | eleven digits in an unallocated series beside a telephone word |
| 3 | landline | a listed area code, a dash and a local number, without any word |
| 3 | bank card | after a word for cards, though Luhn fails (2 after the issuing bank) |
| 3 | address | a place without its ending, a street and a number (2 after a word for it) |
| 4 | resident number | inside a longer row of digits |
| 4 | landline | the same without a dash |
| 4 | passport | its shape, without a word and with no foreign one |
| 4 | address | three levels of administration, without a street |
| 4 | domestic host | a name under .cn, outside URLs |
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from zoneproxy.content.detectors import address, bank_card, network, resident_id, telephone, travel_papers
from zoneproxy.content.detectors.view import GAP, IMPORTANT, PARANOID, PERSONAL, Hit, View, plausible_gaps
from zoneproxy.content.effort import CANDIDATE
from zoneproxy.content.tables.places import DISTRICTS, PREFECTURES

_SCORE = 150
_STRICTEST = 4
_LOOK = 24
_GAPS = re.compile(r"[^0-9Xx]+", re.ASCII)
_ID = re.compile(rf"[1-8](?<!\d\d)(?=((?:{GAP}\d){{16}}{GAP}[\dXx])(?!\d))", re.ASCII)
_INSIDE = re.compile(r"[1-8](?=(\d{5}(?:19|20)\d{9}[\dXx]))", re.ASCII)
_ID_WORD = re.compile(
    r"身份|证件|居民证|公民|resident id|identity|id ?card|citizen|shenfenzheng", re.IGNORECASE
)
_CARD = re.compile(rf"6(?<![0-9A-Za-z.]6)(?=({GAP}2(?:{GAP}\d){{14,17}})(?![0-9A-Za-z]))", re.ASCII)
_CARD_WORD = re.compile(r"卡|账号|帐号|账户|\bcard|account|unionpay", re.IGNORECASE)
_ISSUER = re.compile(r"[工农中建交招]行卡[号:：\s]{0,4}\Z")
_MOBILE = re.compile(rf"1(?<![0-9A-Za-z.+]1)(?=({GAP}[3-9](?:{GAP}\d){{9}})(?!\d))", re.ASCII)
_MOBILE_WORD = re.compile(r"手机|電話|电话|手機|联系|mobile|phone|\bcell|whatsapp|wechat", re.IGNORECASE)
# Area codes of the mainland by their first digits (the numbering plan of 2003 and its changes).
_LANDLINE = re.compile(
    r"0(?<![0-9A-Za-z.+\-]0)(?=((?:10|2[0-57-9])(?P<dash>[- ]?)\d{8}"
    r"|(?:3[1-79]\d|4[3-8]\d|5[1-9]\d|6[36]\d|7\d\d|8[1-9]\d|9[0-79]\d)"
    r"(?P<mark>[- ]?)\d{7,8})(?!\d))",
    re.ASCII,
)
_PASSPORT = re.compile(r"[EeGg](?<![0-9A-Za-z]{2})(?=([A-HJ-NP-Z]\d{7}|\d{8})(?![0-9A-Za-z]))", re.ASCII)
_PLACE_ROAD = re.compile(
    r"(?P<place>[\u4e00-\u9fff]{2,4})(?P<road>[\u4e00-\u9fff]{1,5}(?:路|街|大道|巷|胡同))"
    r"\s?\d{1,5}\s?(?:号|號|弄)"
)
_SENT = re.compile(r"地址|寄|住|收货|送到|快递|送货|位于|address")
_NAME = r"[\u4e00-\u9fff]{2,8}?"
_THREE = re.compile(rf"{_NAME}(?:省|自治区){_NAME}(?:市|州|盟){_NAME}(?:区|县|市|旗)")
_BARE_HOST = re.compile(
    r"(?<![A-Za-z0-9.@-])(?:[A-Za-z0-9-]{1,63}\.){1,6}cn(?![A-Za-z0-9-]|\.[A-Za-z0-9])", re.ASCII
)
_DISTRICT_STEMS = frozenset(name[:-1] for name in DISTRICTS if name[-1] in "区县市旗" and len(name) in (3, 4))


def find_numbers(view: View) -> Iterator[Hit]:
    """Find numbers that look like identifiers and have either the word or the check, not both."""
    yield from _cards(view)
    if view.level < PARANOID:
        return
    yield from _misspelt(view)
    for found in view.candidates(_LANDLINE, view.digits):
        level = PARANOID if found.group("dash") or found.group("mark") else _STRICTEST
        yield _hit(telephone.LANDLINE, found, _value(found), level)
    if view.level < _STRICTEST:
        return
    for found in view.candidates(_INSIDE, view.digits):
        if resident_id.valid(_value(found)):
            yield _hit(resident_id.KIND, found, _value(found), _STRICTEST)
    for found in view.candidates(_PASSPORT, view.numerals):
        value = (found.group() + found.group(1)).upper()
        yield _hit(travel_papers.PASSPORT, found, value, _STRICTEST)


def _cards(view: View) -> Iterator[Hit]:
    """Find cards that fail the check, after the name of the bank that issued them or another word."""
    if view.level < PARANOID and "行卡" not in view.text:
        return
    for found in view.candidates(_CARD, view.digits):
        before = view.before(found.start(), _LOOK)
        if not bank_card.luhn(_value(found)) and _CARD_WORD.search(before):
            level = 2 if _ISSUER.search(before) else PARANOID
            yield _hit(bank_card.KIND, found, _value(found), level)


def _misspelt(view: View) -> Iterator[Hit]:
    """Find numbers whose word is there and whose check fails."""
    for found in view.candidates(_ID, view.digits):
        value = _value(found)
        known = resident_id.dated(value) and plausible_gaps(_GAPS.findall(found.group(1)))
        if known and not resident_id.valid(value) and _ID_WORD.search(view.before(found.start(), _LOOK)):
            yield _hit(resident_id.KIND, found, value, PARANOID)
    for found in view.candidates(_MOBILE, view.digits):
        value = _value(found)
        if not telephone.allocated(value) and _MOBILE_WORD.search(view.before(found.start(), _LOOK)):
            yield _hit(telephone.MOBILE, found, value, PARANOID)


def find_places(view: View) -> Iterator[Hit]:
    """Find Chinese addresses that leave out the endings or the street."""
    for found in _PLACE_ROAD.finditer(view.text):
        if not view.effort.spend(CANDIDATE):
            return
        before = view.before(found.start(), _LOOK) + found.group("place")
        if _is_place(found.group("place") + found.group("road")) and not address.is_outside(before):
            level = 2 if _SENT.search(before) else PARANOID
            yield Hit(address.KIND, found.start(), found.end(), level, _SCORE, PERSONAL, found.group())
    if view.level >= _STRICTEST:
        for found in _THREE.finditer(view.text):
            if not view.effort.spend(CANDIDATE):
                return
            yield Hit(address.KIND, found.start(), found.end(), _STRICTEST, _SCORE, PERSONAL, found.group())


def find_hosts(view: View) -> Iterator[Hit]:
    """Find names under .cn outside URLs."""
    if view.level < _STRICTEST:
        return
    for found in _BARE_HOST.finditer(view.text):
        if not view.effort.spend(CANDIDATE):
            return
        yield Hit(network.HOST, *found.span(), _STRICTEST, _SCORE, IMPORTANT, found.group().lower())


def _is_place(run: str) -> bool:
    """Tell whether a run of characters has a district's or a prefecture's name at some place."""
    return any(
        run[start : start + size] in _DISTRICT_STEMS or run[start : start + size] in PREFECTURES
        for start in range(len(run) - 3)
        for size in (2, 3)
    )


def _value(found: re.Match[str]) -> str:
    return _GAPS.sub("", found.group() + found.group(1)).upper()


def _hit(kind: str, found: re.Match[str], value: str, level: int) -> Hit:
    return Hit(kind, found.start(), found.end(1), level, _SCORE, PERSONAL, value)
