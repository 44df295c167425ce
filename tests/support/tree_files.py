"""The files that a tree of some size implies, listed plainly, to hold the code's own arithmetic against."""

from __future__ import annotations

from collections.abc import Iterator

from zoneproxy.trace.tiles import ENTRIES, HEIGHT, WIDTH, Tile


def tiles_of(size: int) -> Iterator[Tile]:
    """List the bundles and tiles that a tree of `size` entries implies, bundles first.

    At each level: the full ones, then the partial one, if any. Narrower partial tiles of earlier
    sizes may lie beside them.
    """
    yield from _level_tiles(ENTRIES, size)
    level = 0
    while size:
        yield from _level_tiles(level, size)
        size >>= HEIGHT
        level += 1


def _level_tiles(level: int, count: int) -> Iterator[Tile]:
    for index in range(count // WIDTH):
        yield Tile(level, index)
    if count % WIDTH:
        yield Tile(level, count // WIDTH, count % WIDTH)
