"""`zoneproxy.adapters.files.settings`: small files, with a clear word for each way to fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from zoneproxy.adapters.files.settings import read_secret, read_small, write_new
from zoneproxy.terms.errors import ConfigError


def test_small_files(tmp_path: Path) -> None:
    """A file up to 1 MiB is read whole; a byte more is refused."""
    path = tmp_path / "file"
    path.write_bytes(bytes(1024 * 1024))
    assert len(read_small(path, "the policy")) == 1024 * 1024
    path.write_bytes(bytes(1024 * 1024 + 1))
    with pytest.raises(ConfigError, match=r"the policy `.*` is larger than 1 MiB"):
        read_small(path, "the policy")


def test_a_missing_or_unreadable_file(tmp_path: Path) -> None:
    """What can't be read is named, with a hint, in lower case."""
    with pytest.raises(ConfigError, match=r"the policy `.*nothing` is missing") as caught:
        read_small(tmp_path / "nothing", "the policy")
    assert "zoneproxy init" in caught.value.hint
    with pytest.raises(ConfigError, match=r"the policy `.*` can't be read: is a directory"):
        read_small(tmp_path, "the policy")


def test_a_secret(tmp_path: Path) -> None:
    """A secret of the right size that only its owner may read is read."""
    write_new(tmp_path / "key", bytes(range(32)), mode=0o600)
    assert read_secret(tmp_path / "key", 32) == bytes(range(32))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o610, 0o601, 0o620, 0o602])
def test_a_secret_that_others_may_touch(tmp_path: Path, mode: int) -> None:
    """Any right of group or others makes a secret known: it is refused, and the remedy is told."""
    path = tmp_path / "key"
    path.write_bytes(bytes(32))
    path.chmod(mode)
    with pytest.raises(ConfigError, match=rf"may be read by others \(mode {mode:04o}\)") as caught:
        read_secret(path, 32)
    assert f"chmod 600 {path}" in caught.value.hint


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_secret_of_another_size(tmp_path: Path, size: int) -> None:
    """A secret is exactly as long as it must be."""
    write_new(tmp_path / "key", bytes(size), mode=0o600)
    with pytest.raises(ConfigError, match="is not 32 bytes long"):
        read_secret(tmp_path / "key", 32)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """A file that exists, or a link that leads nowhere, is left as it is."""
    path = tmp_path / "file"
    write_new(path, b"one")
    with pytest.raises(ConfigError, match="exists already"):
        write_new(path, b"two")
    assert path.read_bytes() == b"one"
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigError, match="exists already"):
        write_new(tmp_path / "link", b"two")
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """A file that can't be written is named."""
    with pytest.raises(ConfigError, match="can't be written: no such file or directory"):
        write_new(tmp_path / "no" / "file", b"")
