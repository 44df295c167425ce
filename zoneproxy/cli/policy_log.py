"""A log that policies are asked about: nothing is read from one that does not hold."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from zoneproxy.adapters.keyfiles import read_vkeys
from zoneproxy.adapters.logfolder import open_log
from zoneproxy.replay.audit import audit
from zoneproxy.replay.flaws import EXIT_INVALID
from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.reader import LogReader


def open_sound(directory: Path, vkeys: Sequence[Path]) -> LogReader:
    """Open a log after an audit of every byte of it.

    Args:
        directory: the log, or a copy of its files.
        vkeys: files of verifier keys; where none are given, the keys that lie in the directory.

    Raises:
        ConfigError: no log, or no key.
        VerificationError: the log does not hold.
    """
    reader = open_log(directory, [key for path in vkeys for key in read_vkeys(path)])
    report = audit(reader)
    if report.exit_code == EXIT_INVALID:
        worst = report.flaws[0]
        raise VerificationError(
            f"the log does not hold: {worst.where}: {worst.message}",
            where=worst.where,
            proof=dict(worst.proof),
            hint="run `zoneproxy log verify` to see every flaw",
        )
    return reader
