"""Resident identity numbers (GB 11643-1999) and the residence permits of the same form.

Eighteen characters: six for the place of registration, eight for the day of birth, three serial
and one check character (ISO 7064 MOD 11-2). Demanded here: a province, a day that exists, and the
check character. The checksum alone accepts one random number in eleven; the county is not
demanded, because people keep the code that was in force when they were registered. Prefixes 81,
82 and 83 are the residence permits of Hong Kong, Macau and Taiwan residents.

    >>> valid("11010119900307109X"), valid("110101199003071090")
    (True, False)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from operator import mul

from zoneproxy.content.detectors.view import GAP, PERSONAL, Hit, View, plausible_gaps

KIND = "cn_resident_id"
_PROVINCES = frozenset(
    str(code)
    for first, last in ((11, 15), (21, 23), (31, 37), (41, 46), (50, 54), (61, 65), (71, 71), (81, 83))
    for code in range(first, last + 1)
)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_EARLIEST, _LATEST = 1900, 2035
# The century stands in the pattern: it rules out most numbers at once. The first digit stands before
# all that is asked about it, because a pattern that begins with a class of signs is found fastest.
_CANDIDATE = re.compile(
    rf"[1-8](?<!\d\d)(?=({GAP}[0-7](?:{GAP}\d){{4}}{GAP}(?:1{GAP}9|2{GAP}0)(?:{GAP}\d){{9}}{GAP}[\dXx])(?!\d))",
    re.ASCII,
)
_OLD = re.compile(r"[1-8](?<![0-9A-Za-z]{2})\d{14}(?![0-9A-Za-z])", re.ASCII)
_WORD = re.compile(
    r"身份|居民证|证件号|户口|resident id|identity|id ?card|id ?(?:no|num)|citizen id|shenfenzheng",
    re.IGNORECASE,
)
_GAPS = re.compile(r"[^0-9Xx]+", re.ASCII)


def valid(value: str) -> bool:
    """Tell whether 18 characters, without gaps, are a resident identity number."""
    if not dated(value):
        return False
    total = sum(map(mul, map(int, value[:17]), _WEIGHTS))
    return _CHECKS[total % 11] == value[17].upper()


def dated(value: str) -> bool:
    """Tell whether 18 characters begin with a province and a day that exists."""
    if value[:2] not in _PROVINCES:
        return False
    year, month, day = int(value[6:10]), int(value[10:12]), int(value[12:14])
    if not _EARLIEST <= year <= _LATEST:
        return False
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def valid_old(value: str) -> bool:
    """Tell whether 15 digits have the form in use until 1999: province and day, no check."""
    if value[:2] not in _PROVINCES or value[2:6] == "0000":
        return False
    try:
        date(1900 + int(value[6:8]), int(value[8:10]), int(value[10:12]))
    except ValueError:
        return False
    return True


def find(view: View) -> Iterator[Hit]:
    """Find resident identity numbers, written together or with gaps."""
    for found in view.candidates(_CANDIDATE, view.digits):
        written = found.group() + found.group(1)
        value = _GAPS.sub("", written)
        if valid(value) and plausible_gaps(_GAPS.findall(written)):
            yield Hit(KIND, found.start(), found.end(1), 1, 1000, PERSONAL, value.upper())
    for found in view.candidates(_OLD, view.digits):
        if valid_old(found.group()) and _WORD.search(view.before(found.start(), 16)):
            yield Hit(KIND, found.start(), found.end(), 2, 500, PERSONAL, found.group())
