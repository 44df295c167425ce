"""`zoneproxy.adapters.upkeep.fsck`: all that the next start would read, and nothing is changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.logs import ORIGIN, Writer, decision, joint_signer
from zoneproxy.adapters.files.disk import DirectoryLock, DiskFiles
from zoneproxy.adapters.upkeep.fsck import check_local_state
from zoneproxy.terms.errors import ConfigError, VerificationError
from zoneproxy.trace.ledger import Ledger


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A log of two publications, with an exchange under way that is not published."""
    files, writer, both = DiskFiles(tmp_path), Writer(), joint_signer()
    ledger = Ledger(files, ORIGIN, both)
    ledger.create(writer.opening())
    ledger.append(writer.exchange())
    ledger.publish()
    ledger.append([writer.item("decision", decision(9))])
    files.close()
    (tmp_path / "state/lock").touch(mode=0o600)
    return tmp_path


def contents(root: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}


def flip(path: Path, place: int = -5) -> None:
    path.chmod(0o600)
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


def test_what_is_told(root: Path) -> None:
    """Durable and signed entries, what is under way; no byte is changed, and no private key is needed."""
    before = contents(root)
    state = check_local_state(root)
    assert (state.origin, state.size, state.signed, state.under_way, state.closed) == (ORIGIN, 4, 3, 1, False)
    assert state.problems == ()
    assert contents(root) == before


@pytest.mark.parametrize(
    "place", ["state/signed", "checkpoint", "tile/0/000.p/3", "tile/0/000.p/1", "log.json"]
)
def test_what_the_next_start_would_refuse(root: Path, place: str) -> None:
    """A changed file is named, superseded partial tiles included (Z14)."""
    flip(root / place)
    before = contents(root)
    with pytest.raises((VerificationError, ConfigError)):
        check_local_state(root)
    assert contents(root) == before


def test_private_files_that_others_may_read(root: Path) -> None:
    """A private file or folder that others may read is named."""
    (root / "wal").chmod(0o755)
    (root / "state/signed").chmod(0o644)
    told = " ".join(check_local_state(root).problems)
    assert "`wal` may be read by others (mode 0755)" in told
    assert "`state/signed`" in told


def test_a_log_that_runs_and_no_log(root: Path, tmp_path: Path) -> None:
    """A running log is left alone; another directory is no log."""
    with DirectoryLock(root), pytest.raises(ConfigError, match="in use"):
        check_local_state(root)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match="there is no log"):
        check_local_state(tmp_path / "empty")
