"""`zoneproxy.adapters.keys.keyfolder`: a pair for each month and renewal, whole or not there."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from zoneproxy.adapters.keys.keyfiles import destroy_log_keys
from zoneproxy.adapters.keys.keyfolder import KeyFolder
from zoneproxy.terms.errors import ConfigError
from zoneproxy.trace.months import Month

MONTH = Month(2026, 11)
ORIGIN = "zone.example/trace/node-1/2026-11"


def test_make_load_destroy(tmp_path: Path) -> None:
    """Keys are the owner's alone, made once, loaded as a pair, and gone when destroyed (Z14)."""
    keys = KeyFolder(tmp_path / "keys")
    assert (keys.months(), keys.renewals(MONTH)) == ([], [])
    keys.make(MONTH)
    keys.make(MONTH, 2)
    first = keys.load(MONTH, ORIGIN).verifiers
    keys.make(MONTH)
    assert keys.load(MONTH, ORIGIN).verifiers == first != keys.load(MONTH, ORIGIN, 2).verifiers
    assert stat.S_IMODE(keys.path.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in keys.path.iterdir()} == {0o600}
    assert (keys.months(), keys.renewals(MONTH)) == ([MONTH], [1, 2])
    keys.make(MONTH.following)
    keys.destroy(MONTH)
    assert keys.months() == [MONTH.following]
    assert len(list(keys.path.iterdir())) == 2
    with pytest.raises(ConfigError, match="is missing"):
        keys.load(MONTH, ORIGIN)


def test_the_bytes_are_overwritten(tmp_path: Path) -> None:
    """A destroyed key's bytes are overwritten before its name goes."""
    keys = KeyFolder(tmp_path / "keys")
    keys.make(MONTH)
    size = keys.file(MONTH).stat().st_size
    with keys.file(MONTH).open("rb") as held:
        keys.destroy(MONTH)
        assert held.read() == bytes(size)


def test_half_a_pair(tmp_path: Path) -> None:
    """Half a pair is no pair: it is completed when it is made, and goes when it is destroyed."""
    keys = KeyFolder(tmp_path / "keys")
    keys.make(MONTH)
    keys.file(MONTH).unlink()
    assert (keys.renewals(MONTH), keys.months()) == ([], [MONTH])
    keys.make(MONTH)
    assert len(keys.load(MONTH, ORIGIN).verifiers) == 2
    keys.file(MONTH).unlink()
    keys.destroy(MONTH)
    assert keys.months() == []


def test_other_files_are_let_be(tmp_path: Path) -> None:
    """What is no key of a month is neither counted nor destroyed."""
    for name in ("log.key", "2026-13.key", "2026-11.0.key", ".2026-11.key.new", "2026-11.key.bak", "notes"):
        (tmp_path / name).write_text("x")
    keys = KeyFolder(tmp_path)
    assert keys.months() == []
    keys.destroy(MONTH)
    assert len(list(tmp_path.iterdir())) == 6


def test_trouble(tmp_path: Path) -> None:
    """A folder that is a file is told in our words."""
    (tmp_path / "keys").write_text("")
    keys = KeyFolder(tmp_path / "keys")
    with pytest.raises(ConfigError, match="can't be read: not a directory"):
        keys.months()
    with pytest.raises(ConfigError, match="can't be made: file exists"):
        keys.make(MONTH)
    (tmp_path / "2026-11.key").mkdir()
    with pytest.raises(ConfigError, match="can't be destroyed: is a directory"):
        destroy_log_keys(tmp_path / "2026-11.key")
