"""`zoneproxy.trace.files`: the contract of the file-system port, held by the real disk and by the fake."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.crash_files import CrashFiles
from zoneproxy.adapters.files.disk import DiskFiles
from zoneproxy.trace.files import Files


@pytest.fixture(params=["disk", "crash"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Files:
    return DiskFiles(tmp_path) if request.param == "disk" else CrashFiles()


def test_append_adds_up(files: Files) -> None:
    """Bytes are added at the end, and read back."""
    files.make_folder("wal", private=True)
    files.create("wal/a", private=True)
    files.append("wal/a", b"one")
    files.append("wal/a", b"two")
    files.sync("wal/a")
    files.sync_folder("wal")
    assert files.read("wal/a") == b"onetwo"


def test_create_empties(files: Files) -> None:
    """Creating a file that is there empties it, whatever its mode."""
    files.create("a", private=False)
    files.append("a", b"old")
    files.create("a", private=True)
    files.append("a", b"new")
    assert files.read("a") == b"new"


def test_rename_replaces(files: Files) -> None:
    """A rename puts the file in place of the one that bore the name."""
    for name, data in (("old", b"1"), ("new", b"2")):
        files.create(name, private=False)
        files.append(name, data)
    files.rename("new", "old")
    files.sync_folder("")
    assert (files.read("old"), files.read("new")) == (b"2", None)


def test_names_and_absence(files: Files) -> None:
    """Names come sorted, folders with a slash; what is absent is nothing, not an error."""
    files.make_folder("tile/0/000.p", private=False)
    for name in ("tile/0/000.p/2", "tile/0/001", "tile/0/000"):
        files.create(name, private=False)
    assert files.names("tile/0") == ["000", "000.p/", "001"]
    assert files.names("nowhere") == []
    assert files.read("nowhere/at/all") is None
    assert files.read("tile/0/000/below-a-file") is None


def test_remove(files: Files) -> None:
    """A removed file is gone; removing one that is absent is an error."""
    files.create("a", private=True)
    files.remove("a")
    assert files.read("a") is None
    with pytest.raises((OSError, KeyError)):
        files.remove("a")


def test_free_bytes(files: Files) -> None:
    """The disk tells how much is free."""
    assert files.free_bytes() > 0
