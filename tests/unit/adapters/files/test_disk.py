"""`zoneproxy.adapters.files.disk`: no links, private modes, one flush, one writer."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from zoneproxy.adapters.files.disk import DirectoryLock, DiskFiles
from zoneproxy.terms.errors import ConfigError, VerificationError


def test_modes(tmp_path: Path) -> None:
    """Public files can only be read, private ones only by their owner, and so for folders."""
    files = DiskFiles(tmp_path)
    files.make_folder("wal", private=True)
    files.make_folder("tile/0", private=False)
    files.create("wal/a", private=True)
    files.create("tile/0/000", private=False)
    files.append("tile/0/000", b"x")
    modes = {name: stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("wal", "wal/a", "tile/0/000")}
    assert modes == {"wal": 0o700, "wal/a": 0o600, "tile/0/000": 0o444}
    files.close()


def test_symbolic_links_are_refused(tmp_path: Path) -> None:
    """A link in the log's directory leads nowhere, neither for reading nor for writing."""
    root, outside = tmp_path / "log", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (outside / "file").write_bytes(b"secret")
    (root / "link").symlink_to(outside / "file")
    (root / "folder").symlink_to(outside)
    files = DiskFiles(root)
    with pytest.raises(VerificationError, match="symbolic link"):
        files.read("link")
    assert files.read("folder/file") is None
    with pytest.raises(OSError, match=r"\[Errno"):
        files.append("link", b"x")
    with pytest.raises(OSError, match=r"\[Errno"):
        files.create("folder/new", private=True)
    with pytest.raises(OSError, match=r"\[Errno"):
        files.make_folder("folder/below", private=True)
    files.create("link", private=True)
    assert (outside / "file").read_bytes() == b"secret"
    files.close()


def test_limits(tmp_path: Path) -> None:
    """A file longer than its limit, or no plain file, is refused before it is read."""
    files = DiskFiles(tmp_path)
    (tmp_path / "long").write_bytes(b"x" * 11)
    assert files.read_limited("long", 11) == b"x" * 11
    with pytest.raises(VerificationError, match="longer"):
        files.read_limited("long", 10)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name in ("pipe", "folder"):
        with pytest.raises(VerificationError, match="plain"):
            files.read(name)


def test_short_writes_are_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that the system takes only a part of is gone on with."""
    files = DiskFiles(tmp_path)
    files.create("a", private=True)
    write = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: write(handle, data[:2]))
    files.append("a", b"abcdefg")
    assert files.read("a") == b"abcdefg"
    files.close()


def test_one_lock(tmp_path: Path) -> None:
    """A directory is locked by one; the next may come when it is released."""
    (tmp_path / "state").mkdir()
    with DirectoryLock(tmp_path), pytest.raises(ConfigError, match="in use") as told:
        DirectoryLock(tmp_path)
    assert "one process" in told.value.hint
    DirectoryLock(tmp_path).release()
    with pytest.raises(ConfigError, match="can't be locked"):
        DirectoryLock(tmp_path / "nowhere")
