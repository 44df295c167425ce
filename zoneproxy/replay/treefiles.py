"""Every public file of the tree against what the entries make of it, byte by byte.

A file of the checkpoint's size must be there and be exactly right; a narrower partial file of an earlier
size, if it is there, must be its beginning; a file of entries after the checkpoint (a publication was
under way) must fit what those entries make; any other file under `tile/` belongs to no tree.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from zoneproxy.replay.bundles import frames
from zoneproxy.replay.flaws import FlawClass, Flaws
from zoneproxy.trace.frontier import Frontier, TileFile
from zoneproxy.trace.merkle import HASH_BYTES, leaf_hash
from zoneproxy.trace.reader import LogReader
from zoneproxy.trace.tiles import ENTRIES, WIDTH, Tile, parse_path, width_at
from zoneproxy.trace.withheld import is_withheld_path

MAX_UNSIGNED = 1_000_000
"""Entries after the checkpoint that are looked at, at most."""


def check_tile(reader: LogReader, expected: TileFile, flaws: Flaws) -> None:
    """Check one hash tile of the checkpoint's size, and the narrower ones beside it."""
    tile = expected.tile
    found = reader.exact(tile)
    if found is not None:
        _compare(tile.path, found, expected.data, flaws)
    elif (instead := reader.tile(tile)) is not None:
        _compare(tile.full.path, instead, expected.data, flaws)
    else:
        flaws.add(FlawClass.MISSING, tile.path, "a hash tile is gone")
    for older in _narrower(reader, tile):
        data = reader.exact(older)
        if data is not None:
            _compare(older.path, data, expected.data[: older.width * HASH_BYTES], flaws)


def check_older_bundles(
    reader: LogReader, index: int, hashes: Sequence[bytes | None], data: bytes, flaws: Flaws
) -> None:
    """Check the narrower partial bundles beside a bundle with these leaf hashes and bytes."""
    for older in _narrower(reader, Tile(ENTRIES, index, len(hashes))):
        found = reader.exact(older)
        if found is None:
            continue
        ends = [offset + len(entry) + 2 for offset, entry in frames(found)]
        if len(ends) == older.width and ends[-1] == len(found) and data.startswith(found):
            continue
        _blame_older(older, found, hashes, flaws)


def _blame_older(older: Tile, found: bytes, hashes: Sequence[bytes | None], flaws: Flaws) -> None:
    cut, first = list(frames(found)), older.index * WIDTH
    for number, known in enumerate(hashes[: older.width]):
        own = leaf_hash(cut[number][1]) if number < len(cut) else None
        if own is None or (known is not None and own != known):
            offset = cut[number][0] if number < len(cut) else len(found)
            proof = {} if own is None or known is None else {"found": own.hex(), "signed": known.hex()}
            message = f"it was changed: `{older.path}`, byte {offset}"
            flaws.add(FlawClass.INVALID, f"entry {first + number}", message, proof)
            return
    if len(cut) != older.width or cut[-1][0] + len(cut[-1][1]) + 2 != len(found):
        last = first + older.width - 1
        flaws.add(
            FlawClass.INVALID,
            f"entry {last}",
            f"something follows the last entry of its bundle: `{older.path}`",
        )


def _narrower(reader: LogReader, tile: Tile) -> Iterator[Tile]:
    """List the partial files of a tile's place that are narrower than it."""
    for name in reader.names(f"{tile.folder}.p") if reader.names else ():
        older = parse_path(f"{tile.folder}.p/{name}")
        if older is not None and older.width < tile.width:
            yield older


def _compare(path: str, found: bytes, expected: bytes, flaws: Flaws) -> None:
    if found == expected:
        return
    if len(found) != len(expected):
        flaws.add(FlawClass.INVALID, path, f"it is {len(found)} bytes long, not {len(expected)}")
        return
    place = next(i for i, (one, other) in enumerate(zip(found, expected, strict=True)) if one != other)
    flaws.add(
        FlawClass.INVALID,
        f"{path}, byte {place}",
        f"hash {place // HASH_BYTES} of it was changed",
        {
            "found": found[place - place % HASH_BYTES :][:HASH_BYTES].hex(),
            "computed": expected[place - place % HASH_BYTES :][:HASH_BYTES].hex(),
        },
    )


# ---- files that the checkpoint does not imply ------------------------------------------------------


def list_other_files(reader: LogReader, size: int) -> list[str]:
    """List the files under `tile/` that a log of `size` entries does not have, now or earlier."""
    return [path for path in _walk(reader, "tile") if not _implied(path, size)] if reader.names else []


def _walk(reader: LogReader, folder: str) -> Iterator[str]:
    for name in reader.names(folder) if reader.names else ():
        if name.endswith("/"):
            yield from _walk(reader, f"{folder}/{name[:-1]}")
        else:
            yield f"{folder}/{name}"


def _implied(path: str, size: int) -> bool:
    tile = parse_path(is_withheld_path(path) or path)
    return tile is not None and tile.width <= width_at(tile.level, tile.index, size)


def check_other_files(reader: LogReader, edge: Frontier, paths: Sequence[str], flaws: Flaws) -> int:
    """Check files beyond the checkpoint against the entries that lie there, not signed yet.

    Args:
        reader: the log.
        edge: the tree at the checkpoint; it grows.
        paths: what `list_other_files` gave.
        flaws: takes the files that belong to no tree.

    Returns:
        How many entries lie after the checkpoint.
    """
    signed = edge.size
    widest = _grow(reader, edge, paths)
    for path in paths:
        tile = parse_path(path)
        expected = None if tile is None else widest.get((tile.level, tile.index))
        found = None if tile is None or expected is None else reader.exact(tile)
        if tile is None or expected is None:
            flaws.add(FlawClass.INVALID, path, "this file belongs to no tree of the log")
        elif tile.level == ENTRIES and found is not None:
            cut = [entry for _, entry in frames(found)]
            if not expected.startswith(found) or len(cut) != tile.width:
                flaws.add(FlawClass.INVALID, path, "this bundle does not fit the entries around it")
        elif found is not None and found != expected[: tile.width * HASH_BYTES]:
            flaws.add(FlawClass.INVALID, path, "this tile does not fit the entries around it")
    return edge.size - signed


def _grow(reader: LogReader, edge: Frontier, paths: Sequence[str]) -> dict[tuple[int, int], bytes]:
    """Grow the tree by the bundles beyond the checkpoint; return the widest form of each file."""
    bundles: dict[int, int] = {}
    for path in paths:
        tile = parse_path(path)
        if tile is not None and tile.level == ENTRIES:
            bundles[tile.index] = max(bundles.get(tile.index, 0), tile.width)
    made: list[TileFile] = []
    limit = edge.size + MAX_UNSIGNED
    while edge.size < limit and (width := bundles.pop(edge.size // WIDTH, 0)):
        data = reader.exact(Tile(ENTRIES, edge.size // WIDTH, width)) or b""
        cut = [entry for _, entry in frames(data)]
        known = edge.size % WIDTH
        if len(cut) != width or cut[:known] != edge.entries:
            break
        for entry in cut[known:]:
            made += edge.append(entry, leaf_hash(entry))
        if width < WIDTH:
            break
    made += edge.partials()
    return {(file.tile.level, file.tile.index): file.data for file in made}
