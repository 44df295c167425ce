"""The key that signs the zone's tags, and its public half as model servers read it.

The public half is one verifier key a line, spelled as in C2SP signed notes, under the name `<zone>/tag`;
a signature names it by that name and the key's id: `<zone>/tag+1a2b3c4d`. While a key is rotated, the file
at the model servers holds both lines.
"""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from zoneproxy.adapters.files.settings import write_new
from zoneproxy.adapters.keys.keyfiles import read_private_key, read_vkeys
from zoneproxy.origin.signed_tag import LIFETIME_S, TagSigner
from zoneproxy.terms.errors import ConfigError
from zoneproxy.trace.note import ED25519, VerifierKey


def load_tag_signer(path: Path, zone: str, lifetime_s: int = LIFETIME_S) -> TagSigner:
    """Read the key that signs a zone's tags.

    Raises:
        ConfigError: it can't be read.
    """
    key = read_private_key(path)
    return TagSigner(_key_id(_verifier(zone, key.public_key())), key, lifetime_s)


def publish_tag_key(path: Path, zone: str, signer: TagSigner) -> None:
    """Write the public half of a zone's tag key into a file that did not exist, for the model servers.

    Raises:
        ConfigError: it exists already, or can't be written.
    """
    write_new(path, f"{tag_vkey(zone, signer)}\n".encode())


def tag_vkey(zone: str, signer: TagSigner) -> str:
    """Return the public half of a zone's tag key, as the line that model servers read."""
    return _verifier(zone, signer.key.public_key()).vkey


def read_tag_keys(path: Path) -> dict[str, Ed25519PublicKey]:
    """Read the public keys that a model server trusts, by key id.

    Raises:
        ConfigError: the file can't be read, or holds another kind of key.
    """
    keys = read_vkeys(path)
    if not keys or any(key.type != ED25519 for key in keys):
        raise ConfigError(f"`{path}` holds no tag keys", hint="take the file `tag.vkey` of the zone")
    return {_key_id(key): Ed25519PublicKey.from_public_bytes(key.public) for key in keys}


def _verifier(zone: str, key: Ed25519PublicKey) -> VerifierKey:
    return VerifierKey(f"{zone}/tag", ED25519, key.public_bytes_raw())


def _key_id(key: VerifierKey) -> str:
    return f"{key.name}+{key.key_id.hex()}"
