r"""Text patterns whose cost is bounded before they ever run.

A regular expression is accepted only if Python's engine can't backtrack over it more than linearly
often: no repeat inside a repeat, no look-around, no back-reference, at most one unbounded repeat.
`(a+)+$` on 26 characters takes seconds; here it is refused when the policy is read. Patterns match
the whole text. In a glob, `*` stands for any characters but `/`, and nothing else is special.
"""

from __future__ import annotations

import re
import re._constants as ops  # type: ignore[import-not-found]  # the standard library's own, without stubs
import re._parser as parser  # type: ignore[import-not-found]
from typing import Any

MAX_PATTERN = 256
MAX_COUNTED = 64
MAX_WAYS = 256
_REPEATS = frozenset({ops.MAX_REPEAT, ops.MIN_REPEAT})


def regex_fault(pattern: str) -> str:
    """Say why a regular expression is refused; empty where it is accepted.

    >>> regex_fault("(a+)+")
    'a repeat inside a repeat'
    >>> regex_fault("/v[0-9]+/chat")
    ''
    """
    if len(pattern) > MAX_PATTERN:
        return f"longer than {MAX_PATTERN} characters"
    try:
        tree = parser.parse(pattern)
    except re.error as error:
        return str(error.msg)
    except (OverflowError, RecursionError):
        return "too large"
    if tree.state.flags & ~re.UNICODE.value:
        return "a flag"
    try:
        unbounded, ways = _cost(tree, inside=False)
    except _RefusedError as error:
        return str(error)
    if unbounded > 1:
        return "more than one unbounded repeat"
    return f"more than {MAX_WAYS} ways to match" if ways > MAX_WAYS else ""


class _RefusedError(Exception):
    pass


def _cost(items: Any, *, inside: bool) -> tuple[int, int]:
    """Count the unbounded repeats that one match can run through, and the ways in which it can branch."""
    unbounded, ways = 0, 1
    for op, argument in items:
        parts: list[tuple[int, int]] = []
        if op in _REPEATS:
            parts = [_repeat_cost(*argument, inside=inside)]
        elif op is ops.SUBPATTERN:
            if argument[1] or argument[2]:
                raise _RefusedError("a flag")
            parts = [_cost(argument[3], inside=inside)]
        elif op is ops.BRANCH:
            parts = [_cost(branch, inside=inside) for branch in argument[1]]
        elif op in _WHY_NOT:
            raise _RefusedError(_WHY_NOT[op])
        if parts:
            unbounded += max(part[0] for part in parts)
            ways *= sum(part[1] for part in parts)
    return unbounded, ways


_WHY_NOT = {
    ops.GROUPREF: "a back-reference",
    ops.GROUPREF_EXISTS: "a back-reference",
    ops.ATOMIC_GROUP: "an atomic group",
    ops.POSSESSIVE_REPEAT: "an atomic group",
    ops.ASSERT: "look-around",
    ops.ASSERT_NOT: "look-around",
    ops.AT: "an anchor (patterns match the whole text)",
}


def _repeat_cost(low: int, high: Any, body: Any, *, inside: bool) -> tuple[int, int]:
    if inside:
        raise _RefusedError("a repeat inside a repeat")
    endless = high is ops.MAXREPEAT
    if int(low) > MAX_COUNTED or (not endless and int(high) > MAX_COUNTED):
        raise _RefusedError(f"a repeat of more than {MAX_COUNTED}")
    # `x?` runs its body once at most, so a repeat may stand inside it.
    once = (low, high) == (0, 1)
    unbounded, ways = _cost(body, inside=not once)
    if endless:
        if ways > 1:
            raise _RefusedError("a choice inside an unbounded repeat")
        return unbounded + 1, 1
    turns = int(high) - int(low) + 1
    return unbounded, turns * ways if once else sum(ways**turn for turn in range(int(low), int(high) + 1))


def compile_regex(pattern: str) -> re.Pattern[str]:
    """Compile an accepted regular expression; ASCII classes, `.` matches all but a line end."""
    return re.compile(pattern, re.ASCII)


def compile_glob(pattern: str) -> re.Pattern[str]:
    """Compile a glob.

    >>> bool(compile_glob("/v1/*/completions").fullmatch("/v1/chat/completions"))
    True
    """
    return re.compile("".join("[^/]*" if char == "*" else re.escape(char) for char in pattern))


def glob_fault(pattern: str) -> str:
    """Say why a glob is refused; empty where it is accepted.

    Two stars within one segment would make the match quadratic, and mean little.
    """
    if len(pattern) > MAX_PATTERN:
        return f"longer than {MAX_PATTERN} characters"
    if any(segment.count("*") > 1 for segment in pattern.split("/")):
        return "more than one `*` between two slashes"
    return ""
