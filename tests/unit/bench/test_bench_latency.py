"""`bench.bench_latency`: what is added, in fair turns, and what the scanner holds back."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.bench_latency import Disk, added, held_events, in_rotation, rotated
from bench.load import LoadError
from demo import scripts


def test_each_way_comes_first_equally_often() -> None:
    """Whoever comes after a flush, or after a neighbour's burst, is not always the same."""
    assert [rotated("abc", turn)[0] for turn in range(6)] == ["a", "b", "c", "a", "b", "c"]
    assert sorted(rotated("abc", 4)) == ["a", "b", "c"]


def test_all_ways_are_asked_the_same() -> None:
    """In each turn every way once, with the turn's own request, and something between the turns."""
    between: list[int] = []
    works = {name: (lambda turn, name=name: f"{name}{turn}") for name in ("a", "b")}
    seen = in_rotation(2, works, lambda: between.append(1))
    assert seen == {"a": ["a0", "a1"], "b": ["b0", "b1"]}
    assert between == [1, 1]


def test_what_is_added_is_beyond_the_peer_and_a_flush() -> None:
    """Each by its own share: the slow ends are compared with the slow ends."""
    seen = {"bare": [1.0, 2.0], "boundary": [4.0, 9.0], "direct": [0.1, 0.1]}
    assert added(seen, [0.5, 3.0], 0.5) == pytest.approx(2.5)
    assert added(seen, [0.5, 3.0], 0.99) == pytest.approx(4.0)


def test_plain_words_wait_for_nothing() -> None:
    """Z11: a word can't become an identifier."""
    assert held_events(["amber ", "basin "]) == 0


def test_numbers_wait_as_long_as_they_may_become_an_identifier() -> None:
    """Z11: an answer of nothing but numbers waits until 160 characters wait."""
    held = held_events(scripts.answer("events-64", ""))
    assert 40 < held < 64


def test_an_answer_that_only_its_end_lets_go_is_told() -> None:
    """Its first token would never come: no figure is made of it."""
    with pytest.raises(LoadError, match="waits for the answer's end"):
        held_events(["1"])


def test_a_flush_leaves_its_block(tmp_path: Path) -> None:
    """What is measured was done."""
    disk = Disk(tmp_path / "flushed")
    assert disk.flush() > 0
    disk.flush()
    disk.close()
    assert (tmp_path / "flushed").stat().st_size == 2 * 4096
