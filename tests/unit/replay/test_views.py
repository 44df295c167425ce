"""`zoneproxy.replay.views`: two checkpoints of one log are of one history, or prove that they are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.logs import ORIGIN, Writer, signer, write_log
from zoneproxy.adapters.files.disk import DiskFiles
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.replay.audit import audit
from zoneproxy.replay.flaws import FlawClass
from zoneproxy.replay.report import AuditReport
from zoneproxy.replay.views import View
from zoneproxy.trace.checkpoint import Checkpoint, sign_checkpoint
from zoneproxy.trace.ledger import Ledger
from zoneproxy.trace.merkle import EMPTY_ROOT


def grown(root: Path, exchanges: list[int], *, other: bool = False) -> list[bytes]:
    """Write a log, and return its checkpoint after each publication; `other` has another first alarm."""
    root.mkdir()
    files, writer, notes = DiskFiles(root), Writer(), []
    (root / "log.vkey").write_text(signer().verifiers[0].vkey + "\n")
    ledger = Ledger(files, ORIGIN, signer())
    ledger.create(writer.opening())
    ledger.append([writer.item("alarm", {"code": "b" if other else "a", "flow": None, "count": 1})])
    for count in exchanges:
        for _ in range(count):
            ledger.append(writer.exchange())
        ledger.publish()
        notes.append((root / "checkpoint").read_bytes())
    files.close()
    return notes


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[bytes], Path]:
    folder = tmp_path_factory.mktemp("views")
    notes = grown(folder / "one", [2, 150, 1])
    grown(folder / "other", [2, 150, 1], other=True)
    return folder / "one", notes, folder / "other"


def compared(root: Path, *views: View) -> AuditReport:
    return audit(open_log(root), views=views)


def test_older_checkpoints_are_its_beginning(logs: tuple[Path, list[bytes], Path]) -> None:
    """Z14: a checkpoint that somebody kept is proven to be the log's beginning, and so is its own."""
    root, notes, _ = logs
    report = compared(root, *(("kept", note, None) for note in notes))
    assert (report.exit_code, report.older) == (0, (6, 306, 308))


@pytest.mark.parametrize("known", [True, False])
def test_two_views_are_proven_by_both_notes(logs: tuple[Path, list[bytes], Path], *, known: bool) -> None:
    """Z14: another tree of the same size that the log's key signed is a split view; both notes prove it."""
    root, notes, other = logs
    reader = open_log(other)
    report = compared(root, ("copy", reader.note(), reader if known else None))
    flaw = report.flaws[0]
    assert (flaw.kind, flaw.where, report.exit_code) == (FlawClass.INVALID, "copy", 1)
    assert flaw.message.startswith("two views: the log's key signed 308 entries there and 308 here")
    assert (flaw.proof["note"], flaw.proof["other"]) == (notes[-1].decode(), reader.note().decode())


def test_a_shorter_and_a_longer_view(logs: tuple[Path, list[bytes], Path], tmp_path: Path) -> None:
    """A copy of another history shows from either side, whichever is longer."""
    root, _, other = logs
    short = grown(tmp_path / "short", [2, 100], other=True)[-1]
    assert compared(root, ("copy", short, None)).exit_code == 1
    assert compared(other, ("copy", short, None)).older == (206,)
    reader = open_log(root)
    flaws = compared(tmp_path / "short", ("copy", reader.note(), reader)).flaws
    assert flaws[0].message.startswith("two views")


def test_a_newer_checkpoint_shows_what_is_missing_here(tmp_path: Path) -> None:
    """Z14: a log that was cut back to an older checkpoint is caught by whoever saw a newer one."""
    old, new = grown(tmp_path / "log", [2, 3])
    root = write_log(tmp_path / "rolled", [])
    for path in sorted((tmp_path / "log").rglob("*"), reverse=True):
        target = root / path.relative_to(tmp_path / "log")
        if path.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink(missing_ok=True)
            target.write_bytes(path.read_bytes())
    (root / "checkpoint").chmod(0o644)
    (root / "checkpoint").write_bytes(old)
    flaws = compared(root, ("seen", new, None)).flaws
    assert [(flaw.kind, flaw.where) for flaw in flaws] == [(FlawClass.MISSING, "entry 6")]
    assert "has signed 12 entries (seen), and ends here after 6" in flaws[0].message


def test_what_the_log_did_not_sign_says_nothing_of_it(logs: tuple[Path, list[bytes], Path]) -> None:
    """A note of another key is no view of the log, and is told as that."""
    root, notes, _ = logs
    text = notes[0].decode().partition("\n\n")[0] + "\n"
    origin, size, _ = text.splitlines()
    forged = sign_checkpoint(Checkpoint(origin, int(size), bytes(32)), [signer(number=2)])
    report = compared(root, ("forged", forged.data, None))
    assert report.flaws[0].message.startswith("this is no checkpoint of the log: ")
    assert report.older == ()


def test_the_empty_tree_is_the_beginning_of_every_log(logs: tuple[Path, list[bytes], Path]) -> None:
    """A checkpoint of no entries contradicts nothing."""
    empty = sign_checkpoint(Checkpoint(ORIGIN, 0, EMPTY_ROOT), [signer()])
    assert compared(logs[0], ("empty", empty.data, None)).older == (0,)
