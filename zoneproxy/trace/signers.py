"""Who signs a log's checkpoints: an ML-DSA-44 key, and several keys of one name together.

A log signs twice: `0x01`, Ed25519, for every verifier of the field, and `0x06`, ML-DSA-44, which stands
when Ed25519 no longer does. A verifier that trusts both keys demands both signatures.
"""

from __future__ import annotations

from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.cosignature import mldsa44_message, timestamped
from zoneproxy.trace.note import MLDSA44, Signature, Signer, VerifierKey, check_name

_MS_PER_S = 1000


class MlDsa44Signer:
    """Signs checkpoints with one ML-DSA-44 key; nothing but a checkpoint can be signed so.

    Args:
        name: the key's name; a log's is its origin.
        key: the private key.
        now_ms: tells the time, milliseconds since 1970 UTC.
    """

    def __init__(self, name: str, key: MLDSA44PrivateKey, now_ms: Callable[[], int]) -> None:
        check_name(name)
        self._key = key
        self._now_ms = now_ms
        self._verifier = VerifierKey(name, MLDSA44, key.public_key().public_bytes_raw())

    @property
    def verifiers(self) -> tuple[VerifierKey, ...]:
        """The one key under which `sign` signs."""
        return (self._verifier,)

    def sign(self, text: str) -> tuple[Signature, ...]:
        """Sign a checkpoint's text, last newline included.

        Raises:
            VerificationError: it is no checkpoint's text.
        """
        seconds = max(0, self._now_ms() // _MS_PER_S)
        message = mldsa44_message(self._verifier.name, seconds, text)
        if message is None:
            raise VerificationError("only a checkpoint can be signed with this key", where="checkpoint")
        blob = timestamped(seconds, self._key.sign(message))
        return (Signature(self._verifier.name, self._verifier.key_id, blob),)


class JointSigner:
    """Several signers that sign every text together, in their order."""

    def __init__(self, *signers: Signer) -> None:
        self._signers = signers

    @property
    def verifiers(self) -> tuple[VerifierKey, ...]:
        """The keys under which `sign` signs, one signature each."""
        return tuple(key for signer in self._signers for key in signer.verifiers)

    def sign(self, text: str) -> tuple[Signature, ...]:
        """Sign a note's text, last newline included, with every key."""
        return tuple(signature for signer in self._signers for signature in signer.sign(text))
