"""How work on private parts reaches the log: always in the process that writes it.

A command opens a log at rest itself, as the worker `desk`; of a zone that runs it asks for the work
(`zoneproxy.assembly.log_verbs`). So nobody ever changes the files of a log beside the process that writes it.

Of a log in monthly shards the records go into the newest one, whichever shard they are about.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from zoneproxy.adapters.files.disk import DirectoryLock, DiskFiles
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.terms.errors import ConfigError
from zoneproxy.terms.ports import Receipt
from zoneproxy.trace.entry import parse
from zoneproxy.trace.files import Files
from zoneproxy.trace.ledger import SIGNED
from zoneproxy.trace.reader import LogReader

WORKER = "desk"
"""How the entries of a command are named that opens a log itself."""
RECORD, REDACT, RETAIN = "record", "redact", "retain"
"""What a running zone is asked."""

Record = tuple[str, Mapping[str, Any]]
"""Kind and public body."""

Places = Callable[[], Sequence[Path]]
"""Returns the directories of a log's shards, oldest first; of a log without shards its own."""


class WritingLog(Protocol):
    """A log that this process writes."""

    async def append(self, kind: str, body: Mapping[str, Any], private: Mapping[str, Any]) -> Receipt:
        """Make one record durable."""
        ...

    async def publish(self) -> object:
        """Publish what is durable."""
        ...

    def forget_data_keys(self) -> None:
        """Draw new data keys from now on."""
        ...

    def quiet(self, origin: str) -> AbstractContextManager[Files]:
        """Hold the files of the log, or shard, of this origin still; for a thread that may wait."""
        ...


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a log: `size` entries of the log, or shard, of this origin."""

    origin: str
    size: int


class LogPort:
    """A log, as work on the private parts of one of its shards needs it; for a thread that may wait.

    Args:
        log: the log.
        loop: where its records are appended.
        origin: of the log, or shard, that the work is about.
        places: its shards.
    """

    def __init__(
        self, log: WritingLog, loop: asyncio.AbstractEventLoop, *, origin: str, places: Places
    ) -> None:
        self.origin = origin
        self._log, self._loop, self._places = log, loop, places

    def record(self, records: Sequence[Record]) -> list[Receipt]:
        """Make records durable and publish them; what comes after lies under new data keys.

        Raises:
            TraceError: the log failed.
        """
        return asyncio.run_coroutine_threadsafe(self._record(records), self._loop).result()

    async def _record(self, records: Sequence[Record]) -> list[Receipt]:
        receipts = [await self._log.append(kind, body, {}) for kind, body in records]
        self._log.forget_data_keys()
        await self._log.publish()
        return receipts

    def alone(self) -> AbstractContextManager[Files]:
        """Hold the files that the work is about, while nobody changes them; records go on.

        Raises:
            ConfigError: there is no such shard.
            TraceError: the log failed, or what was done within failed.
        """
        return self._log.quiet(self.origin)

    def mark(self) -> Mark:
        """Tell how far the log reaches that records go to: signed, whether cosigned or not.

        Raises:
            VerificationError: it can't be read.
        """
        now = _signed(self._places()[-1]).checkpoint()
        return Mark(now.origin, now.size)

    def since(self, mark: Mark, kind: str) -> list[Mapping[str, Any]]:
        """Return the bodies of the records of a kind from a mark on, in that log and every later shard.

        Raises:
            VerificationError: they can't be read.
        """
        found: list[Mapping[str, Any]] = []
        reached = False
        word = f'"t":"{kind}"'.encode()
        for directory in self._places():
            reader = _signed(directory)
            first = 0 if reached else mark.size
            reached = reached or reader.checkpoint().origin == mark.origin
            if reached:
                found += [parse(data).body for _, data in reader.entries(first) if word in data]
        return found


def _signed(directory: Path) -> LogReader:
    files = DiskFiles(directory)
    return open_log(directory, note=files.read(SIGNED) or b"")


def is_held(root: Path) -> bool:
    """Tell whether a process holds the log, or the log in shards, whose directory this is.

    Raises:
        ConfigError: the directory is no log, or can't be locked at all.
    """
    try:
        DirectoryLock(root).release()
    except ConfigError as error:
        if "in use" in error.message:
            return True
        raise
    return False
