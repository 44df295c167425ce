"""`zoneproxy.replay.revocations`: what a revoked key signed too late counts for nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.logs import ORIGIN, joint_signer, write_log
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.replay.audit import audit
from zoneproxy.replay.report import AuditReport
from zoneproxy.replay.revocations import check_revocations
from zoneproxy.trace.checkpoint import Checkpoint
from zoneproxy.trace.merkle import EMPTY_ROOT, prefix_root
from zoneproxy.trace.note import VerifierKey
from zoneproxy.trace.prover import tile_hashes
from zoneproxy.trace.roottrust import Revocation

KEYS = joint_signer().verifiers
SIZE = 21


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_log(tmp_path_factory.mktemp("log") / "log", [5, 5], joint_signer())


def judge(log: Path, head: Checkpoint, believed: tuple[VerifierKey, ...] = ()) -> AuditReport:
    reader = open_log(log, KEYS)
    return check_revocations(reader, audit(reader), [Revocation(key, head) for key in KEYS], believed)


def head(log: Path, size: int) -> Checkpoint:
    return Checkpoint(
        ORIGIN, size, prefix_root(size, tile_hashes(open_log(log), SIZE)) if size else EMPTY_ROOT
    )


def test_after_the_point(log: Path) -> None:
    """Entries beyond the last trusted head are not trusted; up to it the log stands (Z14)."""
    assert judge(log, head(log, SIZE)).exit_code == 0
    for size in (0, 1, 11, 20):
        report = judge(log, head(log, size))
        assert report.exit_code == 1
        assert f"entries from {size} on are not trusted" in report.flaws[0].message


def test_other_keys_that_are_believed(log: Path) -> None:
    """Where a key that is believed signed too, the revoked one does no harm; the beginning must fit (Z14)."""
    assert judge(log, head(log, 11), KEYS).exit_code == 0
    report = judge(log, Checkpoint(ORIGIN, 11, b"x" * 32), KEYS)
    assert report.exit_code == 1
    assert "does not begin with the last trusted 11 entries" in report.flaws[0].message


def test_an_older_state(log: Path) -> None:
    """A log that is shorter than the trusted head is an older state of it."""
    report = judge(log, Checkpoint(ORIGIN, SIZE + 1, b"x" * 32))
    assert [flaw.kind.value for flaw in report.flaws] == ["missing", "missing"]


def test_another_log(log: Path) -> None:
    """Revocations of other logs change nothing."""
    assert judge(log, Checkpoint("another.example/log", 1, b"x" * 32)).flaws == ()
