"""`zoneproxy.trace.datakey`: data keys wrapped for those who may open; nobody else, nothing else."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import pickle
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.support.private_log import KEK, REGULATOR, public_of
from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace import canonical
from zoneproxy.trace.datakey import (
    Holder,
    KeyEncryptionKey,
    KeyLabel,
    RecipientKey,
    encode_key_file,
    read_label,
    unwrap_key,
)

KEY = bytes(range(100, 132))
LABEL = KeyLabel("zone.example/trace", "toyco-sg", "2026-11-21", "record", bytes(range(16)))


@pytest.fixture
def data() -> bytes:
    return encode_key_file(LABEL, KEY, [KEK, public_of(REGULATOR)])


def test_operator_and_regulator_unwrap_the_same_key(data: bytes) -> None:
    """Z17: the file is wrapped for both, and each alone is enough."""
    for holder in (KEK, REGULATOR):
        assert unwrap_key(data, LABEL.id, LABEL.origin, [holder]) == KEY
    assert read_label(data) == LABEL
    assert LABEL.path == "open/keys/2026-11-21/000102030405060708090a0b0c0d0e0f"


def test_others_are_told_nothing(data: bytes) -> None:
    """Z17: another key is no error: the opening is withheld."""
    others: list[Holder] = [KeyEncryptionKey(bytes(32)), RecipientKey(bytes([8]) * 32)]
    assert unwrap_key(data, LABEL.id, LABEL.origin, others) is None
    assert unwrap_key(data, LABEL.id, LABEL.origin, []) is None


def hkdf(secret: bytes, salt: bytes, info: bytes, length: int = 32) -> bytes:
    """RFC 5869, by its words."""
    key = hmac.digest(salt, secret, "sha256")
    made, block = b"", b""
    while len(made) < length:
        block = hmac.digest(key, block + info + bytes([len(made) // 32 + 1]), "sha256")
        made += block
    return made[:length]


def wraps(data: bytes) -> dict[str, Any]:
    return {one["alg"]: base64.b64decode(one["data"]) for one in json.loads(data)["wraps"]}


def label_bytes() -> bytes:
    names = {"class": "record", "day": "2026-11-21", "id": LABEL.id.hex(), "tenant": "toyco-sg", "v": 1}
    return canonical.encode({**names, "origin": "zone.example/trace"})


def test_the_operators_wrap_is_that_of_the_specification(data: bytes) -> None:
    """HKDF and AES-GCM are done here again, without the module's own code."""
    info = b"zoneproxy.org/opening-kek/v1\0" + label_bytes()
    cipher = AESGCM(hkdf(bytes(range(32)), LABEL.id, info))
    assert cipher.decrypt(bytes(12), wraps(data)["kek"], label_bytes()) == KEY
    assert (
        KEK.name == hashlib.sha256(b"zoneproxy.org/opening-kek-id/v1\0" + bytes(range(32))).hexdigest()[:16]
    )


def test_the_regulators_wrap_is_hpke(data: bytes) -> None:
    """RFC 9180, base mode, is done here again from X25519 and HKDF alone (sections 4.1 and 5.1)."""
    sealed = wraps(data)["hpke"]
    enc, cipher = sealed[:32], sealed[32:]
    private = X25519PrivateKey.from_private_bytes(bytes([7]) * 32)
    public = private.public_key().public_bytes_raw()

    def extract(suite: bytes, salt: bytes, label: bytes, ikm: bytes) -> bytes:
        return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + ikm, "sha256")

    def expand(suite: bytes, prk: bytes, label: bytes, info: bytes, length: int) -> bytes:
        text = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info
        return hmac.digest(prk, text + b"\x01", "sha256")[:length]

    kem, suite = b"KEM\x00\x20", b"HPKE\x00\x20\x00\x01\x00\x02"
    shared = private.exchange(X25519PublicKey.from_public_bytes(enc))
    secret = expand(kem, extract(kem, b"", b"eae_prk", shared), b"shared_secret", enc + public, 32)
    info = b"zoneproxy.org/opening-hpke/v1\0" + label_bytes()
    context = b"\0" + extract(suite, b"", b"psk_id_hash", b"") + extract(suite, b"", b"info_hash", info)
    prk = extract(suite, secret, b"secret", b"")
    key = expand(suite, prk, b"key", context, 32)
    nonce = expand(suite, prk, b"base_nonce", context, 12)
    assert AESGCM(key).decrypt(nonce, cipher, b"") == KEY


@pytest.mark.parametrize("name", ["tenant", "day", "class", "origin"])
def test_a_key_cannot_be_passed_off_as_anothers(data: bytes, name: str) -> None:
    """Z17: the label is bound to every wrap, so a tenant's erasure can't be dodged by renaming its keys."""
    value = json.loads(data)
    value[name] = {"day": "2026-11-22"}.get(name, "other")
    changed = canonical.encode(value) + b"\n"
    for holder in (KEK, REGULATOR):
        with pytest.raises(VerificationError, match="changed"):
            unwrap_key(changed, LABEL.id, value["origin"], [holder])


def test_another_keys_file_is_refused(data: bytes) -> None:
    """The id and the log that were asked for must be those of the file."""
    for key_id, origin in ((bytes(16), LABEL.origin), (LABEL.id, "other.example")):
        with pytest.raises(VerificationError, match="another data key"):
            unwrap_key(data, key_id, origin, [KEK])


@pytest.mark.parametrize("data", [b"", b"{}\n", b"[]\n", b"\xff", b'{"wraps":1}\n', b"null"])
def test_what_is_no_key_file_is_refused(data: bytes) -> None:
    """Anything else gives the one error."""
    with pytest.raises(VerificationError, match="no file of a data key"):
        read_label(data)


def test_holders_can_be_given_to_another_process(data: bytes) -> None:
    """An audit by several processes opens private parts in each."""
    again = pickle.loads(pickle.dumps([KEK, REGULATOR]))
    assert [unwrap_key(data, LABEL.id, LABEL.origin, [one]) for one in again] == [KEY, KEY]


def test_a_short_secret_is_no_key() -> None:
    """A key-encryption key has 32 bytes."""
    with pytest.raises(ValueError, match="32 bytes"):
        KeyEncryptionKey(bytes(16))
