"""Conditions as closures, in strong Kleene logic."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from tests.support.small_policy import rule, small
from zoneproxy.policy.compile import ALWAYS, Condition, Group, Leaf
from zoneproxy.policy.match import Kleene, guard, leaf_test, matcher

TRUE = Leaf("origin.class", "eq", "overseas")
FALSE = Leaf("origin.class", "eq", "zone")
UNKNOWN = Leaf("tenant.dpa", "eq", "in_force")
FACTS: dict[str, Any] = {"origin.class": "overseas", "a": "x", "b": "x", "c": "y"}
OF: dict[Kleene, Condition] = {True: TRUE, False: FALSE, None: UNKNOWN}


def ask(condition: Condition) -> Kleene:
    return matcher(condition)(FACTS.get)


@pytest.mark.parametrize(("one", "two"), list(product(OF, OF)))
def test_the_tables_of_kleene(one: Kleene, two: Kleene) -> None:
    """`all` is the minimum, `any` the maximum of False < Unknown < True."""
    rank: dict[Kleene, int] = {False: 0, None: 1, True: 2}
    parts = (OF[one], OF[two])
    assert rank[ask(Group("all", parts))] == min(rank[one], rank[two])
    assert rank[ask(Group("any", parts))] == max(rank[one], rank[two])


@pytest.mark.parametrize("value", list(OF))
def test_not_keeps_unknown(value: Kleene) -> None:
    """Negation swaps True and False and leaves Unknown, for a leaf and for a group."""
    wanted = None if value is None else not value
    assert ask(Group("not", (OF[value],))) is wanted
    assert ask(Group("not", (Group("all", (OF[value],)),))) is wanted


def test_the_empty_conjunction_is_true() -> None:
    """A rule without a condition always fires."""
    assert ask(ALWAYS) is True


@pytest.mark.parametrize(
    ("op", "value", "inside", "outside"),
    [
        ("eq", "a", "a", "b"),
        ("eq", True, True, False),
        ("in", ("a", "b"), "b", "c"),
        ("lt", 3, 2, 3),
        ("le", 3, 3, 4),
        ("gt", 3, 4, 3),
        ("ge", 3, 3, 2),
        ("prefix", ("/v1/", "/x"), "/x1", "/v2"),
        ("suffix", (".example",), "a.example", "a.example.net"),
        ("glob", ("/v1/*/c",), "/v1/b/c", "/v1/b/d/c"),
        ("regex", "/v[0-9]+", "/v12", "/v12/"),
        ("cidr", ("10.0.0.0/8", "240e::/20"), "10.255.0.1", "11.0.0.1"),
        ("cidr", ("10.0.0.0/8", "240e::/20"), "::ffff:10.1.2.3", "::a01:203"),
        ("cidr", ("10.0.0.0/8", "240e::/20"), "240e:12::1", "2001:db8::1"),
        ("has_any", ("a", "b"), frozenset({"b", "c"}), frozenset({"c"})),
        ("has_any", ("a",), frozenset({"a"}), frozenset()),
        ("has_all", ("a", "b"), frozenset({"a", "b", "c"}), frozenset({"a"})),
    ],
)
def test_every_operator(op: str, value: Any, inside: Any, outside: Any) -> None:
    """Each operator is true of one value, false of another, unknown of none; so is its negation."""
    leaf = Leaf("f", op, value)
    known: dict[str, Any] = {"f": inside}
    other: dict[str, Any] = {"f": outside}
    for condition, wanted in ((leaf, True), (Group("not", (leaf,)), False)):
        match = matcher(condition)
        assert match(known.get) is wanted
        assert match(other.get) is not wanted
        assert match(FACTS.get) is None
    assert leaf_test(leaf)(inside) is True
    assert leaf_test(leaf)(outside) is False


def test_comparing_two_facts() -> None:
    """Both must be known."""
    assert ask(Leaf("a", "same_as", "b")) is True
    assert ask(Leaf("a", "same_as", "c")) is False
    assert ask(Leaf("a", "not_same_as", "c")) is True
    assert ask(Leaf("a", "not_same_as", "b")) is False
    assert ask(Group("not", (Leaf("a", "same_as", "b"),))) is False
    assert ask(Leaf("a", "same_as", "z")) is None
    assert ask(Leaf("z", "not_same_as", "a")) is None


def test_a_watched_condition_answers_alike_and_skips_nothing() -> None:
    """An explanation shows every leaf, also behind one that decides."""
    seen: dict[Condition, Kleene] = {}
    tree = Group("any", (TRUE, FALSE, Group("not", (UNKNOWN,))))
    assert matcher(tree, seen.__setitem__)(FACTS.get) is matcher(tree)(FACTS.get) is True
    assert {seen[TRUE], seen[FALSE], seen[UNKNOWN]} == {True, False, None}


GUARDED = {
    "plain": "{origin.class: {not: overseas}}",
    "listed": "{origin.country: [CN, JP]}",
    "either": "{any: [{origin.class: [zone, domestic]}, {data.categories: {has_any: [model_weights]}}]}",
    "both": "{not: {all: [{origin.class: overseas}, {origin.country: {not: CN}}]}}",
    "asked alone": "{request.path: {prefix: /admin}}",
    "met": "{origin.class: overseas, origin.country: [SG]}",
}


@pytest.mark.parametrize("chosen", [*([name] for name in GUARDED), [*GUARDED][:4]])
def test_a_guard_is_silent_unless_all_it_speaks_for_are_false(chosen: list[str]) -> None:
    """Over every combination of values and of absence: clear means False, one by one (Z22)."""
    lines = "".join(rule(GUARDED[name], name=f"RET-{number:03}") for number, name in enumerate(chosen, 1))
    conditions = [one.condition for one in small("rules:\n" + lines).rules]
    glance = guard(conditions)
    assert (glance.rest == tuple(range(len(chosen)))) is (chosen in (["asked alone"], ["met"]))
    spoken = [matcher(one) for place, one in enumerate(conditions) if place not in glance.rest]
    clear = 0
    for origin, country, names in product(
        (None, "overseas", "zone", "unknown"),
        (None, "SG", "CN"),
        (None, frozenset[str](), frozenset({"model_weights"}), frozenset({"domestic_corpus"})),
    ):
        known = {"origin.class": origin, "origin.country": country, "data.categories": names}
        get = {name: value for name, value in known.items() if value is not None}.get
        if glance.clear(get):
            clear += 1
            assert all(match(get) is False for match in spoken), known
    assert clear
