"""`zoneproxy.trace.spelling`: patterns accept the canonical spelling of what they stand for, and no other."""

from __future__ import annotations

import re

import pytest

from zoneproxy.trace import spelling


def accepts(pattern: str | None, text: str) -> bool:
    assert pattern is not None
    return re.fullmatch(pattern.encode(), text.encode()) is not None


@pytest.mark.parametrize(
    ("low", "high", "good", "bad"),
    [
        (
            0,
            2**53 - 1,
            ["0", "7", "999999999999999"],
            ["00", "-1", "1.0", "1e3", "01", "9007199254740992", ""],
        ),
        (1, 4, ["1", "4"], ["0", "5", "11"]),
        (0, 999, ["0", "999"], ["1000"]),
        (0, 1000, ["0", "999"], ["1001", "9999"]),
        (-5, 16, ["0", "9"], ["17", "20"]),
    ],
)
def test_integers(low: int, high: int, good: list[str], bad: list[str]) -> None:
    """A number has one spelling, and lies in its range."""
    pattern = spelling.integer(low, high)
    assert all(accepts(pattern, text) for text in good)
    assert not any(accepts(pattern, text) for text in bad)


def test_a_range_that_no_pattern_tells() -> None:
    """Where digits don't tell the range there is no pattern, and the long way is left."""
    assert spelling.integer(5, 90) is None


def test_words() -> None:
    """Words with letters that would be escaped have no pattern."""
    assert accepts(spelling.choice(["a", "ab", ""]), '"ab"')
    assert not accepts(spelling.choice(["a", "b"]), '"c"')
    assert spelling.choice(['"', "a"]) is None
    assert spelling.choice(["\u00e9"]) is None
    assert not accepts(spelling.word("[a-z]+|"), '"A"')
    assert accepts(spelling.word("[a-z]+|"), '""')


def test_members_and_arrays() -> None:
    """Keys in their order, commas only between, optional ones left out; no more items than allowed."""
    pattern = spelling.members({"b": "[0-9]", "a": spelling.TRUTH, "c": "null"}, optional=("a", "c"))
    for text in ('{"a":true,"b":1,"c":null}', '{"b":1}', '{"b":1,"c":null}', '{"a":false,"b":2}'):
        assert accepts(pattern, text), text
    for text in ("{}", '{"b":1,}', '{"b":1"c":null}', '{"b":1,"a":true}', '{"b":1,"b":1}', '{,"b":1}'):
        assert not accepts(pattern, text), text
    pattern = spelling.array(spelling.nullable("[0-9]"), 2)
    assert all(accepts(pattern, text) for text in ("[]", "[1]", "[null,2]"))
    assert not any(accepts(pattern, text) for text in ("[1,]", "[1,2,3]", "[,1]", "[12]", "[1 ,2]"))


def test_subsets() -> None:
    """Names stand once and sorted."""
    pattern = spelling.subset(["b", "a", "c"])
    assert all(accepts(pattern, text) for text in ("[]", '["a"]', '["a","c"]', '["a","b","c"]'))
    assert not any(
        accepts(pattern, text) for text in ('["b","a"]', '["a","a"]', '["d"]', '["a",]', '["a""b"]')
    )
