r"""Evidence of a log that shows two histories: two of its signed checkpoints that do not chain.

A file of it is one canonical JSON object (`zoneproxy.trace.canonical`) and a newline:

    format   "zoneproxy-evidence-1"
    kind     "split-view" or "unproven"
    origin   the log
    vkeys    the log's verifier keys that the notes verify under
    first    the checkpoint that was cosigned before, the whole note
    second   the checkpoint that came after it, the whole note
    proof    the hashes that came with it, base64
    seen     when it came, seconds since 1970 UTC, by the witness's clock
    witness  the witness's name

`split-view`: both are of one size and have other roots. That proves by itself that whoever holds the log's
keys signed two histories; nothing but the keys need be believed. `unproven`: the second is larger and the
proof does not lead to it from the first. That is a suspicion, because anyone who sends a log's checkpoint to
a witness may spoil the proof; a copy of the log settles it: the copy can have the root of one of them only.

Worked example: two notes of `zone.example/trace`, `...\n7\nAAAA...\n` and `...\n7\nBBBB...\n`, both
with its Ed25519 line, are a split view.

Trust: the kind is not believed, it is found again. Who made the file does not matter.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace import canonical
from zoneproxy.trace.checkpoint import Checkpoint, parse_head
from zoneproxy.trace.merkle import check_consistency
from zoneproxy.trace.note import (
    MAX_NOTE_BYTES,
    VerifierKey,
    decode_base64,
    parse_note,
    parse_vkey,
    verify_note,
)
from zoneproxy.trace.submission import MAX_PROOF_HASHES
from zoneproxy.trace.witness import Suspicion

FORMAT = "zoneproxy-evidence-1"
MAX_EVIDENCE_BYTES = 4 * MAX_NOTE_BYTES
_FIELDS = {"format", "kind", "origin", "vkeys", "first", "second", "proof", "seen", "witness"}

RootAt = Callable[[int], bytes]
"""Returns the root of the first so many entries of a copy of the log; raises where it has not so many."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Two checkpoints of one log that do not chain, as the module's table says."""

    origin: str
    vkeys: tuple[VerifierKey, ...]
    first: bytes
    second: bytes
    proof: tuple[bytes, ...]
    seen: int
    witness: str

    @property
    def data(self) -> bytes:
        """The file's bytes."""
        heads = parse_head(parse_note(self.first).text), parse_head(parse_note(self.second).text)
        kind = Suspicion.SPLIT_VIEW if heads[0].size == heads[1].size else Suspicion.UNPROVEN
        value = {
            "format": FORMAT,
            "kind": kind.value,
            "origin": self.origin,
            "vkeys": [key.vkey for key in self.vkeys],
            "first": self.first.decode(),
            "second": self.second.decode(),
            "proof": [base64.b64encode(part).decode() for part in self.proof],
            "seen": self.seen,
            "witness": self.witness,
        }
        return canonical.encode(value) + b"\n"


@dataclass(frozen=True, slots=True)
class Finding:
    """What evidence shows.

    Attributes:
        proven: two histories were signed; False while that is only suspected.
        first, second: the two checkpoints.
        why: in words.
    """

    proven: bool
    first: Checkpoint
    second: Checkpoint
    why: str


def parse_evidence(data: bytes) -> Evidence:
    """Read a file of evidence; nothing is verified.

    Raises:
        VerificationError: it is none.
    """
    if len(data) > MAX_EVIDENCE_BYTES:
        raise VerificationError("the file is too long for evidence", where="evidence")
    value = canonical.decode(data.removesuffix(b"\n"))
    if type(value) is not dict or value.keys() != _FIELDS or value["format"] != FORMAT:
        raise VerificationError(
            "this is no file of evidence",
            where="evidence",
            hint="give a file that `zoneproxy witness evidence` wrote",
        )
    texts = [value[name] for name in ("origin", "kind", "first", "second", "witness")]
    if not all(type(text) is str for text in texts) or type(value["seen"]) is not int:
        raise VerificationError("a field of the evidence has another type", where="evidence")
    vkeys = tuple(parse_vkey(text) for text in _texts(value["vkeys"], 16))
    proof = tuple(decode_base64(text) for text in _texts(value["proof"], MAX_PROOF_HASHES))
    first, second = value["first"].encode(), value["second"].encode()
    return Evidence(value["origin"], vkeys, first, second, proof, value["seen"], value["witness"])


def _texts(value: Any, limit: int) -> list[str]:
    if type(value) is not list or len(value) > limit or not all(type(item) is str for item in value):
        raise VerificationError("a list of the evidence is none", where="evidence")
    return value


def check_evidence(
    evidence: Evidence, vkeys: Sequence[VerifierKey] = (), root_at: RootAt | None = None
) -> Finding:
    """Find out what evidence shows.

    Args:
        evidence: two checkpoints.
        vkeys: the log's keys from a source you trust; where none are given, those in the evidence, which
            shows only that whoever made it holds keys of that name.
        root_at: reads a copy of the log, which settles what the checkpoints alone leave open.

    Raises:
        VerificationError: it shows nothing: a checkpoint is not the log's, or the two do chain.
    """
    keys = [key for key in vkeys or evidence.vkeys if key.name == evidence.origin]
    first, second = (_open(note, keys, evidence.origin) for note in (evidence.first, evidence.second))
    if first.size > second.size:
        first, second = second, first
    if first.root == second.root and first.size == second.size:
        raise VerificationError("both checkpoints are the same: this shows nothing", where="evidence")
    if first.size == second.size:
        why = f"two roots of size {first.size} were signed"
        return Finding(proven=True, first=first, second=second, why=why)
    if root_at is not None:
        return _settle(first, second, root_at)
    try:
        check_consistency(first.size, second.size, first.root, second.root, evidence.proof)
    except VerificationError as error:
        return Finding(proven=False, first=first, second=second, why=error.message)
    raise VerificationError("the second checkpoint continues the first: this shows nothing", where="evidence")


def _open(note: bytes, keys: Iterable[VerifierKey], origin: str) -> Checkpoint:
    parsed = parse_note(note)
    checkpoint = parse_head(parsed.text)
    if checkpoint.origin != origin:
        raise VerificationError("a checkpoint is another log's", where="evidence")
    verify_note(parsed, keys)
    return checkpoint


def _settle(first: Checkpoint, second: Checkpoint, root_at: RootAt) -> Finding:
    strange = [head.size for head in (first, second) if root_at(head.size) != head.root]
    if not strange:
        raise VerificationError(
            "the copy of the log has both roots: the second checkpoint continues the first", where="evidence"
        )
    sizes = " and ".join(str(size) for size in strange)
    why = f"the copy of the log has another root at size {sizes}"
    return Finding(proven=True, first=first, second=second, why=why)
