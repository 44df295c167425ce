"""The order of writes: what becomes durable before what, and how a log stands up after a crash.

    <log>/log.json            format, origin, keys: written last when a log is made, never again
    <log>/<origin>.vkey       the log's verifier keys, one a line, for readers
    <log>/checkpoint, tile/   the public tree (C2SP tlog-tiles)
    <log>/unwitnessed         the newest checkpoint, where it waits for witnesses (`seal` without `present`)
    <log>/epoch/              archived checkpoints with their cosignatures (`zoneproxy.trace.epoch`)
    <log>/policy/<sha256>.yaml  archived policies; signed bundles of them as `<sha256>.zpb`
    <log>/wal/                write-ahead log (`zoneproxy.trace.wal`), private
    <log>/open/<N>            openings of entry bundle N (`zoneproxy.trace.opening_files`), encrypted, private
    <log>/open/keys/<day>/    wrapped data keys that they lie under (`zoneproxy.trace.datakey`), private
    <log>/state/signed        the newest checkpoint ever signed
    <log>/state/lock          held by the one process that writes

Append: write one group, flush it once, and only then acknowledge. Publish, when the log has grown:

    1 openings   2 full bundles and tiles, then partial ones   3 read all of them back and compute the
    tree again from what was read   4 sign   5 `state/signed`   6 `checkpoint`   7 delete old segments

Steps 1 to 5 seal, 6 and 7 present. Between the two, witnesses may cosign; a log that waits for them seals
more often than it presents, and what is sealed and not presented is in the write-ahead log still.

The write-ahead log is the source of truth for all that is not published; every other file is a function
of the entries. A crash between any two steps leaves files that the next publication finds identical or
writes again; it can't leave a published checkpoint without its files, nor a signed tree whose entries are
neither in the write-ahead log nor in the public tree.

Deletion: a segment that the log rolled over to begins with the state of the chains there. Once all entries
before it lie in full bundles under the published checkpoint, which covers more than them, the segments
before it are deleted, in any order: recovery begins at the newest such segment and looks at none before.

Recovery is the same code as the first start: take the edge of the tree at that segment from the public
files (an empty one if there is none such), read all groups from there, check both checkpoints and the
files of those groups against them, write the last group again into a new segment, go on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from zoneproxy.terms.errors import ConfigError, VerificationError
from zoneproxy.trace.checkpoint import Checkpoint, sign_checkpoint
from zoneproxy.trace.durable import put_once, replace
from zoneproxy.trace.files import Files
from zoneproxy.trace.frontier import Frontier, TileFile
from zoneproxy.trace.identity import CHECKPOINT, LOG_FILE, SIGNED, check_identity, describe, read_head
from zoneproxy.trace.keyring import first_keys
from zoneproxy.trace.merkle import CompactRange, leaf_hash
from zoneproxy.trace.note import Signer
from zoneproxy.trace.opening_files import decode_openings, encode_openings, open_path
from zoneproxy.trace.partials import check_narrower
from zoneproxy.trace.restore import edge_at
from zoneproxy.trace.segments import Segments
from zoneproxy.trace.tiles import ENTRIES, WIDTH, Tile, decode_bundle, width_at
from zoneproxy.trace.wal import Group, Item
from zoneproxy.trace.withheld import decode_withheld, withheld_path

__all__ = ["CHECKPOINT", "LOG_FILE", "SIGNED", "Ledger", "Resume", "Visit", "vkey_file"]

Visit = Callable[[int, bytes, bytes], None]
"""Told of each entry in order: index, bytes, leaf hash."""

Resume = Callable[[int, bytes], None]
"""Told, before any entry, where the reading begins if not at 0, and the state of the chains there."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """An entry that is durable but not yet published, with the leaf hash it was acknowledged by."""

    item: Item
    leaf: bytes


class Ledger:
    """One log's files, written in the one order that survives a crash at any moment.

    `append` may run in one thread and `publish` in another; each is called by one thread at a time.
    After any exception from either, durable state is unknown and the ledger must not be used again.

    Args:
        files: the log's directory.
        origin: the log's origin.
        signer: signs its checkpoints; all its keys bear the origin as their name.
    """

    def __init__(self, files: Files, origin: str, signer: Signer) -> None:
        if any(key.name != origin for key in signer.verifiers):
            raise ConfigError(
                f"the signing key's name is not the log's origin `{origin}`",
                hint="make a key for this origin",
            )
        self._files = files
        self._origin = origin
        self._signer = signer
        self.size = 0
        self.published = 0  # covered by `checkpoint`
        self.sealed = 0  # covered by files and a signature
        self._segments = Segments(files)
        self._waiting: deque[_Waiting] = deque()  # from the thread that appends to the one that publishes
        self._frontier = Frontier()
        self._openings: list[bytes] = []  # those of the frontier's last bundle
        self._checked = Frontier()  # grows only from what was read back
        self._compact = CompactRange()  # as above, by another way of computing the root

    # ---- the first start ---------------------------------------------------------------------

    def create(self, first: Item) -> None:
        """Make a log in an empty directory, with its first entry published.

        A crash anywhere in here leaves a directory without `log.json`, which is no log: it is removed
        by hand and made again.
        """
        for folder in ("wal", "open", "state"):
            self._files.make_folder(folder, private=True)
        self._files.make_folder("tile", private=False)
        self._segments.begin(0, None)
        self.append([first])
        self.publish()
        keys = "".join(f"{key.vkey}\n" for key in first_keys(self._signer))
        put_once(self._files, vkey_file(self._origin), keys.encode())
        put_once(self._files, LOG_FILE, describe(self._origin, self._signer))

    # ---- every later start -------------------------------------------------------------------

    def recover(
        self, visit: Visit, resume: Resume | None = None, approve: Callable[[Checkpoint], None] | None = None
    ) -> None:
        """Read the log back, from the newest state that will do, and make it ready to go on.

        Args:
            visit: told of each entry, in order.
            resume: told first where the reading begins, if not at the log's beginning.
            approve: told the newest checkpoint that was signed, when all was read and nothing was written;
                whatever it raises leaves the log as it was.

        Raises:
            ConfigError: this is no log, or another one. Nothing was changed.
            VerificationError: the log does not hold. Nothing was changed.
        """
        check_identity(self._files, self._origin, self._signer)
        signed, published = self._read_head(SIGNED), self._read_head(CHECKPOINT)
        if published.size > signed.size:
            raise VerificationError(
                "the published checkpoint is newer than the newest signed one: an old state was put back",
                where=SIGNED,
                proof={"signed": str(signed.size), "published": str(published.size)},
            )
        start = self._segments.find_start(published.size)
        if start is not None:
            if resume is not None:
                resume(*start)
            self._begin_at(start[0], published)
        last = self._replay(signed, published, visit)
        if self.size < signed.size:
            raise VerificationError(
                f"a checkpoint of {signed.size} entries was signed, but only {self.size} are here",
                where="wal",
                hint="the disk lost entries or an old state was put back: restore the write-ahead log",
            )
        if approve is not None:
            approve(signed)
        self._segments.secure_tail(last)

    def _read_head(self, path: str) -> Checkpoint:
        return read_head(self._files, path, self._origin, self._signer)

    def _begin_at(self, start: int, published: Checkpoint) -> None:
        self._frontier = edge_at(start, published.size, self._files.read)
        self._compact = CompactRange(start, self._frontier.peaks())
        self._openings = [b""] * (start % WIDTH)  # never written: the published tree covers their bundle
        self.size = start

    def _replay(self, signed: Checkpoint, published: Checkpoint, visit: Visit) -> Group | None:
        last: Group | None = None
        for group in self._segments.groups(self.size):
            for item in group.items:
                self._replay_item(item, signed, published, visit)
            last = group
        return last

    def _replay_item(self, item: Item, signed: Checkpoint, published: Checkpoint, visit: Visit) -> None:
        leaf = leaf_hash(item.entry)
        visit(self.size, item.entry, leaf)
        self.size += 1
        if self.size <= published.size:
            for done in self._take(item, leaf, self._frontier):
                self._check_published(done)
            self._compact.append(leaf)
        else:
            self._waiting.append(_Waiting(item, leaf))
        if self.size == published.size:
            _check_root(self._compact.root(), published, CHECKPOINT)
            for edge in self._frontier.partials():
                self._check_published(edge)
            self.published = self.sealed = published.size
            self._checked = self._frontier.copy()
        if self.size == signed.size:
            ahead = self._compact.copy()
            for waiting in self._waiting:
                ahead.append(waiting.leaf)
            _check_root(ahead.root(), signed, SIGNED)

    def _check_published(self, expected: TileFile) -> None:
        path = expected.tile.path
        found = self._files.read(path)
        if found is None and expected.tile.level == ENTRIES and self._fits_withheld(expected):
            return
        if found is None:
            raise VerificationError("a published file is missing", where=path)
        if found != expected.data:
            raise VerificationError("a published file was changed", where=path)
        check_narrower(self._files, expected)

    def _fits_withheld(self, expected: TileFile) -> bool:
        """Tell whether some entries of a published bundle are withheld, and the others are as they were."""
        tile = expected.tile
        data = self._files.read(withheld_path(tile))
        if data is None:
            return False
        hashes = self._files.read(Tile(0, tile.index, tile.width).path) or b""
        return b"".join(leaf for _, leaf in decode_withheld(data, tile.width)) == hashes

    # ---- append ------------------------------------------------------------------------------

    def append(self, items: Sequence[Item]) -> list[bytes]:
        """Make a group of records durable with one flush; return their leaf hashes.

        A crash before the flush returned leaves a tail that recovery drops, or a whole group that it
        keeps: nobody was told of either.
        """
        self._segments.append(Group(self.size, tuple(items)))
        made = [_Waiting(item, leaf_hash(item.entry)) for item in items]
        self._waiting.extend(made)
        self.size += len(made)
        return [waiting.leaf for waiting in made]

    @property
    def segment_full(self) -> bool:
        """True if the next group should go into a new segment: call `roll` before it."""
        return self._segments.full

    def roll(self, state: bytes) -> None:
        """Begin a new segment, between two groups.

        Args:
            state: the state of the chains after all entries so far.
        """
        self._segments.begin(self.size, state)

    # ---- publish -----------------------------------------------------------------------------

    @property
    def grown(self) -> bool:
        """True if there are durable entries that no checkpoint signed by this process covers."""
        return self.size > self.sealed

    def publish(self) -> Checkpoint:
        """Publish all entries that are durable now, and return the checkpoint that covers them.

        Raises:
            VerificationError: what was read back is not what was acknowledged; nothing was signed.
            OSError: a write failed.
        """
        checkpoint, note = self.seal()
        self.present(checkpoint, note)
        return checkpoint

    def seal(self) -> tuple[Checkpoint, bytes]:
        """Write and check the files of all entries that are durable now, and sign their tree.

        Returns:
            The checkpoint, and its note: signed, durable in `state/signed`, and not yet presented.

        Raises:
            VerificationError: what was read back is not what was acknowledged; nothing was signed.
            OSError: a write failed.
        """
        batch = [self._waiting.popleft() for _ in range(len(self._waiting))]
        written = self._write_tiles(batch)
        checkpoint = self._read_back(batch, written)
        note = sign_checkpoint(checkpoint, [self._signer]).data
        self._write_signed(note)
        self.sealed = checkpoint.size
        return checkpoint, note

    def present(self, checkpoint: Checkpoint, note: bytes) -> None:
        """Put a sealed checkpoint, cosigned or not, where readers take it from.

        Raises:
            ValueError: a larger one is there already, or it was never sealed (the caller's bug).
            OSError: a write failed.
        """
        if not self.published <= checkpoint.size <= self.sealed:
            raise ValueError("only a sealed checkpoint is presented, and none before a larger one")
        self._write_checkpoint(note)
        self.published = checkpoint.size
        self._segments.delete_covered(self.published)

    def reload_openings(self) -> None:
        """Take in the openings of the last bundle again: some of them were erased in its file."""
        width = self._frontier.size % WIDTH
        if width and any(self._openings):
            data = self._files.read(open_path(self._frontier.size // WIDTH))
            found = decode_openings(data or b"")
            self._openings = (found + [b""] * width)[:width]

    def tail_root(self, size: int) -> bytes:
        """Return the root of the first `size` entries, at least the sealed ones; asked before a `seal`."""
        tree = self._compact.copy()
        for waiting in list(self._waiting)[: size - tree.size]:
            tree.append(waiting.leaf)
        return tree.root()

    def _write_tiles(self, batch: list[_Waiting]) -> list[TileFile]:
        done: list[TileFile] = []
        for waiting in batch:
            done += self._take(waiting.item, waiting.leaf, self._frontier, keep=True)
        self._write_openings()
        done += self._frontier.partials()
        for made in done:
            if made.tile.width == width_at(made.tile.level, made.tile.index, self.sealed):
                continue  # an edge that did not grow
            put_once(self._files, made.tile.path, made.data)
        return done

    def _take(self, item: Item, leaf: bytes, frontier: Frontier, *, keep: bool = False) -> list[TileFile]:
        """Grow the frontier by one entry; the openings of a bundle that it completes are written."""
        self._openings.append(item.opening)
        done = frontier.append(item.entry, leaf)
        if len(self._openings) == WIDTH:
            if keep:
                self._write_openings()
            self._openings = []
        return done

    def _write_openings(self) -> None:
        if any(self._openings):
            bundle = (self._frontier.size - 1) // WIDTH
            replace(self._files, open_path(bundle), encode_openings(self._openings), private=True)

    def _read_back(self, batch: list[_Waiting], written: list[TileFile]) -> Checkpoint:
        """Compute the tree again from the files, so that no slip in memory is ever signed."""
        found = {made.tile: self._files.read(made.tile.path) or b"" for made in written}
        leaves = iter(waiting.leaf for waiting in batch)
        expected: list[TileFile] = []
        for tile in sorted(tile for tile in found if tile.level == ENTRIES):
            known = self._checked.size - tile.index * WIDTH
            for entry in decode_bundle(found[tile], tile.width)[max(known, 0) :]:
                leaf = leaf_hash(entry)
                if leaf != next(leaves, None):
                    raise VerificationError(
                        "an entry on disk is not the one acknowledged", where=f"entry {self._checked.size}"
                    )
                expected += self._checked.append(entry, leaf)
                self._compact.append(leaf)
        expected += self._checked.partials()
        for made in expected:
            if found.get(made.tile) != made.data:
                raise VerificationError("a file on disk is not what the tree makes", where=made.tile.path)
        root = self._compact.root()
        if not root == self._checked.root() == self._frontier.root() or next(leaves, None) is not None:
            raise VerificationError("two computations of the root differ", where=f"size {self._compact.size}")
        return Checkpoint(self._origin, self._compact.size, root)

    def _write_signed(self, note: bytes) -> None:
        replace(self._files, SIGNED, note, private=True)

    def _write_checkpoint(self, note: bytes) -> None:
        replace(self._files, CHECKPOINT, note)


def vkey_file(origin: str) -> str:
    """Return the name of the file that holds a log's verifier keys, one a line, in its directory."""
    name = "".join(char if (char.isascii() and char.isalnum()) or char in ".-" else "-" for char in origin)
    return f"{name.strip('.-') or 'log'}.vkey"


def _check_root(root: bytes, checkpoint: Checkpoint, where: str) -> None:
    if root != checkpoint.root:
        raise VerificationError(
            f"the write-ahead log's first {checkpoint.size} entries have another root",
            where=where,
            proof={"signed": checkpoint.root.hex(), "computed": root.hex()},
        )
