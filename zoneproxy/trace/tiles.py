"""Tiles and entry bundles: the public files of a log, and which of them a size implies.

    tile/<L>/<N>[.p/<W>]        hash tile: W hashes of 32 bytes, 256 in a full one; L is 0..63
    tile/entries/<N>[.p/<W>]    entry bundle: W times  uint16 BE length || entry

Entry i of hash tile N at level L is the root over leaves (256N+i)*256^L up to (256N+i+1)*256^L.
N is written in groups of three digits, all but the last with an `x` before them. A partial tile
bears its width W, 1..255; it is never hashed upward, and stays beside the full one or is deleted.

Worked example: 70,000 entries imply the full tiles `tile/0/000` to `tile/0/272` and the partial
`tile/0/273.p/112`, the full `tile/1/000` and the partial `tile/1/001.p/17`, and `tile/2/000.p/1`.
Tile number 1234067 at level 0 is `tile/0/x001/x234/067`.

Source: C2SP tlog-tiles.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.merkle import HASH_BYTES, node_hash

WIDTH = 256
HEIGHT = 8
MAX_LEVEL = 63
MAX_ENTRY_BYTES = 0xFFFF
MAX_BUNDLE_BYTES = WIDTH * (MAX_ENTRY_BYTES + 2)
ENTRIES = -1
"""The level of entry bundles, where hash tiles have 0 to 63."""

_PATH = re.compile(
    r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?\Z", re.ASCII
)


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """One public file: a hash tile (`level` 0..63) or an entry bundle (`level` ENTRIES).

    Attributes:
        level: tree level, or ENTRIES.
        index: N, from 0.
        width: how many hashes or entries, 1..256.
    """

    level: int
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Where the file lies below the log's prefix."""
        return self.folder + (f".p/{self.width}" if self.width < WIDTH else "")

    @property
    def folder(self) -> str:
        """The full tile's path; its partial tiles lie in the folder of that name with `.p`."""
        level = "entries" if self.level == ENTRIES else str(self.level)
        digits = f"{self.index:03d}"
        digits = digits.rjust(-(-len(digits) // 3) * 3, "0")
        groups = [digits[i : i + 3] for i in range(0, len(digits), 3)]
        return "/".join(["tile", level, *(f"x{group}" for group in groups[:-1]), groups[-1]])

    @property
    def full(self) -> Tile:
        """The full tile of the same place."""
        return Tile(self.level, self.index)


def parse_path(path: str) -> Tile | None:
    """Read a tile's path; `None` where it is not the path of any tile."""
    match = _PATH.match(path)
    if match is None:
        return None
    kind, number, width = match.groups()
    tile = Tile(
        ENTRIES if kind == "entries" else int(kind),
        int(number.replace("x", "").replace("/", "")),
        int(width) if width else WIDTH,
    )
    known = tile.level <= MAX_LEVEL and (width is None or tile.width < WIDTH)
    return tile if known and tile.path == path else None


def width_at(level: int, index: int, size: int) -> int:
    """Return the width that tile `index` at `level` has in a tree of `size` entries; 0 for none."""
    count = size if level == ENTRIES else size >> (HEIGHT * level)
    return max(0, min(WIDTH, count - index * WIDTH))


def tile_root(hashes: Sequence[bytes]) -> bytes:
    """Return the hash of a full tile's root: 256 hashes in, one out."""
    level = list(hashes)
    while len(level) > 1:
        level = [node_hash(level[i], level[i + 1]) for i in range(0, len(level), 2)]
    return level[0]


def split_hashes(data: bytes) -> list[bytes]:
    """Cut a hash tile into its hashes."""
    return [data[i : i + HASH_BYTES] for i in range(0, len(data), HASH_BYTES)]


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """Write an entry bundle.

    Raises:
        ValueError: an entry is longer than 65,535 bytes.
    """
    parts: list[bytes] = []
    for entry in entries:
        if len(entry) > MAX_ENTRY_BYTES:
            raise ValueError("an entry is longer than a bundle can hold")
        parts += (len(entry).to_bytes(2, "big"), entry)
    return b"".join(parts)


def decode_bundle(data: bytes, width: int) -> list[bytes]:
    """Read an entry bundle that must hold exactly `width` entries.

    Raises:
        VerificationError: it holds more, fewer or broken ones.
    """
    entries: list[bytes] = []
    place = 0
    while place < len(data):
        start = place + 2
        end = start + int.from_bytes(data[place:start], "big")
        if start > len(data) or end > len(data) or len(entries) == width:
            break
        entries.append(data[start:end])
        place = end
    if place != len(data) or len(entries) != width:
        raise VerificationError(
            f"the entry bundle does not hold exactly {width} entries", where=f"byte {place}"
        )
    return entries
