"""`zoneproxy.adapters.files.whole`: the old file or the new one, durable; a folder claimed once."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from zoneproxy.adapters.files.whole import claim_folder, replace_whole, sync_folder
from zoneproxy.terms.errors import ConfigError


class Disk:
    """Notes, in their order, the calls that make things durable; the one named `broken` fails."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, broken: str = "") -> None:
        self.calls: list[str] = []
        fsync, rename = os.fsync, Path.replace

        def note(call: str) -> None:
            self.calls.append(call)
            if call == broken:
                raise OSError(5, "Input/output error")

        def flush(handle: int) -> None:
            note("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
            fsync(handle)

        def put(old: Path, new: Path) -> Path:
            note("rename")
            return rename(old, new)

        monkeypatch.setattr(os, "fsync", flush)
        monkeypatch.setattr(Path, "replace", put)


def test_a_file_is_flushed_before_it_gets_its_name_and_its_name_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bytes are durable before the name leads to them, and the name before the call returns."""
    disk = Disk(monkeypatch)
    replace_whole(tmp_path / "list", b"new", mode=0o444)
    assert disk.calls == ["file", "rename", "folder"]
    assert (tmp_path / "list").read_bytes() == b"new"


@pytest.mark.parametrize("mode", [0o444, 0o644, 0o600])
def test_its_mode_is_the_one_asked_for(tmp_path: Path, mode: int) -> None:
    """Neither the umask nor the file that was there changes the mode; a read-only file is replaced too."""
    path = tmp_path / "list"
    path.write_bytes(b"old")
    path.chmod(0o400)
    before = os.umask(0o077)
    try:
        replace_whole(path, b"new", mode=mode)
    finally:
        os.umask(before)
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"new", mode)


@pytest.mark.parametrize(
    ("broken", "left"), [("file", b"old"), ("rename", b"old"), ("folder", b"new")], ids=str
)
def test_a_failing_disk_leaves_one_of_the_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str, left: bytes
) -> None:
    """Whatever fails is told, one of the two files is there whole, and nothing lies beside it."""
    (tmp_path / "list").write_bytes(b"old")
    Disk(monkeypatch, broken)
    with pytest.raises(OSError, match="Input/output error"):
        replace_whole(tmp_path / "list", b"new", mode=0o644)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"list": left}


def test_a_link_is_replaced_not_followed(tmp_path: Path) -> None:
    """Where a link bears the name, the link goes; what it leads to stays as it is."""
    (tmp_path / "elsewhere").write_bytes(b"old")
    (tmp_path / "list").symlink_to(tmp_path / "elsewhere")
    replace_whole(tmp_path / "list", b"new", mode=0o644)
    assert not (tmp_path / "list").is_symlink()
    assert (tmp_path / "elsewhere").read_bytes() == b"old"


def test_only_a_folder_is_flushed_as_one(tmp_path: Path) -> None:
    """What is no folder, or is not there, is told."""
    (tmp_path / "file").write_bytes(b"")
    for name in ("file", "nothing"):
        with pytest.raises(OSError, match=r"\[Errno"):
            sync_folder(tmp_path / name)


def test_a_folder_is_claimed_once(tmp_path: Path) -> None:
    """An absent folder is made with its parents, an empty one taken; one that holds anything is refused."""
    claim_folder(tmp_path / "a/b", "log", mode=0o700)
    assert stat.S_IMODE((tmp_path / "a/b").stat().st_mode) == 0o700
    claim_folder(tmp_path / "a/b", "log")
    (tmp_path / "a/b/.hidden").write_bytes(b"")
    with pytest.raises(ConfigError, match=r"the log directory `.*b` is not empty") as told:
        claim_folder(tmp_path / "a/b", "log")
    assert "a log is made once" in told.value.hint
    with pytest.raises(ConfigError, match=r"the log directory `.*hidden` can't be made: file exists"):
        claim_folder(tmp_path / "a/b/.hidden", "log")
