"""A log directory, opened for reading: what verifiers and replay work on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from zoneproxy.adapters.disk import DiskFiles
from zoneproxy.adapters.keyfiles import read_vkeys
from zoneproxy.terms.errors import ConfigError
from zoneproxy.trace.note import VerifierKey
from zoneproxy.trace.reader import LogReader


def open_log(directory: Path, vkeys: Sequence[VerifierKey] = ()) -> LogReader:
    """Open a log directory, or a copy of its public files, for reading.

    Args:
        directory: the log.
        vkeys: the keys to trust; where none are given, those that lie in the directory, which shows
            only that the log agrees with itself.

    Raises:
        ConfigError: there is no such directory, or no key.
    """
    if not directory.is_dir():
        raise ConfigError(f"`{directory}` is no directory", hint="give the log's directory")
    keys = list(vkeys) or [key for path in sorted(directory.glob("*.vkey")) for key in read_vkeys(path)]
    if not keys:
        raise ConfigError(
            f"no verifier key lies in `{directory}`", hint="give the log's verifier key with `--vkey FILE`"
        )
    files = DiskFiles(directory)
    return LogReader(files.read_limited, keys, files.names)
