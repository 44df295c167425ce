"""Keys to the private parts of records: the operator's key-encryption key, a regulator's X25519 pair.

A key-encryption key is a file of 32 random bytes. A regulator's private key is an unencrypted PKCS#8 PEM
file (`openssl genpkey -algorithm X25519` makes one too), the public one its SubjectPublicKeyInfo. Private
ones are of mode 0600.

Trust: who reads the key-encryption key and the log's directory reads every private part that is not erased.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from zoneproxy.adapters.files.settings import read_private, read_small, write_new
from zoneproxy.terms.errors import ConfigError
from zoneproxy.trace.datakey import Holder, KeyEncryptionKey, Recipient, RecipientKey
from zoneproxy.trace.sealed import KEY_BYTES

_PEM = b"-----BEGIN"


def make_opening_key(path: Path) -> KeyEncryptionKey:
    """Make a new key-encryption key, in a file that did not exist.

    Raises:
        ConfigError: the file exists already, or can't be written.
    """
    secret = secrets.token_bytes(KEY_BYTES)
    write_new(path, secret, mode=0o600)
    return KeyEncryptionKey(secret)


def make_recipient_key(path: Path) -> tuple[RecipientKey, Path]:
    """Make a regulator's pair: the private key at `path`, the public one beside it, `.pub` at its end.

    Raises:
        ConfigError: a file exists already, or can't be written.
    """
    key = X25519PrivateKey.generate()
    public = path.with_name(f"{path.name}.pub")
    write_new(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), mode=0o600)
    write_new(public, key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return RecipientKey(key.private_bytes_raw()), public


def read_opening_key(path: Path) -> KeyEncryptionKey:
    """Read a key-encryption key.

    Raises:
        ConfigError: it is missing, readable by others, or no such key.
    """
    holder = read_holder(path)
    if not isinstance(holder, KeyEncryptionKey):
        raise ConfigError(
            f"the key file `{path}` holds a regulator's key",
            hint="give the operator's: 32 bytes, made by `zoneproxy init` or `zoneproxy log opening-key`",
        )
    return holder


def read_holder(path: Path) -> KeyEncryptionKey | RecipientKey:
    """Read a key that opens private parts, of either kind.

    Raises:
        ConfigError: it is missing, readable by others, or no such key.
    """
    data = _read_private(path)
    if data.startswith(_PEM):
        return _recipient(path, data)
    if len(data) != KEY_BYTES:
        raise ConfigError(
            f"the key file `{path}` holds no key that opens private parts",
            hint="give 32 bytes (the operator's key), or an X25519 private key as PEM (a regulator's)",
        )
    return KeyEncryptionKey(data)


def read_holders(paths: Iterable[Path]) -> list[Holder]:
    """Read several keys."""
    return [read_holder(path) for path in paths]


def read_recipient_key(path: Path) -> RecipientKey:
    """Read a regulator's private key.

    Raises:
        ConfigError: it is missing, readable by others, or no such key.
    """
    return _recipient(path, _read_private(path))


def read_recipient(path: Path) -> Recipient:
    """Read a regulator's public key.

    Raises:
        ConfigError: it is missing, or no such key.
    """
    data = read_small(path, "the public key")
    try:
        key = load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, X25519PublicKey):
        private = b"PRIVATE" in data
        raise ConfigError(
            f"`{path}` holds no X25519 public key",
            hint="this is a private key: give the public one, and have the private one replaced"
            if private
            else "the regulator makes a pair with `zoneproxy disclosed --new-key FILE`",
        )
    return Recipient(key)


def _recipient(path: Path, data: bytes) -> RecipientKey:
    try:
        key = load_pem_private_key(data, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, X25519PrivateKey):
        raise ConfigError(
            f"the key file `{path}` holds no X25519 private key",
            hint="it must be an unencrypted PKCS#8 PEM file, made by `zoneproxy disclosed --new-key FILE`",
        )
    return RecipientKey(key.private_bytes_raw())


def _read_private(path: Path) -> bytes:
    if not path.exists():
        raise ConfigError(
            f"the key file `{path}` is missing",
            hint="restore it from where you keep a copy; a zone that never had one gets it from "
            "`zoneproxy log opening-key FILE`",
        )
    return read_private(path)
