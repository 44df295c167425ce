"""One witness as a log keeps it up to date: what it knows, what it signs, and what it shows of us.

The first request says `old 0`; a witness that knows more answers 409 with its size, and the next request
proves the way from there. One witness may hold several keys of the trust file: it is asked once.

A witness may be slow, wrong or malicious. Its signatures count only where they verify. What it says of
this log's past counts only where it shows the log's own signatures on it (`zoneproxy.trace.rollback`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from zoneproxy.adapters.files.trouble import why
from zoneproxy.adapters.witness.client import Reply, WitnessClient
from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.checkpoint import Checkpoint, parse_checkpoint, parse_size
from zoneproxy.trace.note import Note, Signature, VerifierKey, parse_note, verify_note
from zoneproxy.trace.rollback import check_view
from zoneproxy.trace.submission import encode_submission, parse_answer

_OK, _CONFLICT, _UNPROCESSABLE = 200, 409, 422
_TRIES = 4
_SAID_BYTES = 200

Prove = Callable[[int, int], list[bytes]]
"""Returns the consistency proof from an older size to a newer one."""


class Known(Protocol):
    """A log's keys, as far as they are known by now."""

    @property
    def verifiers(self) -> tuple[VerifierKey, ...]:
        """Any one of them shows that a checkpoint is this log's."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of asking a witness.

    Attributes:
        lines: its cosignatures, verified; none if it gave none.
        trouble: why it gave none, in words.
        rollback: it showed that this log is not in its newest state, or has two.
    """

    lines: tuple[Signature, ...] = ()
    trouble: str = ""
    rollback: VerificationError | None = None


class WitnessFeed:
    """Feeds one witness with one log's checkpoints; used by one thread at a time.

    Args:
        client: asks it.
        names: its names in the trust file.
        keys: its keys there.
        origin: the log's origin.
        known: the log's keys.
    """

    def __init__(
        self,
        client: WitnessClient,
        names: Sequence[str],
        keys: Sequence[VerifierKey],
        *,
        origin: str,
        known: Known,
    ) -> None:
        self._client, self._keys = client, tuple(keys)
        self.name = " ".join(names)
        self.url = client.url
        self._origin, self._known = origin, known
        self._size = 0  # what it cosigned last, as far as known

    @property
    def shown_at(self) -> str:
        """Where the witness shows what it holds of this log."""
        return f"{self.url}/{hashlib.sha256(self._origin.encode()).hexdigest()}/checkpoint"

    def check_view(self, signed: Checkpoint, root_at: Callable[[int], bytes]) -> Outcome:
        """Ask what it holds of this log, and hold that against what lies here."""
        try:
            note = self._client.checkpoint(self._origin)
        except OSError as error:
            return Outcome(trouble=_words(error))
        if note is None:
            return Outcome()
        try:
            seen = self._signed_here(note)
        except VerificationError as error:
            return Outcome(trouble=f"what it shows is no checkpoint of this log: {error.message}")
        try:
            check_view(seen, signed, root_at)
        except VerificationError as error:
            return Outcome(rollback=error)
        self._size = seen.size
        return Outcome()

    def _signed_here(self, note: bytes) -> Checkpoint:
        """Read a checkpoint that any one key of this log signed: a witness may know no other.

        Raises:
            VerificationError: it is none.
        """
        parsed = parse_note(note)
        checkpoint = parse_checkpoint(parsed.text)
        if checkpoint.origin != self._origin:
            raise VerificationError("it is another log's", where="checkpoint")
        verify_note(parsed, self._known.verifiers)
        return checkpoint

    def cosign(
        self, checkpoint: Checkpoint, note: bytes, prove: Prove, root_at: Callable[[int], bytes]
    ) -> Outcome:
        """Have a checkpoint cosigned.

        Args:
            checkpoint: the newest one that was signed.
            note: its note.
            prove: makes consistency proofs.
            root_at: returns the root of the first so many entries of this log.
        """
        old = self._size if self._size <= checkpoint.size else 0
        for _ in range(_TRIES):
            try:
                proof = prove(old, checkpoint.size) if old else []
                reply = self._client.add_checkpoint(encode_submission(old, proof, note))
                if reply.status == _OK:
                    lines = self._accept(reply, note)
                    self._size = checkpoint.size
                    return Outcome(lines)
                named = _size(reply) if reply.status == _CONFLICT else old
            except OSError as error:
                return Outcome(trouble=_words(error))
            except VerificationError as error:
                return Outcome(trouble=error.message)
            if named == old or named > checkpoint.size:
                return self._refused(reply, checkpoint, root_at)
            old = named
        return Outcome(trouble="its size changes with every answer: does another process feed it?")

    def _accept(self, reply: Reply, note: bytes) -> tuple[Signature, ...]:
        """Return the lines of its known keys, once they verify on the checkpoint and bear a time.

        Raises:
            VerificationError: there is none, or one does not verify.
        """
        text = parse_note(note).text
        answer = Note(text, parse_answer(reply.body, text))
        signed = verify_note(answer, self._keys)
        known = {(key.name, key.key_id) for key in signed}
        lines = tuple(line for line in answer.signatures if (line.name, line.key_id) in known)
        if any(not any(line.blob[:8]) for line in lines):
            raise VerificationError("its cosignature bears no time", where="signature line")
        return lines

    def _refused(self, reply: Reply, checkpoint: Checkpoint, root_at: Callable[[int], bytes]) -> Outcome:
        """Find out whether a refusal shows something of this log."""
        said = reply.body[:_SAID_BYTES].decode("utf-8", "replace").strip()
        said = "".join(char if char.isprintable() else " " for char in said)
        trouble = f"it answers {reply.status}: {said}"
        self._size = 0
        if reply.status not in {_CONFLICT, _UNPROCESSABLE}:
            return Outcome(trouble=trouble)
        shown = self.check_view(checkpoint, root_at)
        if shown.rollback is not None:
            return shown
        why = f", and shows no checkpoint that says why{f' ({shown.trouble})' if shown.trouble else ''}"
        return Outcome(trouble=trouble + why)


def _size(reply: Reply) -> int:
    return parse_size(reply.body.decode("ascii", "replace").removesuffix("\n"))


def _words(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "it does not answer in time"
    return why(error)
