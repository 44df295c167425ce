"""`zoneproxy.trace.reader`: reading a log from wherever its files lie."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.support.crash_files import CrashFiles
from tests.support.logs import ORIGIN, Writer, signer, write_log
from zoneproxy.adapters.files.disk import DiskFiles
from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.durable import put_once
from zoneproxy.trace.ledger import Ledger
from zoneproxy.trace.reader import LogReader, policy_path
from zoneproxy.trace.tiles import Tile


@pytest.fixture
def files() -> CrashFiles:
    made, writer = CrashFiles(), Writer()
    ledger = Ledger(made, ORIGIN, signer())
    ledger.create(writer.opening())
    for _ in range(150):
        ledger.append(writer.exchange())
    ledger.publish()
    return made


def reader(files: CrashFiles) -> LogReader:
    return LogReader(files.read_limited, signer().verifiers, files.names)


def test_entries(files: CrashFiles) -> None:
    """Entries come with their index, any range of them."""
    log = reader(files)
    whole = list(log.entries())
    assert [index for index, _ in whole] == list(range(301))
    assert list(log.entries(254, 258)) == whole[254:258]
    assert list(log.entries(300, 999)) == whole[300:]


def test_partial_files_fall_back_to_the_full_ones(files: CrashFiles) -> None:
    """Where a partial file is gone, the full one stands in for it (tlog-tiles)."""
    log = reader(files)
    tile, entries = log.tile(Tile(0, 0)), log.bundle(0, 301)
    assert log.tile(Tile(0, 0, 7)) == (tile or b"")[: 7 * 32]
    assert log.bundle(0, 7) == (entries or [])[:7]
    assert log.exact(Tile(0, 0, 7)) is None
    assert log.tile(Tile(0, 9)) is None
    assert log.bundle(9, 5000) is None


def test_missing_bundle(files: CrashFiles) -> None:
    """A missing bundle is told by its name."""
    files.remove("tile/entries/000")
    with pytest.raises(VerificationError) as told:
        list(reader(files).entries())
    assert told.value.where == "tile/entries/000"


def test_openings(files: CrashFiles) -> None:
    """The opening of an entry is found by its index; none for an entry without private fields."""
    log = reader(files)
    assert b"198.51.100.7" in (log.opening(1) or b"")
    assert log.opening(0) is None
    assert log.opening(10_000) is None
    assert log.opening(300) is not None


def test_policies(files: CrashFiles) -> None:
    """An archived policy is found by its digest, and refused if its bytes are others."""
    data = b"policy: 1\n"
    digest = hashlib.sha256(data).hexdigest()
    log = reader(files)
    assert log.policy(digest) is None
    put_once(files, policy_path(digest), data)
    assert log.policy(digest) == data
    files.append(policy_path(digest), b"more")
    with pytest.raises(VerificationError, match="changed"):
        log.policy(digest)


def test_no_checkpoint() -> None:
    """A place without a checkpoint is no log."""
    with pytest.raises(VerificationError, match="no checkpoint"):
        reader(CrashFiles()).checkpoint()


def test_one_reader_speaks_of_one_tree(tmp_path: Path) -> None:
    """A log that grows, or a server that shows another checkpoint, does not change a reader's tree."""
    root = write_log(tmp_path / "log", [2])
    files = DiskFiles(root)
    reader = LogReader(files.read_limited, signer().verifiers, place=str(root))
    note = reader.note()
    (root / "checkpoint").unlink()
    (root / "checkpoint").write_bytes(b"another")
    assert reader.note() == reader.location.note == note
    assert reader.renewed().note() == b"another"
    assert reader.location.place == str(root)
    assert reader.file("checkpoint", 100) == b"another"
    assert reader.file("nowhere", 100) is None
