"""Proofs made from a log's hash tiles: that an entry is in it, that an older tree is its beginning.

The tiles are believed in nothing: each proof is checked against the signed checkpoint before it is given
out, so a changed tile makes an error, never a wrong proof. A proof reads one tile for each level and
neighbour: a few kilobytes of a log of any length.
"""

from __future__ import annotations

from functools import lru_cache

from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint
from zoneproxy.trace.handover import MAX_HANDOVERS, change_of, proof_path
from zoneproxy.trace.keyring import ADD, KeyChange, read_vkeys_of
from zoneproxy.trace.merkle import (
    HASH_BYTES,
    HashReader,
    check_consistency,
    check_inclusion,
    fold,
    leaf_hash,
    prove_consistency,
    prove_inclusion,
    tree_root,
)
from zoneproxy.trace.note import VerifierKey, parse_note
from zoneproxy.trace.proof import MAX_PROOF_BYTES, InclusionProof, parse_proof
from zoneproxy.trace.reader import LogReader
from zoneproxy.trace.tiles import HEIGHT, WIDTH, Tile, split_hashes, width_at


def tile_hashes(reader: LogReader, size: int) -> HashReader:
    """Return a reader of complete subtrees' hashes from the tiles of a tree of `size` entries.

    It raises `VerificationError` where a tile is missing or cut.
    """

    @lru_cache(maxsize=64)
    def tile_at(level: int, index: int) -> list[bytes]:
        tile = Tile(level, index, width_at(level, index, size))
        data = reader.tile(tile)
        if data is None or len(data) != tile.width * HASH_BYTES:
            raise VerificationError("a hash tile is missing or cut", where=tile.path)
        return split_hashes(data)

    def read(height: int, index: int) -> bytes:
        level, rest = divmod(height, HEIGHT)
        tile, offset = divmod(index << rest, WIDTH)
        return tree_root(tile_at(level, tile)[offset : offset + (1 << rest)])

    return read


def prove_entry(reader: LogReader, index: int) -> InclusionProof:
    """Prove that entry `index` is in the log, with the entry's bytes in the proof.

    Raises:
        VerificationError: the log has no such entry, or its files don't hold.
    """
    note = reader.note()
    checkpoint = open_checkpoint(note, reader.vkeys)
    size = checkpoint.size
    if not 0 <= index < size:
        raise VerificationError(
            f"the log has no entry {index} yet: its checkpoint covers {size}",
            where=f"entry {index}",
            hint=f"give an index from 0 to {size - 1}" if size else "",
        )
    bundle = reader.bundle(index // WIDTH, size)
    if bundle is None:
        raise VerificationError("the entry's bundle is missing", where=f"entry {index}")
    entry = bundle[index % WIDTH]
    if not entry:
        raise VerificationError("the entry is withheld: only its hash is here", where=f"entry {index}")
    hashes = prove_inclusion(index, size, tile_hashes(reader, size))
    check_inclusion(index, size, leaf_hash(entry), hashes, checkpoint.root)
    return InclusionProof(index, tuple(hashes), note, entry)


def head_at(reader: LogReader, size: int) -> Checkpoint:
    """Return the head that the log had at an earlier size, shown to be the beginning of the signed tree.

    Raises:
        VerificationError: the log is not that long, or its files don't hold.
    """
    checkpoint = reader.checkpoint()
    if not 0 < size <= checkpoint.size:
        raise VerificationError(f"the log has no {size} entries", where=f"size {size}")
    read = tile_hashes(reader, checkpoint.size)
    peaks, place = list[bytes](), 0
    for height in reversed(range(size.bit_length())):
        if size >> height & 1:
            peaks.append(read(height, place >> height))
            place += 1 << height
    root = fold(peaks)
    hashes = prove_consistency(size, checkpoint.size, read)
    check_consistency(size, checkpoint.size, root, checkpoint.root, hashes)
    return Checkpoint(checkpoint.origin, size, root)


def keys_at(reader: LogReader, own: Checkpoint, size: int) -> tuple[VerifierKey, ...]:
    """Return the keys that must have signed the log's checkpoint of an earlier size.

    The reader trusts the keys in force at its own checkpoint; what the log's entries changed since is undone,
    each entry shown to be in the signed tree first. So a checkpoint from before a rotation verifies for
    whoever trusts the keys of today.

    Args:
        reader: the log.
        own: its checkpoint, verified.
        size: entries of the earlier one.

    Raises:
        VerificationError: a handover is not in the log, or no trusted key was in force then.
    """
    keys = [key for key in reader.vkeys if key.name == own.origin]
    changes: list[KeyChange] = []
    for number in range(1, MAX_HANDOVERS + 1):
        data = reader.file(proof_path(number), MAX_PROOF_BYTES)
        if data is None:
            break
        proof = parse_proof(data)
        if size <= proof.index < own.size:
            changes.append(change_of(proof, own.origin))
            hashes = prove_inclusion(proof.index, own.size, tile_hashes(reader, own.size))
            check_inclusion(proof.index, own.size, leaf_hash(proof.extra), hashes, own.root)
    for change in reversed(changes):
        touched = read_vkeys_of(change.vkeys)
        keys = [key for key in keys if key not in touched]
        keys += [key for key in touched if change.action != ADD]
    if not keys:
        raise VerificationError(
            f"no key that is trusted signed for the log when it had {size} entries",
            where="checkpoint",
            hint="give the keys of that time too, with `--vkey FILE`",
        )
    return tuple(keys)


def open_older(reader: LogReader, own: Checkpoint, note: bytes) -> Checkpoint:
    """Read another checkpoint of a log: signed by the keys of today, or by those in force at its size.

    Args:
        reader: the log.
        own: its checkpoint, verified.
        note: the other one's note.

    Raises:
        VerificationError: it is no checkpoint of this log, or does not verify.
    """
    try:
        return open_checkpoint(note, reader.vkeys, own.origin)
    except VerificationError:
        claimed = parse_checkpoint(parse_note(note).text)
        if claimed.origin != own.origin or claimed.size >= own.size:
            raise
    return open_checkpoint(note, keys_at(reader, own, claimed.size), own.origin)


def prove_prefix(reader: LogReader, old_note: bytes) -> tuple[Checkpoint, Checkpoint, list[bytes]]:
    """Prove that the tree of an older checkpoint is the beginning of the log.

    Args:
        reader: the log.
        old_note: the older checkpoint; the log's keys must have signed it too.

    Returns:
        The older checkpoint, the log's, and the consistency proof (none from the empty tree).

    Raises:
        VerificationError: it is not the beginning, or the log's files don't hold.
    """
    note = reader.note()
    checkpoint = open_checkpoint(note, reader.vkeys)
    try:
        old = open_older(reader, checkpoint, old_note)
    except VerificationError as error:
        raise VerificationError(
            f"the older checkpoint does not verify: {error.message}",
            where=error.where,
            proof=error.proof,
            hint=error.hint,
        ) from None
    proof_of = {"old": old_note.decode(), "new": note.decode()}
    if old.size > checkpoint.size:
        raise VerificationError(
            f"the checkpoint given covers {old.size} entries, the log's own only {checkpoint.size}",
            where="checkpoint",
            proof=proof_of,
            hint="an old state of the log was put back, or the two were given in the wrong order",
        )
    if old.size == 0:
        return old, checkpoint, []  # every log begins with the empty one
    hashes = prove_consistency(old.size, checkpoint.size, tile_hashes(reader, checkpoint.size))
    try:
        check_consistency(old.size, checkpoint.size, old.root, checkpoint.root, hashes)
    except VerificationError as error:
        raise VerificationError(
            f"the older checkpoint is not shown to be the log's beginning: {error.message}",
            where="checkpoint",
            proof=proof_of,
            hint="run `zoneproxy log verify DIR`: if it finds the log whole, two histories were signed",
        ) from None
    return old, checkpoint, hashes
