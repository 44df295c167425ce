"""`zoneproxy.trace.witness`: what is answered to a checkpoint, in the specification's order."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.logs import ORIGIN, joint_signer, mldsa_signer, signer
from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.checkpoint import Checkpoint, sign_checkpoint
from zoneproxy.trace.merkle import EMPTY_ROOT, leaf_hash, prove_consistency, tree_root
from zoneproxy.trace.note import Signer, parse_vkey
from zoneproxy.trace.signers import JointSigner
from zoneproxy.trace.submission import encode_submission, parse_submission, parse_subtree_request
from zoneproxy.trace.witness import Head, Suspicion, Verdict, decide, decide_subtree

KEYS = joint_signer().verifiers
LEAVES = [leaf_hash(bytes([number])) for number in range(20)]


def root(size: int) -> bytes:
    return tree_root(LEAVES[:size])


def read(height: int, index: int) -> bytes:
    return tree_root(LEAVES[index << height : (index + 1) << height])


def ask(
    old: int,
    size: int,
    known: int = 0,
    *,
    proof: list[bytes] | None = None,
    other: bytes | None = None,
    by: Signer | None = None,
    origin: str = ORIGIN,
) -> Verdict:
    checkpoint = Checkpoint(origin, size, other or root(size))
    if proof is None:
        proof = prove_consistency(old, size, read) if 0 < old <= size else []
    note = sign_checkpoint(checkpoint, [by or joint_signer(origin)]).data
    head = Head(known, root(known), b"") if known else None
    return decide(parse_submission(encode_submission(old, proof, note)), KEYS, head)


def test_a_log_that_grows_is_cosigned() -> None:
    """From nothing, from a size to a larger one, and the same size again."""
    for old, size in ((0, 1), (0, 0), (1, 2), (7, 19), (8, 16), (5, 5)):
        verdict = ask(old, size, old)
        assert verdict.status == 200, (old, size, verdict.message)
        assert verdict.note is not None
        assert verdict.suspicion is None


@pytest.mark.parametrize(
    ("verdict", "status", "suspicion"),
    [
        (lambda: ask(0, 3, origin="other.example"), 404, None),
        (lambda: ask(0, 3, by=signer(ORIGIN, 2)), 403, None),
        (lambda: ask(0, 3, by=signer()), 403, None),
        (lambda: ask(0, 3, by=mldsa_signer()), 403, None),
        (lambda: ask(0, 3, 5), 409, None),
        (lambda: ask(2, 3, 0), 409, None),
        (lambda: ask(0, 5, 5, other=b"x" * 32), 409, Suspicion.SPLIT_VIEW),
        (lambda: ask(5, 5, 5, other=b"x" * 32), 422, Suspicion.SPLIT_VIEW),
        (lambda: ask(5, 5, 5, proof=[b"x" * 32]), 422, None),
        (lambda: ask(0, 3, proof=[b"x" * 32]), 422, None),
        (lambda: ask(5, 9, 5, proof=[]), 422, Suspicion.UNPROVEN),
        (lambda: ask(5, 9, 5, other=b"x" * 32), 422, Suspicion.UNPROVEN),
    ],
)
def test_refusals(verdict: object, status: int, suspicion: Suspicion | None) -> None:
    """Each check has its status, and comes before those after it (Z14)."""
    made = verdict()  # type: ignore[operator]
    assert (made.status, made.suspicion) == (status, suspicion)


def test_an_empty_tree_has_one_root() -> None:
    """Size 0 with another root is answered 422, not as malformed."""
    note = sign_checkpoint(Checkpoint(ORIGIN, 0, b"x" * 32), [signer()]).data
    verdict = decide(parse_submission(encode_submission(0, [], note)), signer().verifiers, None)
    assert verdict.status == 422
    assert ask(0, 0).status == 200
    assert root(0) == EMPTY_ROOT


def test_a_log_that_changes_its_key() -> None:
    """One signature of each type that is trusted is enough; strange lines are ignored, false ones are not."""
    both = [*KEYS, *signer(ORIGIN, 2).verifiers]
    signers: list[Signer] = [JointSigner(signer(ORIGIN, 2), mldsa_signer()), signer("stranger.example")]
    note = sign_checkpoint(Checkpoint(ORIGIN, 1, root(1)), signers).data
    verdict = decide(parse_submission(encode_submission(0, [], note)), both, None)
    assert verdict.status == 200
    assert verdict.note is not None
    assert b"stranger" not in verdict.note.data
    place = note.index(b"\xe2\x80\x94 zone.example") + 60
    broken = note[:place] + (b"A" if note[place : place + 1] != b"A" else b"B") + note[place + 1 :]
    assert decide(parse_submission(encode_submission(0, [], broken)), both, None).status == 403


def test_the_nine_requests(shared: Path) -> None:
    """A sequence of requests that nobody here wrote gets the statuses of today's text."""
    vector = json.loads((shared / "vectors/witness_add_checkpoint.json").read_text())
    keys, head = [parse_vkey(vector["log_vkey"])], None
    for number, request in enumerate(vector["requests"]):
        try:
            submission = parse_submission(request["body"].encode())
        except VerificationError:
            # Base64 that is not canonical: 400 and 403 are both right.
            assert (number, request["status_spec_2026"]) == (1, 403)
            continue
        verdict = decide(submission, keys, head if submission.checkpoint.origin == keys[0].name else None)
        assert verdict.status == request["status_spec_2026"], number
        if verdict.status == 409:
            assert request["body_assert"] == f'== "{verdict.message}\\n"'
        if verdict.status == 200:
            head = Head(submission.checkpoint.size, submission.checkpoint.root, b"")


def test_subtrees() -> None:
    """A part of a tree that the witness cosigned is signed; another hash, log or tree is not."""
    note = sign_checkpoint(Checkpoint(ORIGIN, 16, root(16)), [joint_signer()]).data

    def status(hash_: bytes, proof: list[bytes], trusted: object = KEYS, own: object = KEYS) -> int:
        lines = encode_submission(0, [hash_, *proof], note).split(b"\n", 1)[1]
        request = parse_subtree_request(b"subtree 8 12\n" + lines)
        return decide_subtree(request, trusted, own).status  # type: ignore[arg-type]

    proof = [tree_root(LEAVES[12:16]), tree_root(LEAVES[:8])]
    good = tree_root(LEAVES[8:12])
    assert status(good, proof) == 200
    assert status(good, proof[::-1]) == 422
    assert status(b"x" * 32, proof) == 422
    assert status(good, proof, trusted=()) == 404
    assert status(good, proof, own=signer(ORIGIN, 2).verifiers) == 403
