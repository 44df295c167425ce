"""Patterns of bounded cost."""

from __future__ import annotations

import time

import pytest

from zoneproxy.policy.pattern import compile_glob, compile_regex, glob_fault, regex_fault


@pytest.mark.parametrize(
    ("pattern", "fault"),
    [
        ("(a+)+", "a repeat inside a repeat"),
        ("(a+)+$", "a repeat inside a repeat"),
        ("(a|a)*", "a choice inside an unbounded repeat"),
        ("(a?b)*", "a repeat inside a repeat"),
        ("a*b*", "more than one unbounded repeat"),
        ("(?=a)b", "look-around"),
        ("(?<!a)b", "look-around"),
        (r"(a)\1", "a back-reference"),
        ("(?>a+)a", "an atomic group"),
        ("a++b", "an atomic group"),
        ("(?i)a", "a flag"),
        ("(?i:a)", "a flag"),
        ("^a", "an anchor (patterns match the whole text)"),
        ("a{0,100}", "a repeat of more than 64"),
        ("a?" * 25 + "a" * 25, "more than 256 ways to match"),
        ("a{0,64}" * 4, "more than 256 ways to match"),
        ("x" * 300, "longer than 256 characters"),
    ],
)
def test_costly_patterns_are_refused(pattern: str, fault: str) -> None:
    """What could backtrack beyond a linear bound never runs."""
    assert regex_fault(pattern) == fault


@pytest.mark.parametrize("pattern", ["(", "[z-a]", "a**", "\\"])
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    """A syntax error is a fault like any other."""
    assert regex_fault(pattern)


@pytest.mark.parametrize(
    "pattern", ["/v[0-9]+/chat", "(chat|completions)", "[a-z]{2,8}", "/x(/[a-z]+)?", "a.c"]
)
def test_plain_patterns_are_accepted(pattern: str) -> None:
    """What people write for paths passes."""
    assert regex_fault(pattern) == ""


def test_accepted_patterns_are_quick_on_hostile_text() -> None:
    """The costliest accepted shapes stay far below a second on the longest text."""
    hostile = "a" * 2048
    begun = time.process_time()
    for pattern in ("a+b", "a?a?a?a?b", "a{0,64}a{0,2}b", ".*b"):
        assert regex_fault(pattern) == ""
        assert compile_regex(pattern).fullmatch(hostile) is None
    assert time.process_time() - begun < 1


def test_patterns_match_the_whole_text() -> None:
    """A prefix is not a match, nor is a text with a line end behind it."""
    assert compile_regex("/v1").fullmatch("/v1/x") is None
    assert compile_regex("/v1").fullmatch("/v1\n") is None
    assert compile_regex("[0-9]").fullmatch("٣") is None


def test_a_globs_star_stops_at_a_slash() -> None:
    """`*` is one segment of a path; all else is itself."""
    glob = compile_glob("/v1/*/c.d")
    assert glob.fullmatch("/v1/abc/c.d")
    assert not glob.fullmatch("/v1/a/b/c.d")
    assert not glob.fullmatch("/v1/abc/cxd")
    assert not glob.fullmatch("/v1/abc/c.d\n")


def test_globs_are_bounded_too() -> None:
    """Two stars in a segment would be quadratic."""
    assert glob_fault("/v1/*/x") == ""
    assert "more than one" in glob_fault("/v1/*a*b")
    assert "longer" in glob_fault("x" * 300)
