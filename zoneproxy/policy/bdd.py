"""Reduced ordered binary decision diagrams: sets of bit vectors that can be joined, met and counted.

A node is a small integer; 0 is the empty set, 1 is everything. Two equal sets are always the same
integer, so "is it empty?" is a comparison with 0. Source: R. E. Bryant, "Graph-based algorithms for
Boolean function manipulation", IEEE Transactions on Computers C-35(8), 1986.

>>> bdd = Bdd()
>>> x, y = bdd.var(0), bdd.var(1)
>>> bdd.both(x, bdd.negate(x)), bdd.count(bdd.either(x, y), 2)
(0, 3)
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

EMPTY, FULL = 0, 1
_LAST = 1 << 30  # the level of the two leaves, below every variable


class Bdd:
    """A store of diagrams over variables 0, 1, 2, ... in this order."""

    def __init__(self) -> None:
        self._nodes: list[tuple[int, int, int]] = [(_LAST, 0, 0), (_LAST, 1, 1)]
        self._unique: dict[tuple[int, int, int], int] = {}
        self._memo: dict[tuple[int, int, int], int] = {}

    def __len__(self) -> int:
        """How many nodes were made."""
        return len(self._nodes)

    def _make(self, level: int, low: int, high: int) -> int:
        if low == high:
            return low
        key = (level, low, high)
        node = self._unique.get(key)
        if node is None:
            node = self._unique[key] = len(self._nodes)
            self._nodes.append(key)
        return node

    def var(self, level: int) -> int:
        """Return the set of vectors whose bit `level` is 1."""
        return self._make(level, EMPTY, FULL)

    def choose(self, test: int, then: int, other: int) -> int:
        """Return `then` where `test` holds and `other` elsewhere."""
        if test == FULL or then == other:
            return then
        if test == EMPTY:
            return other
        if then == FULL and other == EMPTY:
            return test
        key = (test, then, other)
        known = self._memo.get(key)
        if known is not None:
            return known
        nodes = self._nodes
        one, two, three = nodes[test], nodes[then], nodes[other]
        level = min(one[0], two[0], three[0])
        low = self.choose(
            one[1] if one[0] == level else test,
            two[1] if two[0] == level else then,
            three[1] if three[0] == level else other,
        )
        high = self.choose(
            one[2] if one[0] == level else test,
            two[2] if two[0] == level else then,
            three[2] if three[0] == level else other,
        )
        node = self._memo[key] = self._make(level, low, high)
        return node

    def both(self, one: int, two: int) -> int:
        """Return the intersection."""
        return self.choose(one, two, EMPTY)

    def either(self, one: int, two: int) -> int:
        """Return the union."""
        return self.choose(one, FULL, two)

    def negate(self, one: int) -> int:
        """Return the complement."""
        return self.choose(one, EMPTY, FULL)

    def all(self, parts: Iterable[int]) -> int:
        """Return the intersection of all parts; everything where there is none."""
        return self._joined(list(parts), self.both, FULL)

    def any(self, parts: Iterable[int]) -> int:
        """Return the union of all parts; nothing where there is none."""
        return self._joined(list(parts), self.either, EMPTY)

    def _joined(self, parts: list[int], join: Callable[[int, int], int], nothing: int) -> int:
        """Join neighbours, then their joins: small diagrams meet small ones for as long as can be."""
        while len(parts) > 1:
            odd = parts[-1:] if len(parts) % 2 else []
            parts = [join(one, two) for one, two in zip(parts[::2], parts[1::2], strict=False)] + odd
        return parts[0] if parts else nothing

    def numbers(self, levels: Sequence[int], wanted: Collection[int]) -> int:
        """Return the vectors whose bits at `levels` (ascending), lowest first, are one of some numbers."""
        if not wanted:
            return EMPTY
        if not levels:
            return FULL
        rest = levels[1:]
        even = self.numbers(rest, [number >> 1 for number in wanted if not number & 1])
        odd = self.numbers(rest, [number >> 1 for number in wanted if number & 1])
        return self._make(levels[0], even, odd)

    def pick(self, node: int) -> dict[int, bool] | None:
        """Return the bits of one member that matter, zeros first; None for the empty set."""
        if node == EMPTY:
            return None
        bits: dict[int, bool] = {}
        while node != FULL:
            level, low, high = self._nodes[node]
            bits[level] = low == EMPTY
            node = high if low == EMPTY else low
        return bits

    def count(self, node: int, width: int) -> int:
        """Count the members, as vectors of `width` bits."""
        memo: dict[int, int] = {EMPTY: 0, FULL: 1}

        def below(part: int) -> int:
            known = memo.get(part)
            if known is None:
                level, low, high = self._nodes[part]
                known = memo[part] = sum(
                    below(side) << (min(self._nodes[side][0], width) - level - 1) for side in (low, high)
                )
            return known

        return below(node) << min(self._nodes[node][0], width)
