"""Postal addresses on the mainland, in Chinese and in Latin letters.

A Chinese address counts with a street and a number, after at least two levels of administration, or
one level that names a mainland place by itself. Names of places alone, Chinese addresses overseas
and in Taiwan, Hong Kong or Macau do not count. In Latin letters it takes a street and two of: a
district, a mainland prefecture, a mainland province, the country.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from zoneproxy.content.detectors.view import PERSONAL, Hit, View
from zoneproxy.content.tables.places import (
    DISTRICTS,
    LATIN_PREFECTURES,
    LATIN_PROVINCES,
    PREFECTURES,
    PROVINCES,
)

KIND = "cn_name_address"
_NUMBER = r"[0-9一二三四五六七八九十百]{1,5}"
_TAIL = re.compile(
    rf"(?:路|街|大道|道|巷|弄|胡同|里|村|屯|组|小区|花园|新村|苑|大厦|广场|开发区|镇|乡|街道)[^\s\uff0c\u3002\uff1b\uff1a,;:]{{0,12}}?\s?{_NUMBER}\s?(?:号|號|栋|幢|座|室|单元|组)"
)
_HAN_RUN = re.compile(r"[\u4e00-\u9fff0-9A-Za-z\-() ]{2,60}\Z")
_PROVINCE = re.compile(
    "(?:"
    + "|".join(sorted(PROVINCES, key=len, reverse=True))
    + ")(?:省|市|自治区|壮族自治区|回族自治区|维吾尔自治区)?"
)
_LEVEL = re.compile(r"[\u4e00-\u9fff]{2,11}?(?:自治州|自治县|地区|市|盟|州|区|县|旗|镇|乡|街道)")
_OUTSIDE = re.compile(
    r"台湾|台灣|臺|台北|高雄|台中|台南|新北|桃园|桃園|基隆|新竹|香港|澳门|澳門|九龙|九龍|新加坡|吉隆坡|槟城|曼谷"
    r"|雅加达|马来西亚|东京|東京|大阪"
)
# Districts that cities outside have as well.
_ELSEWHERE_TOO = ("中山区", "大安区", "和平区", "信义区", "新城区", "中正区")
_LATIN = re.compile(
    r"\b(?:[A-Z][a-z']+\s){1,3}(?:Road|Rd\.?|Street|St\.?|Avenue|Ave\.?|Lu|Jie|Dadao|Boulevard|Lane)\b",
    re.ASCII,
)
_LATIN_LEVEL = re.compile(r"\b[A-Z][a-z']+\s(?:District|County|Prefecture|Qu|Xian|Shi)\b", re.ASCII)
_COUNTRY = re.compile(r"\b(?:P\.?\s?R\.?\s?)?China\b|\bPRC\b")
_ELSEWHERE = re.compile(
    r"Singapore|Malaysia|Taiwan|Hong Kong|Macau|Thailand|Indonesia|Vietnam|Philippines|USA|United States|UK\b"
    r"|Australia"
)
_WORD = re.compile(r"[A-Z][a-z']+", re.ASCII)
# Steps of a look at the levels of administration around a street.
_CLOSE_LOOK = 64
_LOOK_BEHIND, _LATIN_AHEAD = 48, 110


def find(view: View) -> Iterator[Hit]:
    """Find Chinese addresses with street and number."""
    end_of_last = 0
    for found in _TAIL.finditer(view.text):
        if found.start() < end_of_last:
            continue
        if not view.effort.spend(_CLOSE_LOOK):
            return
        run = _HAN_RUN.search(view.text, max(0, found.start() - _LOOK_BEHIND), found.start())
        if run is None or _OUTSIDE.search(run.group()):
            continue
        level = _level_of(run.group() + found.group()[:2])
        if level:
            end_of_last = found.end()
            value = run.group().strip() + found.group()
            yield Hit(KIND, run.start(), found.end(), level, 500, PERSONAL, value)


def is_outside(words: str) -> bool:
    """Tell whether words name a place outside the mainland."""
    return _OUTSIDE.search(words) is not None


def _level_of(run: str) -> int:
    """Return how sure it is that what stands before a street is a mainland place; 0 where it is not."""
    province = _PROVINCE.search(run)
    levels = _LEVEL.findall(run[province.end() :] if province else run)
    named = sum(_known(level) for level in levels)
    if (province and province.group()[-1] in "省市区" and levels) or named > 1:
        return 1
    if named and (province or len(levels) > 1):
        return 1
    return 2 if named and not any(level.endswith(_ELSEWHERE_TOO) for level in levels) else 0


def _known(level: str) -> bool:
    """Tell whether a level ends in a mainland district or names a mainland prefecture."""
    if any(level[start:] in DISTRICTS for start in range(max(0, len(level) - 10), len(level) - 2)):
        return True
    name = (
        level.removesuffix("地区")
        .removesuffix("自治州")
        .removesuffix("市")
        .removesuffix("盟")
        .removesuffix("州")
    )
    if name == level:
        return False
    return any(name[:size] in PREFECTURES or name[-size:] in PREFECTURES for size in range(2, 8))


def find_latin(view: View) -> Iterator[Hit]:
    """Find mainland addresses in Latin letters."""
    last = 0
    for found in _LATIN.finditer(view.text):
        if found.start() < last:
            continue
        if not view.effort.spend(_CLOSE_LOOK):
            return
        ahead = view.after(found.start(), found.end(), _LATIN_AHEAD).split("\n")[0]
        if _ELSEWHERE.search(ahead):
            continue
        words = set(_WORD.findall(ahead))
        place = bool(words & LATIN_PREFECTURES) + (bool(words & LATIN_PROVINCES) or "Inner Mongolia" in ahead)
        cues = place + bool(_LATIN_LEVEL.search(ahead)) + bool(_COUNTRY.search(ahead))
        if place and cues > 1:
            last = found.end() + len(ahead)
            yield Hit(KIND, found.start(), found.end(), 2, 450, PERSONAL, found.group().lower())
