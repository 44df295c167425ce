"""A log that policies are asked about: nothing is read from one that does not hold."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from zoneproxy.adapters.keys.keyfiles import read_vkeys
from zoneproxy.adapters.keys.opening import read_holders
from zoneproxy.adapters.reading.logfolder import find_logs, open_log
from zoneproxy.replay.audit import audit
from zoneproxy.replay.flaws import EXIT_INVALID
from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.reader import LogReader


def each_shard(place: str, *, as_json: bool) -> Iterator[str]:
    """Yield the place of each shard of a log, after its name where there are several; else the log's own."""
    found = find_logs(place)
    for name, at in found:
        if len(found) > 1:
            print(json.dumps({"shard": name}) if as_json else f"shard {name}")
        yield at


def open_sound(place: str, vkeys: Sequence[Path], opening_keys: Sequence[Path] = ()) -> LogReader:
    """Open a log after an audit of every byte of it.

    Args:
        place: the log or a copy of it: a directory, or an `http(s)://` prefix.
        vkeys: files of verifier keys; where none are given, the keys that lie with the log.
        opening_keys: files of keys that open private parts.

    Raises:
        ConfigError: no log, or no key.
        VerificationError: the log does not hold.
    """
    keys = [key for path in vkeys for key in read_vkeys(path)]
    reader = open_log(place, keys, holders=read_holders(opening_keys))
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
