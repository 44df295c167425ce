"""Making an index, in bounded memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support import registered_data
from zoneproxy.adapters.data import indexing
from zoneproxy.adapters.data.indexing import Indexing
from zoneproxy.adapters.data.registered import make_data_key, read_index
from zoneproxy.content.registered.fold import flat
from zoneproxy.content.registered.index import Index
from zoneproxy.terms.errors import ConfigError

ROWS = [(f"QX-{at:05}-{at * 7919 % 100003:06}", f"ward {at % 5}") for at in range(3000)]


def made(folder: Path, rows: Sequence[Sequence[str]], **how: list[str]) -> Index:
    secret = make_data_key(folder / "key")
    with Indexing(folder / "index.zri", secret, **how) as index:
        for row in rows:
            index.add_row(row)
        index.finish(id_="a/b", category="domestic_corpus", created="2026-11-21", expires=None, least=2)
    assert sorted(path.name for path in folder.iterdir()) == ["index.zri", "key"]
    loaded = read_index(folder / "index.zri", folder / "key", today="2026-11-21").index
    assert loaded is not None
    return loaded


@pytest.mark.parametrize("buffered", [600, 10**6])
def test_data_that_does_not_fit_into_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, buffered: int
) -> None:
    """Z12: spilt to files or not, the same cells are found in the same rows."""
    monkeypatch.setattr(indexing, "_MOST_BUFFERED", buffered)
    index = made(tmp_path, ROWS)
    assert index.header.cells == 2 * len(ROWS)
    for at in range(0, len(ROWS), 101):
        assert list(index.rows(index.find_cell(flat(ROWS[at][0])))) == [at + 1]
    assert list(index.rows(index.find_cell(flat("ward 3")))) == list(range(4, 3001, 5))


def test_a_value_twice_in_a_row_is_one_cell(tmp_path: Path) -> None:
    """Equal cells of one row are stored once; empty and single characters never."""
    index = made(tmp_path, [("QX-1-22", "qx 1 22", "", "?", "x")])
    assert index.header.cells == 1


def test_nothing_of_the_values_is_in_the_file(tmp_path: Path) -> None:
    """Z12: neither as written nor in the form that is compared."""
    path, _ = registered_data.make(tmp_path)
    data = path.read_bytes()
    for value in (cell for row in registered_data.ROWS for cell in row):
        assert value.encode() not in data
        assert flat(value).encode() not in data


def test_two_indexes_of_the_same_data_share_nothing(tmp_path: Path) -> None:
    """Z12: they are salted, so nobody without the keys can tell that the data is the same."""
    prints = []
    key = make_data_key(tmp_path / "key")
    for name in ("a", "b"):
        with Indexing(tmp_path / name, key) as index:
            index.add_row(["QX-1-22", "QX-2-33"])
            index.finish(id_="a/b", category="domestic_corpus", created="2026-11-21", expires=None, least=2)
        start, end = read_index(tmp_path / name, None, today="2026-11-21").header.spans()[1]
        body = (tmp_path / name).read_bytes()[4096:]
        prints.append({body[at : at + 8] for at in range(start, end, 8)})
    assert len(prints[0]) == 2
    assert not prints[0] & prints[1]


def test_long_cells_are_documents(tmp_path: Path) -> None:
    """A long text in a table is recognised by its pieces, and leads to its row."""
    index = made(tmp_path, [("QX-1-22", registered_data.DOCUMENT)])
    assert index.header.grams > 10
    assert index.header.cells == 1


def test_public_text_is_left_out(tmp_path: Path) -> None:
    """Boilerplate is neither cell nor document."""
    stop = [f"not recorded\n{registered_data.DOCUMENT}"]
    index = made(tmp_path, [("QX-1-22", "Not recorded", registered_data.DOCUMENT)], stop=stop)
    assert (index.header.cells, index.header.grams) == (1, 0)


def test_nothing_is_overwritten_and_nothing_is_left_behind(tmp_path: Path) -> None:
    """A taken name, an empty data set: an error, and no file."""
    secret = make_data_key(tmp_path / "key")
    (tmp_path / "taken").write_bytes(b"x")
    with pytest.raises(ConfigError, match="exists already"):
        Indexing(tmp_path / "taken", secret)
    with (
        Indexing(tmp_path / "empty", secret) as index,
        pytest.raises(ConfigError, match="nothing in the data"),
    ):
        index.finish(id_="a/b", category="domestic_corpus", created="2026-11-21", expires=None, least=2)
    with pytest.raises(ConfigError, match="can't be written"):
        Indexing(tmp_path / "none" / "index", secret)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["key", "taken"]


def test_a_name_taken_meanwhile_is_kept(tmp_path: Path) -> None:
    """Whoever wrote there first keeps it."""
    secret = make_data_key(tmp_path / "key")
    with Indexing(tmp_path / "index", secret) as index:
        index.add_row(["QX-1-22"])
        (tmp_path / "index").write_bytes(b"x")
        with pytest.raises(ConfigError, match="exists already"):
            index.finish(id_="a/b", category="domestic_corpus", created="2026-11-21", expires=None, least=2)
    assert (tmp_path / "index").read_bytes() == b"x"
