"""Indexes of registered data on disk: read and checked whole, listed, revoked.

Trust: the key's holder made the index, or nobody it is used from. Its body is mapped, not copied: put a new
index in its place by renaming, as `zoneproxy data register` does; a mapped file that is cut short ends the
process.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import secrets
import stat
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from zoneproxy.adapters.files.settings import read_secret, write_new
from zoneproxy.adapters.files.trouble import why
from zoneproxy.adapters.files.whole import replace_whole
from zoneproxy.content.registered.form import (
    HEADER_BYTES,
    KEY_BYTES,
    Header,
    decode_head,
    digest_of,
    encode_head,
)
from zoneproxy.content.registered.index import Index
from zoneproxy.terms.errors import ConfigError

_CHUNK = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Registered:
    """An index as it lies on disk.

    Attributes:
        path: where.
        header: what it says of itself.
        digest: what names it, 64 hex digits.
        index: ready for look-ups; `None` where it is revoked, or where no key was given.
    """

    path: Path
    header: Header
    digest: str
    index: Index | None


def day_of(now_ms: int) -> str:
    """Return the day of a time, `YYYY-MM-DD`, UTC."""
    return datetime.fromtimestamp(now_ms / 1000, UTC).strftime("%Y-%m-%d")


def make_data_key(path: Path) -> bytes:
    """Make an owner's key, 32 random bytes of mode 0600, in a file that did not exist.

    Raises:
        ConfigError: the file exists already, or can't be written.
    """
    secret = secrets.token_bytes(KEY_BYTES)
    write_new(path, secret, mode=0o600)
    return secret


def read_data_key(path: Path) -> bytes:
    """Read an owner's key.

    Raises:
        ConfigError: it is missing, of another size, or readable by others.
    """
    if not path.exists():
        raise ConfigError(
            f"the owner's key `{path}` is missing",
            hint="the owner hands it over apart from the index; `data register --new-key` makes one",
        )
    return read_secret(path, KEY_BYTES)


def read_index(path: Path, key: Path | None, *, today: str) -> Registered:
    """Read an index and check all of it.

    Args:
        path: the index.
        key: the owner's key; without it nothing can be looked up, and who made the index is not checked.
        today: the day, `YYYY-MM-DD`, UTC.

    Raises:
        ConfigError: it is missing, broken, made with another key, or expired. A revoked one is no error.
    """
    if sys.byteorder != "little":
        raise ConfigError("indexes of registered data need a little-endian machine")
    secret = None if key is None else read_data_key(key)
    body: memoryview = memoryview(b"")
    try:
        with path.open("rb") as file:
            head = file.read(HEADER_BYTES)
            header = decode_head(head, secret)
            whole = os.fstat(file.fileno()).st_size == HEADER_BYTES + header.body_bytes
            if whole and header.body_bytes:
                body = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))[HEADER_BYTES:]
    except OSError as error:
        raise ConfigError(
            f"the index `{path}` can't be read: {why(error)}", hint="check the path, and the file's owner"
        ) from None
    except ValueError as error:
        raise _unusable(path, str(error)) from None
    if not whole:
        raise _unusable(path, "it is not whole: its size is not the one that its header says")
    digest = digest_of(head)
    if header.revoked is not None:
        return Registered(path, header, digest, None)
    if _sha256(body) != header.body_sha256:
        raise _unusable(path, "its fingerprints were altered or damaged")
    if secret is None:
        return Registered(path, header, digest, None)
    if header.expires is not None and today >= header.expires:
        raise ConfigError(
            f"the index `{path}` of `{header.id}` expired on {header.expires}",
            hint="ask the owner for a new one, or take it out of use: `zoneproxy data revoke`",
        )
    return Registered(path, header, digest, Index(header, digest, secret, body))


def revoke_index(path: Path, key: Path, *, today: str, reason: str) -> Header:
    """Put an index out of use: its fingerprints go, its header stays and says since when.

    The file is replaced in one step; a crash before leaves it as it was. A boundary that has the old file
    open goes on with it until it reads its indexes again.

    Raises:
        ConfigError: it can't be read, is revoked already, or can't be replaced.
    """
    secret = read_data_key(key)
    try:
        with path.open("rb") as file:
            header = decode_head(file.read(HEADER_BYTES), secret)
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        if header.revoked is not None:
            raise ConfigError(f"`{header.id}` is revoked already, since {header.revoked}")
        gone = header.model_copy(
            update={
                "revoked": today,
                "reason": reason,
                "body_bytes": 0,
                "body_sha256": hashlib.sha256(b"").hexdigest(),
            }
        )
        replace_whole(path, encode_head(Header.model_validate(gone.model_dump()), secret), mode=mode)
    except OSError as error:
        raise ConfigError(
            f"the index `{path}` can't be revoked: {why(error)}", hint="check the path, and the file's owner"
        ) from None
    except ValueError as error:
        raise _unusable(path, str(error)) from None
    return gone


def _sha256(body: memoryview) -> str:
    made = hashlib.sha256()
    for at in range(0, len(body), _CHUNK):
        made.update(body[at : at + _CHUNK])
    return made.hexdigest()


def _unusable(path: Path, problem: str) -> ConfigError:
    return ConfigError(
        f"the index `{path}` can't be used: {problem}",
        hint="ask the owner for the file again, and compare its digest: `zoneproxy data list INDEX`",
    )
