"""An owner's data set, read row by row."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from zoneproxy.adapters.data.datasets import read, sources
from zoneproxy.terms.errors import ConfigError


def rows(path: Path, **how: object) -> list[list[str]]:
    options: dict[str, object] = {"format_": None, "encoding": "utf-8", "columns": (), "header": True} | how
    return [list(item.values) for one in sources([path], **options) for item in read(one)]  # type: ignore[arg-type]


def test_csv(tmp_path: Path) -> None:
    """The first row names the columns; quotes, line ends in a cell and a byte order mark are read."""
    path = tmp_path / "a.csv"
    path.write_bytes('\ufeffname,phone,note\n张伟,138,"a\n""b"""\n\n李,139,\n'.encode())
    assert rows(path) == [["张伟", "138", 'a\n"b"'], ["李", "139", ""]]
    assert rows(path, columns=("phone", "name")) == [["138", "张伟"], ["139", "李"]]
    assert len(rows(path, header=False)) == 3


def test_tsv_and_other_encodings(tmp_path: Path) -> None:
    """Tabs, and GB18030 where it is said."""
    path = tmp_path / "a.tsv"
    path.write_bytes("n\tp\n张\t1\n".encode("gb18030"))
    assert rows(path, encoding="gb18030") == [["张", "1"]]
    with pytest.raises(ConfigError, match="is not utf-8"):
        rows(path)
    with pytest.raises(ConfigError, match="no known encoding"):
        rows(path, encoding="gb-18030-2")


def test_json_lines(tmp_path: Path) -> None:
    """Texts and numbers, nested ones too; columns are members."""
    path = tmp_path / "a.jsonl"
    path.write_text('{"a": "x", "b": {"c": [1, 2.5, true, null]}}\n\n{"a": "y"}\n')
    assert rows(path) == [["x", "1", "2.5"], ["y"]]
    assert rows(path, columns=("a",)) == [["x"], ["y"]]
    path.write_text('{"a": 1}\n{broken SECRET\n')
    with pytest.raises(ConfigError, match="after line 1, is not JSON lines") as raised:
        rows(path)
    assert "SECRET" not in raised.value.message


def test_documents(tmp_path: Path) -> None:
    """A folder is every file below it with a known ending, in order."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "b.md").write_text("two")
    (tmp_path / "a.txt").write_text("one")
    (tmp_path / "sub" / "c.txt").write_text("three")
    (tmp_path / "d.png").write_bytes(b"\x89PNG")
    assert rows(tmp_path) == [["one"], ["two"], ["three"]]


def test_what_can_not_be_read_is_told(tmp_path: Path) -> None:
    """A missing file, an unknown ending, an unknown column, broken CSV."""
    with pytest.raises(ConfigError, match="is missing"):
        rows(tmp_path / "none.csv")
    (tmp_path / "a.dat").write_text("x")
    with pytest.raises(ConfigError, match="can't be told"):
        rows(tmp_path / "a.dat")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match="no files"):
        rows(tmp_path / "empty")
    path = tmp_path / "a.csv"
    path.write_text('a,b\n1,"2\n')
    with pytest.raises(ConfigError, match="is not CSV"):
        rows(path)
    with pytest.raises(ConfigError, match="has no column `c`"):
        rows(path, columns=("c",))


def test_parquet_without_its_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The base install says which extra is missing."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    with pytest.raises(ConfigError, match="needs pyarrow"):
        rows(tmp_path / "a.parquet")


def test_parquet(tmp_path: Path) -> None:
    """Rows of chosen columns; a file that only says it is Parquet is told."""
    table, parquet = pytest.importorskip("pyarrow").table, pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "a.parquet"
    parquet.write_table(table({"a": ["x", "y"], "b": [1, None]}), path)
    assert rows(path) == [["x", "1"], ["y"]]
    assert rows(path, columns=("b",)) == [["1"], []]
    with pytest.raises(ConfigError, match="has no column"):
        rows(path, columns=("c",))
    path.write_bytes(b"PAR1 broken")
    with pytest.raises(ConfigError, match="is not Parquet"):
        rows(path)
