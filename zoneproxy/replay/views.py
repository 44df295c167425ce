"""Two views of one log: another checkpoint of it, and whether both can be of one history.

Whoever kept a checkpoint of the log, or holds another copy of it, can compare. Two checkpoints that the log's
own key signed and that are not of one history are a proof of misbehaviour that anyone can check: both notes
are its evidence. An older checkpoint is of one history if its tree is the beginning of the log's; a newer one
than the log's own shows that the end of the log is missing here.

Trust: the other note may come from anybody. What the log's key did not sign says nothing of the log.
"""

from __future__ import annotations

from collections.abc import Sequence

from zoneproxy.replay.flaws import FlawClass, Flaws, Level
from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint
from zoneproxy.trace.merkle import check_consistency, prove_consistency
from zoneproxy.trace.note import parse_note
from zoneproxy.trace.prover import open_older, tile_hashes
from zoneproxy.trace.reader import LogReader

View = tuple[str, bytes, LogReader | None]
"""Where another checkpoint is from, its note, and the log it was read from, if it is there."""


def check_views(
    reader: LogReader, own: Checkpoint, note: bytes, views: Sequence[View], flaws: Flaws
) -> tuple[int, ...]:
    """Compare a log with other checkpoints of it.

    Args:
        reader: the log.
        own: its checkpoint.
        note: the checkpoint's note.
        views: the others.
        flaws: takes what is not of one history.

    Returns:
        Sizes of the checkpoints that were proven to be of one history with the log, smallest first.
    """
    proven: list[int] = []
    for name, other_note, other_reader in views:
        try:
            other = _open_other(reader, own, other_note, other_reader)
        except VerificationError as error:
            flaws.add(
                FlawClass.INVALID,
                name,
                f"this is no checkpoint of the log: {error.message}",
                error.proof,
                Level.SIGNATURES,
            )
            continue
        notes = {"note": note.decode(), "other": other_note.decode()}
        if _one_history(reader, own, other, other_reader):
            proven.append(other.size)
            if other.size > own.size:
                flaws.add(
                    FlawClass.MISSING,
                    f"entry {own.size}",
                    f"the log has signed {other.size} entries ({name}), and ends here after {own.size}",
                    notes,
                    Level.SIGNATURES,
                )
        else:
            flaws.add(
                FlawClass.INVALID,
                name,
                f"two views: the log's key signed {other.size} entries there and {own.size} here "
                "that are not of one history",
                notes | {"root": own.root.hex(), "other root": other.root.hex()},
                Level.SIGNATURES,
            )
    return tuple(sorted(proven))


def _open_other(reader: LogReader, own: Checkpoint, note: bytes, copy: LogReader | None) -> Checkpoint:
    """Read the other checkpoint; of a copy that is ahead, by the keys that were handed over to there."""
    if copy is not None and parse_checkpoint(parse_note(note).text).size > own.size:
        return open_checkpoint(note, copy.vkeys, own.origin)
    return open_older(reader, own, note)


def _one_history(reader: LogReader, own: Checkpoint, other: Checkpoint, tiles: LogReader | None) -> bool:
    """Tell whether the smaller tree is the beginning of the larger; unknown counts as no.

    A larger tree of which only the note is there can't be told apart: then nothing contradicts it.
    """
    if other.size == own.size:
        return other.root == own.root
    small, large = sorted((own, other), key=lambda checkpoint: checkpoint.size)
    if small.size == 0:
        return True
    source = reader if large is own else tiles
    if source is None:
        return True
    try:
        proof = prove_consistency(small.size, large.size, tile_hashes(source, large.size))
        check_consistency(small.size, large.size, small.root, large.root, proof)
    except VerificationError:
        return False
    return True
