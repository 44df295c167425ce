"""Reading a log from wherever its files lie: a directory, a copy of one, a web server.

A reader asks for paths of the public tree (and, where it may, of the private openings) and gets bytes
or nothing. It verifies the checkpoint's signatures; that the entries belong to the checkpoint is the
audit's work (`zoneproxy.replay.audit`).

Trust: whoever serves the files may lie in every byte; only the verifier keys are believed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.checkpoint import Checkpoint, open_checkpoint
from zoneproxy.trace.datakey import Holder
from zoneproxy.trace.ledger import CHECKPOINT
from zoneproxy.trace.merkle import HASH_BYTES
from zoneproxy.trace.note import MAX_NOTE_BYTES, VerifierKey
from zoneproxy.trace.opening_store import Access, OpeningStore
from zoneproxy.trace.retention import MAX_FILE_BYTES, RETENTION_FILE, read_minimum
from zoneproxy.trace.tiles import ENTRIES, MAX_BUNDLE_BYTES, WIDTH, Tile, decode_bundle, width_at
from zoneproxy.trace.withheld import Place, decode_withheld, withheld_path

MAX_POLICY_BYTES = 16 * 1024 * 1024

Fetch = Callable[[str, int], bytes | None]
"""Returns a file's bytes by its path and a limit on its length; `None` if there is none."""

Names = Callable[[str], list[str]]
"""Returns the sorted names in a folder, those of folders with a `/` at the end."""


def policy_path(digest: str) -> str:
    """Return where the policy with this SHA-256 (hex) is archived."""
    return f"policy/{digest}.yaml"


def bundle_path(digest: str) -> str:
    """Return where the signed policy bundle with this SHA-256 (hex) is archived."""
    return f"policy/{digest}.zpb"


@dataclass(frozen=True, slots=True)
class Location:
    """Where a reader reads, so that another process can open the same log (plain data, to be pickled).

    Attributes:
        place: a directory, or an `http(s)://` prefix; empty for a reader of something else.
        vkeys: the keys to trust.
        note: the checkpoint that the first reader took; empty if it had taken none yet.
        holders: the keys to the openings: secrets, for a process of our own alone.
        allow_withheld: take bundles of which entries are withheld.
    """

    place: str
    vkeys: tuple[VerifierKey, ...]
    note: bytes = b""
    holders: tuple[Holder, ...] = ()
    allow_withheld: bool = False


class LogReader:
    """A log to be read, in the state of one checkpoint: the first that was asked for.

    A log that is being written grows, and a server may show another checkpoint each time; one reader
    speaks of one tree all the same.

    Args:
        fetch: returns files.
        vkeys: the log's verifier keys: what the reader trusts.
        names: lists folders; `None` where the place can't (then stray files go unseen).
        place: a directory or an `http(s)://` prefix, where the reader can be opened again.
        note: a checkpoint to begin with, instead of asking for one.
        holders: the keys that open private parts; without one, encrypted parts are withheld.
        allow_withheld: take bundles of which entries are withheld (`zoneproxy.trace.withheld`); without it
            they count as missing.
        private: the place must have the private parts, so that they are withheld where none is there; so
            always where a key to them is given. A public copy has none.
    """

    def __init__(
        self,
        fetch: Fetch,
        vkeys: Sequence[VerifierKey],
        names: Names | None = None,
        *,
        place: str = "",
        note: bytes = b"",
        holders: Sequence[Holder] = (),
        allow_withheld: bool = False,
        private: bool = False,
    ) -> None:
        self.allow_withheld = allow_withheld
        self.private = private or bool(holders)
        self._fetch = fetch
        self.vkeys = tuple(vkeys)
        self.names = names
        self._place = place
        self._note = note
        self._minimum = -1
        self._holders = tuple(holders)
        self.openings = OpeningStore(fetch, names, self.vkeys[0].name if self.vkeys else "", self._holders)

    @property
    def location(self) -> Location:
        """Where this log can be opened again, at the same checkpoint (`adapters.logfolder.reopen`)."""
        return Location(self._place, self.vkeys, self._note, self._holders, self.allow_withheld)

    def renewed(self) -> LogReader:
        """Return a reader of the same place that takes its newest checkpoint."""
        return LogReader(
            self._fetch, self.vkeys, self.names,
            place=self._place, holders=self._holders, allow_withheld=self.allow_withheld,
            private=self.private,
        )  # fmt: skip

    def note(self) -> bytes:
        """Return the checkpoint's bytes, unverified, the same ones each time.

        Raises:
            VerificationError: there is none.
        """
        if not self._note:
            data = self._fetch(CHECKPOINT, MAX_NOTE_BYTES)
            if data is None:
                raise VerificationError(
                    "the log has no checkpoint",
                    where=CHECKPOINT,
                    hint="give the log's directory, or the address below which `checkpoint` lies",
                )
            self._note = data
        return self._note

    def file(self, path: str, limit: int) -> bytes | None:
        """Return another public file of the log, unverified; `None` if there is none."""
        return self._fetch(path, limit)

    def checkpoint(self) -> Checkpoint:
        """Return the checkpoint, its signatures verified.

        Raises:
            VerificationError: there is none, or it does not verify.
        """
        return open_checkpoint(self.note(), self.vkeys)

    def exact(self, tile: Tile) -> bytes | None:
        """Return exactly this file's bytes, whatever they are; `None` if there is none."""
        limit = MAX_BUNDLE_BYTES if tile.level == ENTRIES else WIDTH * HASH_BYTES
        return self._fetch(tile.path, limit)

    def tile(self, tile: Tile) -> bytes | None:
        """Return a hash tile's bytes, cut from the full tile where the partial one is gone."""
        data = self.exact(tile)
        if data is None and tile.width < WIDTH:
            full = self.exact(tile.full)
            data = None if full is None else full[: tile.width * HASH_BYTES]
        return data

    def bundle(self, index: int, size: int) -> list[bytes] | None:
        """Return the entries of bundle `index` of a log of `size` entries; `None` if it is gone.

        An entry that is withheld is empty, where such bundles are taken.

        Raises:
            VerificationError: the bundle is broken.
        """
        width = width_at(ENTRIES, index, size)
        data = self.exact(Tile(ENTRIES, index, width))
        if data is not None:
            return decode_bundle(data, width)
        full = self.exact(Tile(ENTRIES, index)) if width < WIDTH else None
        if full is not None:
            return decode_bundle(full, WIDTH)[:width]
        places = self.withheld(index, size) if self.allow_withheld else None
        return None if places is None else [entry for entry, _ in places]

    def withheld(self, index: int, size: int) -> list[Place] | None:
        """Return the places of bundle `index` if some of its entries are withheld; `None` if it is not there.

        Raises:
            VerificationError: it is broken.
        """
        width = width_at(ENTRIES, index, size)
        for wide in dict.fromkeys((width, WIDTH)):
            data = self._fetch(withheld_path(Tile(ENTRIES, index, wide)), MAX_BUNDLE_BYTES)
            if data is not None:
                return decode_withheld(data, wide)[:width]
        return None

    def entries(self, start: int = 0, end: int | None = None) -> Iterator[tuple[int, bytes]]:
        """Yield index and bytes of the entries start..end (the checkpoint's size where not given).

        Bundles that are gone under the published retention policy are passed over, and so are entries that
        are withheld, where such bundles are taken.

        Raises:
            VerificationError: a bundle is missing or broken, or the checkpoint does not verify.
        """
        size = self.checkpoint().size
        end = size if end is None else min(end, size)
        for bundle in range(start // WIDTH, -(-end // WIDTH)):
            entries = self.bundle(bundle, size)
            first = bundle * WIDTH
            if entries is None and first + WIDTH <= self.minimum:
                continue
            if entries is None:
                place = Tile(ENTRIES, bundle, width_at(ENTRIES, bundle, size)).path
                raise VerificationError("an entry bundle is missing", where=place)
            for offset, entry in enumerate(entries):
                if start <= first + offset < end and entry:
                    yield first + offset, entry

    @property
    def minimum(self) -> int:
        """The tree's minimum index, as the published retention policy says: bundles before it may be gone.

        It is not believed: an audit demands the record that says so.

        Raises:
            VerificationError: what lies there is no retention policy.
        """
        if self._minimum < 0:
            self._minimum = read_minimum(self._fetch(RETENTION_FILE, MAX_FILE_BYTES))
        return self._minimum

    def opening(self, index: int) -> bytes | None:
        """Return the opening record of an entry; `None` if it has none, or it is withheld.

        Raises:
            VerificationError: the file of openings is broken, or a sealed opening was changed.
        """
        found = self.openings.find(index)
        return found.record if found.access is Access.OPEN else None

    def policy(self, digest: str) -> bytes | None:
        """Return the archived policy, or policy bundle, with this SHA-256 (hex); `None` if there is none.

        Raises:
            VerificationError: the archived bytes have another digest.
        """
        for path in (policy_path(digest), bundle_path(digest)):
            data = self._fetch(path, MAX_POLICY_BYTES)
            if data is None:
                continue
            if hashlib.sha256(data).hexdigest() != digest:
                raise VerificationError("an archived policy was changed", where=path)
            return data
        return None
