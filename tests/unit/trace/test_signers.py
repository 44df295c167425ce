"""`zoneproxy.trace.signers`: a log signs twice, a verifier of both keys demands both."""

from __future__ import annotations

import pytest

from tests.support.logs import ORIGIN, START_MS, joint_signer, mldsa_signer, signer
from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from zoneproxy.trace.note import parse_vkey

HEAD = Checkpoint(ORIGIN, 3, b"r" * 32)


def test_both_keys_sign() -> None:
    """A checkpoint bears both signatures, Ed25519 first, and opens under both keys or either."""
    joint = joint_signer()
    note = sign_checkpoint(HEAD, [joint])
    assert [line.key_id for line in note.signatures] == [key.key_id for key in joint.verifiers]
    for keys in (joint.verifiers, signer().verifiers, mldsa_signer().verifiers):
        assert open_checkpoint(note.data, keys, ORIGIN) == HEAD
    assert [key.type for key in joint.verifiers] == [1, 6]
    assert all(parse_vkey(key.vkey) == key for key in joint.verifiers)


def test_the_time_stands_before_the_signature() -> None:
    """The ML-DSA-44 line begins with the time of signing in seconds; a clock before 1970 counts as 0."""
    assert mldsa_signer().sign(HEAD.text)[0].blob[:8] == (START_MS // 1000).to_bytes(8, "big")
    assert mldsa_signer(now_ms=-5).sign(HEAD.text)[0].blob[:8] == bytes(8)


def test_only_checkpoints_are_signed() -> None:
    """What is no checkpoint is not signed with ML-DSA-44."""
    with pytest.raises(VerificationError, match="only a checkpoint"):
        mldsa_signer().sign("text\n")


def test_a_line_of_a_known_key_that_fails() -> None:
    """Another log's ML-DSA-44 signature under this name refuses the checkpoint."""
    other = sign_checkpoint(HEAD, [mldsa_signer(number=2)])
    with pytest.raises(VerificationError):
        open_checkpoint(other.data, joint_signer().verifiers)
