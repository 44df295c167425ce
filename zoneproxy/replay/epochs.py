"""When was an entry written? Its time bracketed by witnesses, whatever the log's own clock says.

Each `epoch` entry names a checkpoint that a quorum cosigned (`zoneproxy.trace.epoch`). What the checkpoint
covers was there before its cosignatures; the epoch and what follows it came after them. So every entry lies
between the last epoch before it and the first one whose checkpoint covers it; the width is about the time
between two rounds of cosigning.

With a trust file the times are proven: the archived note must have the named hash, say what the epoch says,
and bear cosignatures of a quorum. Without one, or without the note, they are what the log claims. In both
cases the checkpoint's root must be that of the log's own first entries: if not, the epoch and the log are two
histories.

Source: Haber and Stornetta, How to time-stamp a digital document, 1991.
"""

from __future__ import annotations

import bisect
import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from zoneproxy.replay.flaws import FlawClass, Flaws, Level
from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.checkpoint import Checkpoint
from zoneproxy.trace.entry import Entry, peek
from zoneproxy.trace.epoch import claimed_seconds, epoch_path, middle
from zoneproxy.trace.merkle import HashReader, prefix_root
from zoneproxy.trace.note import MAX_NOTE_BYTES, parse_note, verify_note
from zoneproxy.trace.prover import tile_hashes
from zoneproxy.trace.reader import LogReader
from zoneproxy.trace.tiles import WIDTH
from zoneproxy.trace.trust import TrustPolicy

TOLERANCE_S = 60
"""So far the log's own clock may be from the witnesses' before it counts as wrong."""

_MS_PER_S = 1000


@dataclass(frozen=True, slots=True)
class Epoch:
    """One `epoch` entry: its place and time, what it names, and the times it claims."""

    index: int
    ts: int
    size: int
    root: bytes
    note: bytes
    seconds: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Brackets:
    """What is known of the time of entries.

    Attributes:
        starts: entries from here on are from after `after`, in order.
        after: POSIX seconds, one for each of `starts`.
        ends: entries before here are from before `before`, in order.
        before: POSIX seconds, one for each of `ends`.
        epochs: how many epochs the log has.
        proven: how many of them were proven with a trust file.
        bracketed: entries with a bound on both sides.
        widest_s: the widest bracket of these, in seconds.
    """

    starts: Sequence[int] = ()
    after: Sequence[int] = ()
    ends: Sequence[int] = ()
    before: Sequence[int] = ()
    epochs: int = 0
    proven: int = 0
    bracketed: int = 0
    widest_s: int = 0

    def of(self, index: int) -> tuple[int | None, int | None]:
        """Return after and before which time an entry was written, POSIX seconds; `None`: unknown."""
        low = bisect.bisect_right(self.starts, index) - 1
        high = bisect.bisect_right(self.ends, index)
        return (
            self.after[low] if low >= 0 else None,
            self.before[high] if high < len(self.before) else None,
        )


@dataclass(slots=True)
class Epochs:
    """Collects a log's epochs, in order."""

    found: list[Epoch] = field(default_factory=list)

    def take(self, index: int, entry: Entry) -> bool:
        """Take in an entry; False if it is no epoch."""
        if entry.kind != "epoch":
            return False
        body = entry.body
        root, note = bytes.fromhex(body["root"]), bytes.fromhex(body["note"])
        self.found.append(
            Epoch(index, entry.header.ts, body["size"], root, note, tuple(claimed_seconds(body)))
        )
        return True


def bracket(
    reader: LogReader, checkpoint: Checkpoint, epochs: Epochs, trust: TrustPolicy | None, flaws: Flaws
) -> Brackets:
    """Check a log's epochs and bracket the time of its entries.

    Args:
        reader: the log, whose tree was found to hold.
        checkpoint: its checkpoint.
        epochs: its epochs.
        trust: says which witnesses are believed; without it the times are the log's claims.
        flaws: takes what does not hold.
    """
    return _Bracketing(reader, checkpoint, trust, flaws).run(epochs.found)


class _Bracketing:
    def __init__(
        self, reader: LogReader, checkpoint: Checkpoint, trust: TrustPolicy | None, flaws: Flaws
    ) -> None:
        self._reader, self._checkpoint, self._trust, self._flaws = reader, checkpoint, trust, flaws
        self._hashes: HashReader = tile_hashes(reader, checkpoint.size)
        self._bundle: tuple[int, list[bytes]] = (-1, [])
        self._unarchived: list[int] = []
        self._wrong_clock: list[tuple[int, str]] = []
        self._proven = 0

    def run(self, epochs: Sequence[Epoch]) -> Brackets:
        starts: list[int] = []
        after: list[int] = []
        ends: list[int] = []
        before: list[int] = []
        covered = 0
        for epoch in epochs:
            where = f"entry {epoch.index}"
            try:
                self._check_place(epoch, covered)
                seconds = self._seconds(epoch)
                early, late = middle(seconds)
            except VerificationError as error:
                self._blame(where, error.message, error.proof)
                continue
            covered = epoch.size
            self._check_clock(epoch, early, late)
            starts.append(epoch.index)
            after.append(max(early, after[-1] if after else 0))
            ends.append(epoch.size)
            before.append(late)
        self._final(ends, before)
        # An entry is before every later cosignature too: the smallest bound from the right counts.
        for place in range(len(before) - 2, -1, -1):
            before[place] = min(before[place], before[place + 1])
        self._report()
        return _measured(Brackets(starts, after, ends, before, len(epochs), self._proven))

    def _check_place(self, epoch: Epoch, covered: int) -> None:
        if not covered <= epoch.size <= epoch.index:
            raise VerificationError(
                f"this epoch names a checkpoint of {epoch.size} entries, which can't be the newest here"
            )
        root = prefix_root(epoch.size, self._hashes)
        if root != epoch.root:
            raise VerificationError(
                f"the log has another root of its first {epoch.size} entries than this epoch: two histories",
                proof={"named": epoch.root.hex(), "computed": root.hex()},
            )

    def _seconds(self, epoch: Epoch) -> Sequence[int]:
        """Return the times that count: of the archived note, where a trust file judges it."""
        if self._trust is None:
            return epoch.seconds
        digest = epoch.note.hex()
        note = self._reader.file(epoch_path(digest), MAX_NOTE_BYTES)
        if note is None:
            self._unarchived.append(epoch.index)
            return epoch.seconds
        if hashlib.sha256(note).digest() != epoch.note:
            raise VerificationError(
                f"the archived checkpoint of this epoch was changed: `{epoch_path(digest)}`"
            )
        parsed = parse_note(note)
        if parsed.text != Checkpoint(self._checkpoint.origin, epoch.size, epoch.root).text:
            raise VerificationError("the archived checkpoint says something else than this epoch")
        verify_note(parsed, self._reader.vkeys)
        times = self._trust.times(note)
        if not self._trust.holds(times):
            raise VerificationError(f"{len(times)} known witnesses cosigned this epoch, which is no quorum")
        self._proven += 1
        return list(times.values()) or epoch.seconds

    def _check_clock(self, epoch: Epoch, early: int, late: int) -> None:
        """Compare the log's own clock with the witnesses', on both sides of the cosignature."""
        if epoch.ts // _MS_PER_S + TOLERANCE_S < early:
            self._wrong_clock.append((epoch.index, f"{early - epoch.ts // _MS_PER_S} seconds behind"))
        if epoch.size:
            ts = self._ts(epoch.size - 1)
            if ts is not None and ts // _MS_PER_S - TOLERANCE_S > late:
                self._wrong_clock.append((epoch.size - 1, f"{ts // _MS_PER_S - late} seconds ahead"))

    def _ts(self, index: int) -> int | None:
        number, offset = divmod(index, WIDTH)
        if self._bundle[0] != number:
            self._bundle = number, self._reader.bundle(number, self._checkpoint.size) or []
        entries = self._bundle[1]
        return peek(entries[offset]).header.ts if offset < len(entries) and entries[offset] else None

    def _final(self, ends: list[int], before: list[int]) -> None:
        """Take the checkpoint's own cosignatures as the last bound."""
        if self._trust is None:
            return
        times = self._trust.times(self._reader.note())
        if times and self._trust.holds(times):
            ends.append(self._checkpoint.size)
            before.append(middle(list(times.values()))[1])

    def _report(self) -> None:
        if self._wrong_clock:
            index, what = self._wrong_clock[0]
            more = (
                f" (and at {len(self._wrong_clock) - 1} other places)" if len(self._wrong_clock) > 1 else ""
            )
            self._blame(f"entry {index}", f"the log's clock is {what} of its witnesses'{more}", {})
        if self._unarchived:
            count, first = len(self._unarchived), self._unarchived[0]
            self._flaws.add(
                FlawClass.UNWITNESSED,
                f"entry {first}",
                f"the archived checkpoint of {count} epochs is not here, this one first: "
                "their times are the log's own claims",
                level=Level.SEQUENCES,
            )

    def _blame(self, where: str, message: str, proof: dict[str, str]) -> None:
        self._flaws.add(FlawClass.INVALID, where, message, proof, Level.SEQUENCES)


def _measured(made: Brackets) -> Brackets:
    """Count the entries with two bounds, and find the widest of their brackets."""
    edges = sorted({*made.starts, *made.ends, 0})
    bracketed = widest = 0
    for low, high in itertools.pairwise(edges):
        after, before = made.of(low)
        if after is not None and before is not None:
            bracketed += high - low
            widest = max(widest, before - after)
    return replace(made, bracketed=bracketed, widest_s=widest)
