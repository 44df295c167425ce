"""The small files that a configuration names: read whole, with a clear word for each way to fail."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from zoneproxy.adapters.files.trouble import why
from zoneproxy.terms.errors import ConfigError

_MAX_BYTES = 1024 * 1024
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def read_small(path: Path, what: str) -> bytes:
    """Read a file of at most 1 MiB.

    Args:
        path: the file.
        what: what it is, for the message: `the policy`.

    Raises:
        ConfigError: it is missing, unreadable or too large.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except FileNotFoundError:
        raise ConfigError(
            f"{what} `{path}` is missing", hint="check the path, or make a new zone: `zoneproxy init DIR`"
        ) from None
    except OSError as error:
        raise ConfigError(
            f"{what} `{path}` can't be read: {why(error)}", hint="check the file and its owner"
        ) from None
    if len(data) > _MAX_BYTES:
        raise ConfigError(f"{what} `{path}` is larger than 1 MiB", hint="is this the right file?")
    return data


def read_private(path: Path) -> bytes:
    """Read a key file that nobody but its owner may read.

    Raises:
        ConfigError: it is missing, too large, or readable by others.
    """
    data = read_small(path, "the key file")
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & _OTHERS:
        raise ConfigError(
            f"the key file `{path}` may be read by others (mode {mode:04o})",
            hint=f"run `chmod 600 {path}`, and make a new key if others may have read it",
        )
    return data


def read_secret(path: Path, size_bytes: int) -> bytes:
    """Read a secret: a file of exactly that size that nobody but its owner may read.

    Raises:
        ConfigError: it is missing, of another size, or readable by others.
    """
    data = read_private(path)
    if len(data) != size_bytes:
        raise ConfigError(
            f"the key file `{path}` is not {size_bytes} bytes long", hint="make it with `zoneproxy init DIR`"
        )
    return data


def write_new(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write a file that did not exist, flushed.

    Raises:
        ConfigError: it exists already, or can't be written.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        raise ConfigError(f"`{path}` exists already", hint="nothing is ever overwritten") from None
    except OSError as error:
        raise ConfigError(f"`{path}` can't be written: {why(error)}", hint="check the folder") from None
