"""`zoneproxy.adapters.log.groups`: stamped in order; one bad record costs nobody else anything."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path

import pytest

from tests.support.logs import ORIGIN, FixedClock, decision, signer, write_log
from zoneproxy.adapters.files.disk import DiskFiles
from zoneproxy.adapters.log.groups import GroupWriter
from zoneproxy.adapters.log.jobs import Job
from zoneproxy.terms.errors import VerificationError
from zoneproxy.terms.ports import Receipt, Stamp
from zoneproxy.trace.entry import draft, parse
from zoneproxy.trace.ledger import Ledger
from zoneproxy.trace.reader import LogReader


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_log(tmp_path / "log", [2])


def writer_of(root: Path) -> tuple[GroupWriter, Ledger]:
    ledger = Ledger(DiskFiles(root), ORIGIN, signer())
    group = GroupWriter(ledger, None, clock=FixedClock(), node="node-1", worker="logd")
    ledger.recover(group.visit, group.resume)
    return group, ledger


def job(kind: str, body: dict[str, object], stamp: Stamp | None = None) -> Job:
    return Job(draft(kind, body, {}, bytes(32)), Future(), stamp)


def test_it_goes_on_where_recovery_ended(root: Path) -> None:
    """The chains of all workers are continued, each by its own name (Z13)."""
    group, ledger = writer_of(root)
    first = ledger.size
    receipts = group.write(
        [
            job("decision", decision(7, verdict="deny")),
            job("decision", decision(8, verdict="deny"), Stamp("w1", 5, bytes(32))),
        ]
    )
    assert [one.index for one in receipts if isinstance(one, Receipt)] == [first, first + 1]
    ledger.publish()
    files = DiskFiles(root)
    entries = [parse(data) for _, data in LogReader(files.read_limited, signer().verifiers).entries(first)]
    assert [(one.header.worker, one.header.ws) for one in entries] == [("logd", 0), ("w1", first)]
    assert group.head("w1")[0] == first + 1


def test_one_bad_record_is_refused_alone(root: Path) -> None:
    """The others of its group are written; the refused one leaves no gap in any chain (Z13)."""
    group, ledger = writer_of(root)
    first = ledger.size
    good = decision(9, verdict="deny")
    results = group.write(
        [job("decision", good), job("decision", good, Stamp("No Name", 5, bytes(32))), job("decision", good)]
    )
    assert [type(one).__name__ for one in results] == ["Receipt", "ValueError", "Receipt"]
    assert ledger.size == first + 2


def test_a_segment_may_be_asked_for(root: Path) -> None:
    """What follows lies in a segment of its own; asking writes no entry."""
    group, ledger = writer_of(root)
    (told,) = group.write([Job(None, Future())])
    assert told == Receipt(ledger.size, b"", 0)
    group.write([job("decision", decision(3, verdict="deny"))])
    assert max(path.stem for path in (root / "wal").iterdir()) == f"{ledger.size - 1:020d}"


def test_what_does_not_fit_is_refused(root: Path) -> None:
    """An entry out of its chain stops recovery."""
    group, _ = writer_of(root)
    files = DiskFiles(root)
    _, data = next(LogReader(files.read_limited, signer().verifiers).entries(1))
    with pytest.raises(VerificationError, match="chain of worker"):
        group.visit(99, data, bytes(32))
