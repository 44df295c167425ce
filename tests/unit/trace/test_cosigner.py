"""`zoneproxy.trace.cosigner`: cosignatures with both keys, which verify and bear the time."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from tests.support.logs import ORIGIN
from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.checkpoint import Checkpoint
from zoneproxy.trace.cosignature import subtree_message
from zoneproxy.trace.cosigner import Cosigner
from zoneproxy.trace.note import Note, parse_vkey, verify_note

HEAD = Checkpoint(ORIGIN, 3, b"r" * 32)


def cosigner(name: str = "w.example/1") -> Cosigner:
    return Cosigner(
        name, Ed25519PrivateKey.from_private_bytes(b"w" * 32), MLDSA44PrivateKey.from_seed_bytes(b"w" * 32)
    )


def test_both_lines_verify() -> None:
    """Both keys have one name, their vkeys are read back, and each line bears the time given."""
    made = cosigner()
    lines = made.cosign(HEAD, 7)
    assert verify_note(Note(HEAD.text, lines), made.verifiers) == made.verifiers
    assert [line.blob[:8] for line in lines] == [(7).to_bytes(8, "big")] * 2
    assert [parse_vkey(key.vkey) for key in made.verifiers] == list(made.verifiers)
    other = Checkpoint(ORIGIN, 4, HEAD.root)
    with pytest.raises(VerificationError):
        verify_note(Note(other.text, lines), made.verifiers)


def test_a_time_is_needed() -> None:
    """A cosignature without a time would say nothing of the largest tree: it is not made."""
    with pytest.raises(ValueError, match="time"):
        cosigner().cosign(HEAD, 0)


def test_subtrees_are_signed_without_a_time() -> None:
    """A subtree's signature is over its span and hash, at time 0."""
    made = cosigner()
    line = made.sign_subtree(ORIGIN, (8, 12), b"s" * 32)
    message = subtree_message(made.name, 0, ORIGIN, (8, 12), b"s" * 32)
    assert message is not None
    assert line.blob[:8] == bytes(8)
    MLDSA44PublicKey.from_public_bytes(made.verifiers[1].public).verify(line.blob[8:], message)


def test_names() -> None:
    """A name with a space, and an origin that is too long, can't be signed."""
    with pytest.raises(VerificationError):
        cosigner("a name")
    with pytest.raises(VerificationError, match="255"):
        cosigner().cosign(Checkpoint("o" * 256, 3, HEAD.root), 1)
