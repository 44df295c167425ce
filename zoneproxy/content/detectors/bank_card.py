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
_CANDIDATE = re.compile(rf"(?<![0-9A-Za-z.])(?=(6{GAP}2(?:{GAP}\d){{14,17}})(?![0-9A-Za-z]))", re.ASCII)
_GAPS = re.compile(r"\D+", re.ASCII)
_ELSE = re.compile(
    r"\b(?:order|parcel|tracking|track|meter|ref|trace(?:_id)?|serial|sn|id|msg_id|batch|ticket|invoice|snowflake|imei"
    r"|isbn|ean|offset|seed|timestamp)\b[\s:\"'#=.]*(?:no\.?[\s:]*)?\Z",
    re.IGNORECASE,
)
# Each digit doubled, its own digits added up.
_DOUBLED = str.maketrans("0123456789", "0246813579")


def luhn(value: str) -> bool:
    """Tell whether the digits pass the Luhn check."""
    doubled = value[-2::-2].translate(_DOUBLED)
    return sum(map(int, value[-1::-2] + doubled)) % 10 == 0


def find(view: View) -> Iterator[Hit]:
    """Find UnionPay card numbers, written together or in groups."""
    for found in view.candidates(_CANDIDATE, view.digits):
        written = found.group(1)
        value = _GAPS.sub("", written)
        if not luhn(value) or not plausible_gaps(_GAPS.findall(written)):
            continue
        if _ELSE.search(view.before(found.start(1), 24)):
            continue
        yield Hit(KIND, found.start(1), found.end(1), 1, 800, PERSONAL, value)
