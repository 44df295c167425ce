"""Power loss at every operation, on every disk that it may leave; and wrong orders that must be caught.

The log is driven over `CrashFiles`, cut off after each operation in turn. From each disk that may be left, a
reader must be able to verify what is published, the log must recover, hold every entry that was acknowledged
and contradict no checkpoint that was signed, and go on.

Each mutant plants one wrong order; the same check must find it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence

import pytest

from tests.support.crash_files import CrashFiles, PowerLossError
from tests.support.logs import ORIGIN, Writer, signer
from zoneproxy.replay.audit import audit
from zoneproxy.replay.flaws import FlawClass
from zoneproxy.terms.errors import ConfigError, VerificationError
from zoneproxy.trace import durable
from zoneproxy.trace.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from zoneproxy.trace.files import Files
from zoneproxy.trace.frontier import TileFile
from zoneproxy.trace.ledger import CHECKPOINT, SIGNED, Ledger, _Waiting
from zoneproxy.trace.merkle import CompactRange, leaf_hash
from zoneproxy.trace.note import Signer
from zoneproxy.trace.reader import LogReader
from zoneproxy.trace.wal import Group, Item

MAX_DISKS = 300

WRITER = Writer()
START = {"version": "0.1.0", "python": "3.13.0", "assurance": "dev", "config": None}
FIRST = WRITER.opening()
GROUPS: list[list[Item]] = [
    [WRITER.item("worker_start", START)],
    [WRITER.item("alarm", {"code": "x", "flow": None, "count": n}) for n in range(2)],
    [WRITER.item("worker_stop", {"cause": "stop"})],
    [WRITER.item("worker_start", START)],
]
LAST = [WRITER.item("worker_stop", {"cause": "drain"})]
PLAN: list[list[Item] | str] = [
    GROUPS[0],
    GROUPS[1],
    "publish",
    GROUPS[2],
    "publish",
    "restart",
    GROUPS[3],
    "publish",
]


class Seen:
    """What the outside world has seen: acknowledged entries and signed checkpoints."""

    def __init__(self) -> None:
        self.acknowledged: list[bytes] = []
        self.signed: list[Checkpoint] = []


class Observed(Ledger):
    """The ledger, with what it signs told to the outside."""

    seen: Seen

    def _write_signed(self, note: bytes) -> None:
        super()._write_signed(note)
        self.seen.signed.append(open_checkpoint(note, signer().verifiers))


def base() -> dict[str, bytes]:
    """A log that was just made, wholly on disk."""
    files = CrashFiles()
    Ledger(files, ORIGIN, signer()).create(FIRST)
    return next(disk for disk in files.disks())


def drive(files: CrashFiles, kind: type[Observed], seen: Seen) -> None:
    def start() -> Observed:
        ledger = kind(files, ORIGIN, signer())
        ledger.seen = seen
        ledger.recover(lambda index, entry, leaf: None)
        return ledger

    seen.acknowledged.append(FIRST.entry)
    ledger = start()
    for step in PLAN:
        if step == "restart":
            ledger = start()
        elif isinstance(step, str):
            ledger.publish()
        else:
            ledger.append(step)
            seen.acknowledged += [item.entry for item in step]


def examine(disk: dict[str, bytes], seen: Seen) -> None:
    """Raise AssertionError if this disk breaks a promise."""
    files = CrashFiles(disk)
    report = audit(LogReader(files.read_limited, signer().verifiers, files.names))
    bad = [flaw for flaw in report.flaws if flaw.kind in {FlawClass.INVALID, FlawClass.MISSING}]
    assert not bad, f"a reader finds a flaw before recovery: {bad[0].where}: {bad[0].message}"
    entries: list[bytes] = []
    ledger = Ledger(files, ORIGIN, signer())
    try:
        ledger.recover(lambda index, entry, leaf: entries.append(entry))
    except (VerificationError, ConfigError) as error:
        raise AssertionError(f"the start is refused: {error.message}") from error
    assert entries[: len(seen.acknowledged)] == seen.acknowledged, "an acknowledged entry is lost"
    edge, roots = CompactRange(), {}
    for entry in entries:
        edge.append(leaf_hash(entry))
        roots[edge.size] = edge.root()
    for checkpoint in seen.signed:
        assert roots.get(checkpoint.size) == checkpoint.root, (
            "a signed checkpoint is no prefix of the log: a fork"
        )
    ledger.append(LAST)
    assert ledger.publish().size == len(entries) + 1


def search(
    kind: type[Observed] = Observed, wrap: Callable[[CrashFiles], CrashFiles] = lambda files: files
) -> tuple[int, int]:
    """Cut the power after every operation; return how many crashes and disks were examined."""
    made = base()
    whole = wrap(CrashFiles(made))
    drive(whole, kind, Seen())
    disks = 0
    for crash_at in range(whole.operations + 1):
        files, seen = wrap(CrashFiles(made)), Seen()
        files.crash_at = crash_at
        with contextlib.suppress(PowerLossError):
            drive(files, kind, seen)
        for number, disk in enumerate(files.disks()):
            if number == MAX_DISKS:
                break
            disks += 1
            examine(disk, seen)
    return whole.operations, disks


def test_the_order_of_writes_survives_power_loss_at_any_moment() -> None:
    """On every disk left: nothing acknowledged is lost, nothing signed contradicted (Z13, Z14)."""
    crashes, disks = search()
    assert crashes > 80
    assert disks > 3 * crashes


def test_making_a_log_survives_power_loss_at_any_moment() -> None:
    """A log that was not made to the end is no log; one whose making returned is whole."""
    whole = CrashFiles()
    Ledger(whole, ORIGIN, signer()).create(FIRST)
    for crash_at in range(whole.operations + 1):
        files = CrashFiles(crash_at=crash_at)
        with contextlib.suppress(PowerLossError):
            Ledger(files, ORIGIN, signer()).create(FIRST)
        for disk in files.disks():
            try:
                Ledger(CrashFiles(disk), ORIGIN, signer()).recover(lambda index, entry, leaf: None)
            except ConfigError:
                assert crash_at < whole.operations


def swallow(what: str, prefix: str) -> Callable[[CrashFiles], CrashFiles]:
    """A disk on which a kind of flush, asked for paths with this prefix, is never done."""

    def wrap(files: CrashFiles) -> CrashFiles:
        done = getattr(files, what)
        setattr(files, what, lambda path: None if path.startswith(prefix) else done(path))
        return files

    return wrap


@pytest.mark.parametrize(
    ("what", "prefix", "found"),
    [
        ("sync", "wal/", "acknowledged entry is lost|refused"),
        ("sync", durable.TEMPORARY, "flaw|refused"),
        ("sync_folder", "tile", "flaw|refused"),
    ],
    ids=["acknowledge before the flush", "no flush of files", "no flush of folders"],
)
def test_mutant_a_flush_left_out(what: str, prefix: str, found: str) -> None:
    """A flush that is left out is found."""
    with pytest.raises(AssertionError, match=found):
        search(wrap=swallow(what, prefix))


class PublishBeforeTiles(Observed):
    """Mutant: the checkpoint is published before the tiles that it covers."""

    def _write_tiles(self, batch: list[_Waiting]) -> list[TileFile]:
        edge = self._frontier.copy()
        for waiting in batch:
            edge.append(waiting.item.entry, waiting.leaf)
        note = sign_checkpoint(Checkpoint(ORIGIN, edge.size, edge.root()), [signer()]).data
        durable.replace(self._files, SIGNED, note, private=True)
        durable.replace(self._files, CHECKPOINT, note)
        return super()._write_tiles(batch)


class AcknowledgeBeforeWriting(Observed):
    """Mutant: an entry is acknowledged when it is queued, and written when the next one comes."""

    def __init__(self, files: Files, origin: str, key: Signer) -> None:
        super().__init__(files, origin, key)
        self._held: list[Item] = []

    def append(self, items: Sequence[Item]) -> list[bytes]:
        made, self._held = self._held, list(items)
        return super().append(made) if made else []

    def publish(self) -> Checkpoint:
        if self._held:
            super().append(self._held)
            self._held = []
        return super().publish()


class CheckpointBeforeSigned(Observed):
    """Mutant: the checkpoint is published before `state/signed` is durable."""

    def _write_signed(self, note: bytes) -> None:
        durable.replace(self._files, CHECKPOINT, note)
        super()._write_signed(note)


class SignedInPlace(Observed):
    """Mutant: `state/signed` is written over instead of replaced."""

    def _write_signed(self, note: bytes) -> None:
        self._files.create(SIGNED, private=True)
        self._files.append(SIGNED, note)
        self._files.sync(SIGNED)
        self._files.sync_folder("state")
        super()._write_signed(note)


class RecoveryInPlace(Observed):
    """Mutant: recovery writes the last segment over instead of putting a whole one in its place."""

    def _secure_tail(self, names: list[str], last: Group | None) -> None:
        path = f"wal/{names[-1]}"
        data = self._files.read(path) or b""
        self._files.create(path, private=True)
        self._files.append(path, data)
        self._files.sync(path)
        self._files.sync_folder("wal")
        super()._secure_tail(names, last)


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        (PublishBeforeTiles, "flaw"),
        (AcknowledgeBeforeWriting, "lost"),
        (CheckpointBeforeSigned, "refused"),
        (SignedInPlace, "refused"),
        (RecoveryInPlace, "refused|lost"),
    ],
)
def test_mutant_a_wrong_order(kind: type[Observed], found: str) -> None:
    """A wrong order of writes is found."""
    with pytest.raises(AssertionError, match=found):
        search(kind)
