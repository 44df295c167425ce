"""Look-ups in one index."""

from __future__ import annotations

from random import Random

import pytest

from tests.support import registered_data
from zoneproxy.content.registered.fold import flat
from zoneproxy.content.registered.grams import grams
from zoneproxy.content.registered.index import Index


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    return registered_data.loaded(tmp_path_factory.mktemp("index"))


def test_every_cell_is_found_with_its_rows(index: Index) -> None:
    """Z12: each value, and exactly the rows that it stands in."""
    for number, row in enumerate(registered_data.ROWS, 1):
        for value in row:
            found = index.find_cell(flat(value))
            rows = [at for at, other in enumerate(registered_data.ROWS, 1) if value in other]
            assert list(index.rows(found)) == rows
            assert index.stands_in(found, number)
            assert not index.stands_in(found, 99)


def test_lengths_tell_beforehand_where_to_look(index: Index) -> None:
    """A beginning says which lengths may follow; a part of a beginning, whether any value begins so."""
    value = flat("8805 5523 9164")
    assert index.lengths(value[:4]) >> len(value) & 1
    assert all(index.lengths(value[:part]) & 1 for part in (1, 2, 3))


def test_nothing_else_is_found(index: Index) -> None:
    """Z12: no false hit in 20,000 look-ups."""
    random = Random(5)
    misses = (index.find_cell(f"{random.randrange(10**12):012}").size for _ in range(20_000))
    assert not any(misses)
    assert index.find_cell("").size == 0
    assert index.find_gram("x" * 21).size == 0


def test_grams_are_found_with_their_documents(index: Index) -> None:
    """Every chosen gram of a document leads to it."""
    for _, gram in grams(flat(registered_data.DOCUMENT)):
        assert list(index.documents(index.find_gram(gram))) == [1]


def test_a_crowd_of_beginnings_is_remembered_within_bounds(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever sends text can't make the memory of beginnings grow without end."""
    monkeypatch.setattr("zoneproxy.content.registered.index._MOST_REMEMBERED", 10)
    for at in range(100):
        index.lengths(f"{at:04}")
    assert len(index._remembered) <= 11
