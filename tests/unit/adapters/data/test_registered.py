"""Indexes on disk: read and checked whole, revoked in one step."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import registered_data
from tests.support.registered_data import TODAY
from zoneproxy.adapters.data.registered import (
    day_of,
    make_data_key,
    read_data_key,
    read_index,
    revoke_index,
)
from zoneproxy.terms.errors import ConfigError


@pytest.fixture
def made(tmp_path: Path) -> tuple[Path, Path]:
    return registered_data.make(tmp_path)


def test_an_index_is_read_with_its_key_only(made: tuple[Path, Path]) -> None:
    """Z12: without the key it can be listed, and nothing can be looked up."""
    path, key = made
    assert read_index(path, key, today=TODAY).index is not None
    listed = read_index(path, None, today=TODAY)
    assert listed.index is None
    assert (listed.header.rows, listed.header.cells, listed.header.documents) == (3, 15, 1)


def test_the_key_is_the_owners_alone(tmp_path: Path, made: tuple[Path, Path]) -> None:
    """A key is of mode 0600, is never overwritten, and is refused where others may read it."""
    _, key = made
    assert key.stat().st_mode & 0o777 == 0o600
    with pytest.raises(ConfigError, match="exists already"):
        make_data_key(key)
    key.chmod(0o640)
    with pytest.raises(ConfigError, match="may be read by others"):
        read_data_key(key)
    with pytest.raises(ConfigError, match="is missing"):
        read_data_key(tmp_path / "none")


@pytest.mark.parametrize("place", [0, 20, 200, 5000, -1])
def test_any_altered_byte_is_refused(made: tuple[Path, Path], place: int) -> None:
    """Z22: a corrupt index is never used in part."""
    path, key = made
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    with pytest.raises(ConfigError, match="can't be used"):
        read_index(path, key, today=TODAY)


@pytest.mark.parametrize("size", [0, 100, 4096, -8])
def test_a_torn_file_is_refused(made: tuple[Path, Path], size: int) -> None:
    """Z22: a file that was cut short, by a crash or a full disk, is told."""
    path, key = made
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(ConfigError, match="can't be used"):
        read_index(path, key, today=TODAY)


def test_another_owners_key_is_told(tmp_path: Path, made: tuple[Path, Path]) -> None:
    """A wrong key would match nothing, silently: it is refused."""
    make_data_key(tmp_path / "other")
    with pytest.raises(ConfigError, match="another key"):
        read_index(made[0], tmp_path / "other", today=TODAY)


def test_an_expired_index_is_refused(tmp_path: Path) -> None:
    """Z22: it is used until its day, and then refused, never left out in silence."""
    path, key = registered_data.make(tmp_path, expires="2027-01-01")
    assert read_index(path, key, today="2026-12-31").index is not None
    with pytest.raises(ConfigError, match="expired on 2027-01-01"):
        read_index(path, key, today="2027-01-01")


def test_revoking_destroys_the_fingerprints(made: tuple[Path, Path]) -> None:
    """Z12: what is revoked says since when and why, is not used, and holds nothing any more."""
    path, key = made
    before = path.read_bytes()
    used = read_index(path, key, today=TODAY).index
    assert used is not None
    revoke_index(path, key, today="2026-12-01", reason="consent withdrawn")
    gone = read_index(path, key, today=TODAY)
    assert gone.index is None
    assert (gone.header.revoked, gone.header.reason) == ("2026-12-01", "consent withdrawn")
    assert len(path.read_bytes()) == 4096
    assert before[4096:] not in path.read_bytes()
    # What is in use stays sound until it is read again.
    assert used.find_cell("zx202400917").size == 1
    with pytest.raises(ConfigError, match="revoked already"):
        revoke_index(path, key, today=TODAY, reason="")


def test_only_the_keys_holder_revokes(tmp_path: Path, made: tuple[Path, Path]) -> None:
    """Nobody puts an index out of use without its key."""
    make_data_key(tmp_path / "other")
    with pytest.raises(ConfigError, match="another key"):
        revoke_index(made[0], tmp_path / "other", today=TODAY, reason="")
    assert read_index(*made, today=TODAY).index is not None


def test_a_missing_index_is_told(tmp_path: Path) -> None:
    """The message names the file."""
    with pytest.raises(ConfigError, match="no such file"):
        read_index(tmp_path / "none.zri", None, today=TODAY)


def test_days() -> None:
    """Days are UTC."""
    assert day_of(0) == "1970-01-01"
