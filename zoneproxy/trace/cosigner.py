"""Who cosigns: a witness's two keys under one name, each signing with the time.

`0x04`, Ed25519, for every client of the field; `0x06`, ML-DSA-44, which stands when Ed25519 no longer does
and signs subtrees too. What is signed stands in `zoneproxy.trace.cosignature`.

Trust: a cosignature says that this is the largest consistent tree of its origin that the witness saw until
then. Only `zoneproxy.adapters.witness.desk` may call `cosign`, in the step that stores the tree.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.checkpoint import Checkpoint
from zoneproxy.trace.cosignature import ed25519_message, subtree_message, timestamped
from zoneproxy.trace.note import ED25519_COSIGNATURE, MLDSA44, Signature, VerifierKey, check_name


class Cosigner:
    """Signs checkpoints as a witness.

    Args:
        name: the witness's name, a URL without scheme.
        ed25519: its Ed25519 key; it serves this name only.
        mldsa: its ML-DSA-44 key.

    Raises:
        VerificationError: the name can't be a key's.
    """

    def __init__(self, name: str, ed25519: Ed25519PrivateKey, mldsa: MLDSA44PrivateKey) -> None:
        check_name(name)
        self.name = name
        self._ed25519, self._mldsa = ed25519, mldsa
        self.verifiers = (
            VerifierKey(name, ED25519_COSIGNATURE, ed25519.public_key().public_bytes_raw()),
            VerifierKey(name, MLDSA44, mldsa.public_key().public_bytes_raw()),
        )

    def cosign(self, checkpoint: Checkpoint, seconds: int) -> tuple[Signature, ...]:
        """Cosign a checkpoint with both keys.

        Args:
            checkpoint: what was stored as the largest tree of its origin.
            seconds: POSIX time, more than 0.

        Raises:
            VerificationError: the origin is too long to be signed.
            ValueError: the time is not one (the caller's bug).
        """
        if seconds <= 0:
            raise ValueError("a cosignature bears a time")
        ed25519, mldsa = self.verifiers
        blob = timestamped(seconds, self._ed25519.sign(ed25519_message(seconds, checkpoint.text)))
        line = Signature(self.name, ed25519.key_id, blob)
        span = (0, checkpoint.size)
        return line, self._sign(mldsa, seconds, checkpoint.origin, span, checkpoint.root)

    def sign_subtree(self, origin: str, span: tuple[int, int], root: bytes) -> Signature:
        """Sign a subtree of a cosigned tree, without a time, with the ML-DSA-44 key.

        Raises:
            VerificationError: the origin is too long to be signed.
        """
        return self._sign(self.verifiers[1], 0, origin, span, root)

    def _sign(
        self, key: VerifierKey, seconds: int, origin: str, span: tuple[int, int], root: bytes
    ) -> Signature:
        message = subtree_message(self.name, seconds, origin, span, root)
        if message is None:
            raise VerificationError("the origin is longer than 255 bytes", where="checkpoint")
        return Signature(self.name, key.key_id, timestamped(seconds, self._mldsa.sign(message)))
