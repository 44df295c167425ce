"""The growing edge of a log: entries in, finished files out, and the root at any moment.

A frontier holds what the partial files of its size hold: the entries of the last bundle and, for each
level, the hashes of the last tile. Appending an entry may fill a bundle and tiles, which it then gives
out; `partials` gives out the files of the edge. All files of a log are thus a pure function of its
entries, made in one pass with constant memory (at most 256 entries and 256 hashes a level).

The same class writes the files, checks what was written, and audits a stranger's log.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from zoneproxy.trace.merkle import CompactRange, fold
from zoneproxy.trace.tiles import ENTRIES, WIDTH, Tile, encode_bundle, tile_root


@dataclass(frozen=True, slots=True)
class TileFile:
    """One public file: which, and the bytes it must have."""

    tile: Tile
    data: bytes


class Frontier:
    """The edge of a tree, from the empty tree on."""

    def __init__(self) -> None:
        self.size = 0
        self.entries: list[bytes] = []
        self.levels: list[list[bytes]] = []

    def append(self, entry: bytes, leaf: bytes) -> list[TileFile]:
        """Add an entry with its leaf hash; return the full files that it completes, bundle first."""
        self.entries.append(entry)
        self.size += 1
        done: list[TileFile] = []
        if len(self.entries) == WIDTH:
            done.append(TileFile(Tile(ENTRIES, self.size // WIDTH - 1), encode_bundle(self.entries)))
            self.entries = []
        self._add(0, leaf, done)
        return done

    def append_bundle(self, root: bytes) -> list[TileFile]:
        """Add a whole bundle by the hash of its subtree; return the tiles above it that it completes.

        Raises:
            ValueError: the tree does not end with a whole bundle.
        """
        if self.size % WIDTH:
            raise ValueError("a bundle can't follow a part of one")
        self.size += WIDTH
        if not self.levels:
            self.levels.append([])
        done: list[TileFile] = []
        self._add(1, root, done)
        return done

    def _add(self, level: int, node: bytes, done: list[TileFile]) -> None:
        if level == len(self.levels):
            self.levels.append([])
        hashes = self.levels[level]
        hashes.append(node)
        if len(hashes) == WIDTH:
            index = (self.size >> (8 * (level + 1))) - 1
            done.append(TileFile(Tile(level, index), b"".join(hashes)))
            self.levels[level] = []
            self._add(level + 1, tile_root(hashes), done)

    def partials(self) -> Iterator[TileFile]:
        """Yield the partial files of this size, bundle first."""
        if self.entries:
            tile = Tile(ENTRIES, self.size // WIDTH, len(self.entries))
            yield TileFile(tile, encode_bundle(self.entries))
        for level, hashes in enumerate(self.levels):
            if hashes:
                index = (self.size >> (8 * level)) // WIDTH
                yield TileFile(Tile(level, index, len(hashes)), b"".join(hashes))

    def peaks(self) -> list[bytes]:
        """Return the hashes of the complete subtrees that the tree consists of, largest first."""
        return [peak for hashes in reversed(self.levels) for peak in _peaks(hashes)]

    def root(self) -> bytes:
        """Return the root of the tree so far."""
        return fold(self.peaks())

    def copy(self) -> Frontier:
        """Return an independent copy."""
        made = Frontier()
        made.size = self.size
        made.entries = list(self.entries)
        made.levels = [list(hashes) for hashes in self.levels]
        return made


def _peaks(hashes: list[bytes]) -> list[bytes]:
    edge = CompactRange()
    for node in hashes:
        edge.append(node)
    return edge.peaks
