"""`zoneproxy.cli.named_files`: what a user names is read, or the user is told why not."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace

import pytest

from zoneproxy.cli.named_files import read_beginning, read_input, read_named
from zoneproxy.terms.errors import ConfigError


def test_a_file_up_to_its_bound(tmp_path: Path) -> None:
    """At the bound it is read whole; a byte more is refused, or shows that there is more."""
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_named(path, 5) == read_beginning(path, 5) == b"12345"
    with pytest.raises(ConfigError, match=r"`.*file` is longer than 4 bytes"):
        read_named(path, 4)
    assert read_beginning(path, 3) == b"1234"


def test_stdin_or_a_file_of_any_length(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dash is stdin, anything else a file's name."""
    (tmp_path / "file").write_bytes(bytes(70_000))
    assert read_input(str(tmp_path / "file")) == bytes(70_000)
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"piped\xff")))
    assert read_input("-") == b"piped\xff"


def test_what_cant_be_read_is_told(tmp_path: Path) -> None:
    """By its name, with the system's own reason and a remedy."""
    for read in (lambda path: read_named(path, 1), lambda path: read_beginning(path, 1), _whole):
        with pytest.raises(ConfigError, match="nothing` can't be read: no such file or directory") as told:
            read(tmp_path / "nothing")
        assert told.value.hint == "check its name"
    with pytest.raises(ConfigError, match="can't be read: is a directory"):
        read_input(str(tmp_path))


def _whole(path: Path) -> bytes:
    return read_input(str(path))
