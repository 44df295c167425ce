"""Bundles of which some entries are withheld: the emergency path, for what should never have been written.

Public entries hold no personal data, by a closed schema. Should a fault of ours ever let some in, an entry's
public bytes can be withheld: its bundle is served at another path, with the leaf hash in the entry's place.

    tile/withheld/<N>[.p/<W>]    in the place of tile/entries/<N>[.p/<W>], for each entry in order:
                                 u16 BE length || entry          an entry as it was
                                 u16 BE 0      || 32 bytes       the leaf hash of one that is withheld

No entry is empty, so a length of 0 means that, and nothing else. The hash tile proves the place as before:
tree, checkpoint and every receipt stay valid. Only a bundle that is full, or the last one of a closed shard,
can be replaced: the writer never touches it again.

A foreign verifier that asks for `tile/entries/<N>` finds nothing there; ours takes this path only when it is
told to (`--allow-withheld`), says so each time, and demands a `redaction` record that names the entries.

Worked example: a bundle of the entries `{}` and a withheld one is `0002 7b7d 0000` and 32 bytes: 38 in all.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.merkle import HASH_BYTES, leaf_hash
from zoneproxy.trace.tiles import Tile

_LENGTH_BYTES = 2
_ENTRIES, _WITHHELD = "tile/entries/", "tile/withheld/"

Place = tuple[bytes, bytes]
"""An entry's bytes, empty where it is withheld, and its leaf hash."""


def withheld_path(tile: Tile) -> str:
    """Return where a bundle lies of which some entries are withheld."""
    return tile.path.replace(_ENTRIES, _WITHHELD, 1)


def is_withheld_path(path: str) -> str:
    """Return the path of the bundle that a path stands in for; empty if it stands in for none."""
    return path.replace(_WITHHELD, _ENTRIES, 1) if path.startswith(_WITHHELD) else ""


def withhold(places: Sequence[Place], indexes: Collection[int]) -> list[Place]:
    """Take the entries at these places of a bundle away; their hashes stay."""
    return [(b"" if number in indexes else entry, leaf) for number, (entry, leaf) in enumerate(places)]


def places_of(entries: Sequence[bytes]) -> list[Place]:
    """Return the places of a bundle of which nothing is withheld."""
    return [(entry, leaf_hash(entry)) for entry in entries]


def encode_withheld(places: Sequence[Place]) -> bytes:
    """Write a bundle of which some entries are withheld."""
    return b"".join(len(entry).to_bytes(_LENGTH_BYTES, "big") + (entry or leaf) for entry, leaf in places)


def decode_withheld(data: bytes, width: int) -> list[Place]:
    """Read a bundle of which some entries are withheld, and that must hold exactly `width` places.

    Raises:
        VerificationError: it holds more, fewer or broken ones.
    """
    found: list[Place] = []
    place = 0
    while place < len(data) and len(found) < width:
        start = place + _LENGTH_BYTES
        length = int.from_bytes(data[place:start], "big")
        place = start + (length or HASH_BYTES)
        if place > len(data):
            break
        piece = data[start:place]
        found.append((piece, leaf_hash(piece)) if length else (b"", piece))
    if place != len(data) or len(found) != width:
        raise VerificationError(f"the withheld bundle does not hold exactly {width} places", where="bundle")
    return found
