"""Cut the set of all strings into cells by a set of string questions, exactly.

Each question (`eq`, `in`, `prefix`, `suffix`, `glob`, `regex`) is a regular language. Walking the product
of their automata from the empty string reaches every combination of answers that any string can give;
the walk is by length, so each combination comes with one of its shortest strings.

>>> found = cells([("prefix", ("/v1/",)), ("suffix", ("x",))])
>>> sorted(found.items())
[((False, False), ''), ((False, True), 'x'), ((True, False), '/v1/'), ((True, True), '/v1/x')]
"""

from __future__ import annotations

import re._constants as ops  # type: ignore[import-not-found]  # the standard library's own, without stubs
import re._parser as parser  # type: ignore[import-not-found]
from collections.abc import Sequence
from typing import Any

MAX_STATES = 20_000
_MAX = 0x10FFFF
_ANY = ((0, _MAX),)
_SLASH, _LINE_END = 47, 10
_CATEGORIES = {
    ops.CATEGORY_DIGIT: ((48, 57),),
    ops.CATEGORY_WORD: ((48, 57), (65, 90), (95, 95), (97, 122)),
    ops.CATEGORY_SPACE: ((9, 13), (32, 32)),
}
_NEGATED = {
    ops.CATEGORY_NOT_DIGIT: ops.CATEGORY_DIGIT,
    ops.CATEGORY_NOT_WORD: ops.CATEGORY_WORD,
    ops.CATEGORY_NOT_SPACE: ops.CATEGORY_SPACE,
}
_NICE = "xz0/-."

Ranges = tuple[tuple[int, int], ...]


class TooManyStatesError(Exception):
    """The questions cut the strings into more parts than are worth counting."""


def cells(questions: Sequence[tuple[str, Any]]) -> dict[tuple[bool, ...], str]:
    """Return every reachable combination of answers with a shortest string that gives it.

    Args:
        questions: operator and value, as a `Leaf` of a text fact has them.

    Raises:
        TooManyStatesError: the product has more than 20 000 states.
    """
    automata = [_Automaton(op, value) for op, value in questions]
    letters = _letters(automata)
    begin = tuple(automaton.start for automaton in automata)
    words = {begin: ""}
    queue = [begin]
    found: dict[tuple[bool, ...], str] = {}
    for states in queue:
        word = words[states]
        answers = tuple(automaton.accepts(state) for automaton, state in zip(automata, states, strict=True))
        found.setdefault(answers, word)
        for code, letter in letters:
            following = tuple(
                automaton.step(state, code) for automaton, state in zip(automata, states, strict=True)
            )
            if following not in words:
                if len(words) >= MAX_STATES:
                    raise TooManyStatesError
                words[following] = word + letter
                queue.append(following)
    return found


class _Automaton:
    """One question as a nondeterministic automaton, made deterministic as it is walked."""

    def __init__(self, op: str, value: Any) -> None:
        self.silent: list[list[int]] = []
        self.moves: list[list[tuple[Ranges, int]]] = []
        first = self._new()
        self.ends = frozenset(self._build(op, value, first))
        self._known: dict[tuple[frozenset[int], int], frozenset[int]] = {}
        self.start = self._closure({first})

    def accepts(self, states: frozenset[int]) -> bool:
        return not self.ends.isdisjoint(states)

    def step(self, states: frozenset[int], code: int) -> frozenset[int]:
        key = (states, code)
        following = self._known.get(key)
        if following is None:
            reached = {
                target
                for state in states
                for ranges, target in self.moves[state]
                if any(low <= code <= high for low, high in ranges)
            }
            following = self._known[key] = self._closure(reached)
        return following

    def borders(self) -> set[int]:
        """Return every code point at which some move begins or has just ended."""
        return {
            point
            for moves in self.moves
            for ranges, _ in moves
            for low, high in ranges
            for point in (low, high + 1)
        }

    def _closure(self, states: set[int]) -> frozenset[int]:
        todo = list(states)
        while todo:
            for target in self.silent[todo.pop()]:
                if target not in states:
                    states.add(target)
                    todo.append(target)
        return frozenset(states)

    def _new(self) -> int:
        self.silent.append([])
        self.moves.append([])
        return len(self.silent) - 1

    def _move(self, state: int, ranges: Ranges) -> int:
        target = self._new()
        self.moves[state].append((ranges, target))
        return target

    def _word(self, state: int, word: str) -> int:
        for char in word:
            state = self._move(state, ((ord(char), ord(char)),))
        return state

    def _loop(self, state: int, ranges: Ranges) -> int:
        """Add a state of its own that stays itself on `ranges`, and return it."""
        inner = self._new()
        self.silent[state].append(inner)
        self.moves[inner].append((ranges, inner))
        return inner

    def _build(self, op: str, value: Any, first: int) -> list[int]:
        words = value if isinstance(value, tuple) else (value,)
        if op in {"eq", "in"}:
            return [self._word(first, word) for word in words]
        if op == "prefix":
            return [self._loop(self._word(first, word), _ANY) for word in words]
        if op == "suffix":
            looping = self._loop(first, _ANY)
            return [self._word(looping, word) for word in words]
        if op == "glob":
            return [self._glob(first, word) for word in words]
        return [self._sequence(parser.parse(value), first)]

    def _glob(self, state: int, glob: str) -> int:
        for char in glob:
            if char == "*":
                state = self._loop(state, _complement(((_SLASH, _SLASH),)))
            else:
                state = self._move(state, ((ord(char), ord(char)),))
        return state

    def _sequence(self, items: Any, state: int) -> int:
        for op, argument in items:
            state = self._item(op, argument, state)
        return state

    def _item(self, op: Any, argument: Any, state: int) -> int:
        if op in {ops.MAX_REPEAT, ops.MIN_REPEAT}:
            low, high, body = argument
            return self._repeat(low, high, body, state)
        if op is ops.BRANCH:
            end = self._new()
            for branch in argument[1]:
                self.silent[self._sequence(branch, state)].append(end)
            return end
        if op is ops.SUBPATTERN:
            return self._sequence(argument[3], state)
        return self._move(state, _ranges(op, argument))

    def _repeat(self, low: int, high: Any, body: Any, state: int) -> int:
        for _ in range(int(low)):
            state = self._sequence(body, state)
        if high is ops.MAXREPEAT:
            inner = self._new()
            self.silent[state].append(inner)
            self.silent[self._sequence(body, inner)].append(inner)
            return inner
        end = self._new()
        self.silent[state].append(end)
        for _ in range(int(high) - int(low)):
            state = self._sequence(body, state)
            self.silent[state].append(end)
        return end


def _ranges(op: Any, argument: Any) -> Ranges:
    if op is ops.LITERAL:
        return ((argument, argument),)
    if op is ops.NOT_LITERAL:
        return _complement(((argument, argument),))
    if op is ops.ANY:
        return _complement(((_LINE_END, _LINE_END),))
    if op is ops.RANGE:
        return ((argument[0], argument[1]),)
    if op is ops.CATEGORY:
        known = _CATEGORIES.get(argument)
        return known if known is not None else _complement(_CATEGORIES[_NEGATED[argument]])
    if op is ops.IN:
        negated = argument[0][0] is ops.NEGATE
        joined = tuple(part for inner in argument[negated:] for part in _ranges(*inner))
        return _complement(joined) if negated else joined
    raise ValueError(f"no automaton for {op}")


def _complement(ranges: Ranges) -> Ranges:
    gaps: list[tuple[int, int]] = []
    free = 0
    for low, high in sorted(ranges):
        if low > free:
            gaps.append((free, low - 1))
        free = max(free, high + 1)
    if free <= _MAX:
        gaps.append((free, _MAX))
    return tuple(gaps)


def _letters(automata: Sequence[_Automaton]) -> list[tuple[int, str]]:
    """Return one code point for each class that no automaton tells apart, with a letter to show."""
    points = sorted({0, *(point for automaton in automata for point in automaton.borders() if point <= _MAX)})
    ends = [*(point - 1 for point in points[1:]), _MAX]
    return [(low, _letter(low, high)) for low, high in zip(points, ends, strict=True)]


def _letter(low: int, high: int) -> str:
    """Return a letter of the class that reads well, where it has one."""
    for char in _NICE:
        if low <= ord(char) <= high:
            return char
    for code in range(max(low, 33), min(high, 126) + 1):
        return chr(code)
    surrogates = range(0xD800, 0xE000)
    return chr(low) if low not in surrogates else chr(min(high, 0xE000))
