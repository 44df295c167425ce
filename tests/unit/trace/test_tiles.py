"""`zoneproxy.trace.tiles`: paths, widths and bundles of C2SP tlog-tiles."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.support.tree_files import tiles_of
from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.tiles import (
    ENTRIES,
    WIDTH,
    Tile,
    decode_bundle,
    encode_bundle,
    parse_path,
    width_at,
)


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 5), "tile/0/005"),
        (Tile(0, 1234067), "tile/0/x001/x234/067"),
        (Tile(0, 1000), "tile/0/x001/000"),
        (Tile(ENTRIES, 999, 7), "tile/entries/999.p/7"),
        (Tile(63, 0, 255), "tile/63/000.p/255"),
    ],
)
def test_path(tile: Tile, path: str) -> None:
    """A tile's path is that of the specification, and reads back as the same tile."""
    assert tile.path == path
    assert parse_path(path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/5", "tile/0/0005", "tile/0/x000/005", "tile/64/000", "tile/00/000", "tile/0/000.p/0",
        "tile/0/000.p/256", "tile/0/000.p/01", "tile/data/000", "tile/8/0/000", "tile/0/000/", "tile/0/001\n",
        "tile/0/\u0661\u0661\u0661", "tile/entries/000.p/999", "checkpoint", "",
    ],
)  # fmt: skip
def test_no_path(path: str) -> None:
    """What is no tile's path is told apart."""
    assert parse_path(path) is None


def test_tiles_of_known_sizes(shared: Path) -> None:
    """The files that a size implies are those that the specification counts."""
    known = json.loads((shared / "vectors/constants.json").read_text())
    tiles = list(tiles_of(70_000))
    full = Counter(tile.level for tile in tiles if tile.width == WIDTH)
    partial = {tile.level: tile.width for tile in tiles if tile.width < WIDTH}
    assert full == {
        0: known["size_70000"]["level0_full"],
        1: known["size_70000"]["level1_full"],
        ENTRIES: 273,
    }
    assert partial == {ENTRIES: 112, 0: 112, 1: known["size_70000"]["level1_partial"], 2: 1}
    assert [(tile.level, tile.width) for tile in tiles_of(256)] == [(ENTRIES, 256), (0, 256), (1, 1)]
    assert list(tiles_of(0)) == []


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 65_535, 65_536, 70_000])
def test_width_at_agrees_with_tiles_of(size: int) -> None:
    """Each implied file has the width that `width_at` tells, and the one after it has none."""
    last: dict[int, Tile] = {}
    for tile in tiles_of(size):
        assert width_at(tile.level, tile.index, size) == tile.width
        last[tile.level] = tile
    for tile in last.values():
        assert width_at(tile.level, tile.index + 1, size) == 0


def test_bundle_round_trip_and_bounds() -> None:
    """A bundle gives back its entries; an entry of more than 65,535 bytes can't stand in one."""
    entries = [b"", b"a", b"b" * 65_535]
    assert decode_bundle(encode_bundle(entries), 3) == entries
    with pytest.raises(ValueError, match="longer"):
        encode_bundle([b"x" * 65_536])


@pytest.mark.parametrize(
    ("data", "width"),
    [(b"\x00\x01a", 2), (b"\x00\x01a\x00", 1), (b"\x00\x02a", 1), (b"\x00\x01a\x00\x00", 1), (b"", 1)],
)
def test_bundle_refused(data: bytes, width: int) -> None:
    """A bundle with more, fewer or broken entries is refused."""
    with pytest.raises(VerificationError, match="exactly"):
        decode_bundle(data, width)
