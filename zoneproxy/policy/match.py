"""Conditions as closures: what is asked thousands of times a second.

A closure takes the lookup of a flow's facts (`dict.get`) and answers True, False or None, where None
is *unknown*: strong Kleene logic. `all` is False as soon as one part is, unknown if one part is and
none is False; `any` is its mirror; `not` keeps unknown. A closure never raises on facts in their domain.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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
    if group.kind == "not":
        return _not(matcher(group.parts[0], watch))
    decisive = group.kind == "any"
    if watch:
        return _combine_all(tuple(matcher(part, watch) for part in group.parts), decisive=decisive)
    plain = tuple(member for part in group.parts if (member := _member(part)) is not None)
    others = tuple(matcher(part) for part in group.parts if _member(part) is None)
    return _combine(plain, others, decisive=decisive)


def _not(part: Matcher) -> Matcher:
    def match(get: Lookup) -> Kleene:
        answer = part(get)
        return None if answer is None else not answer

    return match


Member = tuple[str, frozenset[Any], bool]
"""A question that is answered by looking up a value: fact, values, and whether it must be among them."""


def _member(part: Condition) -> Member | None:
    """Return a leaf that asks for certain values, or its negation, as a look-up; None for all else."""
    wanted = True
    while isinstance(part, Group) and part.kind == "not":
        part, wanted = part.parts[0], not wanted
    if not isinstance(part, Leaf) or part.op not in {"eq", "in"}:
        return None
    return part.fact, frozenset(part.value if isinstance(part.value, tuple) else (part.value,)), wanted


def _combine(plain: tuple[Member, ...], others: tuple[Matcher, ...], *, decisive: bool) -> Matcher:
    """`any` where True is decisive, `all` where False is; look-ups come first, they cost least."""

    def match(get: Lookup) -> Kleene:
        unknown = False
        for fact, values, wanted in plain:
            known = get(fact)
            if known is None:
                unknown = True
            elif ((known in values) is wanted) is decisive:
                return decisive
        for part in others:
            answer = part(get)
            if answer is decisive:
                return decisive
            if answer is None:
                unknown = True
        return None if unknown else not decisive

    return match


@dataclass(frozen=True, slots=True)
class Guard:
    """What is certain of most denials at one glance: none of them fires.

    Most denials ask whether a fact is, or is not, one of some values; together they leave each fact a few
    values with which all of them are False. One look-up a fact tells that; where one fails, nothing is
    said, and every denial is asked by itself.

    Attributes:
        among: facts, with the values of which each must have one.
        apart: facts, with the values (and absence) that each must not have.
        without: sets of names, with the names of which each must have none; it must be known.
        rest: which of the conditions are not spoken for, by their place.
    """

    among: tuple[tuple[str, frozenset[Any]], ...]
    apart: tuple[tuple[str, frozenset[Any]], ...]
    without: tuple[tuple[str, frozenset[Any]], ...]
    rest: tuple[int, ...]

    def clear(self, get: Lookup) -> bool:
        """Tell whether all conditions but the rest are certainly False."""
        for fact, values in self.among:
            if get(fact) not in values:
                return False
        for fact, values in self.apart:
            if get(fact) in values:
                return False
        for fact, values in self.without:
            known = get(fact)
            if known is None or not values.isdisjoint(known):
                return False
        return True


def _alternatives(condition: Condition) -> list[Condition]:
    """Return conditions of which one at least is True where the given one is, and all False where it is."""
    if isinstance(condition, Group) and condition.kind == "any":
        return [each for part in condition.parts for each in _alternatives(part)]
    if isinstance(condition, Group) and condition.kind == "not" and isinstance(condition.parts[0], Group):
        inner = condition.parts[0]
        if inner.kind == "all":
            return [each for part in inner.parts for each in _alternatives(Group("not", (part,)))]
        if inner.kind == "not":
            return _alternatives(inner.parts[0])
    return [condition]


def guard(conditions: Sequence[Condition]) -> Guard:
    """Build the guard of the conditions of denials, or of what breaks invariants."""
    among: dict[str, frozenset[Any]] = {}
    apart: dict[str, frozenset[Any]] = {}
    without: dict[str, frozenset[Any]] = {}
    rest: list[int] = []
    for place, condition in enumerate(conditions):
        parts = _alternatives(condition)
        named = [part for part in parts if isinstance(part, Leaf) and part.op == "has_any"]
        members = [member for part in parts if (member := _member(part)) is not None]
        if len(named) + len(members) < len(parts):
            rest.append(place)
            continue
        for leaf in named:
            names = leaf.value if isinstance(leaf.value, tuple) else ()
            without[leaf.fact] = without.get(leaf.fact, frozenset()) | frozenset(names)
        for fact, values, wanted in members:
            if wanted:  # it fires on these values, and on absence
                apart[fact] = apart.get(fact, frozenset({None})) | values
            else:  # it fires on all others, and on absence
                among[fact] = among[fact] & values if fact in among else values
    for fact in among.keys() & apart.keys():
        among[fact] -= apart.pop(fact)
    return Guard(tuple(among.items()), tuple(apart.items()), tuple(without.items()), tuple(rest))


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
