"""`zoneproxy.adapters.witness.feed`: a witness may be wrong or malicious; only what it proves counts."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from tests.support.logs import ORIGIN, joint_signer, signer
from zoneproxy.adapters.witness.client import Reply, WitnessClient
from zoneproxy.adapters.witness.feed import Outcome, WitnessFeed
from zoneproxy.trace.checkpoint import Checkpoint, sign_checkpoint
from zoneproxy.trace.cosigner import Cosigner
from zoneproxy.trace.merkle import leaf_hash, prove_consistency, tree_root
from zoneproxy.trace.note import Signature
from zoneproxy.trace.submission import parse_submission

LEAVES = [leaf_hash(bytes([number])) for number in range(9)]
COSIGNER = Cosigner(
    "w.example", Ed25519PrivateKey.from_private_bytes(b"w" * 32), MLDSA44PrivateKey.from_seed_bytes(b"w" * 32)
)
HEAD = Checkpoint(ORIGIN, 9, tree_root(LEAVES))
NOTE = sign_checkpoint(HEAD, [joint_signer()]).data


def root_at(size: int) -> bytes:
    return tree_root(LEAVES[:size])


def prove(old: int, new: int) -> list[bytes]:
    return prove_consistency(old, new, lambda h, i: tree_root(LEAVES[i << h : (i + 1) << h]))


class Script(WitnessClient):
    """A witness that answers by a script, and shows `shown` as its checkpoint."""

    def __init__(self, *replies: Reply | OSError, shown: bytes | OSError | None = None) -> None:
        super().__init__("http://127.0.0.1:9", 1)
        self.replies, self.shown = list(replies), shown
        self.olds: list[int] = []

    def add_checkpoint(self, body: bytes) -> Reply:
        self.olds.append(parse_submission(body).old)
        reply = self.replies.pop(0)
        if isinstance(reply, OSError):
            raise reply
        return reply

    def checkpoint(self, origin: str) -> bytes | None:
        if isinstance(self.shown, OSError):
            raise self.shown
        return self.shown


def ask(client: Script) -> Outcome:
    feed = WitnessFeed(client, ["a", "b"], COSIGNER.verifiers, origin=ORIGIN, known=joint_signer())
    return feed.cosign(HEAD, NOTE, prove, root_at)


def ok(*lines: Signature) -> Reply:
    return Reply(200, "text/plain", "".join(line.line for line in lines).encode())


def conflict(size: int | str) -> Reply:
    return Reply(409, "text/x.tlog.size", f"{size}\n".encode())


def note(size: int, root: bytes | None = None) -> bytes:
    return sign_checkpoint(Checkpoint(ORIGIN, size, root or tree_root(LEAVES[:size])), [signer()]).data


def test_it_calibrates_on_409() -> None:
    """It begins with nothing, takes the size that the witness tells, and asks again."""
    client = Script(conflict(5), ok(*COSIGNER.cosign(HEAD, 7)))
    made = ask(client)
    assert (client.olds, len(made.lines), made.trouble) == ([0, 5], 2, "")


def test_strange_lines_are_left_out() -> None:
    """Lines of unknown keys are ignored, as the protocol says."""
    made = ask(Script(ok(*signer("x.example").sign(HEAD.text), *COSIGNER.cosign(HEAD, 7))))
    assert [line.name for line in made.lines] == ["w.example", "w.example"]


def untimed() -> Signature:
    return Signature(
        "w.example",
        COSIGNER.verifiers[1].key_id,
        COSIGNER.sign_subtree(ORIGIN, (0, 9), HEAD.root).blob,
    )


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (lambda: Script(OSError(111, "Connection refused")), "connection refused"),
        (lambda: Script(TimeoutError()), "in time"),
        (lambda: Script(ok()), "no known key"),
        (lambda: Script(Reply(200, "", b"nonsense\n")), "malformed"),
        (lambda: Script(ok(*COSIGNER.cosign(Checkpoint(ORIGIN, 9, b"x" * 32), 7))), "does not verify"),
        (lambda: Script(ok(untimed())), "bears no time"),
        (lambda: Script(conflict("05")), "decimal"),
        (lambda: Script(conflict(1), conflict(2), conflict(3), conflict(4)), "changes with every answer"),
        (lambda: Script(Reply(404, "", b"not\x1b[2J known\n")), r"it answers 404: not \[2J known"),
        (lambda: Script(conflict(50)), "shows no checkpoint that says why"),
        (lambda: Script(conflict(50), shown=OSError("gone")), r"says why \(gone\)"),
        (lambda: Script(conflict(50), shown=b"nonsense"), "no checkpoint of this log"),
        (lambda: Script(Reply(422, "", b"no"), shown=note(5)), "it answers 422"),
    ],
)
def test_what_does_not_count(script: Callable[[], Script], said: str) -> None:
    """No cosignature, and no alarm about the log either: a witness alone proves nothing (Z22)."""
    made = ask(script())
    assert (made.lines, made.rollback) == ((), None)
    assert re.search(said, made.trouble), made.trouble


@pytest.mark.parametrize("shown", [note(50, b"x" * 32), note(5, b"x" * 32), note(9, b"x" * 32)])
def test_what_the_log_signed_counts(shown: bytes) -> None:
    """A refusal with a later or other checkpoint under the log's own key, one of them, is proof (Z14)."""
    for reply in (conflict(50), Reply(422, "", b"")):
        assert ask(Script(reply, shown=shown)).rollback is not None
    forged = base64.b64encode(b"x" * 68).decode()
    lie = shown.split(b"\n\n")[0] + f"\n\n\u2014 {ORIGIN} {forged}\n".encode()
    assert ask(Script(conflict(50), shown=lie)).rollback is None
