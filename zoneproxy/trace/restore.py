"""The edge of a tree at a size that was passed long ago, from the public files of a larger one.

A start that has no write-ahead log from the beginning grows the tree on from here. Nothing is believed
yet: the tree that grows from it must have the published root, which binds every hash taken here, and each
entry taken must have the hash that stands in its tile.
"""

from __future__ import annotations

from collections.abc import Callable

from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.frontier import Frontier
from zoneproxy.trace.merkle import HASH_BYTES
from zoneproxy.trace.tiles import ENTRIES, HEIGHT, WIDTH, Tile, decode_bundle, split_hashes, width_at
from zoneproxy.trace.withheld import decode_withheld, places_of, withheld_path


def is_covered(size: int, published: int) -> bool:
    """Tell whether the first `size` entries lie in full bundles of a tree of `published`, and are not all."""
    return size < published and -(-size // WIDTH) * WIDTH <= published


def edge_at(size: int, published: int, read: Callable[[str], bytes | None]) -> Frontier:
    """Return the edge of the tree of the first `size` entries.

    Args:
        size: entries in the smaller tree; covered by the larger one (`is_covered`).
        published: entries in the larger tree.
        read: returns a public file's bytes; `None` if there is none.

    Raises:
        VerificationError: a file that is needed is missing, cut, or does not fit its neighbour.
    """
    made = Frontier()
    made.size = size
    level = 0
    while count := size >> (HEIGHT * level):
        index, width = divmod(count, WIDTH)
        hashes: list[bytes] = []
        if width:
            tile = Tile(level, index, width_at(level, index, published))
            hashes = split_hashes(_read(read, tile, tile.width * HASH_BYTES))
        made.levels.append(hashes[:width])
        level += 1
    bundle, width = divmod(size, WIDTH)
    if width:
        tile = Tile(ENTRIES, bundle)
        away = None if read(tile.path) is not None else read(withheld_path(tile))
        # What is withheld stays so: the bundle is published, and never written again from here.
        places = (
            places_of(decode_bundle(_read(read, tile), WIDTH))
            if away is None
            else decode_withheld(away, WIDTH)
        )
        made.entries = [entry for entry, _ in places[:width]]
        if [leaf for _, leaf in places[:width]] != made.levels[0]:
            raise VerificationError("a published bundle does not fit its hash tile", where=tile.path)
    return made


def _read(read: Callable[[str], bytes | None], tile: Tile, length: int | None = None) -> bytes:
    data = read(tile.path)
    if data is None:
        raise VerificationError("a published file is missing", where=tile.path)
    if length is not None and len(data) != length:
        raise VerificationError("a published file was changed", where=tile.path)
    return data
