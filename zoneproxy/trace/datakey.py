"""Data keys: who may open what, and what has to be destroyed so that nobody can.

Openings (`zoneproxy.trace.sealed`) lie under data keys of 32 random bytes, one for each tenant, UTC day and
retention class in each session of the writer. A data key is on disk only wrapped, in a file of its own:

    open/keys/<day>/<id>      canonical JSON and a line feed, of
                              class, day (YYYY-MM-DD), id (32 hex digits), origin, tenant (or `-`), v: 1,
                              wraps: [{alg, data (base64), key (16 hex digits)}]

`label` below is the canonical JSON of {class, day, id, origin, tenant, v}: every wrap is bound to it, so a
key can't be passed off as another tenant's or day's. The wraps, of which one that fits is enough:

    kek    AES-256-GCM under K, nonce of zeroes, AAD = label, where K = HKDF-SHA256(ikm = key-encryption
           key, salt = id, info = "zoneproxy.org/opening-kek/v1" | 00 | label): a fresh K for each data key,
           so the one nonce is used once. `key` is the first 8 bytes of
           SHA-256("zoneproxy.org/opening-kek-id/v1" | 00 | key-encryption key).
    hpke   RFC 9180 base mode, DHKEM(X25519, HKDF-SHA256) 0x0020, HKDF-SHA256 0x0001, AES-256-GCM 0x0002,
           info = "zoneproxy.org/opening-hpke/v1" | 00 | label, no AAD; data = enc (32) | ct. `key` is the
           first 8 bytes of SHA-256(the recipient's raw public key).

Deleting the file erases all that lies under the key, whatever copies of the sealed openings there are, as
far as nobody kept the file itself. It becomes durable before the first opening under it is acknowledged.

Worked example: the file `open/keys/2026-11-21/000102030405060708090a0b0c0d0e0f` holds one line with a `kek`
wrap of 48 bytes, and one of 80 bytes (`hpke`) for each regulator.

Trust: whoever holds the file and one of the private keys that it is wrapped for reads the openings.

Source: RFC 5869 (HKDF); RFC 9180 (HPKE); NIST SP 800-38D.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace import canonical
from zoneproxy.trace.sealed import KEY_BYTES, KEY_ID_BYTES, NONCE_BYTES

FOLDER = "open/keys"
NOBODY = "-"
"""The tenant of records that belong to none."""
MAX_FILE_BYTES = 64 * 1024
SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_KEK, _KEK_ID = b"zoneproxy.org/opening-kek/v1\x00", b"zoneproxy.org/opening-kek-id/v1\x00"
_HPKE = b"zoneproxy.org/opening-hpke/v1\x00"
_WORD = re.compile(r"[A-Za-z0-9-][A-Za-z0-9._:/@+=-]{0,127}\Z", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z", re.ASCII)
_ID = re.compile(r"[0-9a-f]{32}\Z", re.ASCII)
_VERSION = 1


@dataclass(frozen=True, slots=True)
class KeyLabel:
    """What a data key is for.

    Attributes:
        origin: the log's origin.
        tenant: whose records; `-` for nobody's.
        day: UTC day of the records, `YYYY-MM-DD`.
        retention: the retention class.
        id: 16 bytes.
    """

    origin: str
    tenant: str
    day: str
    retention: str
    id: bytes

    @property
    def path(self) -> str:
        """Where the wrapped key lies."""
        return f"{FOLDER}/{self.day}/{self.id.hex()}"

    @property
    def encoded(self) -> bytes:
        """The canonical JSON that every wrap is bound to."""
        return canonical.encode(self.as_json())

    def as_json(self) -> dict[str, Any]:
        """Return the label as JSON values."""
        return {
            "class": self.retention,
            "day": self.day,
            "id": self.id.hex(),
            "origin": self.origin,
            "tenant": self.tenant,
            "v": _VERSION,
        }


class Wrapper(Protocol):
    """Somebody a data key is wrapped for."""

    alg: str
    name: str

    def wrap(self, label: KeyLabel, key: bytes) -> bytes:
        """Encrypt a data key."""
        ...


class Holder(Protocol):
    """Somebody who can unwrap what was wrapped for him."""

    alg: str
    name: str

    def unwrap(self, label: KeyLabel, data: bytes) -> bytes:
        """Decrypt a data key; raises `InvalidTag` where it was changed."""
        ...


class KeyEncryptionKey:
    """The operator's key-encryption key: wraps and unwraps.

    Args:
        secret: 32 random bytes.
    """

    alg = "kek"

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY_BYTES:
            raise ValueError("a key-encryption key is 32 bytes long")
        self._secret = secret
        self.name = hashlib.sha256(_KEK_ID + secret).digest()[:8].hex()

    def _cipher(self, label: KeyLabel) -> AESGCM:
        derive = HKDF(SHA256(), KEY_BYTES, salt=label.id, info=_KEK + label.encoded)
        return AESGCM(derive.derive(self._secret))

    def wrap(self, label: KeyLabel, key: bytes) -> bytes:
        """Encrypt a data key."""
        return self._cipher(label).encrypt(bytes(NONCE_BYTES), key, label.encoded)

    def unwrap(self, label: KeyLabel, data: bytes) -> bytes:
        """Decrypt a data key; raises `InvalidTag` where it was changed."""
        return self._cipher(label).decrypt(bytes(NONCE_BYTES), data, label.encoded)


class Recipient:
    """Somebody who can read but not write: known by his public key. The library draws the ephemeral key."""

    alg = "hpke"

    def __init__(self, key: X25519PublicKey) -> None:
        self._key = key
        self.name = recipient_name(key)

    def wrap(self, label: KeyLabel, key: bytes) -> bytes:
        """Encrypt a data key."""
        return self.encrypt(key, _HPKE + label.encoded)

    def encrypt(self, plain: bytes, info: bytes) -> bytes:
        """Encrypt anything to him, bound to `info` (HPKE, base mode): enc, then the ciphertext."""
        return SUITE.encrypt(plain, self._key, info=info)


class RecipientKey:
    """The recipient himself, with his private key.

    Args:
        secret: the raw private key, 32 bytes (plain data, so that another process can be given it).
    """

    alg = "hpke"

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self.name = recipient_name(self.key.public_key())

    @property
    def key(self) -> X25519PrivateKey:
        """The private key."""
        return X25519PrivateKey.from_private_bytes(self._secret)

    def unwrap(self, label: KeyLabel, data: bytes) -> bytes:
        """Decrypt a data key; raises `InvalidTag` where it was changed."""
        return SUITE.decrypt(data, self.key, info=_HPKE + label.encoded)


def recipient_name(key: X25519PublicKey) -> str:
    """Return the short name of a public key: 16 hex digits."""
    return hashlib.sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).digest()[:8].hex()


def encode_key_file(label: KeyLabel, key: bytes, wrappers: Sequence[Wrapper]) -> bytes:
    """Write a data key's file."""
    wraps = [
        {"alg": to.alg, "data": base64.b64encode(to.wrap(label, key)).decode(), "key": to.name}
        for to in wrappers
    ]
    return canonical.encode({**label.as_json(), "wraps": wraps}) + b"\n"


def read_label(data: bytes) -> KeyLabel:
    """Read what a data key's file is for.

    Raises:
        VerificationError: it is no such file.
    """
    return _read(data)[0]


def unwrap_key(data: bytes, key_id: bytes, origin: str, holders: Sequence[Holder]) -> bytes | None:
    """Unwrap a data key.

    Args:
        data: its file.
        key_id: the id that it must have.
        origin: the log that it must belong to.
        holders: the keys at hand.

    Returns:
        The data key; `None` if it is wrapped for nobody of them.

    Raises:
        VerificationError: the file was changed.
    """
    label, wraps = _read(data)
    if (label.id, label.origin) != (key_id, origin):
        raise VerificationError("the file is another data key's", where=f"{FOLDER}/*/{key_id.hex()}")
    for wrap in wraps:
        for holder in holders:
            if (holder.alg, holder.name) == (wrap["alg"], wrap["key"]):
                try:
                    key = holder.unwrap(label, base64.b64decode(wrap["data"], validate=True))
                except (InvalidTag, ValueError):
                    raise VerificationError("a wrapped data key was changed", where=label.path) from None
                if len(key) == KEY_BYTES:
                    return key
                raise VerificationError("a wrapped data key has a wrong length", where=label.path)
    return None


def _read(data: bytes) -> tuple[KeyLabel, list[dict[str, str]]]:
    try:
        value = canonical.decode(data.removesuffix(b"\n"))
        words = [value[name] for name in ("class", "tenant")]
        sound = all(type(word) is str and _WORD.match(word) for word in words)
        sound = sound and _DAY.match(value["day"]) is not None and _ID.match(value["id"]) is not None
        sound = sound and value["v"] == _VERSION and type(value["origin"]) is str
        wraps = [{name: str(wrap[name]) for name in ("alg", "data", "key")} for wrap in value["wraps"]]
        label = KeyLabel(
            value["origin"], value["tenant"], value["day"], value["class"], bytes.fromhex(value["id"])
        )
    except (KeyError, TypeError, ValueError, AttributeError, VerificationError):
        sound = False
    if not sound or len(label.id) != KEY_ID_BYTES:
        raise VerificationError("this is no file of a data key", where=FOLDER)
    return label, wraps
