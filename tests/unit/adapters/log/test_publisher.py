"""`zoneproxy.adapters.log.publisher`: sealed at once, presented at once or when it is final."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tests.support.logs import Writer, joint_signer, write_log
from zoneproxy.adapters.files.disk import DiskFiles
from zoneproxy.adapters.log.publisher import Publisher
from zoneproxy.terms.errors import TraceError, VerificationError
from zoneproxy.trace.checkpoint import open_checkpoint
from zoneproxy.trace.epoch import UNWITNESSED
from zoneproxy.trace.ledger import Ledger
from zoneproxy.trace.merkle import check_consistency

KEYS = joint_signer().verifiers


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_log(tmp_path / "log", [150], joint_signer())


def publisher(root: Path, *, waits: bool) -> tuple[Publisher, Ledger, list[TraceError]]:
    files, failures = DiskFiles(root), list[TraceError]()
    ledger = Ledger(files, "zone.example/trace/node-1", joint_signer())
    ledger.recover(lambda index, entry, leaf: None)
    made = Publisher(
        ledger,
        files,
        interval_s=3600,
        fail=failures.append,
        failure=lambda: failures[0] if failures else None,
        stop=threading.Event(),
        waits=waits,
    )
    return made, ledger, failures


def size(root: Path, name: str) -> int:
    return open_checkpoint((root / name).read_bytes(), KEYS).size


def grow(ledger: Ledger) -> None:
    ledger.append([Writer().item("worker_stop", {"cause": "stop"})])


def test_without_witnesses_all_is_presented(root: Path) -> None:
    """What is sealed is `checkpoint` at once; nothing new, nothing published."""
    made, ledger, _ = publisher(root, waits=False)
    grow(ledger)
    assert made.publish() is not None
    assert (size(root, "checkpoint"), made.publish(), made.waiting) == (302, None, 0)
    assert not (root / UNWITNESSED).exists()


def test_with_witnesses_it_waits(root: Path) -> None:
    """What is sealed lies beside until it is presented; proofs and roots are of what is sealed (Z14)."""
    made, ledger, _ = publisher(root, waits=True)
    grow(ledger)
    made.publish()
    assert (size(root, "checkpoint"), size(root, UNWITNESSED), made.waiting) == (301, 302, 1)
    assert made.newest is not None
    checkpoint, note = made.newest
    for old in (1, 256, 300, 301):
        check_consistency(old, 302, made.root_at(old), checkpoint.root, made.prove(old, 302))
    with pytest.raises(VerificationError, match="only 302"):
        made.root_at(303)
    made.present(checkpoint, note)
    assert (size(root, "checkpoint"), made.waiting) == (302, 0)
    _, ledger, _ = publisher(root, waits=True)
    assert (ledger.size, ledger.published, ledger.sealed) == (302, 302, 302)


def test_what_was_sealed_and_not_presented_is_recovered(root: Path) -> None:
    """A crash between sealing and presenting loses nothing: the next start seals the same again (Z13)."""
    made, ledger, _ = publisher(root, waits=True)
    grow(ledger)
    sealed = made.publish()
    again, ledger, _ = publisher(root, waits=True)
    assert (ledger.size, ledger.published, ledger.grown) == (302, 301, True)
    assert again.root_at(302) == sealed.root if sealed else False
    assert again.publish() == sealed


def test_nothing_older_is_presented(root: Path) -> None:
    """A checkpoint that was never sealed, or lies before the presented one, ends the log (Z22)."""
    made, ledger, failures = publisher(root, waits=True)
    grow(ledger)
    made.publish()
    assert made.newest is not None
    first = made.newest
    grow(ledger)
    made.publish()
    made.present(*made.newest)
    with pytest.raises(TraceError):
        made.present(*first)
    assert len(failures) == 1
    with pytest.raises(TraceError, match="no more"):
        made.publish()
