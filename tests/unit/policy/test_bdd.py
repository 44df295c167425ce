"""Decision diagrams against truth tables."""

from __future__ import annotations

from itertools import product
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from zoneproxy.policy.bdd import EMPTY, FULL, Bdd

WIDTH = 4
VECTORS = list(product([False, True], repeat=WIDTH))
trees = st.recursive(
    st.integers(0, WIDTH - 1),
    lambda inner: st.one_of(
        st.tuples(st.just("not"), inner),
        st.tuples(st.sampled_from(["and", "or"]), inner, inner),
        st.tuples(st.just("if"), inner, inner, inner),
    ),
    max_leaves=10,
)


def build(bdd: Bdd, tree: Any) -> int:
    if isinstance(tree, int):
        return bdd.var(tree)
    op, *parts = tree
    nodes = [build(bdd, part) for part in parts]
    match op:
        case "not":
            return bdd.negate(nodes[0])
        case "and":
            return bdd.both(*nodes)
        case "or":
            return bdd.either(*nodes)
        case _:
            return bdd.choose(*nodes)


def truth(tree: Any, bits: tuple[bool, ...]) -> bool:
    if isinstance(tree, int):
        return bits[tree]
    op, *parts = tree
    values = [truth(part, bits) for part in parts]
    match op:
        case "not":
            return not values[0]
        case "and":
            return all(values)
        case "or":
            return any(values)
        case _:
            return values[1] if values[0] else values[2]


@given(trees)
def test_a_diagram_has_exactly_the_members_of_its_formula(tree: Any) -> None:
    """Counting, picking and equality agree with the truth table."""
    bdd = Bdd()
    node = build(bdd, tree)
    members = [bits for bits in VECTORS if truth(tree, bits)]
    assert bdd.count(node, WIDTH) == len(members)
    picked = bdd.pick(node)
    if picked is None:
        assert members == []
    else:
        assert all(
            truth(tree, bits) for bits in VECTORS if all(bits[i] == value for i, value in picked.items())
        )


@given(trees, trees)
def test_equal_sets_are_the_same_node(one: Any, two: Any) -> None:
    """Equivalence is a comparison of integers."""
    bdd = Bdd()
    same = all(truth(one, bits) == truth(two, bits) for bits in VECTORS)
    assert (build(bdd, one) == build(bdd, two)) is same


def test_joins_of_nothing() -> None:
    """No condition holds everywhere; no alternative nowhere."""
    bdd = Bdd()
    assert bdd.all([]) == FULL
    assert bdd.any([]) == EMPTY
    assert len(bdd) == 2


@given(st.sets(st.integers(0, 31)))
def test_numbers_are_the_union_of_each_by_itself(wanted: set[int]) -> None:
    """Made at one go or bit by bit, the same set is the same node."""
    bdd, levels = Bdd(), [0, 2, 3, 5, 9]
    each = [
        bdd.all(
            bdd.var(level) if number >> place & 1 else bdd.negate(bdd.var(level))
            for place, level in enumerate(levels)
        )
        for number in wanted
    ]
    assert bdd.numbers(levels, wanted) == bdd.any(each)
