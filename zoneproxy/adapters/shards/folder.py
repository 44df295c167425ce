"""The directory of a sharded log: one self-contained log a month below it.

    <log>/shards.json         format and base origin: written last when it is made, never again
    <log>/2026-10/            a log directory (`zoneproxy.trace.ledger`), closed
    <log>/2026-11/            the newest one: new exchanges are recorded here
    <log>/months              the months that have a shard, one a line, for readers who can't list folders
    <log>/trust               the newest trust file, signed by the root key; may be absent
    <log>/trust-<sha256>      those that entries name (`key` entries that say `revoke`)
    <log>/making/             a shard that is being made; it gets its name when it is whole
    <log>/state/lock          held by the one process that writes

A name that is a month is always a whole log: a crash while one is made leaves `making/`, which the next
start removes. What it leaves of `months` is brought up to date by the next start too; nobody believes it: a
shard that it conceals is missed by the links between the others, and an audit of the folder names it.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from zoneproxy.adapters.files.disk import DirectoryLock, DiskFiles
from zoneproxy.adapters.files.settings import write_new
from zoneproxy.adapters.files.trouble import trace_error
from zoneproxy.adapters.files.whole import claim_folder, sync_folder
from zoneproxy.adapters.log.newlog import create
from zoneproxy.replay.shardfiles import MONTHS_FILE, SHARDS_FILE, description, months_list
from zoneproxy.terms.errors import ConfigError, VerificationError
from zoneproxy.terms.ports import Clock, Entropy
from zoneproxy.trace.checkpoint import Checkpoint
from zoneproxy.trace.durable import replace
from zoneproxy.trace.files import Files
from zoneproxy.trace.ledger import LOG_FILE
from zoneproxy.trace.months import Month, is_month, shard_origin, split_origin
from zoneproxy.trace.note import Signer

TRUST_FILE = "trust"
_MAKING = "making"


def is_sharded(directory: Path) -> bool:
    """Tell whether a directory is that of a sharded log, or of a copy of its shards."""
    if (directory / LOG_FILE).is_file() or (directory / "checkpoint").is_file():
        return False
    return (directory / SHARDS_FILE).is_file() or bool(shard_months(directory))


def shard_months(directory: Path) -> list[Month]:
    """Return the months whose shards lie in a directory, oldest first."""
    try:
        names = [path.name for path in directory.iterdir() if is_month(path.name) and path.is_dir()]
    except OSError:
        return []
    return sorted(Month.parse(name) for name in names)


def read_months(data: bytes) -> list[Month]:
    """Read the list of months that lies beside the shards, oldest first.

    Raises:
        VerificationError: it is none.
    """
    try:
        return sorted({Month.parse(line) for line in data.decode("ascii").split("\n") if line})
    except ValueError:
        raise VerificationError("this is no list of months", where=MONTHS_FILE) from None


class ShardFolder:
    """The directory of the log with this base origin.

    Args:
        root: the directory.
        base: the log's base origin; a shard's adds the month.
    """

    def __init__(self, root: Path, base: str) -> None:
        self.root = root
        self.base = base

    def path(self, month: Month) -> Path:
        """Return a shard's directory."""
        return self.root / str(month)

    def origin(self, month: Month) -> str:
        """Return a shard's origin."""
        return shard_origin(self.base, month)

    def months(self) -> list[Month]:
        """Return the months that have a shard, oldest first.

        Raises:
            ConfigError: there is no sharded log here, or another one.
        """
        try:
            told = json.loads((self.root / SHARDS_FILE).read_bytes())
        except (OSError, ValueError):
            told = None
        months = shard_months(self.root)
        if told is None and (self.root / LOG_FILE).exists():
            raise ConfigError(
                f"the log in `{self.root}` is not in monthly shards",
                hint="write `shards: none` in the `log` part of zone.yaml, or name another directory",
            )
        if told is None or not months:
            raise ConfigError(
                f"there is no log in `{self.root}`",
                hint="make one with `zoneproxy init` or `zoneproxy log init`",
            )
        if told != json.loads(description(self.base)):
            raise ConfigError(
                f"the log in `{self.root}` is not that of `{self.base}`",
                hint="check the log's directory and its origin in the configuration",
            )
        return months

    def create(self, month: Month, signer: Signer, clock: Clock, entropy: Entropy) -> None:
        """Make a new sharded log with its first shard, in an empty directory.

        Raises:
            ConfigError: the directory holds something already, or can't be written.
            TraceError: the disk failed.
        """
        claim_folder(self.root, "log")
        try:
            (self.root / "state").mkdir(mode=0o700)
        except OSError as error:
            raise trace_error("the log could not be made", error) from error
        self.add(month, signer, clock, entropy, None)
        self.tell_months()
        write_new(self.root / SHARDS_FILE, description(self.base), mode=0o444)
        sync_folder(self.root)

    def add(
        self, month: Month, signer: Signer, clock: Clock, entropy: Entropy, previous: Checkpoint | None
    ) -> None:
        """Make a shard; it is there whole, or not at all.

        Raises:
            ConfigError: it can't be made.
            TraceError: the disk failed.
        """
        making = self.root / _MAKING
        self.clear()
        create(
            making,
            log_origin=self.origin(month),
            signer=signer,
            clock=clock,
            entropy=entropy,
            previous=previous,
        )
        try:
            making.rename(self.path(month))
            sync_folder(self.root)
        except OSError as error:
            raise trace_error("the new shard could not get its name", error) from error
        self.tell_months()

    def tell_months(self) -> None:
        """List the months that have a shard in a file of their own, where it does not say so already.

        Raises:
            TraceError: the disk failed.
        """
        data = months_list([str(month) for month in shard_months(self.root)])
        files = DiskFiles(self.root)
        try:
            if files.read(MONTHS_FILE) != data:
                replace(files, MONTHS_FILE, data)
        except OSError as error:
            raise trace_error("the list of months could not be written", error) from error
        finally:
            files.close()

    @contextlib.contextmanager
    def held(self, origin: str) -> Iterator[Files]:
        """Hold the files of a shard that nobody writes.

        Raises:
            ConfigError: there is no such shard, or another process holds it.
        """
        parts = split_origin(origin)
        if parts is None or parts[0] != self.base or not self.path(parts[1]).is_dir():
            raise ConfigError(f"no shard `{origin}` is in `{self.root}`", hint="check the month")
        with DirectoryLock(self.path(parts[1])):
            files = DiskFiles(self.path(parts[1]))
            try:
                yield files
            finally:
                files.close()

    def clear(self) -> None:
        """Remove what a crash left of a shard that was being made.

        Raises:
            TraceError: the disk failed.
        """
        try:
            if os.path.lexists(self.root / _MAKING):
                shutil.rmtree(self.root / _MAKING)
                sync_folder(self.root)
        except OSError as error:
            raise trace_error("what was left of a new shard could not be removed", error) from error
