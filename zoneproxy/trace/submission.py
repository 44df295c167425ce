r"""What a log sends to a witness, and what it gets back: the bodies of tlog-witness requests.

`add-checkpoint` asks for a cosignature:

    old <size that the witness cosigned last>
    <base64 hash>                               consistency proof, 0 to 63 lines
                                                an empty line
    <checkpoint, a signed note>

`sign-subtree` asks for the signature of a part of a tree that the witness has cosigned:

    subtree <start> <end>
    <base64 hash of the subtree>
    <base64 hash>                               subtree consistency proof, 0 to 63 lines
                                                an empty line
    <checkpoint with one of the witness's cosignatures>

Both are answered with signature lines of the note format. Numbers are decimal without leading zeroes,
base64 is canonical, every line ends in U+000A, and checkpoints have exactly three lines: 0x06 cosignatures
would not cover more.

Worked example, the first checkpoint of a log of one entry:

    old 0\n\nzone.example/trace\n1\nKgAA...AAA=\n\n\u2014 zone.example/trace UgIo...\n

Trust: anyone may send anything; reading it accepts or raises `VerificationError`, and verifies nothing.

Source: C2SP tlog-witness; draft-ietf-plants-merkle-tree-certs, section 4.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.checkpoint import Checkpoint, parse_head, parse_size
from zoneproxy.trace.merkle import HASH_BYTES
from zoneproxy.trace.note import MAX_NOTE_BYTES, Note, Signature, decode_base64, parse_note

MAX_PROOF_HASHES = 63
MAX_REQUEST_BYTES = MAX_NOTE_BYTES + 4096
"""The longest note, and before it the longest proof."""


@dataclass(frozen=True, slots=True)
class Submission:
    """An `add-checkpoint` request as read.

    Attributes:
        old: size that the log believes the witness to know.
        proof: hashes of 32 bytes.
        note: the checkpoint's note.
        checkpoint: what it says; of size 0 with any root hash.
    """

    old: int
    proof: tuple[bytes, ...]
    note: Note
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True)
class SubtreeRequest:
    """A `sign-subtree` request as read: leaves start..end of a cosigned tree have this hash."""

    start: int
    end: int
    root: bytes
    proof: tuple[bytes, ...]
    note: Note
    checkpoint: Checkpoint


def encode_submission(old: int, proof: Sequence[bytes], note: bytes) -> bytes:
    """Write an `add-checkpoint` request's body."""
    lines = "".join(f"{base64.b64encode(part).decode()}\n" for part in proof)
    return f"old {old}\n{lines}\n".encode() + note


def parse_submission(data: bytes) -> Submission:
    """Read an `add-checkpoint` request's body.

    Raises:
        VerificationError: it is malformed, or the old size is larger than the checkpoint's.
    """
    lines, note, checkpoint = _parts(data)
    word, _, size = lines[0].partition(" ")
    if word != "old":
        raise VerificationError("the request does not begin with `old <size>`", where="line 1")
    old = parse_size(size)
    if old > checkpoint.size:
        raise VerificationError("the old size is larger than the checkpoint's", where="line 1")
    return Submission(old, _hashes(lines[1:]), note, checkpoint)


def parse_subtree_request(data: bytes) -> SubtreeRequest:
    """Read a `sign-subtree` request's body.

    Raises:
        VerificationError: it is malformed, or the range is no subtree of the checkpoint's tree.
    """
    lines, note, checkpoint = _parts(data)
    match lines[0].split(" "):
        case ["subtree", first, last]:
            start, end = parse_size(first), parse_size(last)
        case _:
            raise VerificationError("the request does not begin with `subtree <start> <end>`", where="line 1")
    width = end - start
    if width <= 0 or end > checkpoint.size or start % (1 << (width - 1).bit_length()):
        raise VerificationError("the range is no subtree of the checkpoint's tree", where="line 1")
    hashes = _hashes(lines[1:], MAX_PROOF_HASHES + 1)
    if not hashes:
        raise VerificationError("the subtree's hash is missing", where="line 2")
    return SubtreeRequest(start, end, hashes[0], hashes[1:], note, checkpoint)


def _parts(data: bytes) -> tuple[list[str], Note, Checkpoint]:
    if len(data) > MAX_REQUEST_BYTES:
        raise VerificationError("the request is too long", where="request")
    head, separator, rest = data.partition(b"\n\n")
    if not separator or not head.isascii():
        raise VerificationError("the request has no empty line before a checkpoint", where="request")
    note = parse_note(rest)
    return head.decode("ascii").split("\n"), note, parse_head(note.text)


def _hashes(lines: Sequence[str], limit: int = MAX_PROOF_HASHES) -> tuple[bytes, ...]:
    if len(lines) > limit:
        raise VerificationError(f"the proof has more than {MAX_PROOF_HASHES} hashes", where="proof")
    hashes = tuple(decode_base64(line) for line in lines)
    if any(len(part) != HASH_BYTES for part in hashes):
        raise VerificationError("a hash is not 32 bytes long", where="proof")
    return hashes


def parse_answer(data: bytes, text: str) -> tuple[Signature, ...]:
    """Read the signature lines that a witness answered with; nothing is verified.

    Args:
        data: the answer's body.
        text: the text of the checkpoint that was sent.

    Raises:
        VerificationError: these are no signature lines.
    """
    return parse_note(text.encode() + b"\n" + data).signatures if data else ()
