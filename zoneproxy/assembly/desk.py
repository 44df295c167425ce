"""The operator's desk: a zone's log, with all its shards, as the commands for private parts need it.

A zone that runs does the work itself, asked at its control socket: nobody changes the files of a log beside
the process that writes it. Else the desk opens the log and does the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoneproxy.adapters.files.disk import DiskFiles
from zoneproxy.adapters.keys.opening import read_holders
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.adapters.shards.folder import is_sharded
from zoneproxy.adapters.upkeep.logport import RECORD, REDACT, RETAIN, WORKER, is_held
from zoneproxy.adapters.upkeep.retaining import Due, Retainer
from zoneproxy.adapters.workers.control_client import ask
from zoneproxy.assembly.keeper import Keeper
from zoneproxy.assembly.logs import Opening, make_keeper, open_here
from zoneproxy.assembly.private import read_own_holders
from zoneproxy.assembly.shards import log_places
from zoneproxy.terms.errors import ConfigError
from zoneproxy.terms.ports import Receipt
from zoneproxy.trace.months import is_month
from zoneproxy.trace.reader import LogReader

CONFIG_NAME = "zone.yaml"
_DIGITS = 18
Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DeskLog:
    """One log of the desk: a whole one, or a shard.

    Attributes:
        name: its directory's name, which is a shard's month.
        directory: where it lies.
        reader: reads it, with its private parts.
        closed: nothing is written to it any more.
    """

    name: str
    directory: Path
    reader: LogReader
    closed: bool

    @property
    def origin(self) -> str:
        """Its origin."""
        return self.reader.vkeys[0].name


@dataclass(frozen=True, slots=True)
class Desk:
    """A zone's log with what opens and erases its private parts.

    Attributes:
        opening: how the log is opened, if nobody holds it.
        logs: what was named: all shards, oldest first, or one log.
        several: they are a log's shards, all of them.
        socket: the control socket of the process that holds the log; `None` if nobody does.
    """

    opening: Opening
    logs: tuple[DeskLog, ...]
    several: bool
    socket: Path | None

    def named(self, entries: Sequence[str]) -> tuple[DeskLog, list[int]]:
        """Find the log and the indexes of entries: `17`, or in shards `2026-11#17`, or `<origin>#17`.

        Raises:
            ConfigError: one is none, or they are of several shards.
        """
        found = [self._find(word) for word in entries]
        logs = {log.origin: log for log, _ in found}
        if len(logs) > 1:
            raise ConfigError("these entries are of several shards", hint="name those of one shard at a time")
        return found[0][0], sorted({index for _, index in found})

    def _find(self, word: str) -> tuple[DeskLog, int]:
        place, mark, number = word.rpartition("#")
        if not number.isascii() or not number.isdigit() or len(number) > _DIGITS:
            raise ConfigError(
                f"`{word}` names no entry", hint="give its index, from 0: `17`, or `2026-11#17`"
            )
        if mark:
            found = next((log for log in self.logs if place in {log.origin, log.name}), None)
            if found is None:
                raise ConfigError(f"no log `{place}` is here", hint=f"there is `{self.logs[-1].origin}`")
            return found, int(number)
        if self.several:
            raise ConfigError(
                f"it is not said in which shard the entry {number} stands",
                hint=f"write its month, or its whole origin, before it: `{self.logs[-1].name}#{number}`",
            )
        return self.logs[0], int(number)

    def record(self, kind: str, body: Body) -> Receipt:
        """Make a record durable and publish it.

        Raises:
            TraceError: the log does not verify, or the disk failed.
        """
        if self.socket is not None:
            (made,) = ask(self.socket, RECORD, {"records": [[kind, dict(body)]]})["receipts"]
            return Receipt(made["index"], bytes.fromhex(made["leaf"]), made["ts"], made["origin"])

        async def work(log: Any, _: Keeper) -> Receipt:
            receipt: Receipt = await log.append(kind, body, {})
            return receipt

        return self._work(work)

    def redact(self, origin: str, bodies: Sequence[Body]) -> tuple[list[int], bool]:
        """Record and carry out a redaction; without bodies only finish one that was cut off.

        Returns:
            The records' indexes, and whether something that was cut off is finished.

        Raises:
            VerificationError: it can't be done; nothing was changed.
            TraceError: the log or the disk failed; the next start finishes what was begun.
        """
        if self.socket is not None:
            asked = {"origin": origin, "bodies": [dict(body) for body in bodies]}
            answer = ask(self.socket, REDACT, asked)
            return list(answer["indexes"]), bool(answer["finished"])
        return self._work(lambda _, keeper: keeper.redact(origin, bodies))

    def due(self) -> list[Due]:
        """Find what is over, in each log; nothing is changed.

        Raises:
            VerificationError: a log's files don't hold.
        """
        now_ms, policy = self.opening.clock.now_ms(), self.opening.config.privacy.retention.policy()
        found = []
        for log in self.logs:
            files = DiskFiles(log.directory)
            try:
                retainer = Retainer(files, log.origin, log.reader.vkeys, policy, closed=log.closed)
                found.append(retainer.due(now_ms))
            finally:
                files.close()
        return found

    def retain(self) -> None:
        """Delete what is over, on the record.

        Raises:
            OSError: the disk failed; the next run goes on.
            TraceError: the log failed.
        """
        if self.socket is not None:
            ask(self.socket, RETAIN, {})
        else:
            self._work(lambda _, keeper: keeper.retain())

    def _work[T](self, work: Callable[[Any, Keeper], Awaitable[T]]) -> T:
        """Open the log at rest, work, and close it; its start finishes what a crash left."""

        async def run() -> T:
            log = await asyncio.to_thread(open_here, self.opening, worker=WORKER)
            try:
                keeper = make_keeper(self.opening, log)
                await keeper.finish()
                return await work(log, keeper)
            finally:
                await log.close()

        return asyncio.run(run())


def open_desk(log: Path, config_file: Path | None = None, keys: Sequence[Path] = ()) -> Desk:
    """Open the desk of a zone's log; nothing is changed.

    Args:
        log: the log's directory, or that of one of its shards.
        config_file: the zone's configuration; `zone.yaml` beside the log where not given.
        keys: further files of keys that open private parts.

    Raises:
        ConfigError: something can't be used.
    """
    above = log.absolute().parent
    root = above if is_month(log.name) and is_sharded(above) else log.absolute()
    file = config_file or root.parent / CONFIG_NAME
    if config_file is None and not file.exists():
        raise ConfigError(
            f"no `{CONFIG_NAME}` lies beside `{root}`",
            hint="name the zone's with `--config FILE`",
        )
    opening = Opening.read(file)
    config, folder = opening.config, opening.folder
    if (folder / config.log.directory).resolve() != root.resolve():
        raise ConfigError(
            f"`{log}` is not the log of `{file}`, which is `{folder / config.log.directory}`",
            hint="give the zone's own log, or its configuration with `--config FILE`",
        )
    # What opens private parts in the process that holds the log is its own affair: it has these keys itself.
    holders = [*read_own_holders(config.privacy, folder), *read_holders(keys)]
    places = log_places(opening.config, folder)
    several = is_sharded(log)
    wanted = places if several else [one for one in places if one.resolve() == log.resolve()]
    logs = tuple(
        DeskLog(one.name, one, open_log(one, holders=holders), closed=one not in places[-2:])
        for one in wanted
    )
    held = is_held(folder / config.log.directory)
    opening.holders.extend(holders)
    return Desk(opening, logs, several, folder / config.control.socket if held else None)
