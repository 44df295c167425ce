"""The offline root key: a file of its own, and the trust file that it signs (`zoneproxy.trace.roottrust`).

Made on a machine without a network and kept there; only the trust file and the root's verifier key leave it.
"""

from __future__ import annotations

from pathlib import Path

from zoneproxy.adapters.files.settings import read_small, write_new
from zoneproxy.adapters.keys.keyfiles import make_private_key, read_private_key, read_vkeys
from zoneproxy.terms.errors import ConfigError, VerificationError
from zoneproxy.trace.note import Ed25519Signer, VerifierKey, sign_note
from zoneproxy.trace.roottrust import RootTrust, open_root_trust

_SUFFIX = ".vkey"


def make_root_key(path: Path, name: str) -> VerifierKey:
    """Make a root key at `path`, and its verifier key beside it (`*.vkey`).

    Raises:
        ConfigError: a file exists already or can't be written, or the name can't be a key's.
    """
    try:
        signer = Ed25519Signer(name, make_private_key(path))
    except VerificationError as error:
        path.unlink(missing_ok=True)
        raise ConfigError(error.message, hint=error.hint) from None
    key = signer.verifiers[0]
    write_new(path.with_suffix(_SUFFIX), f"{key.vkey}\n".encode())
    return key


def sign_trust(text: str, path: Path) -> bytes:
    """Sign a trust file with the root key at `path`, whose `*.vkey` lies beside it; return the note.

    Raises:
        ConfigError: the key can't be read, or is not the one of its `*.vkey`.
    """
    key = read_root_vkey(path.with_suffix(_SUFFIX))
    signer = Ed25519Signer(key.name, read_private_key(path))
    if signer.verifiers[0] != key:
        raise ConfigError(
            f"`{path.with_suffix(_SUFFIX)}` is not the verifier key of `{path}`",
            hint="put it back",
        )
    return sign_note(text, [signer]).data


def read_root_vkey(path: Path) -> VerifierKey:
    """Read a root's verifier key: exactly one.

    Raises:
        ConfigError: it is missing, unreadable, or holds something else.
    """
    keys = read_vkeys(path)
    if len(keys) != 1:
        raise ConfigError(f"`{path}` holds {len(keys)} keys", hint="give the root's verifier key alone")
    return keys[0]


def read_root_trust(path: Path, root: Path) -> RootTrust:
    """Read a trust file that a root key must have signed.

    Args:
        path: the trust file.
        root: the root's verifier key, from a source that is trusted.

    Raises:
        ConfigError: a file can't be read, or is malformed.
        VerificationError: the root key did not sign it.
    """
    key = read_root_vkey(root)
    try:
        return open_root_trust(read_small(path, "the trust file"), key)
    except VerificationError as error:
        raise VerificationError(
            f"the trust file `{path}` does not hold: {error.message}",
            where=error.where,
            proof=error.proof,
            hint=error.hint or "take it, and the root's verifier key, from a source you trust",
        ) from None
