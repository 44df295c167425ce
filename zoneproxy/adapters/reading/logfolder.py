"""A log, opened for reading from a directory or an `http(s)://` prefix: what verifiers and replay work on."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from zoneproxy.adapters.files.disk import DiskFiles
from zoneproxy.adapters.keys.keyfiles import read_vkeys
from zoneproxy.adapters.reading.httplog import HttpFiles, is_url
from zoneproxy.adapters.shards.folder import is_sharded, read_months, shard_months
from zoneproxy.replay.shardfiles import MAX_BYTES, MONTHS_FILE, SHARDS_FILE
from zoneproxy.replay.shardwalk import Opener
from zoneproxy.terms.errors import ConfigError, VerificationError
from zoneproxy.trace.datakey import Holder
from zoneproxy.trace.handover import follow_keys
from zoneproxy.trace.ledger import LOG_FILE
from zoneproxy.trace.note import VerifierKey, parse_vkey
from zoneproxy.trace.reader import Fetch, Location, LogReader
from zoneproxy.trace.ticket import is_ticket_key

_MAX_DESCRIPTION_BYTES = 256 * 1024


def open_log(
    place: str | Path,
    vkeys: Sequence[VerifierKey] = (),
    *,
    note: bytes = b"",
    holders: Sequence[Holder] = (),
    allow_withheld: bool = False,
    private: bool = False,
) -> LogReader:
    """Open a log, or a copy of its public files, for reading.

    Args:
        place: a directory, or an `http(s)://` prefix, below which `checkpoint` and `tile/` lie.
        vkeys: the keys to trust; where none are given, those that lie with the log, which shows only
            that the log agrees with itself. Keys of tickets don't count: they sign no checkpoint.
        note: a checkpoint to read the log at, instead of its newest one.
        holders: the keys that open private parts (`zoneproxy.adapters.keys.opening`).
        allow_withheld: take bundles of which entries are withheld.
        private: its private parts must lie there too.

    Raises:
        ConfigError: there is no such directory, the server can't be read, or no key is known.
    """
    vkeys = [key for key in vkeys if not is_ticket_key(key)]
    if isinstance(place, str) and is_url(place):
        web = HttpFiles(place)
        keys = vkeys or _described_keys(web.read_limited, place)
        return _follow(
            LogReader(
                web.read_limited, keys,
                place=web.prefix, note=note, holders=holders, allow_withheld=allow_withheld, private=private,
            )
        )  # fmt: skip
    directory = Path(place)
    if not directory.is_dir():
        raise ConfigError(
            f"`{directory}` is no directory", hint="give the log's directory, or its `https://` address"
        )
    lying = (key for path in sorted(directory.glob("*.vkey")) for key in read_vkeys(path))
    keys = vkeys or [key for key in lying if not is_ticket_key(key)]
    if not keys and is_sharded(directory):
        newest = shard_months(directory)[-1]
        raise ConfigError(
            f"`{directory}` holds a log in monthly shards", hint=f"name one: `{directory / str(newest)}`"
        )
    if not keys:
        raise _no_key(str(directory))
    files = DiskFiles(directory)
    place = str(directory.absolute())
    return _follow(
        LogReader(
            files.read_limited, keys, files.names,
            place=place, note=note, holders=holders, allow_withheld=allow_withheld, private=private,
        )
    )  # fmt: skip


def open_logs(
    place: str | Path,
    *,
    holders: Sequence[Holder] = (),
    allow_withheld: bool = False,
    private: bool = False,
) -> list[tuple[str, Opener]]:
    """Find the shards of a log, or the one log that a place is; nothing of them is read yet.

    Args:
        place: a directory, or an `http(s)://` prefix: of a log, or of a log in monthly shards.
        holders: the keys that open private parts.
        allow_withheld: take bundles of which entries are withheld.
        private: the private parts must lie there too.

    Returns:
        Each shard's name (its month; empty for a log without shards), oldest first, and what opens it: called
        with the keys to trust, and `note` as for `open_log`.

    Raises:
        ConfigError: the server can't be read.
    """
    return [
        (name, partial(open_log, at, holders=holders, allow_withheld=allow_withheld, private=private))
        for name, at in find_logs(place)
    ]


def find_logs(place: str | Path) -> list[tuple[str, str]]:
    """Return name and place of each shard of a log, oldest first; of a log without shards an empty name.

    Raises:
        ConfigError: the server can't be read, or what it shows is no list of shards.
    """
    if isinstance(place, str) and is_url(place):
        web = HttpFiles(place)
        try:
            listed = web.read_limited(MONTHS_FILE, MAX_BYTES)
            months = [] if listed is None else read_months(listed)
        except VerificationError as error:
            raise ConfigError(
                f"`{web.prefix}/{error.where}`: {error.message}", hint="name one shard: `.../2026-11`"
            ) from None
        return [(str(month), f"{web.prefix}/{month}") for month in months] or [("", place)]
    root = Path(place)
    if not is_sharded(root):
        return [("", str(place))]
    return [(str(month), str(root / str(month))) for month in shard_months(root)]


def beside_shards(place: str | Path) -> tuple[list[str], bytes | None, bytes | None]:
    """Return the months whose shards are at a place now, its `months` and its `shards.json`, where they are.

    Raises:
        ConfigError: the server can't be read.
        VerificationError: a file is too large.
    """
    fetch = HttpFiles(place).read_limited if isinstance(place, str) and is_url(place) else None
    if fetch is not None:
        files = fetch(MONTHS_FILE, MAX_BYTES), fetch(SHARDS_FILE, MAX_BYTES)
        return [name for name, _ in find_logs(place)], *files
    folder = DiskFiles(Path(place))
    try:
        # A shard gets its name before it is listed: what is listed is read first, and is then here.
        found = folder.read_limited(MONTHS_FILE, MAX_BYTES), folder.read_limited(SHARDS_FILE, MAX_BYTES)
        return [name for name, _ in find_logs(place)], *found
    finally:
        folder.close()


def place_of(place: str | Path, shard: str) -> str:
    """Return the place of one shard, by its month or its origin; a log without shards is its own place.

    Raises:
        ConfigError: it is not there.
    """
    found = find_logs(place)
    if not found[0][0]:
        return str(place)
    for name, at in found:
        if shard == name or shard.endswith(f"/{name}"):
            return at
    raise ConfigError(f"no shard `{shard}` is in `{place}`", hint=f"the newest one is `{found[-1][0]}`")


def newest_place(place: str | Path) -> str:
    """Return the place of the newest shard; a log without shards is its own place.

    Raises:
        ConfigError: the server can't be read.
    """
    return find_logs(place)[-1][1]


def _follow(reader: LogReader) -> LogReader:
    """Let a reader trust the keys that those it trusts handed over to."""
    with contextlib.suppress(VerificationError):  # what is broken is told by whoever reads the checkpoint
        reader.vkeys = follow_keys(reader)
    return reader


def reopen(location: Location) -> LogReader:
    """Open a log again in another process, at the checkpoint that the first reader took.

    Raises:
        ConfigError: it can't be opened there.
    """
    return open_log(
        location.place,
        location.vkeys,
        note=location.note,
        holders=location.holders,
        allow_withheld=location.allow_withheld,
    )


def _described_keys(fetch: Fetch, place: str) -> list[VerifierKey]:
    """Return the keys that a log says it has: folders can't be listed over HTTP, so `log.json` tells."""
    try:
        data = fetch(LOG_FILE, _MAX_DESCRIPTION_BYTES)
        told = None if data is None else json.loads(data)["keys"]
        keys = [parse_vkey(text) for text in told] if isinstance(told, list) else []
    except (VerificationError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        keys = []
    if not keys:
        raise _no_key(place)
    return keys


def _no_key(place: str) -> ConfigError:
    return ConfigError(
        f"no verifier key lies in `{place}`", hint="give the log's verifier key with `--vkey FILE`"
    )
