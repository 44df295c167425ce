"""Checkpoints: a log's signed size and root hash.

A checkpoint is a signed note (`zoneproxy.trace.note`) whose text has exactly three lines:

    <log origin>
    <size, decimal>
    <base64(root hash)>

Extension lines are not written, and refused when read: cosignatures need not cover them.

Worked example, the empty log of `zone.example/trace/node-1` before its signatures:

    zone.example/trace/node-1
    0
    47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=

Source: C2SP tlog-checkpoint.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.merkle import EMPTY_ROOT, HASH_BYTES
from zoneproxy.trace.note import Note, Signer, VerifierKey, decode_base64, parse_note, sign_note, verify_note

MAX_SIZE = 2**63 - 1
_DECIMAL = re.compile(r"(?:0|[1-9][0-9]{0,18})\Z", re.ASCII)
_LINES = 3


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree head: the log's origin, its size in entries, its root hash (32 bytes)."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def parse_size(text: str) -> int:
    """Read a decimal number without leading zeroes, at most 2^63-1.

    Raises:
        VerificationError: it is anything else.
    """
    if not _DECIMAL.match(text) or int(text) > MAX_SIZE:
        raise VerificationError("the size is not a plain decimal number", where="size")
    return int(text)


def parse_checkpoint(text: str) -> Checkpoint:
    """Read a checkpoint's text, last newline included.

    Raises:
        VerificationError: it is not a checkpoint, or bears extension lines.
    """
    head = parse_head(text)
    if head.size == 0 and head.root != EMPTY_ROOT:
        raise VerificationError("the root hash can't be one of that size", where="checkpoint")
    return head


def parse_head(text: str) -> Checkpoint:
    """Read a checkpoint's text, whatever root hash it gives to the empty tree.

    Raises:
        VerificationError: it is not a checkpoint, or bears extension lines.
    """
    lines = text.split("\n")
    if len(lines) != _LINES + 1 or lines[-1] or not lines[0]:
        raise VerificationError("a checkpoint has exactly three lines", where="checkpoint")
    size, root = parse_size(lines[1]), decode_base64(lines[2])
    if len(root) != HASH_BYTES:
        raise VerificationError("the root hash can't be one of that size", where="checkpoint")
    return Checkpoint(lines[0], size, root)


def sign_checkpoint(checkpoint: Checkpoint, signers: Sequence[Signer]) -> Note:
    """Sign a checkpoint. Whoever calls must never have signed one that contradicts it."""
    return sign_note(checkpoint.text, signers)


def open_checkpoint(data: bytes, keys: Iterable[VerifierKey], origin: str = "") -> Checkpoint:
    """Read a checkpoint and check that every key of the log signed it.

    Args:
        data: the note's bytes.
        keys: the known keys; those that bear the log's origin as their name are the log's.
        origin: the origin that it must have; empty takes any for which a key is known.

    Raises:
        VerificationError: it is malformed, is another log's, or a log key's signature lacks or fails.
    """
    note = parse_note(data)
    checkpoint = parse_checkpoint(note.text)
    if origin and checkpoint.origin != origin:
        raise VerificationError(
            f"the checkpoint is that of the log `{checkpoint.origin}`, not `{origin}`", where="checkpoint"
        )
    own = [key for key in keys if key.name == checkpoint.origin]
    if not own:
        raise VerificationError(
            f"no verifier key of the log `{checkpoint.origin}` is known",
            where="checkpoint",
            hint="give the log's verifier key with `--vkey FILE`",
        )
    signed = verify_note(note, own)
    for key in own:
        if key not in signed:
            raise VerificationError(
                f"the key `{key.name}+{key.key_id.hex()}` did not sign the checkpoint", where="checkpoint"
            )
    return checkpoint
