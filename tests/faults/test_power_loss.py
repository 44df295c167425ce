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
from tests.support.length import sample
from tests.support.logs import ORIGIN, Writer, decision, signer
from zoneproxy.replay.audit import audit
from zoneproxy.replay.flaws import FlawClass
from zoneproxy.terms.errors import ConfigError, VerificationError
from zoneproxy.trace import durable
from zoneproxy.trace.chain import Chains
from zoneproxy.trace.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from zoneproxy.trace.entry import peek
from zoneproxy.trace.files import Files
from zoneproxy.trace.frontier import TileFile
from zoneproxy.trace.ledger import CHECKPOINT, SIGNED, Ledger, _Waiting
from zoneproxy.trace.merkle import CompactRange, leaf_hash
from zoneproxy.trace.note import Signer
from zoneproxy.trace.reader import LogReader
from zoneproxy.trace.segments import Segments
from zoneproxy.trace.wal import Group, Item, encode_group, segment_name

MAX_DISKS = 300
LONG_STEP = sample(4, 1)
"""Every n-th disk of the long plan is examined; all of them in the long run."""

WRITER = Writer()
START = {"version": "0.1.0", "python": "3.13.0", "assurance": "production", "config": None}
FIRST = WRITER.opening()
GROUPS: list[list[Item]] = [
    [WRITER.item("worker_start", START)],
    [WRITER.item("alarm", {"code": "x", "flow": None, "count": n}) for n in range(2)],
    [WRITER.item("worker_stop", {"cause": "stop"})],
    [WRITER.item("worker_start", START)],
]
LAST = [WRITER.item("worker_stop", {"cause": "drain"})]
Step = list[Item] | str
PLAN: list[Step] = [
    GROUPS[0],
    GROUPS[1],
    "publish",
    GROUPS[2],
    "publish",
    "restart",
    GROUPS[3],
    "publish",
]


LONG_WRITER = Writer()
ALARM = {"code": "x", "flow": None, "count": 1}
LONG_BASE = [
    [LONG_WRITER.opening(), LONG_WRITER.item("decision", decision(1))],
    [LONG_WRITER.item("alarm", {"code": "x", "flow": None, "count": n}) for n in range(250)],
    [LONG_WRITER.item("alarm", ALARM)],
]
"""253 entries; the exchange of entry 1 stays under way."""
LONG_PLAN: list[Step] = []
for _step in ("1", "1", "roll", "2", "publish", "restart", "1", "roll", "1", "publish"):
    if _step.isdecimal():
        LONG_PLAN.append([LONG_WRITER.item("alarm", ALARM) for _ in range(int(_step))])
    else:
        LONG_PLAN.append(_step if _step != "roll" else f"roll {LONG_WRITER.chains.snapshot().decode()}")
LONG_LAST = [LONG_WRITER.item("alarm", ALARM)]


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


def long_base() -> dict[str, bytes]:
    """A log of 253 entries, published and wholly on disk."""
    files = CrashFiles()
    ledger = Ledger(files, ORIGIN, signer())
    ledger.create(LONG_BASE[0][0])
    for group in (LONG_BASE[0][1:], *LONG_BASE[1:]):
        ledger.append(group)
    ledger.publish()
    return next(disk for disk in files.disks())


def drive(files: CrashFiles, kind: type[Observed], seen: Seen, plan: Sequence[Step]) -> None:
    def start() -> Observed:
        ledger = kind(files, ORIGIN, signer())
        ledger.seen = seen
        ledger.recover(lambda index, entry, leaf: None)
        return ledger

    ledger = start()
    for step in plan:
        if step == "restart":
            ledger = start()
        elif isinstance(step, str) and step.startswith("roll "):
            ledger.roll(step.removeprefix("roll ").encode())
        elif isinstance(step, str):
            ledger.publish()
        else:
            ledger.append(step)
            seen.acknowledged += [item.entry for item in step]


def examine(disk: dict[str, bytes], seen: Seen, last: list[Item]) -> None:
    """Raise AssertionError if this disk breaks a promise."""
    files = CrashFiles(disk)
    reader = LogReader(files.read_limited, signer().verifiers, files.names)
    report = audit(reader)
    bad = [flaw for flaw in report.flaws if flaw.kind in {FlawClass.INVALID, FlawClass.MISSING}]
    assert not bad, f"a reader finds a flaw before recovery: {bad[0].where}: {bad[0].message}"
    entries: list[bytes] = []
    chains = Chains()

    def resume(first: int, state: bytes) -> None:
        nonlocal chains
        chains = Chains.restore(state)
        entries.extend(entry for _, entry in reader.entries(0, first))

    def visit(index: int, entry: bytes, leaf: bytes) -> None:
        entries.append(entry)
        assert chains.follow(index, peek(entry), leaf) == [], "the chains are broken"

    ledger = Ledger(files, ORIGIN, signer())
    try:
        ledger.recover(visit, resume)
    except (VerificationError, ConfigError) as error:
        raise AssertionError(f"the start is refused: {error.message}") from error
    open_flows = {
        i: peek(entry).body["flow"] for i, entry in enumerate(entries) if b'"t":"decision"' in entry
    }
    assert chains.under_way == open_flows, "an exchange under way is forgotten"
    assert entries[: len(seen.acknowledged)] == seen.acknowledged, "an acknowledged entry is lost"
    edge, roots = CompactRange(), {}
    for entry in entries:
        edge.append(leaf_hash(entry))
        roots[edge.size] = edge.root()
    for checkpoint in seen.signed:
        assert roots.get(checkpoint.size) == checkpoint.root, (
            "a signed checkpoint is no prefix of the log: a fork"
        )
    ledger.append(last)
    assert ledger.publish().size == len(entries) + 1


def search(
    kind: type[Observed] = Observed,
    wrap: Callable[[CrashFiles], CrashFiles] = lambda files: files,
    *,
    long: bool = False,
) -> tuple[int, int]:
    """Cut the power after every operation; return how many crashes and disks were examined.

    The short plan has few entries; in the long one a bundle fills up and segments are deleted.
    """
    made = long_base() if long else base()
    known = [item.entry for group in LONG_BASE for item in group] if long else [FIRST.entry]
    plan, last = (LONG_PLAN, LONG_LAST) if long else (PLAN, LAST)
    whole = wrap(CrashFiles(made))
    drive(whole, kind, Seen(), plan)
    disks = 0
    for crash_at in range(whole.operations + 1):
        files, seen = wrap(CrashFiles(made)), Seen()
        seen.acknowledged += known
        files.crash_at = crash_at
        with contextlib.suppress(PowerLossError):
            drive(files, kind, seen, plan)
        for number, disk in enumerate(files.disks()):
            if number == MAX_DISKS:
                break
            disks += 1
            if not long or disks % LONG_STEP == 0:
                examine(disk, seen, last)
    return whole.operations, disks


def test_the_order_of_writes_survives_power_loss_at_any_moment() -> None:
    """On every disk left: nothing acknowledged is lost, nothing signed contradicted (Z13, Z14)."""
    crashes, disks = search()
    assert crashes > 80
    assert disks > 3 * crashes


def test_deleting_segments_survives_power_loss_at_any_moment() -> None:
    """Segments are begun and deleted so that on every disk left nothing is lost or forgotten (Z13, Z14)."""
    crashes, disks = search(long=True)
    assert crashes > 80
    assert disks > 2 * crashes
    files = CrashFiles(long_base())
    drive(files, Observed, Seen(), LONG_PLAN)
    assert f"{0:020d}.wal" not in files.names("wal")


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


class SecuredInPlace(Segments):
    def secure_tail(self, last: Group | None) -> None:
        path = f"wal/{self.names()[-1]}"
        data = self._files.read(path) or b""
        self._files.create(path, private=True)
        self._files.append(path, data)
        self._files.sync(path)
        self._files.sync_folder("wal")
        super().secure_tail(last)


class RecoveryInPlace(Observed):
    """Mutant: recovery writes the last segment over instead of putting a whole one in its place."""

    def __init__(self, files: Files, origin: str, key: Signer) -> None:
        super().__init__(files, origin, key)
        self._segments = SecuredInPlace(files)


class DeleteTooEarly(Observed):
    """Mutant: segments are deleted before the checkpoint that covers them is published."""

    def _write_signed(self, note: bytes) -> None:
        self._segments.delete_covered(self._compact.size)
        super()._write_signed(note)


class Forgetful(Segments):
    def secure_tail(self, last: Group | None) -> None:
        """Write the last group without the state that its segment begins with."""
        super().secure_tail(last)
        if last is not None:
            durable.replace(self._files, f"wal/{segment_name(last.first)}", encode_group(last), private=True)


class StateLostByRecovery(Observed):
    """Mutant: recovery writes the first group of a segment again without the state before it."""

    def __init__(self, files: Files, origin: str, key: Signer) -> None:
        super().__init__(files, origin, key)
        self._segments = Forgetful(files)


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


@pytest.mark.parametrize("kind", [DeleteTooEarly, StateLostByRecovery])
def test_mutant_a_wrong_deletion(kind: type[Observed]) -> None:
    """A segment that is deleted too early, or a state that is lost, is found."""
    with pytest.raises((AssertionError, VerificationError), match=r"refused|lost|gap"):
        search(kind, long=True)
