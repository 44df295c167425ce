"""`zoneproxy.trace.frontier`: the growing edge makes all files of a log."""

from __future__ import annotations

import hashlib

import pytest

from tests.support.tree_files import tiles_of
from zoneproxy.trace.frontier import Frontier
from zoneproxy.trace.merkle import leaf_hash, tree_root
from zoneproxy.trace.tiles import ENTRIES, Tile, decode_bundle


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 600])
def test_files_are_those_that_the_size_implies(size: int) -> None:
    """The full files given out and the partial ones of the edge are exactly the implied ones."""
    edge, files = Frontier(), {}
    entries = [str(number).encode() for number in range(size)]
    for entry in entries:
        files.update({made.tile: made.data for made in edge.append(entry, leaf_hash(entry))})
    files.update({made.tile: made.data for made in edge.partials()})
    assert set(files) == set(tiles_of(size))
    for tile, data in files.items():
        if tile.level == ENTRIES:
            assert decode_bundle(data, tile.width) == entries[tile.index * 256 :][: tile.width]
        elif tile.level == 0:
            assert data == b"".join(map(leaf_hash, entries[tile.index * 256 :][: tile.width]))
    assert edge.root() == tree_root([leaf_hash(entry) for entry in entries])


def test_a_level_of_65536() -> None:
    """A tile at level 1 fills at 65,536 entries and begins level 2."""
    edge, made = Frontier(), []
    leaf = hashlib.sha256(b"x").digest()
    for _ in range(65_536):
        made += [file.tile for file in edge.append(b"", leaf)]
    assert Tile(1, 0) in made
    assert [file.tile for file in edge.partials()] == [Tile(2, 0, 1)]
    assert edge.root() == tree_root([leaf] * 65_536)


def test_copy_is_independent() -> None:
    """Growing a copy leaves the original alone."""
    edge = Frontier()
    edge.append(b"a", leaf_hash(b"a"))
    other = edge.copy()
    other.append(b"b", leaf_hash(b"b"))
    assert (edge.size, len(edge.entries), len(edge.levels[0])) == (1, 1, 1)
