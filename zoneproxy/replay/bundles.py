"""Entry bundles of a log under audit: their entries, and which of them can't be believed.

A bundle is believed if the tree over the entries has the checkpoint's root. Where it has not, the hash
tiles tell which entries were changed, provided that *their* tree has that root (`blame`); a bundle whose
framing is broken, or that is gone, is told from its hash tile at once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from zoneproxy.replay.flaws import FlawClass, Flaws, Level
from zoneproxy.trace.checkpoint import Checkpoint
from zoneproxy.trace.merkle import CompactRange, leaf_hash
from zoneproxy.trace.reader import LogReader
from zoneproxy.trace.tiles import ENTRIES, WIDTH, Tile, split_hashes, width_at
from zoneproxy.trace.withheld import Place

_LENGTH_BYTES = 2


@dataclass(frozen=True, slots=True)
class Leaf:
    """One place of the tree.

    Attributes:
        index: the entry's index.
        entry: its bytes; `None` if they are gone or can't be believed.
        hash: its leaf hash, from the bytes, else from the hash tile; `None` if neither is there.
    """

    index: int
    entry: bytes | None
    hash: bytes | None


def frames(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield offset and bytes of each entry of a bundle, up to the first broken frame or the end."""
    place = 0
    while place + _LENGTH_BYTES <= len(data):
        start = place + _LENGTH_BYTES
        end = start + int.from_bytes(data[place:start], "big")
        if end > len(data):
            return
        yield place, data[start:end]
        place = end


def cut_whole(data: bytes, width: int) -> list[bytes] | None:
    """Cut a bundle into exactly `width` entries; `None` if it does not hold just those."""
    entries: list[bytes] = []
    place = 0
    try:
        for _ in range(width):
            start = place + _LENGTH_BYTES
            place = start + (data[place] << 8 | data[place + 1])
            entries.append(data[start:place])
    except IndexError:
        return None
    return entries if place == len(data) else None


def read_bundle(
    reader: LogReader, index: int, size: int, bad: Collection[int], flaws: Flaws
) -> tuple[list[Leaf], bytes]:
    """Read a bundle of a log of `size` entries, and tell what is wrong with it.

    Args:
        reader: the log.
        index: the bundle's number.
        size: the log's size.
        bad: indexes of entries that are known to be changed.
        flaws: takes what is wrong.

    Returns:
        One leaf a place, and the file's bytes (empty if it is gone).
    """
    width = width_at(ENTRIES, index, size)
    tile = Tile(ENTRIES, index, width)
    data = reader.exact(tile)
    if data is None and width < WIDTH:  # the full bundle stands in for a partial one that is gone
        tile = tile.full
        data = reader.exact(tile)
    if data is None and (index + 1) * WIDTH <= reader.minimum:
        return _from_tile(reader, index, size, {}), b""  # deleted under the retention policy, or so it says
    places = reader.withheld(index, size) if data is None else None
    if places is not None and reader.allow_withheld:
        return _withheld(reader, index, size, places, flaws), b""
    if places is not None:
        told = "entries of this bundle are withheld: `--allow-withheld` checks the rest of it"
        flaws.add(FlawClass.MISSING, Tile(ENTRIES, index, width).path, told)
        return _from_tile(reader, index, size, {}), b""
    if data is None:
        gone = f"entries {index * WIDTH} to {index * WIDTH + width - 1} are gone"
        flaws.add(FlawClass.MISSING, Tile(ENTRIES, index, width).path, gone)
        return _from_tile(reader, index, size, {}), b""
    cut = list(frames(data))
    whole = len(cut) == tile.width and sum(len(entry) + _LENGTH_BYTES for _, entry in cut) == len(data)
    believed = {
        index * WIDTH + number: entry
        for number, (_, entry) in enumerate(cut[:width])
        if index * WIDTH + number not in bad
    }
    if whole and len(believed) == width:
        return [Leaf(place, entry, leaf_hash(entry)) for place, entry in believed.items()], data
    stored = _from_tile(reader, index, size, believed)
    changed = [leaf.index for leaf in stored if leaf.entry is None]
    for place in changed[:1] if not whole else changed:
        number = place - index * WIDTH
        offset = cut[number][0] if number < len(cut) else len(data)
        proof = _hashes(stored[number].hash, cut[number][1] if number < len(cut) else None)
        flaws.add(FlawClass.INVALID, f"entry {place}", f"it was changed: `{tile.path}`, byte {offset}", proof)
    if not whole and not changed:
        end = (
            cut[tile.width - 1][0] + len(cut[tile.width - 1][1]) + _LENGTH_BYTES
            if len(cut) >= tile.width
            else 0
        )
        flaws.add(
            FlawClass.INVALID,
            f"entry {index * WIDTH + tile.width - 1}",
            f"something follows the last entry of its bundle: `{tile.path}`, byte {end}",
        )
    return stored, data


def _withheld(reader: LogReader, index: int, size: int, places: Sequence[Place], flaws: Flaws) -> list[Leaf]:
    """Take a bundle of which entries are withheld, and tell which; their hashes must be those of the tile."""
    entries = {index * WIDTH + number: entry for number, (entry, _) in enumerate(places) if entry}
    leaves = _from_tile(reader, index, size, entries)
    for leaf, (entry, told) in zip(leaves, places, strict=True):
        where = f"entry {leaf.index}"
        if leaf.hash != told:
            proof = {"found": told.hex(), "signed": (leaf.hash or b"").hex()}
            flaws.add(FlawClass.INVALID, where, "it was changed: another hash stands in its bundle", proof)
        elif not entry:
            told_of = "its public bytes are withheld; its hash proves its place"
            flaws.add(FlawClass.WITHHELD, where, told_of, {"leaf": told.hex()}, Level.ENTRIES)
    return leaves


def _hashes(signed: bytes | None, entry: bytes | None) -> dict[str, str]:
    """Give what shows that an entry was changed: its hash as it stands, and as the tree has it."""
    if signed is None or entry is None:
        return {}
    return {"found": leaf_hash(entry).hex(), "signed": signed.hex()}


def _from_tile(reader: LogReader, index: int, size: int, entries: dict[int, bytes]) -> list[Leaf]:
    """Return a bundle's leaves by the hash tile; an entry is believed only if its hash stands there."""
    width = width_at(0, index, size)
    data = reader.tile(Tile(0, index, width)) or b""
    hashes = split_hashes(data) if len(data) == width * 32 else []
    leaves: list[Leaf] = []
    for number in range(width):
        place = index * WIDTH + number
        entry = entries.get(place)
        own = None if entry is None else leaf_hash(entry)
        stored = hashes[number] if hashes else own
        leaves.append(Leaf(place, entry if own == stored else None, stored))
    return leaves


def blame(reader: LogReader, checkpoint: Checkpoint) -> frozenset[int] | None:
    """Tell which entries the hash tiles show to be changed.

    Returns:
        Their indexes; `None` where the hash tiles do not have the checkpoint's root either.
    """
    edge, changed = CompactRange(), set[int]()
    size = checkpoint.size
    for index in range(-(-size // WIDTH)):
        width = width_at(0, index, size)
        data = reader.tile(Tile(0, index, width)) or b""
        bundle = reader.exact(Tile(ENTRIES, index, width)) or reader.exact(Tile(ENTRIES, index)) or b""
        cut = [entry for _, entry in frames(bundle)]
        for number, stored in enumerate(split_hashes(data)):
            edge.append(stored)
            if number >= len(cut) or leaf_hash(cut[number]) != stored:
                changed.add(index * WIDTH + number)
    return frozenset(changed) if edge.size == size and edge.root() == checkpoint.root else None
