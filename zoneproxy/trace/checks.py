"""What values of a record a schema accepts: checks, and how the accepted values are spelled.

A check takes a value and the place it stands at and raises `ValueError` on anything that it does not know.
Checks are made here, and what is known of each is kept beside it: the pattern of its values' spelling, and
of an object its fields. `zoneproxy.trace.schema` puts them together, `zoneproxy.trace.glance` reads by them.

Worked example: `integer(1, 4)` accepts 3 and refuses 5, True and "3"; its spelling is `[1-4]`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from zoneproxy.trace import spelling
from zoneproxy.trace.canonical import MAX_INT

Check = Callable[[Any, str], None]

SPELLINGS: dict[Check, str] = {}
"""Checks whose accepted values can be told by their spelling (see `zoneproxy.trace.spelling`)."""

FIELDS: dict[Check, Mapping[str, Check]] = {}
"""The fields of each check of an object."""

OPTIONAL: dict[Check, frozenset[str]] = {}
"""Those of its fields that may be absent."""


def spell(check: Check, pattern: str | None) -> Check:
    """Note how the values are spelled that a check accepts, if that can be told."""
    if pattern is not None:
        SPELLINGS[check] = pattern
    return check


def matches(pattern: re.Pattern[str], *, empty: bool = False, unescaped: bool = False) -> Check:
    r"""Accept texts that match a pattern.

    Args:
        pattern: it ends with `\Z`.
        empty: accept the empty text, too.
        unescaped: the pattern matches neither quotes, backslashes nor controls, so that what it matches is
            also how it is spelled.
    """

    def check(value: Any, where: str) -> None:
        if type(value) is not str or not (pattern.match(value) or (empty and not value)):
            raise ValueError(f"`{where}` is not a word of its kind")

    text = pattern.pattern.removesuffix(r"\Z")
    return spell(check, spelling.word(text + "|" * empty) if unescaped else None)


def one_of(words: Collection[str]) -> Check:
    """Accept one of some words."""
    allowed = frozenset(words)

    def check(value: Any, where: str) -> None:
        if type(value) is not str or value not in allowed:
            raise ValueError(f"`{where}` is not one of its words")

    return spell(check, spelling.choice(allowed))


def integer(low: int = 0, high: int = MAX_INT) -> Check:
    """Accept an integer in a range, both ends included."""

    def check(value: Any, where: str) -> None:
        if type(value) is not int or not low <= value <= high:
            raise ValueError(f"`{where}` is not an integer in its range")

    return spell(check, spelling.integer(low, high))


def truth(value: Any, where: str) -> None:
    """Accept true and false."""
    if type(value) is not bool:
        raise ValueError(f"`{where}` is neither true nor false")


SPELLINGS[truth] = spelling.TRUTH


def or_null(inner: Check) -> Check:
    """Accept null, and what `inner` accepts."""

    def check(value: Any, where: str) -> None:
        if value is not None:
            inner(value, where)

    return spell(check, spelling.nullable(SPELLINGS[inner]) if inner in SPELLINGS else None)


def list_of(inner: Check, limit: int) -> Check:
    """Accept a list of at most `limit` values, each as `inner` accepts it."""

    def check(value: Any, where: str) -> None:
        if type(value) is not list or len(value) > limit:
            raise ValueError(f"`{where}` is not a list of at most {limit}")
        for item in value:
            inner(item, where)

    return spell(check, spelling.array(SPELLINGS[inner], limit) if inner in SPELLINGS else None)


def counts_of(word: Check, limit: int) -> Check:
    """Accept an object of 1 to `limit` counts, each at least 1, under names as `word` takes them."""

    def check(value: Any, where: str) -> None:
        if type(value) is not dict or not 0 < len(value) <= limit:
            raise ValueError(f"`{where}` is not an object of counts")
        for name, count in value.items():
            word(name, where)
            if type(count) is not int or not 1 <= count <= MAX_INT:
                raise ValueError(f"`{where}` is not an object of counts")

    return check


def object_of(fields: Mapping[str, Check], optional: Collection[str] = ()) -> Check:
    """Accept an object of exactly these fields, of which the optional ones may be absent."""
    names = frozenset(fields)
    needed = names - frozenset(optional)

    def check(value: Any, where: str) -> None:
        if type(value) is not dict:
            raise ValueError(f"`{where}` is not an object")
        for name, item in value.items():
            inner = fields.get(name)
            if inner is None:
                raise ValueError(f"`{where}` has an unknown field")
            inner(item, f"{where}.{name}")
        if not needed <= value.keys():
            raise ValueError(f"`{where}` lacks `{min(needed - value.keys())}`")

    FIELDS[check] = fields
    OPTIONAL[check] = frozenset(optional)
    spelled = {name: SPELLINGS[inner] for name, inner in fields.items() if inner in SPELLINGS}
    if spelled and all(name in spelled or name in optional for name in fields):
        SPELLINGS[check] = spelling.members(spelled, optional)
    return check
