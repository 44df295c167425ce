"""The keeper: erases from the log that this process writes, what is over, and what it is told to.

What is over goes at the start and every few hours, in every shard. A failure of the keeper never stops the
zone: what is over is still told apart from what is kept, and the next run deletes it. It is told in the
operator's log, each time. A failure of the *log* ends the zone.

Redactions come by the control socket. They and the retention go one after the other.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from zoneproxy.adapters.files.disk import DiskFiles
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.adapters.upkeep.logport import LogPort, Places, WritingLog
from zoneproxy.adapters.upkeep.redaction import Redactor, has_pending
from zoneproxy.adapters.upkeep.retaining import Due, Retainer
from zoneproxy.assembly.beside import Beside
from zoneproxy.terms.errors import ConfigError, TraceError, VerificationError
from zoneproxy.terms.ports import Clock
from zoneproxy.trace.datakey import Holder
from zoneproxy.trace.retention import RetentionPolicy
from zoneproxy.trace.sealer import Sealing

INTERVAL_S = 6 * 3600.0
_log = logging.getLogger(__name__)


class Keeper:
    """Keeps one log's private parts as the law asks; it believes the keys that lie with the log.

    Args:
        log: takes the records.
        places: its shards, oldest first.
        policy: how long what is kept.
        clock: says what day it is.
        holders: the keys that open what fields are to be taken out of.
        sealing: how what remains is encrypted again.
        held: a legal hold is on: nothing is erased, but what a crash left half erased is finished.
        interval_s: seconds between two runs of the retention.
    """

    def __init__(
        self,
        log: WritingLog,
        places: Places,
        policy: RetentionPolicy,
        clock: Clock,
        *,
        holders: Sequence[Holder] = (),
        sealing: Sealing | None = None,
        held: bool = False,
        interval_s: float = INTERVAL_S,
    ) -> None:
        self._log, self._places, self._policy, self._clock = log, places, policy, clock
        self._holders, self._sealing, self._interval_s = tuple(holders), sealing, interval_s
        self._held, self._turn = held, asyncio.Lock()
        self._beside = Beside()

    def start(self) -> None:
        """Retain now and then, beside the zone."""
        self._beside.start(self._run(), name="retention")

    async def stop(self) -> None:
        """Retain no more; a run under way is cut off between two steps, which the next one takes up."""
        await self._beside.stop()

    async def finish(self) -> bool:
        """Finish what a crash cut off of a redaction, in every shard; True if there was something.

        Raises:
            VerificationError: an opening can't be opened to take a field out of it.
            TraceError: the log or the disk failed.
        """
        found = [place for place in self._places() if has_pending(place)]
        for directory in found:
            await self.redact(open_log(directory).vkeys[0].name, ())
        return bool(found)

    async def redact(self, origin: str, bodies: Sequence[Mapping[str, Any]]) -> tuple[list[int], bool]:
        """Record and carry out a redaction in one shard; without bodies only finish one that was cut off.

        Returns:
            The records' indexes, and whether something that was cut off is finished.

        Raises:
            ConfigError: there is no such shard, or a legal hold is on.
            VerificationError: it can't be done; nothing was changed.
            TraceError: the log or the disk failed; the next start finishes what was begun.
        """
        if bodies and self._held:
            raise ConfigError(
                "a legal hold is on: nothing is erased",
                hint="whoever lifts it writes `legal_hold: false` in `privacy.retention` of zone.yaml",
            )
        port = LogPort(self._log, asyncio.get_running_loop(), origin=origin, places=self._places)
        redactor = Redactor(port, self._holders, self._sealing)
        async with self._turn:
            finished = await asyncio.to_thread(redactor.finish)
            return await asyncio.to_thread(redactor.redact, bodies) if bodies else [], finished

    async def retain(self) -> list[Due]:
        """Delete what is over now, and return it, one for each shard; none while a legal hold is on.

        Raises:
            VerificationError: the log's files don't hold.
            OSError: the disk failed; the next run goes on.
            TraceError: the log failed.
        """
        done: list[Due] = []
        if self._held:
            return done
        async with self._turn:
            places = list(self._places())
            for directory in places:
                reader = await asyncio.to_thread(open_log, directory)
                files = DiskFiles(directory)
                try:
                    retainer = Retainer(
                        files,
                        reader.vkeys[0].name,
                        reader.vkeys,
                        self._policy,
                        closed=directory not in places[-2:],
                    )
                    due = await retainer.retain(self._clock.now_ms(), self._append, self._log.publish)
                finally:
                    files.close()
                done.append(due)
                if not due.nothing:
                    count = sum(len(paths) for paths in due.keys.values())
                    words = "retention in %s: %d data keys destroyed, minimum index %d"
                    _log.info(words, directory, count, due.minimum)
        return done

    async def _append(self, kind: str, body: Mapping[str, Any]) -> object:
        return await self._log.append(kind, body, {})

    async def _run(self) -> None:
        while True:
            try:
                await self.retain()
            except (OSError, VerificationError) as error:
                _log.error("retention failed, the next run tries again: %s", error)
            except TraceError:
                return  # the zone is told by the log itself
            await asyncio.sleep(self._interval_s)
