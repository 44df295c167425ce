r"""Does a log keep what a ticket promises? And the file that shows anyone that it does not.

    fits        the entry stands at its index in the tree that was signed
    not-yet     the checkpoint does not reach the index, and the promise has not run out at its time
    overdue     as above, but the promise has run out by the reader's clock: no later checkpoint is shown
    omitted     the checkpoint was signed after the promise ran out, and does not reach the index
    other       another entry stands at the index

The last two are proofs against the log, and are written as a file:

    zoneproxy.org/omission/v1
    ticket <base64(ticket's note)>
    found <base64(leaf hash)>            or `found nothing`
    <base64 hash>...                     inclusion proof of the leaf found; none for nothing
                                         an empty line
    <the checkpoint, verbatim>

Worked example: `found nothing` needs no hashes, so the empty line follows it at once.

A checkpoint's time is the latest that one of the trusted keys put into its signature (types 0x04 and 0x06:
the log's own ML-DSA-44 key, and witnesses); a log without such a key can be shown to be overdue, never to
have omitted. Times are whole seconds.

Trust: the ticket key and the log's keys. The log's holder can't deny either signature; a thief of the
ticket key could make a ticket for nothing, so ask for the exchange that it came with.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.checkpoint import Checkpoint, open_checkpoint
from zoneproxy.trace.merkle import HASH_BYTES, check_inclusion, prove_inclusion
from zoneproxy.trace.note import (
    ED25519_COSIGNATURE,
    MAX_NOTE_BYTES,
    MLDSA44,
    VerifierKey,
    decode_base64,
    parse_note,
    verify_note,
)
from zoneproxy.trace.proof import MAX_HASHES
from zoneproxy.trace.prover import tile_hashes
from zoneproxy.trace.reader import LogReader
from zoneproxy.trace.ticket import MAX_TICKET_BYTES, PROMISE_MS, Ticket, open_ticket, parse_ticket

SUFFIX = ".omission"
MAX_OMISSION_BYTES = MAX_NOTE_BYTES + 2 * MAX_TICKET_BYTES + (MAX_HASHES + 4) * 64
_FIRST = "zoneproxy.org/omission/v1"
_TICKET, _FOUND, _NOTHING = "ticket ", "found ", "nothing"
_TIMED = (ED25519_COSIGNATURE, MLDSA44)
_SECONDS_BYTES = 8
_MS_PER_S = 1000


class Standing(StrEnum):
    """How a log stands to a ticket; the module's table."""

    FITS = "fits"
    NOT_YET = "not-yet"
    OVERDUE = "overdue"
    OMITTED = "omitted"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was found.

    Attributes:
        standing: how the log stands to the ticket.
        ticket: what was promised.
        checkpoint: the checkpoint that it was judged by.
        signed_ms: its time, milliseconds since 1970 UTC; 0 if it bears none.
        found: leaf hash at the ticket's index; empty if the checkpoint does not reach it.
        hashes: inclusion proof of `found`.
    """

    standing: Standing
    ticket: Ticket
    checkpoint: Checkpoint
    signed_ms: int
    found: bytes = b""
    hashes: tuple[bytes, ...] = ()


def signed_ms(note: bytes, keys: Iterable[VerifierKey]) -> int:
    """Return the latest time that these keys put into their signatures of a checkpoint; 0 for none.

    Raises:
        VerificationError: a known key's line does not verify.
    """
    parsed = parse_note(note)
    timed = {(key.name, key.key_id): key for key in keys if key.type in _TIMED}
    lines = [line for line in parsed.signatures if (line.name, line.key_id) in timed]
    if not lines:
        return 0
    verify_note(parsed, timed.values())
    return max(int.from_bytes(line.blob[:_SECONDS_BYTES], "big") for line in lines) * _MS_PER_S


def judge_ticket(
    ticket: Ticket, reader: LogReader, now_ms: int, witnesses: Sequence[VerifierKey] = ()
) -> Judgement:
    """Judge a ticket, whose signature was checked, by a log.

    Args:
        ticket: the ticket.
        reader: the log, with its keys.
        now_ms: the reader's time, milliseconds since 1970 UTC.
        witnesses: keys whose cosignatures' times are believed.

    Raises:
        VerificationError: the log does not hold, or is another one.
    """
    note = reader.note()
    checkpoint = open_checkpoint(note, reader.vkeys, ticket.origin)
    signed = signed_ms(note, (*reader.vkeys, *witnesses))
    if ticket.index < checkpoint.size:
        found, hashes = read_leaf(reader, ticket.index)
        standing = Standing.FITS if found == ticket.leaf else Standing.OTHER
        return Judgement(standing, ticket, checkpoint, signed, found, hashes)
    due = ticket.ms + PROMISE_MS
    if signed >= due:
        return Judgement(Standing.OMITTED, ticket, checkpoint, signed)
    standing = Standing.OVERDUE if now_ms >= due else Standing.NOT_YET
    return Judgement(standing, ticket, checkpoint, signed)


def read_leaf(reader: LogReader, index: int) -> tuple[bytes, tuple[bytes, ...]]:
    """Return the leaf hash that stands at an index, and its inclusion proof, from the hash tiles alone.

    Raises:
        VerificationError: the log has no such entry, or its files do not hold.
    """
    checkpoint = reader.checkpoint()
    if not 0 <= index < checkpoint.size:
        raise VerificationError(f"the log has no entry {index} yet", where=f"entry {index}")
    read = tile_hashes(reader, checkpoint.size)
    found = read(0, index)
    hashes = tuple(prove_inclusion(index, checkpoint.size, read))
    check_inclusion(index, checkpoint.size, found, hashes, checkpoint.root)
    return found, hashes


def encode_omission(ticket_note: bytes, checkpoint_note: bytes, judged: Judgement) -> bytes:
    """Write the file that shows an omission.

    Raises:
        ValueError: the log keeps its promise, or may still keep it (the caller's bug).
    """
    if judged.standing not in {Standing.OMITTED, Standing.OTHER}:
        raise ValueError("there is nothing to show")
    found = base64.b64encode(judged.found).decode() or _NOTHING
    lines = [
        _FIRST,
        _TICKET + base64.b64encode(ticket_note).decode(),
        _FOUND + found,
        *(base64.b64encode(part).decode() for part in judged.hashes),
    ]
    return "\n".join([*lines, "", ""]).encode() + checkpoint_note


def check_omission(data: bytes, keys: Sequence[VerifierKey]) -> Judgement:
    """Check a file that shows an omission, without the log.

    Args:
        data: the file.
        keys: the log's keys and its ticket key, from a source that is trusted, and those of witnesses
            whose times are believed.

    Raises:
        VerificationError: it shows none.
    """
    ticket_note, found, hashes, note = _parse(data)
    ticket = open_ticket(ticket_note, keys)
    checkpoint = open_checkpoint(note, keys, ticket.origin)
    signed = signed_ms(note, keys)
    if found:
        check_inclusion(ticket.index, checkpoint.size, found, hashes, checkpoint.root)
        if found == ticket.leaf:
            raise VerificationError("the entry stands where the ticket says", where="omission")
        return Judgement(Standing.OTHER, ticket, checkpoint, signed, found, hashes)
    if ticket.index < checkpoint.size:
        raise VerificationError("the checkpoint reaches the ticket's index", where="omission")
    if signed < ticket.ms + PROMISE_MS:
        raise VerificationError("the checkpoint is older than the promise's end", where="omission")
    return Judgement(Standing.OMITTED, ticket, checkpoint, signed)


def _parse(data: bytes) -> tuple[bytes, bytes, tuple[bytes, ...], bytes]:
    head, empty, note = data.partition(b"\n\n")
    if len(data) > MAX_OMISSION_BYTES or not empty or not head.isascii():
        raise VerificationError("this is no file of an omission", where="omission")
    lines = head.decode("ascii").split("\n")
    shaped = len(lines) >= 3 and lines[0] == _FIRST  # noqa: PLR2004  # the three lines that are always there
    if not shaped or not lines[1].startswith(_TICKET) or not lines[2].startswith(_FOUND):
        raise VerificationError(f"a file of an omission begins with `{_FIRST}`", where="omission")
    told = lines[2].removeprefix(_FOUND)
    found = b"" if told == _NOTHING else decode_base64(told)
    hashes = tuple(decode_base64(line) for line in lines[3:])
    if any(len(part) != HASH_BYTES for part in (*hashes, *([found] if told != _NOTHING else ()))):
        raise VerificationError("the file of the omission holds what is no hash", where="omission")
    if len(hashes) > MAX_HASHES or (hashes and not found):
        raise VerificationError("the file of the omission holds too many hashes", where="omission")
    ticket_note = decode_base64(lines[1].removeprefix(_TICKET))
    parse_ticket(ticket_note)
    return ticket_note, found, hashes, note
