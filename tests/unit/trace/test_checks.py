"""`zoneproxy.trace.checks`: what a check accepts, and that its spelling accepts no more."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from zoneproxy.trace.checks import (
    FIELDS,
    OPTIONAL,
    SPELLINGS,
    Check,
    integer,
    list_of,
    matches,
    object_of,
    one_of,
    or_null,
    truth,
)

WORD = re.compile(r"[a-z]{1,4}\Z", re.ASCII)
CHECKS: dict[str, Check] = {
    "word": matches(WORD, unescaped=True),
    "word or empty": matches(WORD, empty=True, unescaped=True),
    "one of": one_of(("a", "bc")),
    "integer": integer(0, 999),
    "truth": truth,
    "or null": or_null(integer(1, 4)),
    "list": list_of(one_of(("a", "b")), 2),
    "object": object_of({"a": truth, "b": integer(0, 9)}, optional=("a",)),
}
VALUES: list[Any] = [
    None, True, False, 0, 1, 3, 5, 10, 1000, -1, 1.0, "", "a", "ab", "bc", "A", "abcde", "a\n", [], ["a"],
    ["a", "b"], ["a", "a", "a"], {}, {"b": 1}, {"a": True, "b": 1}, {"a": 1, "b": 1}, {"b": 1, "c": 2},
]  # fmt: skip


@pytest.mark.parametrize("name", CHECKS)
def test_a_spelling_accepts_no_more_than_its_check(name: str) -> None:
    """What a pattern accepts the check accepts; for these small schemas it is the same."""
    check, accepted = CHECKS[name], 0
    for value in VALUES:
        spelled = json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
        try:
            check(value, "here")
            good = True
        except ValueError:
            good = False
        assert (re.fullmatch(SPELLINGS[check].encode(), spelled) is not None) is good, value
        accepted += good
    assert accepted


def test_what_is_kept_of_objects() -> None:
    """Fields are known, and which may be absent; without a spelling of each field there is none."""
    inner = matches(re.compile(r".*\Z"))
    assert inner not in SPELLINGS
    check = object_of({"a": truth, "b": inner})
    assert (set(FIELDS[check]), OPTIONAL[check], check in SPELLINGS) == ({"a", "b"}, frozenset(), False)
    assert object_of({"a": inner}, optional=("a",)) not in SPELLINGS
    assert list_of(inner, 2) not in SPELLINGS
    assert or_null(inner) not in SPELLINGS
