"""Counts over a labelled corpus, and what is worse than a baseline."""

from __future__ import annotations

import json
from typing import Any

import pytest

from zoneproxy.policy.corpus import (
    BODIES,
    Labelled,
    Tally,
    baseline_of,
    read_baseline,
    regressions,
    table,
)

CORPUS = b"the corpus"


def tally(*bodies: tuple[Labelled, set[str]]) -> Tally:
    made = Tally()
    for body, found in bodies:
        made.add(body, frozenset(found))
    return made


def labelled(*labels: str, allow: tuple[str, ...] = (), scope: tuple[str, ...] | None = None) -> Labelled:
    return Labelled(frozenset(labels), frozenset(allow), None if scope is None else frozenset(scope))


GOOD = tally((labelled("A"), {"A"}), (labelled("A", "B"), {"A"}), (labelled(), set()), (labelled(), {"C"}))


def test_what_is_counted() -> None:
    """Right, wrong and missed by label; whole bodies by whether anything was found."""
    assert (GOOD.right["A"], GOOD.missed["B"], GOOD.wrong["C"]) == (2, 1, 1)
    assert (GOOD.right[BODIES], GOOD.wrong[BODIES], GOOD.clean) == (2, 1, 2)
    assert (GOOD.recall("B"), GOOD.recall(), GOOD.false_positives) == (0.0, 100.0, 50.0)
    assert GOOD.labels == ["A", "B", "C"]


def test_side_findings_and_scopes() -> None:
    """What is tolerated is not wrong, and what a body was not labelled for says nothing."""
    made = tally((labelled("A", allow=("B",)), {"A", "B"}), (labelled(scope=("A",)), {"B"}))
    assert not made.wrong[BODIES]
    assert not made.wrong["B"]


def test_nothing_to_count() -> None:
    """Shares of nothing are no failures."""
    assert (Tally().recall(), Tally().false_positives) == (100.0, 0.0)


def measure(made: Tally = GOOD) -> Any:
    return read_baseline(baseline_of(CORPUS, {2: made}).encode())


def test_equal_and_better_counts_pass() -> None:
    """A baseline is a floor, not a copy."""
    better = tally(
        (labelled("A"), {"A"}), (labelled("A", "B"), {"A", "B"}), (labelled(), set()), (labelled(), set())
    )
    assert regressions(CORPUS, {2: GOOD}, measure()) == ()
    assert regressions(CORPUS, {2: better}, measure()) == ()


@pytest.mark.parametrize(
    ("bodies", "told"),
    [
        (({"A"}, {"A"}, {"D"}, {"C"}),
         ("(bodies): 2 found wrongly, 1 before", "D: 1 found wrongly, 0 before")),
        (({"A"}, set(), set(), {"C"}),
         ("(bodies): 1 found rightly, 2 before", "A: 1 found rightly, 2 before")),
        (({"A", "B"}, {"A"}, set(), {"C"}), ("B: 1 found wrongly, 0 before",)),
    ],
)  # fmt: skip
def test_worse_counts_are_told(bodies: tuple[set[str], ...], told: tuple[str, ...]) -> None:
    """Each label, and whole bodies, at each level."""
    labels = (labelled("A"), labelled("A", "B"), labelled(), labelled())
    worse = tally(*zip(labels, bodies, strict=True))
    assert regressions(CORPUS, {2: worse}, measure()) == tuple(f"level 2: {line}" for line in told)


def test_a_baseline_of_something_else_is_none() -> None:
    """Another corpus, another level: the counts say nothing about it."""
    assert "another corpus" in regressions(b"other", {2: GOOD}, measure())[0]
    assert regressions(CORPUS, {3: GOOD}, measure()) == ("level 3: the baseline has no counts of it",)


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"format": "x"}', b"\xff"])
def test_what_is_no_baseline(data: bytes) -> None:
    """Nothing is taken for one that does not say so."""
    with pytest.raises(ValueError, match="no baseline"):
        read_baseline(data)


def test_a_count_must_be_a_number() -> None:
    """An edited baseline does not pass for a measured one."""
    document = json.loads(baseline_of(CORPUS, {2: GOOD}))
    document["levels"]["2"]["counts"]["A"]["wrong"] = "many"
    with pytest.raises(ValueError, match="no baseline"):
        read_baseline(json.dumps(document).encode())


def test_the_table_names_levels_and_labels_that_err() -> None:
    """A line a level, then what is wrong or missed."""
    lines = table({2: GOOD})
    assert lines[1].split() == ["2", "2", "1", "(50.00%)", "100.00%", "2/1/1"]
    assert lines[2:] == ["   B: level 2: 0 wrong, 1 missed", "   C: level 2: 1 wrong, 0 missed"]
