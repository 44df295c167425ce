"""Unified social credit codes of organisations (GB 32100-2015).

Eighteen characters of an alphabet without I, O, S, V and Z: registrar and category, six digits of
the place, nine of the organisation code with its own check character (GB 11714), and a check
character (MOD 31-3). In a string of digits alone the inner check is demanded as well, because the
outer one accepts one number in thirty-one.

    >>> valid("91350100M000100Y43")
    True
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from operator import mul

from zoneproxy.content.detectors.view import GAP, IMPORTANT, Hit, View, plausible_gaps

KIND = "cn_uscc"
_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_VALUES = {sign: value for value, sign in enumerate(_ALPHABET)}
_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))
_INNER_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_INNER_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
# Registrar and category stand in the pattern: they rule out most numbers at once.
_REGISTRAR = (
    rf"(?:(?<=[1Nn]){GAP}[1239]|(?<=[248Aa]){GAP}[19]|(?<=[35]){GAP}[1-59]|(?<=[67]){GAP}[129]"
    rf"|(?<=9){GAP}[123]|(?<=[Yy]){GAP}1)"
)
_CANDIDATE = re.compile(
    rf"[1-9AaNnYy](?<![0-9A-Za-z]{{2}})(?=({_REGISTRAR}(?:{GAP}[0-9OoIi|ZzSs]){{6}}(?:{GAP}[0-9A-Za-z|]){{10}})"
    r"(?![0-9A-Za-z]))",
    re.ASCII,
)
# What is searched for first: registrar, category and the digits of the place.
_CUE = re.compile(rf"[1-9AaNnYy](?<![0-9A-Za-z]{{2}}){GAP}[1-9](?:{GAP}[0-9OoIi|ZzSs]){{6,}}+", re.ASCII)
_BEHIND = 10 * 5 + 2
_WORD = re.compile(r"信用代码|机关代码|机构代码|组织代码|税号|\buscc\b|credit code", re.IGNORECASE)
_GAPS = re.compile(r"[^0-9A-Za-z|]+", re.ASCII)
_ALIKE = str.maketrans("OI|ZS", "01125")
_MAYBE_ONES = re.compile(r"[0-9][li|]|[li|][0-9]")
_ONES = str.maketrans("li|", "111")
_REGISTRARS = frozenset(
    registrar + category
    for registrar, categories in {
        "1": "1239", "2": "19", "3": "123459", "4": "19", "5": "123459", "6": "129", "7": "129", "8": "19",
        "9": "123", "A": "19", "N": "1239", "Y": "1",
    }.items()
    for category in categories
)  # fmt: skip
_PROVINCES = frozenset(
    str(code)
    for first, last in ((10, 15), (21, 23), (31, 37), (41, 46), (50, 54), (61, 65), (71, 71))
    for code in range(first, last + 1)
)
_ELEVEN = 11


def valid(code: str) -> bool:
    """Tell whether 18 characters, without gaps, are a unified social credit code."""
    if code[:2] not in _REGISTRARS or not code[2:8].isdigit() or code[2:4] not in _PROVINCES:
        return False
    if not _VALUES.keys() >= set(code):
        return False
    return checked(code) and (not code.isdigit() or inner_check(code[8:17]))


def checked(code: str) -> bool:
    """Tell whether the last of 18 characters of the alphabet is their check character."""
    total = sum(map(mul, map(_VALUES.__getitem__, code[:17]), _WEIGHTS))
    return _ALPHABET[-total % 31] == code[17]


def inner_check(organisation: str) -> bool:
    """Tell whether nine characters are an organisation code (GB 11714, MOD 11-2 like weights)."""
    total = sum(
        _INNER_ALPHABET.index(sign) * weight
        for sign, weight in zip(organisation[:8], _INNER_WEIGHTS, strict=True)
    )
    rest = _ELEVEN - total % _ELEVEN
    return organisation[8] == {10: "X", 11: "0"}.get(rest, str(rest))


def find(view: View) -> Iterator[Hit]:
    """Find credit codes in either case, written together or in groups."""
    done: set[int] = set()
    # The alphabet has an L: in small letters it may be one, or a one.
    text = view.numerals
    for reading in (text, text.translate(_ONES)) if _MAYBE_ONES.search(text) else (text,):
        places = view.places(_CUE, reading, 0, _BEHIND)
        for found in view.candidates(_CANDIDATE, reading, places):
            written = found.group() + found.group(1)
            plain = _GAPS.sub("", written).upper()
            if found.start() in done or not plausible_gaps(_GAPS.findall(written)):
                continue
            code = plain if plain.isdigit() else plain.translate(_ALIKE)
            named = code.isdigit() and checked(code) and _WORD.search(view.before(found.start(), 16))
            if valid(code) or named:
                done.add(found.start())
                yield Hit(KIND, found.start(), found.end(1), 1, 400, IMPORTANT, code)
