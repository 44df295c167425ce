"""Conditions as closures: what is asked thousands of times a second.

A closure takes the lookup of a flow's facts (`dict.get`) and answers True, False or None, where None
is *unknown*: strong Kleene logic. `all` is False as soon as one part is, unknown if one part is and
none is False; `any` is its mirror; `not` keeps unknown. A closure never raises on facts in their domain.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from zoneproxy.policy.compile import Condition, Group, Leaf
from zoneproxy.policy.networks import address_number, merge, network_range
from zoneproxy.policy.pattern import compile_glob, compile_regex

Lookup = Callable[[str], Any]
Kleene = bool | None
Matcher = Callable[[Lookup], Kleene]
Test = Callable[[Any], bool]


def matcher(condition: Condition, watch: Callable[[Condition, Kleene], None] | None = None) -> Matcher:
    """Build the closure of a condition.

    Args:
        condition: a tree that compiled without faults.
        watch: told every part's answer, for explanations and coverage. With it nothing is skipped:
            each part is asked even where the answer is already certain.
    """
    match = _group(condition, watch) if isinstance(condition, Group) else _leaf(condition)
    if watch is None:
        return match

    def watched(get: Lookup) -> Kleene:
        answer = match(get)
        watch(condition, answer)
        return answer

    return watched


def _group(group: Group, watch: Callable[[Condition, Kleene], None] | None) -> Matcher:
    if group.kind == "not" and watch is None and isinstance(part := group.parts[0], Leaf):
        return _leaf(part, wanted=False)
    parts = tuple(matcher(part, watch) for part in group.parts)
    if group.kind == "not":
        return _not(parts[0])
    decisive = group.kind == "any"
    return _combine_all(parts, decisive=decisive) if watch else _combine(parts, decisive=decisive)


def _not(part: Matcher) -> Matcher:
    def match(get: Lookup) -> Kleene:
        answer = part(get)
        return None if answer is None else not answer

    return match


def _combine(parts: tuple[Matcher, ...], *, decisive: bool) -> Matcher:
    """`any` where True is decisive, `all` where False is."""

    def match(get: Lookup) -> Kleene:
        unknown = False
        for part in parts:
            answer = part(get)
            if answer is decisive:
                return decisive
            if answer is None:
                unknown = True
        return None if unknown else not decisive

    return match


def _combine_all(parts: tuple[Matcher, ...], *, decisive: bool) -> Matcher:
    def match(get: Lookup) -> Kleene:
        answers = [part(get) for part in parts]
        if decisive in answers:
            return decisive
        return None if None in answers else not decisive

    return match


def _leaf(leaf: Leaf, *, wanted: bool = True) -> Matcher:
    """Build a leaf's closure, or with `wanted` False that of its negation: one call, not two."""
    fact, value = leaf.fact, leaf.value
    if leaf.op in {"same_as", "not_same_as"}:
        same, other = (leaf.op == "same_as") is wanted, str(leaf.value)

        def compare(get: Lookup) -> Kleene:
            one, two = get(fact), get(other)
            return None if one is None or two is None else (one == two) is same

        return compare
    if leaf.op == "eq":

        def equal(get: Lookup) -> Kleene:
            known = get(fact)
            return None if known is None else (known == value) is wanted

        return equal
    if leaf.op == "in":
        members = frozenset(value) if isinstance(value, tuple) else frozenset()

        def inside(get: Lookup) -> Kleene:
            known = get(fact)
            return None if known is None else (known in members) is wanted

        return inside
    test = leaf_test(leaf)

    def asked(get: Lookup) -> Kleene:
        known = get(fact)
        return None if known is None else test(known) is wanted

    return asked


# The same address is asked for by several rules and phases; the cache holds its number, nothing else.
_number = lru_cache(maxsize=1024)(address_number)


def _network_test(networks: tuple[str, ...]) -> Test:
    firsts, lasts = merge(network_range(network) for network in networks)

    def test(known: str) -> bool:
        number = _number(known)
        index = bisect_right(firsts, number) - 1
        return index >= 0 and number <= lasts[index]

    return test


def _glob_test(globs: tuple[str, ...]) -> Test:
    matches = [compile_glob(glob).fullmatch for glob in globs]
    return lambda known: any(match(known) is not None for match in matches)


def _regex_test(regex: str) -> Test:
    match = compile_regex(regex).fullmatch
    return lambda known: match(known) is not None


def _has_any_test(names: tuple[str, ...]) -> Test:
    wanted = frozenset(names)
    return lambda known: not wanted.isdisjoint(known)


_TESTS: Mapping[str, Callable[[Any], Test]] = {
    "eq": lambda value: lambda known: bool(known == value),
    "in": lambda value: frozenset(value).__contains__,
    "lt": lambda value: lambda known: bool(known < value),
    "le": lambda value: lambda known: bool(known <= value),
    "gt": lambda value: lambda known: bool(known > value),
    "ge": lambda value: lambda known: bool(known >= value),
    "prefix": lambda value: lambda known: bool(known.startswith(value)),
    "suffix": lambda value: lambda known: bool(known.endswith(value)),
    "glob": _glob_test,
    "regex": _regex_test,
    "cidr": _network_test,
    "has_any": _has_any_test,
    "has_all": lambda value: frozenset(value).issubset,
}


def leaf_test(leaf: Leaf) -> Test:
    """Return the test that a leaf puts to a known value; not for comparisons with another fact."""
    return _TESTS[leaf.op](leaf.value)
