"""What a registered value is worth: by itself, and beside other values of its row.

A value is judged by its flat form alone, so that it is worth the same in every disguise. Common words, short
numbers and dates are worth nothing by themselves: they count only beside others of their row.

    >>> stands_alone("13812345678"), stands_alone("1nternat10na11zat10n"), stands_alone("20241113")
    (True, False, False)
"""

from __future__ import annotations

import re

SHORTEST, LONGEST = 2, 60
"""A shorter value is not registered; a longer one is registered as a document."""

MOST_ROWS_ALONE = 3
"""A value that stands in more rows is no match by itself: it is not one person's, or one thing's."""

ENOUGH = 480
"""What the values of a row must be worth together, in tenths of bits."""

_FEWEST_DIGITS, _FEWEST_SIGNS = 9, 4
_ROW_DIGITS = 6
_FEWEST_LETTERS, _FEWEST_LETTER_SIGNS = 28, 9
_CODE_LENGTH, _CODE_DIGITS = 12, 2
_FEWEST_HAN, _FEWEST_HAN_BESIDE_DIGITS, _FEWEST_HAN_SIGNS = 10, 6, 6
_DIGIT_WORTH, _LETTER_WORTH, _OTHER_WORTH = 33, 30, 80
_CLEAR_WORTH = 400
_FEW_SIGNS = 3
_DATE = re.compile(
    r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:\d\d){0,3}"
    r"|(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])(?:19|20)\d\d",
    re.ASCII,
)
_DIGIT = re.compile(r"[0-9]", re.ASCII)
# Noughts and ones may be letters.
_SURE_DIGIT = re.compile(r"[2-9]", re.ASCII)
_LETTER = re.compile(r"[a-z]", re.ASCII)


def stands_alone(value: str) -> bool:
    """Tell whether a flat value is distinctive enough to be a match without its row."""
    signs, size = len(set(value)), len(value)
    digits, letters = len(_DIGIT.findall(value)), len(_LETTER.findall(value))
    others = size - digits - letters
    if not others:
        if letters <= _CODE_DIGITS and digits >= _FEWEST_DIGITS:
            return signs >= _FEWEST_SIGNS and not _DATE.fullmatch(value)
        if size >= _CODE_LENGTH and letters and len(_SURE_DIGIT.findall(value)) >= _CODE_DIGITS:
            return signs >= _FEWEST_HAN_SIGNS
        return size >= _FEWEST_LETTERS and signs >= _FEWEST_LETTER_SIGNS
    if signs < _FEWEST_HAN_SIGNS:
        return False
    return others >= _FEWEST_HAN or (others >= _FEWEST_HAN_BESIDE_DIGITS and digits > 0)


def worth(value: str) -> int:
    """Estimate how much a flat value tells, in tenths of bits."""
    digits, letters = len(_DIGIT.findall(value)), len(_LETTER.findall(value))
    told = digits * _DIGIT_WORTH + letters * _LETTER_WORTH + (len(value) - digits - letters) * _OTHER_WORTH
    return told if len(set(value)) >= min(_FEW_SIGNS, len(value)) else told // 3


def leads(value: str) -> bool:
    """Tell whether a flat value is clear enough to lead a row: words alone, however many, are no row."""
    return (len(_SURE_DIGIT.findall(value)) > 1 and len(_DIGIT.findall(value)) >= _ROW_DIGITS) or (
        worth(value) >= _CLEAR_WORTH and not value.isascii()
    )
