"""The witness at work: each request read, decided, stored and signed, in one step.

The order within a step, which no other request can come between: read what was cosigned last, decide,
check that time has not gone back, sign, store the new head with the time, commit, answer. A crash before
the commit leaves the old head, and nobody holds the new signature; after it, the new head, and whoever
asks again is told its size.

Time must not go back: a cosignature that claims an earlier time than one before it would break the order
that logs take from it. Until the clock has caught up, nothing is signed (503).
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass

from zoneproxy.adapters.witness.folder import WitnessedLogs
from zoneproxy.adapters.witness.store import WitnessStore
from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.cosigner import Cosigner
from zoneproxy.trace.evidence import Evidence
from zoneproxy.trace.note import Note, Signature
from zoneproxy.trace.submission import Submission, parse_submission, parse_subtree_request
from zoneproxy.trace.witness import (
    BAD_REQUEST,
    CONFLICT,
    COSIGN,
    NOT_FOUND,
    Head,
    Suspicion,
    Verdict,
    decide,
    decide_subtree,
)

UNAVAILABLE = 503
TEXT, SIZE = "text/plain; charset=utf-8", "text/x.tlog.size"
_MS_PER_S = 1000

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer: status, content type, body."""

    status: int
    content_type: str
    body: bytes


class WitnessDesk:
    """Answers what a witness is asked; used by one thread at a time.

    Args:
        cosigner: signs.
        store: remembers.
        logs: whose checkpoints are cosigned.
        now_ms: tells the time, milliseconds since 1970 UTC.
    """

    def __init__(
        self, cosigner: Cosigner, store: WitnessStore, logs: WitnessedLogs, now_ms: Callable[[], int]
    ) -> None:
        self._cosigner, self._store, self._logs, self._now_ms = cosigner, store, logs, now_ms

    def add_checkpoint(self, body: bytes) -> Answer:
        """Answer an `add-checkpoint` request.

        Raises:
            TraceError: the memory can't be written; nothing was cosigned.
        """
        try:
            submission = parse_submission(body)
        except VerificationError as error:
            return _answer(BAD_REQUEST, f"{error.message} ({error.where})")
        trusted = self._logs.keys
        with self._store.step():
            head = self._store.head(submission.checkpoint.origin)
            verdict = decide(submission, trusted, head)
            if verdict.suspicion is not None and head is not None:
                self._keep(verdict.suspicion, submission, verdict, head)
            if verdict.status == CONFLICT:
                return Answer(CONFLICT, SIZE, f"{verdict.message}\n".encode())
            if verdict.status != COSIGN or verdict.note is None:
                return _answer(verdict.status, verdict.message)
            return self._cosign(submission, verdict.note)

    def _cosign(self, submission: Submission, note: Note) -> Answer:
        checkpoint = submission.checkpoint
        seconds, before = self._now_ms() // _MS_PER_S, self._store.seconds
        if seconds < max(before, 1):
            log.error("the clock went back by %d seconds: nothing is cosigned", before - seconds)
            return _answer(UNAVAILABLE, "this witness's clock went back; it does not sign until it is right")
        try:
            lines = self._cosigner.cosign(checkpoint, seconds)
        except VerificationError as error:
            return _answer(BAD_REQUEST, error.message)
        whole = Note(note.text, (*note.signatures, *lines)).data
        head = Head(checkpoint.size, checkpoint.root, whole)
        self._store.store(checkpoint.origin, origin_hash(checkpoint.origin), head, seconds)
        return _lines(*lines)

    def _keep(self, kind: Suspicion, submission: Submission, verdict: Verdict, head: Head) -> None:
        """Keep two checkpoints that do not chain, within the step; once each pair."""
        if verdict.note is None:
            return
        origin = submission.checkpoint.origin
        keys = tuple(key for key in self._logs.keys if key.name == origin)
        seen = max(0, self._now_ms() // _MS_PER_S)
        proof = submission.proof if kind is Suspicion.UNPROVEN else ()
        made = Evidence(origin, keys, head.note, verdict.note.data, proof, seen, self._cosigner.name)
        pair = f"{kind}\n{origin}\n{head.size} {head.root.hex()}\n{submission.checkpoint.text}"
        digest = hashlib.sha256(pair.encode()).hexdigest()
        if self._store.keep(kind.value, seen, digest, made.data):
            log.error(
                "the log `%s` showed two checkpoints that do not chain (%s, sizes %d and %d): "
                "see `zoneproxy witness evidence`",
                origin, kind.value, head.size, submission.checkpoint.size,
            )  # fmt: skip

    def sign_subtree(self, body: bytes) -> Answer:
        """Answer a `sign-subtree` request."""
        try:
            request = parse_subtree_request(body)
            verdict = decide_subtree(request, self._logs.keys, self._cosigner.verifiers)
            if verdict.status != COSIGN:
                return _answer(verdict.status, verdict.message)
            span = (request.start, request.end)
            return _lines(self._cosigner.sign_subtree(request.checkpoint.origin, span, request.root))
        except VerificationError as error:
            return _answer(BAD_REQUEST, f"{error.message} ({error.where})")

    def checkpoint(self, digest: str) -> Answer:
        """Answer with the newest checkpoint that was cosigned of a log.

        Args:
            digest: SHA-256 of the log's origin, lower-case hex.
        """
        head = self._store.head_by_digest(digest)
        if head is None:
            return _answer(NOT_FOUND, "no checkpoint of this log was cosigned here")
        return Answer(COSIGN, TEXT, head.note)


def origin_hash(origin: str) -> str:
    """Return the name that the monitoring prefix knows a log by."""
    return hashlib.sha256(origin.encode()).hexdigest()


def _answer(status: int, message: str) -> Answer:
    return Answer(status, TEXT, f"{message}\n".encode("utf-8", "replace"))


def _lines(*lines: Signature) -> Answer:
    return Answer(COSIGN, TEXT, "".join(line.line for line in lines).encode())
