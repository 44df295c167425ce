"""Retention carried out: what is over is told in the log, then deleted.

For each class: the record (`retention`), then its data keys and the files of openings that lie wholly
before the time. For the public entries: the record, the checkpoint that covers it, the published policy with
the new minimum index, then the archived checkpoints of the epochs among them, then the bundles.

Each shard of a log in shards is gone through by itself; the records stand in the newest one.

A crash after a record leaves files that the next run finds again: it writes another record and deletes the
rest. Nothing is ever deleted without a record before it. Only what is of UTC days that are over is touched,
so a log that is being written may be running: it makes no key and no bundle of those days any more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zoneproxy.trace.datakey import read_label
from zoneproxy.trace.durable import folder_of, replace
from zoneproxy.trace.entry import peek
from zoneproxy.trace.epoch import epoch_path
from zoneproxy.trace.files import Files
from zoneproxy.trace.note import VerifierKey
from zoneproxy.trace.opening_files import open_path
from zoneproxy.trace.opening_store import list_keys
from zoneproxy.trace.reader import LogReader
from zoneproxy.trace.retention import (
    ENTRIES_CLASS,
    RETENTION_FILE,
    RetentionPolicy,
    day_start,
    first_kept,
    read_minimum,
)
from zoneproxy.trace.schema import PRIVATE
from zoneproxy.trace.tiles import ENTRIES, WIDTH, Tile
from zoneproxy.trace.withheld import withheld_path

TEMPORARY = "state/newretention"
Append = Callable[[str, Mapping[str, Any]], Awaitable[object]]
Publish = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Due:
    """What is over.

    Attributes:
        keys: paths of data keys, by retention class.
        openings: bundles whose openings lie wholly before every class's time.
        minimum, old_minimum: the tree's minimum index, as it shall be and as it is.
    """

    keys: Mapping[str, Sequence[str]]
    openings: Sequence[int]
    minimum: int
    old_minimum: int

    @property
    def nothing(self) -> bool:
        """True if nothing is to be deleted."""
        return not (self.openings or any(self.keys.values()) or self.minimum > self.old_minimum)


class Retainer:
    """Deletes from one log what its retention policy says is over.

    Args:
        files: the log's directory; one thread at a time writes through it.
        origin: the log's origin.
        vkeys: its verifier keys.
        policy: how long what is kept.
        closed: nothing is written to it any more, so its last bundles may go as well.
    """

    def __init__(
        self,
        files: Files,
        origin: str,
        vkeys: Sequence[VerifierKey],
        policy: RetentionPolicy,
        *,
        closed: bool = False,
    ) -> None:
        self._files, self._origin, self._vkeys, self._policy = files, origin, vkeys, policy
        self._closed = closed

    def due(self, now_ms: int) -> Due:
        """Find what is over; nothing is changed.

        Raises:
            VerificationError: the log's files don't hold.
        """
        reader = self._reader()
        size = reader.checkpoint().size
        # What a writer may still hold in its memory stays.
        end = -(-size // WIDTH) if self._closed else max(size // WIDTH - 1, 0)
        old = read_minimum(self._files.read(RETENTION_FILE))
        keys: dict[str, list[str]] = {name: [] for name in self._policy.days}
        latest = max(self._policy.cutoff(name, now_ms) for name in self._policy.days)
        for _, path in list_keys(self._files.names):
            if day_start(path.split("/")[2]) >= latest:
                continue
            label = read_label(self._files.read(path) or b"")
            if label.retention in keys and day_start(label.day) < self._policy.cutoff(
                label.retention, now_ms
            ):
                keys[label.retention].append(path)
        earliest = min(self._policy.cutoff(name, now_ms) for name in self._policy.days)
        openings = self._openings_before(reader, old // WIDTH, end, earliest)
        entries_before = first_kept(now_ms, self._policy.entries_days)
        bundle = old // WIDTH
        while bundle < end and self._ends_before(reader, bundle, entries_before):
            bundle += 1
        return Due(keys, openings, bundle * WIDTH, old)

    def _reader(self) -> LogReader:
        return LogReader(
            lambda path, _: self._files.read(path), self._vkeys, self._files.names, allow_withheld=True
        )

    def _openings_before(self, reader: LogReader, start: int, end: int, before: int) -> list[int]:
        found = []
        for bundle in range(start, end):
            if not self._ends_before(reader, bundle, before):
                break
            if self._files.read(open_path(bundle)) is not None:
                found.append(bundle)
        return found

    @staticmethod
    def _ends_before(reader: LogReader, bundle: int, before: int) -> bool:
        entries = reader.bundle(bundle, min(reader.checkpoint().size, (bundle + 1) * WIDTH))
        last = next((entry for entry in reversed(entries or ()) if entry), b"")
        return bool(last) and peek(last).header.ts < before

    async def retain(self, now_ms: int, append: Append, publish: Publish) -> Due:
        """Record and delete what is over.

        Args:
            now_ms: the time, milliseconds since 1970 UTC.
            append: makes a record durable: kind, public body.
            publish: publishes what is durable.

        Raises:
            VerificationError, TraceError, OSError: it was not finished; the next run goes on.
        """
        await publish()  # so that the records name every entry that they are about
        due = self.due(now_ms)
        policy = self._policy.published(self._origin, due.minimum, PRIVATE)
        if due.nothing:
            self._put_policy(policy)
            return due
        size = self._reader().checkpoint().size
        digest = hashlib.sha256(policy).hexdigest()
        for name, paths in sorted(due.keys.items()):
            if paths or due.openings:
                body = {
                    "origin": self._origin,
                    "class": name,
                    "kinds": self._policy.kinds(name, PRIVATE),
                    "before": self._policy.cutoff(name, now_ms),
                    "end": size,
                    "minimum": None,
                    "keys": len(paths),
                    "policy": digest,
                }
                await append("retention", body)
        if due.minimum > due.old_minimum:
            body = {
                "origin": self._origin,
                "class": ENTRIES_CLASS,
                "kinds": [],
                "before": first_kept(now_ms, self._policy.entries_days),
                "end": due.minimum,
                "minimum": due.minimum,
                "keys": 0,
                "policy": digest,
            }
            await append("retention", body)
        await publish()
        self._put_policy(policy)
        self._delete([path for paths in due.keys.values() for path in paths])
        self._delete([open_path(bundle) for bundle in due.openings])
        for bundle in range(due.old_minimum // WIDTH, due.minimum // WIDTH):
            self._delete(self._epochs(bundle, size))
            tile = Tile(ENTRIES, bundle)
            partial = [f"{tile.folder}.p/{name}" for name in self._files.names(f"{tile.folder}.p")]
            self._delete([*partial, tile.path, withheld_path(tile)])
        return due

    def _epochs(self, bundle: int, size: int) -> list[str]:
        """Return where the archived checkpoints lie that a bundle's epochs name."""
        reader = self._reader()
        entries = reader.bundle(bundle, min(size, (bundle + 1) * WIDTH)) or []
        bodies = [peek(entry).body for entry in entries if b'"t":"epoch"' in entry]
        return [epoch_path(body["note"]) for body in bodies]

    def _put_policy(self, data: bytes) -> None:
        if self._files.read(RETENTION_FILE) != data:
            replace(self._files, RETENTION_FILE, data, temporary=TEMPORARY)

    def _delete(self, paths: Sequence[str]) -> None:
        gone = [path for path in paths if self._files.read(path) is not None]
        for path in gone:
            self._files.remove(path)
        for folder in sorted({folder_of(path) for path in gone}):
            self._files.sync_folder(folder)
