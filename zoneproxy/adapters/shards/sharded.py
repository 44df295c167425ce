"""A log in monthly shards: the journal above `TraceLog`, and the turn from one month to the next.

Each shard is a whole log with an origin and keys of its own, so the keys of a closed month can be destroyed
and nobody can sign its past again. At a month's turn, in this order:

    1 keys of the new shard, if they were not made ahead      2 the old shard's checkpoint
    3 the new shard, made aside and named when it is whole; its `log_open` holds that checkpoint
    4 it is opened; policies, activation and configuration in force are recorded in it again
    5 new exchanges go there; those whose decision lies in the old shard still end there
    6 when the last of them has ended, or `close_within_s` is over: `abort` for the rest, `log_close` with
      the new origin and keys, the final checkpoint
    7 `log_sealed` in the new shard holds the final checkpoint; it is published
    8 a `key` entry says that the old private keys are destroyed; they are destroyed

A crash after any step leaves shards that the next start brings to the end of step 8 with the same code: the
newest shard is never closed, and private keys of an older month lie in the key folder exactly as long as
one of the steps 6 to 8 is open.

A clock that goes back changes nothing: the newest shard stays in use. A key folder that can't be written
does not stop the zone: the turn waits, an `alarm` says so once an hour, and records go on into the shard
that there is. Anything that leaves durable state unknown ends the log, as in `TraceLog`.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from zoneproxy.adapters.files.disk import DirectoryLock
from zoneproxy.adapters.files.trouble import trace_error
from zoneproxy.adapters.keys.keyfolder import KeyFolder
from zoneproxy.adapters.log.newlog import head_body
from zoneproxy.adapters.log.tracelog import OnFailure
from zoneproxy.adapters.shards.folder import ShardFolder
from zoneproxy.adapters.shards.placing import Placing
from zoneproxy.adapters.shards.renewal import announce, destroy_past, load_ring, renew
from zoneproxy.adapters.shards.shardlog import ShardLog, finish_left
from zoneproxy.adapters.shards.standing import Standing
from zoneproxy.adapters.witness.later import LaterWitness
from zoneproxy.adapters.witness.panel import WitnessRules
from zoneproxy.terms.errors import ConfigError, TraceError
from zoneproxy.terms.ports import Clock, Entropy, Receipt, Stamp
from zoneproxy.trace.checkpoint import Checkpoint
from zoneproxy.trace.files import Files
from zoneproxy.trace.keyring import Keyring
from zoneproxy.trace.months import Month

DAY_MS = 24 * 60 * 60 * 1000
_HOUR_MS = 60 * 60 * 1000
_LATER_MS = 10 * 1000


class ShardedLog:
    """A journal in monthly shards (`zoneproxy.terms.ports.Journal`).

    Args:
        folder: the shards, made by `ShardFolder.create`.
        keys: their private keys.
        clock, entropy, node, worker: as for `TraceLog`.
        close_within_s: how long exchanges may go on in a shard whose month is over.
        keys_ahead_ms: how long before a month its keys are made and announced.
        overlap_ms: how long old keys go on signing after a renewal within a shard.
        check_interval_s: seconds between two looks at the clock and the key folder; 0 for none, where
            `tick` is called instead.
        on_failure: called once, from any thread, when the log fails.
        per_shard: returns further arguments of `TraceLog` that depend on a shard's keys.
        settings: further arguments of `TraceLog`, the same for all shards.

    Raises:
        ConfigError: no log, another zone's, its keys are not here, or another process writes it.
        TraceError: a shard does not verify, or the disk failed.
    """

    def __init__(
        self,
        folder: ShardFolder,
        keys: KeyFolder,
        *,
        clock: Clock,
        entropy: Entropy,
        node: str,
        worker: str,
        close_within_s: float = 3600.0,
        keys_ahead_ms: int = 7 * DAY_MS,
        overlap_ms: int = DAY_MS,
        check_interval_s: float = 1.0,
        on_failure: OnFailure | None = None,
        per_shard: Callable[[Keyring], Mapping[str, Any]] = lambda _: {},
        **settings: Any,
    ) -> None:
        self.folder, self.keys, self.clock = folder, keys, clock
        self._who: dict[str, Any] = {"clock": clock, "entropy": entropy, "node": node, "worker": worker}
        self._entropy = entropy
        self._settings, self._per_shard = settings, per_shard
        self._close_within_ms = int(close_within_s * 1000)
        self._keys_ahead_ms, self._overlap_ms = keys_ahead_ms, overlap_ms
        self._interval_s = check_interval_s
        self._on_failure = on_failure
        self._gate = threading.Lock()  # guards `_failure` and `_closed`
        self._turning = threading.Lock()  # one `tick` at a time
        self._stop = threading.Event()
        self._failure: TraceError | None = None
        self._closed = False
        self._standing = Standing()
        self._old: tuple[Month, ShardLog, int] | None = None  # and until when, by the monotonic clock
        self._alarmed_ms = -_HOUR_MS
        self._later = LaterWitness(lambda vkeys: self._rules(Keyring(vkeys, ())))
        self._later_ms = 0
        months = folder.months()
        self._lock = DirectoryLock(folder.root)
        try:
            self._start(months)
        except BaseException:
            self._lock.release()
            raise
        self._watcher = threading.Thread(target=self._watch, name="trace-shards", daemon=True)
        if check_interval_s:
            self._watcher.start()

    # ---- the journal -------------------------------------------------------------------------

    @property
    def writable(self) -> bool:
        """False from the first failure of any shard, or from the closing on, for ever."""
        return self._failure is None and not self._closed and self._current.writable

    @property
    def origin(self) -> str:
        """The newest shard's origin."""
        return self._current.origin

    @property
    def directory(self) -> Path:
        """The newest shard's directory."""
        return self._current.directory

    @property
    def size(self) -> int:
        """How many entries of the newest shard are durable."""
        return self._current.size

    @property
    def closing(self) -> str:
        """The origin of the shard whose month is over and whose exchanges are not; or empty."""
        return self._old[1].origin if self._old else ""

    async def append(
        self, kind: str, body: Mapping[str, Any], private: Mapping[str, Any], *, stamp: Stamp | None = None
    ) -> Receipt:
        """Make one record durable in the shard that it belongs to; see `TraceLog.append`.

        Raises:
            ValueError: the record breaks its schema, or ends an exchange that was aborted at the turn; it
                was not written, the log goes on.
            TraceError: the record may not be durable; the log takes no more records.
        """
        with self._gate:
            if self._failure is not None:
                raise trace_error("the trace log takes no more records", self._failure)
        flow = str(body.get("flow"))
        admits = kind == "decision" and body.get("verdict") == "allow"
        shard, written = self._placing.begin(kind, flow, admits=admits), None
        try:
            receipt = await shard.append(kind, body, private, stamp=stamp)
            written = True
        except (ValueError, TraceError):
            written = False
            raise
        finally:
            self._placing.end(shard, kind, flow, admits=admits, written=written)
        if self._standing.take(kind, body) and shard is not self._current:
            await self._current.append(kind, body, private, stamp=stamp)
        return Receipt(receipt.index, receipt.leaf, receipt.ts, shard.origin)

    @property
    def _current(self) -> ShardLog:
        return self._placing.current

    def head(self, worker: str) -> tuple[int, str]:
        """Return a worker's next count and last leaf hash in the newest shard; chains begin anew in each."""
        return self._current.head(worker)

    async def publish(self) -> Checkpoint | None:
        """Publish what is durable in the newest shard; `None` if nothing has come."""
        return await self._current.publish()

    async def witness(self) -> bool:
        """Ask the witnesses now about the newest shard, and about what closed ones left."""
        left = await asyncio.to_thread(self._ask_later)
        return await self._current.witness() and left

    def forget_data_keys(self) -> None:
        """Draw new data keys from now on; see `TraceLog.forget_data_keys`."""
        for shard in (self._current, *([self._old[1]] if self._old else [])):
            shard.forget_data_keys()

    @contextlib.contextmanager
    def quiet(self, origin: str) -> Iterator[Files]:
        """Hold one shard's files still for an erasure; no month turns meanwhile. See `TraceLog.quiet`.

        Raises:
            ConfigError: there is no such shard.
        """
        with self._turning:
            if self._failure is not None:
                raise trace_error("the trace log takes no more records", self._failure)
            for shard in (self._current, *([self._old[1]] if self._old else [])):
                if shard.origin == origin:
                    with shard.quiet(origin) as files:
                        yield files
                    return
            with self.folder.held(origin) as files:
                yield files

    def archive_policy(self, data: bytes) -> str:
        """Keep a policy's bytes with every shard that decisions under it may go to; return its SHA-256."""
        with self._turning:
            digest = self._current.archive_policy(data)
            self._standing.archive(digest, data)
        return digest

    async def close(self) -> None:
        """Note the stop, publish, and let the next process in. A second call does nothing.

        A shard that was still closing is closed for good.
        """
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        with self._gate:
            first, self._closed = not self._closed, True
        if not first:
            return
        self._stop.set()
        if self._interval_s:
            self._watcher.join()
        try:
            with self._turning:
                if self._old is not None and self._failure is None:
                    self._finish_old()
                self._current.close_now()
        finally:
            self._lock.release()
        if self._failure is not None:
            raise self._failure

    # ---- start -------------------------------------------------------------------------------

    def _start(self, months: list[Month]) -> None:
        self.folder.clear()
        self.folder.tell_months()
        newest = months[-1]
        finals: dict[Month, Checkpoint] = {}
        for month, after in itertools.pairwise(months):
            if self.keys.renewals(month):
                finals[month] = self._finish_left(month, after)
        self._month, self._placing = newest, Placing(self._open(newest))
        try:
            if len(months) > 1 and months[-2] in finals:
                self._current.record("log_sealed", {"previous": head_body(finals[months[-2]])})
            destroy_past(self._current, self.folder, self.keys, self._month)
            self._look()
            self._look()  # a turn at the start has no exchanges to wait for
            for month in months[:-1]:
                self._later.take(self.folder.path(month))
        except BaseException:
            with contextlib.suppress(TraceError):
                self._current.close_now()
            raise

    def _open(self, month: Month) -> ShardLog:
        ring = load_ring(self.folder, self.keys, month)
        return ShardLog(
            self.folder.path(month),
            signer=ring,
            log_origin=self.folder.origin(month),
            on_failure=self._fail,
            **self._who,
            **self._settings,
            **self._per_shard(ring),
        )

    def _finish_left(self, month: Month, after: Month) -> Checkpoint:
        ring = load_ring(self.folder, self.keys, month)
        following = {
            "origin": self.folder.origin(after),
            "keys": [key.vkey for key in load_ring(self.folder, self.keys, after).first],
        }
        origin = self.folder.origin(month)
        return finish_left(
            self.folder.path(month), ring, following,
            log_origin=origin, witnesses=self._rules(ring), **self._who,
        )  # fmt: skip

    def _rules(self, ring: Keyring) -> WitnessRules | None:
        rules: WitnessRules | None = {**self._settings, **self._per_shard(ring)}.get("witnesses")
        return rules

    # ---- the turn ----------------------------------------------------------------------------

    def _watch(self) -> None:
        while not self._stop.wait(self._interval_s):
            try:
                self.tick()
                if self._later.left and self.clock.mono_ms() >= self._later_ms:
                    self._ask_later()
            except TraceError:
                return

    def _ask_later(self) -> bool:
        """Put what closed shards left before their witnesses; True if nothing is left."""
        self._later_ms = self.clock.mono_ms() + _LATER_MS
        try:
            return self._later.round()
        except TraceError as failure:
            self._fail(failure)
            raise

    def tick(self) -> None:
        """Look at the clock and the key folder, and do what is due.

        Raises:
            TraceError: the log failed before, or failed now.
        """
        with self._turning:
            if self._failure is not None:
                raise self._failure
            if self._closed:
                return
            try:
                self._look()
            except ConfigError as error:
                self._alarm(error)
            except Exception as error:
                failure = trace_error("the log's shards could not be turned", error)
                self._fail(failure)
                raise failure from error

    def _look(self) -> None:
        now = self.clock.now_ms()
        if self._old is not None:
            if self._placing.has_ended(self._old[1]) or self.clock.mono_ms() >= self._old[2]:
                self._finish_old()
        elif Month.of(now) > self._month:
            self._turn(Month.of(now))
        elif now >= self._month.following.start_ms - self._keys_ahead_ms:
            announce(self._current, self.folder, self.keys, self._month.following)
        renew(self._current, self.keys, self._month, now, self._overlap_ms)

    def _turn(self, month: Month) -> None:
        announce(self._current, self.folder, self.keys, month)
        signer = self.keys.load(month, self.folder.origin(month))
        head = self._current.publish_now()
        if not self.folder.path(month).exists():  # else an earlier try came as far as this
            self.folder.add(month, signer, self.clock, self._entropy, head)
        opened = self._open(month)
        old, complete = self._current, False
        while not complete:
            carried = self._standing.carry(opened)
            complete = self._placing.turn(opened, carried, lambda: self._standing.count)
        self._old = (self._month, old, self.clock.mono_ms() + self._close_within_ms)
        self._month = month

    def _finish_old(self) -> None:
        if self._old is None:
            return
        shard = self._old[1]
        self._placing.abandon(shard)
        keys = [key.vkey for key in self._current.ring.first]
        final = shard.finish({"origin": self._current.origin, "keys": keys})
        self._later.take(shard.directory)
        self._current.record("log_sealed", {"previous": head_body(final)})
        destroy_past(self._current, self.folder, self.keys, self._month)
        self._old = None

    # ---- trouble -----------------------------------------------------------------------------

    def _alarm(self, error: ConfigError) -> None:
        now = self.clock.mono_ms()
        if now - self._alarmed_ms >= _HOUR_MS:
            self._alarmed_ms = now
            body = {"code": "shard-turn-waits", "flow": None, "count": 1}
            self._current.record("alarm", body, {"detail": error.message})

    def _fail(self, failure: TraceError) -> None:
        with self._gate:
            if self._failure is not None:
                return
            self._failure = failure
        self._stop.set()
        if self._on_failure is not None:
            self._on_failure(failure)
