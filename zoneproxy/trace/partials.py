"""Partial tiles that a wider one supersedes: what they must hold, and which of them may go.

A log writes a partial file for every size that it publishes (`tile/0/000.p/5`, then `.p/9`, then
`tile/0/000`). Each narrower one is the beginning of the wider. Once the full file lies below the published
checkpoint nobody needs them: a client that finds a partial file gone takes the full one.

Source: C2SP tlog-tiles, "Partial Tiles".
"""

from __future__ import annotations

from collections.abc import Iterator

from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.files import Files
from zoneproxy.trace.frontier import TileFile
from zoneproxy.trace.tiles import ENTRIES, HEIGHT, WIDTH, Tile, decode_bundle, parse_path


def narrower(files: Files, tile: Tile) -> Iterator[Tile]:
    """List the partial files of a tile's place that are narrower than it."""
    for name in files.names(f"{tile.folder}.p"):
        older = parse_path(f"{tile.folder}.p/{name}")
        if older is not None and older.width < tile.width:
            yield older


def check_narrower(files: Files, expected: TileFile) -> None:
    """Check that the narrower files beside a tile are its beginning.

    Raises:
        VerificationError: one is not.
    """
    for older in narrower(files, expected.tile):
        found = files.read(older.path)
        if found is None:
            continue
        length = len(found)
        if older.level != ENTRIES:
            whole = length == older.width * (len(expected.data) // expected.tile.width)
        else:
            try:
                whole = len(decode_bundle(found, older.width)) == older.width
            except VerificationError:
                whole = False
        if not whole or expected.data[:length] != found:
            raise VerificationError("a superseded partial file was changed", where=older.path)


def superseded(files: Files, published: int, folder: str = "tile") -> Iterator[Tile]:
    """List the partial files whose full file lies below a published checkpoint of this size."""
    for name in files.names(folder):
        path = f"{folder}/{name}"
        if path.endswith("/"):
            yield from superseded(files, published, path[:-1])
            continue
        tile = parse_path(path)
        if tile is None or tile.width == WIDTH:
            continue
        span = WIDTH if tile.level == ENTRIES else WIDTH << (HEIGHT * tile.level)
        if (tile.index + 1) * span <= published and files.read(tile.full.path) is not None:
            yield tile
