"""The spelling of values in canonical JSON, as regular expressions.

Canonical JSON has one spelling for each value, so a closed schema has a closed set of spellings. A pattern
made here accepts only bytes that are the canonical spelling of a value which the schema accepts; it may
accept fewer (long integers, rare forms). What no pattern matches is read the long way, so a pattern can make
reading faster and never more lenient.

Worked example: `members({"b": integer(0, 9), "a": choice(["x"])})` is the pattern of `{"a":"x","b":7}`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

_PLAIN = re.compile(r"[A-Za-z0-9 ._:/@+=-]*")
_NEXT = r'(?:,(?=["\[{a-z0-9-])|(?=[\]}]))'
_SAFE_DIGITS = 15  # every number of so many digits is smaller than 2^53


def word(pattern: str) -> str:
    """Spell a text that matches `pattern`, which must match neither quotes, backslashes nor controls."""
    return f'"(?:{pattern})"'


def choice(words: Collection[str]) -> str | None:
    """Spell one of some words; `None` where a word would need escaping."""
    if not all(_PLAIN.fullmatch(text) for text in words):
        return None
    return '"(?:' + "|".join(re.escape(text) for text in sorted(words, reverse=True)) + ')"'


def integer(low: int, high: int) -> str | None:
    """Spell a number of at least 0 or 1 and of fewer digits than `high`, or as many where all of them fit."""
    digits = len(str(high)) if str(high) == "9" * len(str(high)) else len(str(high)) - 1
    digits = min(digits, _SAFE_DIGITS)
    if digits < 1:
        return f"[{max(low, 0)}-{high}]" if high >= 0 and low <= high else None
    if low > 1:
        return None
    many = rf"[1-9][0-9]{{0,{digits - 1}}}"
    return many if low == 1 else f"(?:0|{many})"


TRUTH = "(?:true|false)"


def nullable(inner: str) -> str:
    """Spell a value or null."""
    return f"(?:null|{inner})"


def array(inner: str, limit: int) -> str:
    """Spell a list of at most `limit` values."""
    return rf"\[(?:{inner}{_NEXT}){{0,{limit}}}\]"


def members(fields: Mapping[str, str], optional: Collection[str] = ()) -> str:
    """Spell an object of these fields, each given by its pattern; its keys are plain words."""
    parts = []
    for name in sorted(fields):
        part = f'"{re.escape(name)}":{fields[name]}{_NEXT}'
        parts.append(f"(?:{part})?" if name in optional else part)
    return r"\{" + "".join(parts) + r"\}"


def subset(words: Collection[str]) -> str:
    """Spell a sorted list without repetition of some plain words."""
    return r"\[" + "".join(f'(?:"{re.escape(text)}"{_NEXT})?' for text in sorted(words)) + r"\]"
