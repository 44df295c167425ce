"""Key files: private keys as PKCS#8 PEM of mode 0600, verifier keys as one vkey a line.

A log's signing keys are an Ed25519 key, such as `keys/log.key`, and beside it an ML-DSA-44 key,
`keys/log-mldsa.key`; a log that was made without the second one goes on without it. A private key that
others than its owner may read is refused: it must be thought known.

A key file appears whole or not at all, and the Ed25519 key last: where it lies, its pair is complete.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from zoneproxy.adapters.clock import SystemClock
from zoneproxy.adapters.files.trouble import why
from zoneproxy.adapters.files.whole import sync_folder
from zoneproxy.terms.errors import ConfigError, VerificationError
from zoneproxy.trace.note import Ed25519Signer, Signer, VerifierKey, parse_vkey
from zoneproxy.trace.signers import JointSigner, MlDsa44Signer
from zoneproxy.trace.trust import MAX_TRUST_BYTES, TrustPolicy, parse_trust

_MAX_BYTES = 64 * 1024
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def make_private_key(path: Path) -> Ed25519PrivateKey:
    """Make a new Ed25519 key and write it to a file that did not exist, mode 0600.

    Raises:
        ConfigError: the file exists already, or can't be written.
    """
    key = Ed25519PrivateKey.generate()
    _write_new(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return key


def make_log_keys(path: Path) -> None:
    """Make a log's two signing keys: Ed25519 at `path`, ML-DSA-44 beside it.

    Raises:
        ConfigError: one of the files exists already, or can't be written.
    """
    key = MLDSA44PrivateKey.generate()
    _write_new(mldsa_path(path), key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    make_private_key(path)


def complete_log_keys(path: Path) -> None:
    """Make a log's two signing keys where they are not there yet, also after a crash between the two.

    Raises:
        ConfigError: they can't be written.
    """
    if os.path.lexists(path):
        return
    if os.path.lexists(mldsa_path(path)):
        make_private_key(path)
    else:
        make_log_keys(path)


def destroy_log_keys(path: Path) -> None:
    """Destroy a log's two signing keys: overwrite the files, then remove them. None there: nothing to do.

    A crash in here leaves no half key under a key's name: a file is renamed before it is overwritten, and
    what was left under the other name goes with the next call. Overwriting reaches the sectors only on a
    disk that writes in place; on others the removal alone counts, and backups are not reached at all.

    Raises:
        ConfigError: they can't be destroyed.
    """
    for file in (path, mldsa_path(path)):
        going = file.with_name(f".{file.name}.destroy")
        try:
            if os.path.lexists(file):
                file.rename(going)
                sync_folder(file.parent)
            if not os.path.lexists(going):
                continue
            handle = os.open(going, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            with os.fdopen(handle, "wb", closefd=True) as opened:
                opened.write(bytes(going.stat().st_size))
                opened.flush()
                os.fsync(handle)
            going.unlink()
            sync_folder(file.parent)
        except OSError as error:
            raise _cant_destroy(file, error) from None


def _cant_destroy(path: Path, error: OSError) -> ConfigError:
    return ConfigError(
        f"the key file `{path}` can't be destroyed: {why(error)}", hint="remove it by hand, and its backups"
    )


def mldsa_path(path: Path) -> Path:
    """Return where the ML-DSA-44 key lies that belongs to the Ed25519 key at `path`."""
    return path.with_stem(f"{path.stem}-mldsa")


def _write_new(path: Path, pem: bytes) -> None:
    growing = path.with_name(f".{path.name}.new")
    try:
        growing.unlink(missing_ok=True)  # what a crash left: never a key that anything was signed with
        handle = os.open(growing, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        os.link(growing, path)  # never replaces, and a crash leaves the whole key or none
        growing.unlink()
        sync_folder(path.parent)
    except FileExistsError:
        growing.unlink(missing_ok=True)
        raise ConfigError(
            f"the key file `{path}` exists already",
            hint="keep it, or choose another place: keys are never overwritten",
        ) from None
    except OSError as error:
        raise ConfigError(
            f"the key file `{path}` can't be made: {why(error)}", hint="check the folder"
        ) from None


def read_private_key(path: Path) -> Ed25519PrivateKey:
    """Read an Ed25519 private key.

    Raises:
        ConfigError: it is missing, readable by others, or no such key.
    """
    key = _read(path)
    if not isinstance(key, Ed25519PrivateKey):
        raise _no_key(path, "Ed25519")
    return key


def read_mldsa_key(path: Path) -> MLDSA44PrivateKey:
    """Read an ML-DSA-44 private key.

    Raises:
        ConfigError: it is missing, readable by others, or no such key.
    """
    key = _read(path)
    if not isinstance(key, MLDSA44PrivateKey):
        raise _no_key(path, "ML-DSA-44")
    return key


def _read(path: Path) -> object:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        raise ConfigError(
            f"the key file `{path}` is missing",
            hint="restore it from where you keep a copy: the log goes on only with the key that it has",
        ) from None
    except OSError as error:
        raise ConfigError(
            f"the key file `{path}` can't be read: {why(error)}",
            hint="it must be a plain file of the zone's own user, not a link",
        ) from None
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode):
        os.close(handle)
        raise ConfigError(f"the key file `{path}` is not a plain file", hint="give the key file itself")
    with os.fdopen(handle, "rb") as file:
        if status.st_mode & _OTHERS:
            raise ConfigError(
                f"the key file `{path}` may be read by others (mode {stat.S_IMODE(status.st_mode):04o})",
                hint=f"run `chmod 600 {path}`, and make a new key if others may have read it",
            )
        data = file.read(_MAX_BYTES)
    try:
        return load_pem_private_key(data, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None


def _no_key(path: Path, kind: str) -> ConfigError:
    return ConfigError(
        f"the key file `{path}` holds no {kind} private key",
        hint="it must be an unencrypted PKCS#8 PEM file",
    )


def load_signer(path: Path, log_origin: str) -> Signer:
    """Read a log's signing keys; their name is the log's origin.

    Args:
        path: the Ed25519 key; the ML-DSA-44 key is taken from beside it, where one lies there.
        log_origin: the log's origin.

    Raises:
        ConfigError: a key can't be read, or the origin can't be a key's name.
    """
    key, second = read_private_key(path), mldsa_path(path)
    try:
        signer = Ed25519Signer(log_origin, key)
        if not os.path.lexists(second):  # the log itself refuses to go on without a key that it was made with
            return signer
        mldsa = _read(second)
        if not isinstance(mldsa, MLDSA44PrivateKey):
            raise _no_key(second, "ML-DSA-44")
        return JointSigner(signer, MlDsa44Signer(log_origin, mldsa, SystemClock().now_ms))
    except VerificationError as error:
        raise ConfigError(f"the log origin is unusable: {error.message}", hint=error.hint) from None


def read_vkeys(path: Path) -> list[VerifierKey]:
    """Read a file of verifier keys: one a line; empty lines and lines that begin with `#` don't count.

    Raises:
        ConfigError: it is missing, unreadable, or holds something else.
    """
    try:
        with path.open("rb") as file:
            text = file.read(_MAX_BYTES).decode("utf-8")
    except UnicodeDecodeError:
        raise ConfigError(f"the verifier key file `{path}` is not text") from None
    except OSError as error:
        raise ConfigError(
            f"the verifier key file `{path}` can't be read: {why(error)}",
            hint="give the log's `.vkey` file, from a source you trust",
        ) from None
    keys: list[VerifierKey] = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip() and not line.startswith("#"):
            try:
                keys.append(parse_vkey(line.removesuffix("\r")))
            except VerificationError as error:
                raise ConfigError(f"`{path}`, line {number}: {error.message}", hint=error.hint) from None
    if not keys:
        raise ConfigError(f"the verifier key file `{path}` is empty", hint="give the log's `.vkey` file")
    return keys


def read_trust(path: Path) -> TrustPolicy:
    """Read a trust file (`zoneproxy.trace.trust`).

    Raises:
        ConfigError: it is missing, unreadable, or holds something else.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_TRUST_BYTES + 1)
    except OSError as error:
        raise ConfigError(
            f"the trust file `{path}` can't be read: {why(error)}", hint="give a tlog-policy file"
        ) from None
    try:
        return parse_trust(data)
    except VerificationError as error:
        raise ConfigError(f"`{path}`: {error.message} ({error.where})", hint=error.hint) from None
