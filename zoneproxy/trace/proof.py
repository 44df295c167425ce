"""Proof files: one entry, and that it stands in a log, for anyone to check without the log.

    c2sp.org/tlog-proof@v1
    extra <base64>                  optional; here the entry's bytes, so that the file is all one needs
    index <decimal>
    <base64(hash)>                  the sibling of the leaf first, a child of the root last
                                    an empty line
    <the checkpoint, verbatim>

The file's name ends in `.tlog-proof`. What stands behind `extra` is not protected by the format; a check
hashes it as the entry, and believes it only if the proof leads from there to the signed root.

Worked example: the proof of the only entry of a log has no hashes, so the empty line follows
`index 0` at once.

Trust: a checked proof says as much as the keys that it was checked against. It shows that the entry was
logged before the checkpoint was signed, not that other people were shown the same log.

Source: C2SP tlog-proof.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass

from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.checkpoint import Checkpoint, open_checkpoint, parse_size
from zoneproxy.trace.merkle import HASH_BYTES, check_inclusion, leaf_hash
from zoneproxy.trace.note import MAX_NOTE_BYTES, VerifierKey, decode_base64, parse_note
from zoneproxy.trace.tiles import MAX_ENTRY_BYTES

SUFFIX = ".tlog-proof"
MAX_HASHES = 63
MAX_PROOF_BYTES = MAX_NOTE_BYTES + 2 * MAX_ENTRY_BYTES + MAX_HASHES * 48
_FIRST = "c2sp.org/tlog-proof@v1"
_EXTRA = "extra "
_INDEX = "index "


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """A proof as read or made; nothing of it is verified.

    Attributes:
        index: the entry's index.
        hashes: the inclusion proof, leaf side first, 32 bytes each.
        note: the checkpoint's bytes.
        extra: the entry's bytes; empty where the file does not hold them.
    """

    index: int
    hashes: tuple[bytes, ...]
    note: bytes
    extra: bytes = b""

    @property
    def data(self) -> bytes:
        """The proof file's bytes."""
        lines = [_FIRST]
        if self.extra:
            lines.append(_EXTRA + base64.b64encode(self.extra).decode())
        lines.append(f"{_INDEX}{self.index}")
        lines += [base64.b64encode(part).decode() for part in self.hashes]
        return "\n".join([*lines, "", ""]).encode() + self.note


def parse_proof(data: bytes) -> InclusionProof:
    """Read a proof file; nothing is verified.

    Raises:
        VerificationError: it is not one.
    """
    if len(data) > MAX_PROOF_BYTES:
        raise VerificationError("the proof file is too long", where="proof")
    head, empty, note = data.partition(b"\n\n")
    if not empty or not head.isascii():
        raise VerificationError("this is no proof file", where="proof")
    lines = head.decode("ascii").split("\n")
    if lines.pop(0) != _FIRST or not lines:
        raise VerificationError(f"a proof file begins with `{_FIRST}`", where="proof")
    extra = b""
    if lines[0].startswith(_EXTRA):
        extra = decode_base64(lines.pop(0).removeprefix(_EXTRA))
        if not extra:
            raise VerificationError("the proof file's extra data is empty", where="proof")
    if not lines or not lines[0].startswith(_INDEX):
        raise VerificationError("the proof file names no index", where="proof")
    index = parse_size(lines.pop(0).removeprefix(_INDEX))
    hashes = tuple(decode_base64(line) for line in lines)
    if len(hashes) > MAX_HASHES or any(len(part) != HASH_BYTES for part in hashes):
        raise VerificationError("the proof file holds what is no hash, or too many", where="proof")
    parse_note(note)
    return InclusionProof(index, hashes, note, extra)


def check_proof(
    proof: InclusionProof, keys: Iterable[VerifierKey], entry: bytes | None = None
) -> tuple[Checkpoint, bytes]:
    """Check that the proof's entry stands in the log of these keys.

    Args:
        proof: the proof.
        keys: the log's keys, from a source that is trusted; every one must have signed.
        entry: the entry's bytes; those in the proof where not given.

    Returns:
        The checkpoint, and the entry that it was shown for.

    Raises:
        VerificationError: the checkpoint or the proof does not hold, or there is no entry.
    """
    entry = proof.extra if entry is None else entry
    if not entry:
        raise VerificationError(
            "the proof file does not hold the entry", where="proof", hint="give it with `--entry FILE`"
        )
    checkpoint = open_checkpoint(proof.note, keys)
    check_inclusion(proof.index, checkpoint.size, leaf_hash(entry), proof.hashes, checkpoint.root)
    return checkpoint, entry
