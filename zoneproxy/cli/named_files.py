"""Files that a user names on the command line: read, with one word for each way to fail."""

from __future__ import annotations

import sys
from pathlib import Path

from zoneproxy.adapters.files.trouble import why
from zoneproxy.terms.errors import ConfigError


def read_named(path: Path, most_bytes: int) -> bytes:
    """Read a whole file.

    Raises:
        ConfigError: it can't be read, or is longer.
    """
    data = read_beginning(path, most_bytes)
    if len(data) > most_bytes:
        raise ConfigError(
            f"`{path}` is longer than {most_bytes} bytes", hint="check that it is the right file"
        )
    return data


def read_beginning(path: Path, most_bytes: int) -> bytes:
    """Read so much of a file, and one byte more where it is longer: what reads the bytes refuses them then.

    Raises:
        ConfigError: it can't be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(most_bytes + 1)
    except OSError as error:
        raise unreadable(path, error) from None


def read_file(name: str) -> bytes:
    """Read a whole file, however long.

    Raises:
        ConfigError: it can't be read.
    """
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise unreadable(name, error) from None


def read_input(name: str) -> bytes:
    """Read a whole file, however long; `-` is stdin.

    Raises:
        ConfigError: it can't be read.
    """
    return sys.stdin.buffer.read() if name == "-" else read_file(name)


def unreadable(name: object, error: OSError) -> ConfigError:
    """Say that a file can't be read, and why."""
    return ConfigError(f"`{name}` can't be read: {why(error)}", hint="check its name")
