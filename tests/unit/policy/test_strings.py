"""Cells of strings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoneproxy.policy import strings
from zoneproxy.policy.compile import Leaf
from zoneproxy.policy.match import leaf_test
from zoneproxy.policy.strings import TooManyStatesError, cells

QUESTIONS = [
    ("eq", "/v1"),
    ("in", ("/v1/a", "/v2/b", "/admin")),
    ("prefix", ("/v1/", "/admin")),
    ("suffix", ("a", ".json")),
    ("glob", ("/v1/*/c", "*.json")),
    ("regex", "/v[0-9]+/[a-z]{1,3}"),
    ("regex", "(a|b[^c])?/x\\d\\D"),
    ("regex", "[^/]*"),
    ("regex", "\\w\\W.?"),
]


def answers(questions: list[tuple[str, object]], word: str) -> tuple[bool, ...]:
    return tuple(leaf_test(Leaf("request.path", op, value))(word) for op, value in questions)  # type: ignore[arg-type]


@given(st.lists(st.sampled_from(QUESTIONS), min_size=1, max_size=4, unique_by=str))
def test_each_cells_string_gives_its_answers(questions: list[tuple[str, object]]) -> None:
    """The automata and the evaluator's own matching agree."""
    for expected, word in cells(questions).items():
        assert answers(questions, word) == expected, word


@given(
    st.lists(st.sampled_from(QUESTIONS), min_size=1, max_size=4, unique_by=str),
    st.text("/v12abc.jsonxmid\n é", max_size=12),
)
def test_no_string_falls_outside_the_cells(questions: list[tuple[str, object]], word: str) -> None:
    """Every combination of answers that any string gives is a cell."""
    assert answers(questions, word) in cells(questions)


def test_representatives_are_short() -> None:
    """A counterexample should be readable."""
    assert cells([("prefix", ("/admin",))]) == {(False,): "", (True,): "/admin"}
    assert cells([]) == {(): ""}


def test_too_many_states_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """What can't be walked is not silently cut short."""
    monkeypatch.setattr(strings, "MAX_STATES", 5)
    with pytest.raises(TooManyStatesError):
        cells([("prefix", ("/administration",))])
