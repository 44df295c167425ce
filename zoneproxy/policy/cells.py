"""All the facts that a set of conditions can tell apart, as a finite space.

Each fact's domain is cut into cells by the questions that are asked of it: values by themselves,
numbers at their thresholds, addresses at the borders of networks, strings by `strings.cells`, sets of
names by one bit for each name that is asked for. *Absent* is a cell like any other. Nothing is
approximated: two facts in one cell answer every question alike, so what is proved of all cells is proved
of all facts. A condition becomes a pair of diagrams: where it is True and where it is False.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, lru_cache

from zoneproxy.policy.bdd import Bdd
from zoneproxy.policy.compile import SAME, Condition, Leaf, Value, leaves
from zoneproxy.policy.match import leaf_test
from zoneproxy.policy.networks import END, V4_BASE, address_text, network_range
from zoneproxy.policy.strings import cells as string_cells
from zoneproxy.terms.facts import UNDECLARED, VOCABULARY, FactSpec, FactType, FactValue

_FRESH_COUNTRIES = ("TH", "VN", "ID", "PH", "KH", "LA", "MM", "BN", "NZ", "CL", "PE", "IS")
_DOCUMENTATION_V4 = V4_BASE + 0xCB007101  # 203.0.113.1, RFC 5737
_DOCUMENTATION_V6 = 0x20010DB8 << 96 | 1  # 2001:db8::1, RFC 3849


class Space:
    """The cells of every fact that some conditions ask for, and diagrams over them.

    Args:
        conditions: everything that will be asked of this space.
        known: further facts of which only whether they are known matters.
    """

    def __init__(self, conditions: Iterable[Condition], known: Iterable[str] = ()) -> None:
        asked: dict[str, list[Leaf]] = {name: [] for name in known}
        partners: dict[str, set[str]] = {}
        for condition in conditions:
            for leaf in leaves(condition):
                asked.setdefault(leaf.fact, []).append(leaf)
                if leaf.op in SAME:
                    other = str(leaf.value)
                    asked.setdefault(other, [])
                    partners.setdefault(leaf.fact, {leaf.fact}).add(other)
                    partners.setdefault(other, {other}).add(leaf.fact)
        self.bdd = Bdd()
        self.domains: dict[str, tuple[FactValue | None, ...]] = {}
        self.names: dict[str, tuple[str, ...]] = {}
        self._bits: dict[str, list[int]] = {}
        self._memo: dict[tuple[str, int], int] = {}
        self._answers: dict[Condition, tuple[int, int]] = {}
        self.width = 0
        for group in _groups(asked, partners):
            self._lay_out(group, asked)

    def _lay_out(self, group: Sequence[str], asked: Mapping[str, Sequence[Leaf]]) -> None:
        """Give the facts of a group their cells and bits; facts that are compared share both."""
        if VOCABULARY[group[0]].type is FactType.NAMES:
            name = group[0]
            used = {
                element for leaf in asked[name] if isinstance(leaf.value, tuple) for element in leaf.value
            }
            self.names[name] = tuple(sorted(map(str, used)))
            self._bits[name] = list(range(self.width, self.width + 1 + len(used)))
            self.width += 1 + len(used)
            return
        questions = [leaf for name in group for leaf in asked[name] if leaf.op not in SAME]
        values = _values(VOCABULARY[group[0]], questions, len(group))
        for name in group:
            spec = VOCABULARY[name]
            own = list(spec.values) if spec.type is FactType.ENUM else values
            # Values of compared facts must stay apart: merging them would merge equal and unequal.
            self.domains[name] = (None, *(own if len(group) > 1 else _merged(own, questions)))
        width = max((len(self.domains[name]) - 1).bit_length() for name in group)
        # Bits of compared facts alternate: equality is then a small diagram.
        for name in group:
            self._bits[name] = []
        for _ in range(max(width, 1)):
            for name in group:
                self._bits[name].append(self.width)
                self.width += 1

    @cached_property
    def valid(self) -> int:
        """The bit vectors that stand for facts at all."""
        parts = [
            self.bdd.numbers(self._bits[name], range(len(domain))) for name, domain in self.domains.items()
        ]
        for name in self.names:
            present, *elements = (self.bdd.var(bit) for bit in self._bits[name])
            parts += [self.bdd.either(present, self.bdd.negate(element)) for element in elements]
        return self.bdd.all(parts)

    @cached_property
    def size(self) -> int:
        """How many combinations of cells there are."""
        return self.bdd.count(self.valid, self.width)

    def known(self, name: str) -> int:
        """Return where a fact is known."""
        if name in self.names:
            return self.bdd.var(self._bits[name][0])
        return self.bdd.negate(self._cell(name, 0))

    def _cell(self, name: str, index: int) -> int:
        key = (name, index)
        node = self._memo.get(key)
        if node is None:
            node = self._memo[key] = self.bdd.numbers(self._bits[name], [index])
        return node

    def answers(self, condition: Condition) -> tuple[int, int]:
        """Return where a condition is True and where it is False; elsewhere it is unknown."""
        known = self._answers.get(condition)
        if known is None:
            known = self._answers[condition] = self._answered(condition)
        return known

    def _answered(self, condition: Condition) -> tuple[int, int]:
        if isinstance(condition, Leaf):
            return self._leaf(condition)
        parts = [self.answers(part) for part in condition.parts]
        true, false = [part[0] for part in parts], [part[1] for part in parts]
        if condition.kind == "not":
            return false[0], true[0]
        if condition.kind == "all":
            return self.bdd.all(true), self.bdd.any(false)
        return self.bdd.any(true), self.bdd.all(false)

    def _leaf(self, leaf: Leaf) -> tuple[int, int]:
        if leaf.fact in self.names:
            return self._names_leaf(leaf)
        domain = self.domains[leaf.fact]
        if leaf.op in SAME:
            other = str(leaf.value)
            known = self.bdd.both(self.known(leaf.fact), self.known(other))
            equal = self.bdd.any(
                self.bdd.both(self._cell(leaf.fact, one), self._cell(other, two))
                for one, value in enumerate(domain)
                for two, second in enumerate(self.domains[other])
                if value is not None and value == second
            )
            differ = self.bdd.both(known, self.bdd.negate(equal))
            return (equal, differ) if leaf.op == "same_as" else (differ, equal)
        test = leaf_test(leaf)
        true = [index for index, value in enumerate(domain) if value is not None and test(value)]
        false = [index for index, value in enumerate(domain) if value is not None and not test(value)]
        bits = self._bits[leaf.fact]
        return self.bdd.numbers(bits, true), self.bdd.numbers(bits, false)

    def _names_leaf(self, leaf: Leaf) -> tuple[int, int]:
        present, *rest = self._bits[leaf.fact]
        bits = dict(zip(self.names[leaf.fact], rest, strict=True))
        wanted = [
            self.bdd.var(bits[str(name)]) for name in (leaf.value if isinstance(leaf.value, tuple) else ())
        ]
        holds = self.bdd.any(wanted) if leaf.op == "has_any" else self.bdd.all(wanted)
        there = self.bdd.var(present)
        return self.bdd.both(there, holds), self.bdd.both(there, self.bdd.negate(holds))

    def witness(self, node: int) -> dict[str, FactValue] | None:
        """Return facts that lie in `node`; None where nothing does."""
        bits = self.bdd.pick(self.bdd.both(node, self.valid))
        if bits is None:
            return None
        facts: dict[str, FactValue] = {}
        for name, domain in self.domains.items():
            index = sum(bits.get(bit, False) << place for place, bit in enumerate(self._bits[name]))
            value = domain[index]
            if value is not None:
                facts[name] = value
        for name, elements in self.names.items():
            present, *rest = self._bits[name]
            if bits.get(present, False):
                facts[name] = frozenset(
                    e for e, bit in zip(elements, rest, strict=True) if bits.get(bit, False)
                )
        return dict(sorted(facts.items()))

    def count(self, node: int) -> int:
        """Count the combinations of cells in `node`."""
        return self.bdd.count(self.bdd.both(node, self.valid), self.width)

    def certain(self, condition: Condition) -> int:
        """Return where a condition is True."""
        return self.answers(condition)[0]

    def possible(self, condition: Condition) -> int:
        """Return where a condition is True or unknown."""
        return self.bdd.negate(self.answers(condition)[1])


def _groups(asked: Mapping[str, object], partners: Mapping[str, set[str]]) -> list[list[str]]:
    """Put facts that are compared, directly or through others, side by side."""
    groups: list[list[str]] = []
    done: set[str] = set()
    for name in sorted(asked):
        if name in done:
            continue
        group, todo = {name}, [name]
        while todo:
            for other in partners.get(todo.pop(), set()) - group:
                group.add(other)
                todo.append(other)
        done |= group
        groups.append(sorted(group))
    return groups


def _merged(values: Sequence[FactValue], questions: Sequence[Leaf]) -> list[FactValue]:
    """Keep one value for each combination of answers."""
    tests = [leaf_test(leaf) for leaf in questions]
    kept: dict[tuple[bool, ...], FactValue] = {}
    for value in values:
        kept.setdefault(tuple(test(value) for test in tests), value)
    return list(kept.values())


def _values(spec: FactSpec, questions: Sequence[Leaf], facts: int) -> list[FactValue]:
    """Return values that give every combination of answers; of others, as many as facts are compared."""
    named = [
        value
        for leaf in questions
        for value in (leaf.value if isinstance(leaf.value, tuple) else (leaf.value,))
    ]
    match spec.type:
        case FactType.BOOL:
            return [False, True]
        case FactType.ENUM:
            return list(spec.values)
        case FactType.INT:
            points = {spec.low, spec.high}
            points.update(
                point for value in named if isinstance(value, int) for point in (value - 1, value, value + 1)
            )
            return [point for point in sorted(points) if spec.low <= point <= spec.high]
        case FactType.IP:
            return _addresses([str(value) for value in named])
        case FactType.TEXT:
            return list(_texts(tuple((leaf.op, leaf.value) for leaf in questions))) if questions else ["x"]
        case FactType.COUNTRY:
            fresh = [code for code in _FRESH_COUNTRIES if code not in named][: facts or 1]
            return [*sorted({str(value) for value in named}), *fresh]
        case _:
            used = {str(value) for value in named} | ({UNDECLARED} if spec.name != "tenant.id" else set())
            return [*sorted(used), *(f"other-{number}" for number in range(1, facts + 1))]


@lru_cache(maxsize=256)
def _texts(questions: tuple[tuple[str, Value], ...]) -> tuple[str, ...]:
    """Return a text for each combination of answers; versions of a policy ask mostly the same questions."""
    return tuple(sorted(string_cells(questions).values()))


def _addresses(networks: Sequence[str]) -> list[FactValue]:
    points = {_DOCUMENTATION_V4, _DOCUMENTATION_V6, 0, V4_BASE, V4_BASE - 1, END - 1}
    for network in networks:
        first, last = network_range(network)
        points.update(point for point in (first - 1, first, last, last + 1) if 0 <= point < END)
    # Addresses that only wrap an IPv4 one have no number of their own.
    wrapped = range(0xFFFF << 32, 0x10000 << 32)
    return [address_text(point) for point in sorted(points) if point not in wrapped]
