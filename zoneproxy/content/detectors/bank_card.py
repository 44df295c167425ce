"""UnionPay cards: 62, 16 to 19 digits, Luhn check (ISO/IEC 7812-1, annex B).

One random number in ten that begins with 62 passes the check, so a word that says it is something
else (a parcel, a meter, an order) is heard.

    >>> luhn("6222021234567890128"), luhn("6222021234567890129")
    (True, False)
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from zoneproxy.content.detectors.view import GAP, PERSONAL, Hit, View, plausible_gaps

KIND = "cn_bank_card"
_CANDIDATE = re.compile(rf"6(?<![0-9A-Za-z.]6)(?=({GAP}2(?:{GAP}\d){{14,17}})(?![0-9A-Za-z]))", re.ASCII)
_GAPS = re.compile(r"\D+", re.ASCII)
_COLUMN = re.compile(r"[ ]*[,|\t\r\n]+[ ]*")
_ELSE = re.compile(
    r"\b(?:order|parcel|tracking|track|meter|ref|trace(?:_id)?|serial|sn|id|msg_id|batch|ticket|invoice|snowflake|imei"
    r"|isbn|ean|offset|seed|timestamp)\b[\s:\"'#=.]*(?:no\.?[\s:]*)?\Z",
    re.IGNORECASE,
)
_SHORTEST, _LOOK_BEHIND = 16, 24
# Each digit doubled, its own digits added up.
_DOUBLED = str.maketrans("0123456789", "0246813579")


def luhn(value: str) -> bool:
    """Tell whether the digits pass the Luhn check."""
    doubled = value[-2::-2].translate(_DOUBLED)
    return sum(map(int, value[-1::-2] + doubled)) % 10 == 0


def find(view: View) -> Iterator[Hit]:
    """Find UnionPay card numbers, written together or in groups."""
    for found in view.candidates(_CANDIDATE, view.digits):
        end = _card_end(view.digits, found.start(), found.end(1))
        if end and not _ELSE.search(view.before(found.start(), _LOOK_BEHIND)):
            value = _GAPS.sub("", view.digits[found.start() : end])
            yield Hit(KIND, found.start(), end, 1, 800, PERSONAL, value)


def _card_end(text: str, start: int, end: int) -> int:
    """Return where the longest card that begins at `start` ends, or 0: in a table more may follow."""
    while end > start:
        written = text[start:end]
        value = _GAPS.sub("", written)
        if len(value) < _SHORTEST:
            return 0
        if luhn(value) and plausible_gaps(_GAPS.findall(written)):
            return end
        gaps = list(_COLUMN.finditer(written))
        end = start + gaps[-1].start() if gaps else 0
    return 0
