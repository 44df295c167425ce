"""Vehicle plates of the mainland (GA 36-2018): a province, a letter, five or six characters.

The alphabet has no I and no O; the last place may say learner, police, trailer or a plate for
crossing to Hong Kong or Macau. At least two digits are demanded; four of one in small letters, because
words in Latin letters stand behind these characters too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from zoneproxy.content.detectors.view import PERSONAL, Hit, View
from zoneproxy.content.effort import CANDIDATE

KIND = "cn_plate"
_GAP = r"[ .,/_*\-\r\n\t]{0,4}"
_CANDIDATE = re.compile(
    rf"(?=([京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼]{_GAP}[A-HJ-NP-Za-hj-np-z](?:{_GAP}[A-HJ-NP-Za-hj-np-z0-9Oo|lI]){{4}}"
    rf"{_GAP}[A-HJ-NP-Za-hj-np-z0-9Oo|lI学警港澳挂领试超](?:{_GAP}[A-HJ-NP-Za-hj-np-z0-9Oo|lI])?)(?![0-9A-Za-z]))"
)
_GAPS = re.compile(r"[ .,/_*\-\s]+")
_ALIKE = str.maketrans("Oo|lI", "00111")
_DIGITS = re.compile(r"[0-9]", re.ASCII)
_SMALL = re.compile(r"[a-z]", re.ASCII)
_FEWEST_DIGITS, _FEWEST_IN_SMALL = 2, 4


def find(view: View) -> Iterator[Hit]:
    """Find plates, with or without the dot in their middle."""
    for found in _CANDIDATE.finditer(view.numerals):
        if not view.effort.spend(CANDIDATE):
            return
        value = _GAPS.sub("", found.group(1)).translate(_ALIKE)
        due = _FEWEST_IN_SMALL if _SMALL.search(value) else _FEWEST_DIGITS
        if len(_DIGITS.findall(value)) >= due:
            yield Hit(KIND, found.start(1), found.end(1), 1, 400, PERSONAL, value.upper())
