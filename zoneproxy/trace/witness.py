"""What a witness answers to a checkpoint: a decision on the request, the keys it trusts, and what it knows.

The checks in their order, and the answer of the first that does not hold (`Verdict.status`):

    400   the request is malformed, or its old size is larger than the checkpoint's (reading it raises)
    404   no key of this origin is trusted
    403   a trusted key's line does not verify, or the trusted keys did not sign
    409   the old size is not that of the newest checkpoint cosigned; the body is that size
    422   size 0 without the empty root; a proof from size 0; the same size with another root; a proof that
          does not lead from the known root to the new one
    200   cosign, after what is known was made durable in the same step

Where several trusted keys of one type bear the origin's name (a log that changes its key), one signature a
type is enough; where two types are trusted, both must have signed.

Two checkpoints of one size with other roots, both signed by the log, are proof of a split view by
themselves; they are noticed whatever the answer is. A larger one without a proof is a suspicion: anyone
can spoil a proof. Both are kept (`zoneproxy.trace.evidence`).

Source: C2SP tlog-witness.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.merkle import EMPTY_ROOT, check_consistency, check_subtree_consistency
from zoneproxy.trace.note import Note, VerifierKey, verify_note
from zoneproxy.trace.submission import Submission, SubtreeRequest

COSIGN, BAD_REQUEST, FORBIDDEN, NOT_FOUND, CONFLICT, UNPROCESSABLE = 200, 400, 403, 404, 409, 422


class Suspicion(StrEnum):
    """What a request shows of a log, if it shows anything."""

    SPLIT_VIEW = "split-view"
    UNPROVEN = "unproven"


@dataclass(frozen=True, slots=True)
class Head:
    """The newest checkpoint that a witness cosigned of a log.

    Attributes:
        size: its size.
        root: its root hash, 32 bytes.
        note: its text with the log's signatures and the witness's.
    """

    size: int
    root: bytes
    note: bytes


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is answered.

    Attributes:
        status: the HTTP status.
        message: why, for a person; of a 409 the size, alone.
        note: the checkpoint with the lines of trusted keys alone, once these verified.
        suspicion: what to keep the request for.
    """

    status: int
    message: str
    note: Note | None = None
    suspicion: Suspicion | None = None


def decide(submission: Submission, trusted: Iterable[VerifierKey], head: Head | None) -> Verdict:
    """Decide on an `add-checkpoint` request. Whoever cosigns must store the new head first.

    Args:
        submission: the request.
        trusted: the verifier keys of all logs that are witnessed.
        head: what was cosigned last of this origin; read in the step in which the new one is stored.
    """
    checkpoint = submission.checkpoint
    keys = [key for key in trusted if key.name == checkpoint.origin]
    if not keys:
        return Verdict(NOT_FOUND, f"the log `{checkpoint.origin}` is not witnessed here")
    try:
        note = _signed(submission.note, keys)
    except VerificationError as error:
        return Verdict(FORBIDDEN, error.message)
    size, root = (0, EMPTY_ROOT) if head is None else (head.size, head.root)
    split = head is not None and size == checkpoint.size and root != checkpoint.root
    if submission.old != size:
        return Verdict(CONFLICT, str(size), note, Suspicion.SPLIT_VIEW if split else None)
    if split:
        why = "another root of this size was cosigned before: the log shows two histories"
        return Verdict(UNPROCESSABLE, why, note, Suspicion.SPLIT_VIEW)
    if checkpoint.size == 0 and checkpoint.root != EMPTY_ROOT:
        return Verdict(UNPROCESSABLE, "the empty tree has another root", note)
    if size == 0:
        if submission.proof:
            return Verdict(UNPROCESSABLE, "the consistency proof from size 0 must be empty", note)
        return Verdict(COSIGN, "", note)
    try:
        check_consistency(size, checkpoint.size, root, checkpoint.root, submission.proof)
    except VerificationError as error:
        why = f"the consistency proof does not hold: {error.message}"
        suspicion = Suspicion.UNPROVEN if checkpoint.size > size else None
        return Verdict(UNPROCESSABLE, why, note, suspicion)
    return Verdict(COSIGN, "", note)


def decide_subtree(
    request: SubtreeRequest, trusted: Iterable[VerifierKey], own: Iterable[VerifierKey]
) -> Verdict:
    """Decide on a `sign-subtree` request; nothing is stored for it.

    Args:
        request: the request.
        trusted: the verifier keys of all logs that are witnessed.
        own: the witness's own keys, one of which must have cosigned the checkpoint.
    """
    checkpoint = request.checkpoint
    try:
        check_subtree_consistency(
            request.start, request.end, checkpoint.size, request.root, checkpoint.root, request.proof
        )
    except VerificationError as error:
        return Verdict(UNPROCESSABLE, f"the proof does not hold: {error.message}")
    if all(key.name != checkpoint.origin for key in trusted):
        return Verdict(NOT_FOUND, f"the log `{checkpoint.origin}` is not witnessed here")
    try:
        verify_note(request.note, own)
    except VerificationError:
        return Verdict(FORBIDDEN, "this witness did not cosign the checkpoint")
    return Verdict(COSIGN, "")


def _signed(note: Note, keys: list[VerifierKey]) -> Note:
    """Return the note with the lines of these keys alone, once they are enough."""
    signed = verify_note(note, keys)
    missing = {key.type for key in keys} - {key.type for key in signed}
    if missing:
        raise VerificationError(
            f"a trusted key of type 0x{min(missing):02x} did not sign the checkpoint", where="signature line"
        )
    known = {(key.name, key.key_id) for key in signed}
    return Note(note.text, tuple(line for line in note.signatures if (line.name, line.key_id) in known))
