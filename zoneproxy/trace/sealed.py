"""Openings at rest: each opening record encrypted before it touches a disk.

A sealed opening stands wherever a plain one would: in the write-ahead log's items and in `open/<N>`.

    "ZPO1" | key id, 16 bytes | nonce, 12 bytes | ciphertext and tag of AES-256-GCM

    plaintext    the opening record, filled with spaces to a multiple of 128 bytes
    key          the data key of that id (`zoneproxy.trace.datakey`), 32 bytes
    nonce        u96 BE: how many openings this data key sealed before this one
    AAD          "zoneproxy.org/opening/v1" | 00 | u8 length, log origin | u64 BE index | key id

**Nonces are unique by construction.** A data key is drawn by one session of one process and never used to
encrypt by any other: a restart, and each redaction, draw keys of their own. Inside a session the nonce is
a count that only grows. So a group that a crash tore off and whose indexes are given again, or a record
that is sealed again without a field, never meets an old nonce under the same key.

**What is where.** The record exists in the clear only in memory, from the request until its group is
written. The write-ahead log and `open/` hold the sealed form alone. A record that begins with `{` is a plain
one, as logs without an encryption key hold.

**Withheld, not invalid.** Where the data key is gone, or the reader holds no key that unwraps it, the
opening is withheld. Where the key is there and the tag does not fit, somebody changed the bytes.

Worked example: an opening record of 565 bytes makes 4 + 16 + 12 + 640 + 16 = 688 bytes.

Trust: a sealed opening says nothing but its length in steps of 128 bytes, and under which key it lies.

Source: NIST SP 800-38D, section 8.2.1 (deterministic construction of nonces); RFC 5116.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from zoneproxy.terms.errors import VerificationError

MAGIC = b"ZPO1"
KEY_BYTES = 32
KEY_ID_BYTES = 16
NONCE_BYTES = 12
TAG_BYTES = 16
STEP_BYTES = 128
_HEAD_BYTES = len(MAGIC) + KEY_ID_BYTES + NONCE_BYTES
_CONTEXT = b"zoneproxy.org/opening/v1\x00"
_INDEX = struct.Struct(">Q")


@dataclass(frozen=True, slots=True)
class Place:
    """Where an opening belongs: it can be opened nowhere else.

    Attributes:
        origin: the log's origin.
        index: the entry's place in it.
    """

    origin: str
    index: int

    def bound(self, key_id: bytes) -> bytes:
        """Return the associated data of an opening of this place under this key."""
        origin = self.origin.encode()
        return _CONTEXT + bytes([len(origin)]) + origin + _INDEX.pack(self.index) + key_id


def is_sealed(record: bytes) -> bool:
    """Tell a sealed opening from a plain one."""
    return record.startswith(MAGIC)


def seal(key: bytes, key_id: bytes, count: int, place: Place, record: bytes) -> bytes:
    """Encrypt an opening record.

    Args:
        key: the data key, 32 bytes.
        key_id: its id, 16 bytes.
        count: how many openings this key sealed before; never the same number twice.
        place: the entry that it opens.
        record: the opening record.
    """
    nonce = count.to_bytes(NONCE_BYTES, "big")
    filled = record + b" " * (-len(record) % STEP_BYTES)
    return MAGIC + key_id + nonce + AESGCM(key).encrypt(nonce, filled, place.bound(key_id))


def key_id_of(sealed: bytes) -> bytes:
    """Return the id of the data key that a sealed opening lies under.

    Raises:
        VerificationError: it is cut short.
    """
    if len(sealed) < _HEAD_BYTES + TAG_BYTES or not is_sealed(sealed):
        raise VerificationError("this is not a sealed opening", where="opening")
    return sealed[len(MAGIC) : len(MAGIC) + KEY_ID_BYTES]


def unseal(key: bytes, place: Place, sealed: bytes) -> bytes:
    """Decrypt a sealed opening.

    Raises:
        VerificationError: it was changed, or belongs to another entry, log or key.
    """
    key_id = key_id_of(sealed)
    nonce = sealed[_HEAD_BYTES - NONCE_BYTES : _HEAD_BYTES]
    try:
        return AESGCM(key).decrypt(nonce, sealed[_HEAD_BYTES:], place.bound(key_id)).rstrip(b" ")
    except InvalidTag:
        raise VerificationError(
            "the sealed opening was changed, or belongs to another entry",
            where=f"opening of entry {place.index}",
        ) from None
