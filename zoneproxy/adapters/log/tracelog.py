"""The journal: records in, receipts out, once they are durable.

One thread writes: it takes all records that wait, stamps them, writes them as one group, flushes it
once, and only then resolves their futures. Another thread publishes, every second if the log has grown
(`zoneproxy.adapters.log.publisher`), and a third asks the witnesses, where there are any.
The order of writes and what a crash leaves behind stand in `zoneproxy.trace.ledger`.

Any failed write or flush, and any slip found before signing, ends the log for this process: all that
wait get `TraceError`, `writable` is false for ever, `on_failure` is called once. Nothing is tried again:
after a failed flush nobody knows what is on the disk, until the next start reads it.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import queue
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from zoneproxy.adapters.files.disk import DirectoryLock, DiskFiles
from zoneproxy.adapters.files.trouble import RESTART, recovering, trace_error
from zoneproxy.adapters.log.groups import GroupWriter
from zoneproxy.adapters.log.jobs import Awaited, Done, Job, settle, start_jobs
from zoneproxy.adapters.log.publisher import Publisher
from zoneproxy.adapters.witness.panel import WitnessRules
from zoneproxy.adapters.witness.rounds import Witnessing
from zoneproxy.policy.bundle_archive import is_bundle
from zoneproxy.terms.errors import ConfigError, TraceError, VerificationError
from zoneproxy.terms.ports import Clock, Entropy, Receipt, Stamp
from zoneproxy.trace.checkpoint import Checkpoint
from zoneproxy.trace.entry import draft
from zoneproxy.trace.files import Files
from zoneproxy.trace.ledger import LOG_FILE, Ledger
from zoneproxy.trace.note import Signer
from zoneproxy.trace.opening import SEED_BYTES
from zoneproxy.trace.reader import bundle_path, policy_path
from zoneproxy.trace.sealer import Sealing

LOW_WATER_BYTES = 64 * 1024 * 1024
GROUP_LIMIT = 1024

OnFailure = Callable[[TraceError], None]


class TraceLog:
    """A log that takes records (`zoneproxy.terms.ports.Journal`).

    Making one locks the directory, recovers the log, notes the start and ends with an `abort` each
    exchange that a crash cut off; then two threads of it run until `close`.

    Args:
        directory: a log made by `create`.
        log_origin: the origin it must have.
        signer: holds the log's keys.
        clock: stamps entries.
        entropy: salts commitments.
        node: this machine's name in entries, `[a-z0-9.-]`.
        worker: this process' name in entries, `[a-z0-9.-]`.
        assurance: `production`, or `dev` behind the developer's door.
        config_sha256: digest of the configuration in force, 64 hex digits.
        publish_interval_s: seconds between publications.
        low_water_bytes: the log fails before less than this is free on its disk.
        on_failure: called once, from one of the log's threads, when the log fails.
        witnesses: who cosigns the log's checkpoints; nobody where not given.
        files: the file-system port; the directory itself where not given.
        sealing: how private parts are encrypted before they are written; without it they are not.

    Raises:
        ConfigError: no log, another zone's log, or another process writes it; nothing was changed.
        TraceError: the log does not verify, or a witness shows that it is not the newest (nothing was
            changed); the disk failed; or a quorum was insisted on and not reached.
    """

    def __init__(
        self,
        directory: Path,
        *,
        log_origin: str,
        signer: Signer,
        clock: Clock,
        entropy: Entropy,
        node: str,
        worker: str,
        assurance: str = "production",
        config_sha256: str | None = None,
        publish_interval_s: float = 1.0,
        low_water_bytes: int = LOW_WATER_BYTES,
        on_failure: OnFailure | None = None,
        witnesses: WitnessRules | None = None,
        files: Files | None = None,
        sealing: Sealing | None = None,
    ) -> None:
        self.directory = directory
        self.origin = log_origin
        self._entropy = entropy
        self._low_water_bytes = low_water_bytes
        self._on_failure = on_failure
        self._disk = DiskFiles(directory)
        self._files = files if files is not None else self._disk
        self._ledger = Ledger(self._files, log_origin, signer)
        self._sealer = None if sealing is None else sealing.session(self._files, log_origin)
        self._group = GroupWriter(self._ledger, self._sealer, clock=clock, node=node, worker=worker)
        self._node, self._worker = node, worker
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._gate = threading.Lock()  # guards `_failure`, `_closing` and what is put into `_jobs`
        self._failure: TraceError | None = None
        self._closing = False
        self._stop = threading.Event()
        self._writer = threading.Thread(target=self._write_loop, name="trace-writer", daemon=True)
        self._publisher = Publisher(
            self._ledger,
            self._files,
            interval_s=publish_interval_s,
            fail=self._fail,
            failure=lambda: self._failure,
            stop=self._stop,
            waits=witnesses is not None,
        )
        self._witnessing: Witnessing | None = None
        if witnesses is not None:
            self._witnessing = Witnessing(
                witnesses,
                origin=log_origin,
                signer=signer,
                publisher=self._publisher,
                clock=clock,
                record=lambda kind, body: self._submit(kind, body, {}, None).result(),
                fail=self._fail,
                stop=self._stop,
            )
        if not (directory / LOG_FILE).exists():
            raise ConfigError(f"there is no log in `{directory}`", hint="make one with `zoneproxy init DIR`")
        self._lock = DirectoryLock(directory)
        try:
            self._start(assurance, config_sha256)
        except BaseException:
            self._release()
            raise

    @classmethod
    def open(cls, directory: Path, **settings: Any) -> TraceLog:
        """Open a log for writing; the settings are those of the class."""
        return cls(directory, **settings)

    # ---- the journal -------------------------------------------------------------------------

    @property
    def writable(self) -> bool:
        """False from the first failure, or from the closing on, for ever."""
        return self._failure is None and not self._closing

    @property
    def size(self) -> int:
        """How many entries are durable."""
        return self._ledger.size

    async def append(
        self, kind: str, body: Mapping[str, Any], private: Mapping[str, Any], *, stamp: Stamp | None = None
    ) -> Receipt:
        """Make one record durable, then return its receipt.

        Args:
            kind: a kind of `zoneproxy.trace.schema`.
            body: its public fields; they must not change any more.
            private: its private fields; absent ones count as null.
            stamp: the worker that it is written for, where that is another process.

        Raises:
            ValueError: the record breaks its schema; it was not written, the log goes on.
            TraceError: the record may not be durable; the log takes no more records.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Receipt] = loop.create_future()
        self._put(self._job(kind, body, private, stamp, Awaited(loop, future)))
        return await future

    def head(self, worker: str) -> tuple[int, str]:
        """Return a worker's next count and the leaf hash (hex) of its last entry, or empty."""
        return self._group.head(worker)

    def _submit(
        self, kind: str, body: Mapping[str, Any], private: Mapping[str, Any], stamp: Stamp | None
    ) -> Future[Receipt]:
        done: Future[Receipt] = Future()
        self._put(self._job(kind, body, private, stamp, done))
        return done

    def _job(
        self, kind: str, body: Mapping[str, Any], private: Mapping[str, Any], stamp: Stamp | None, done: Done
    ) -> Job:
        seed = stamp.seed if stamp else self._entropy.token(SEED_BYTES)
        return Job(draft(kind, body, private, seed), done, stamp)

    def _turn_over(self) -> None:
        """Have a new segment begun; waits."""
        done: Future[Receipt] = Future()
        self._put(Job(None, done))
        done.result()

    def _put(self, job: Job) -> None:
        with self._gate:
            if self._failure is not None:
                raise trace_error("the trace log takes no more records", self._failure)
            if self._closing:
                raise TraceError("the trace log is closed", hint=RESTART)
            self._jobs.put(job)

    async def publish(self) -> Checkpoint | None:
        """Publish now what is durable; `None` if nothing has come since the last publication.

        Raises:
            TraceError: it failed, and with it the log.
        """
        return await asyncio.to_thread(self._publisher.publish)

    async def witness(self) -> bool:
        """Ask the witnesses now about what was published; True if a quorum cosigned it, or none is asked.

        Raises:
            TraceError: it failed, and with it the log.
        """
        return self._witnessing is None or await asyncio.to_thread(self._witnessing.round)

    def forget_data_keys(self) -> None:
        """Draw new data keys from now on: some of those in use are about to be destroyed."""
        if self._sealer is not None:
            self._sealer.forget()

    def quiet(self, _origin: str = "") -> AbstractContextManager[Files]:
        """Hold the files still for an erasure, from a thread that may wait; see `Publisher.quiet`."""
        return self._publisher.quiet(self._turn_over)

    def archive_policy(self, data: bytes) -> str:
        """Keep a policy's or a bundle's bytes with the log for replay, durably; return its SHA-256 (hex).

        Raises:
            TraceError: it could not be written.
        """
        digest = hashlib.sha256(data).hexdigest()
        place = bundle_path(digest) if is_bundle(data) else policy_path(digest)
        self._publisher.archive(place, data)
        return digest

    async def close(self) -> None:
        """Note the stop, publish, and let the next process in. A second call does nothing.

        Raises:
            TraceError: the log failed before, or failed now.
        """
        await asyncio.to_thread(self._close)

    # ---- start and stop ----------------------------------------------------------------------

    def _start(self, assurance: str, config_sha256: str | None) -> None:
        approve = self._witnessing.check_start if self._witnessing else None
        with recovering(self.directory):
            self._ledger.recover(self._group.visit, self._group.resume, approve)
        self._check_space()
        jobs = start_jobs(assurance, config_sha256, self._group.chains.under_way, self._entropy)
        try:
            results = self._group.write(jobs)
            if any(isinstance(result, ValueError) for result in results):
                raise ConfigError(
                    f"the start can't be recorded under the node `{self._node}` and worker `{self._worker}`",
                    hint="name them with lower-case letters, digits, `.` and `-`",
                )
            self._publisher.start()
        except (OSError, VerificationError) as error:
            raise trace_error("the log could not be written", error) from error
        self._writer.start()
        if self._witnessing is not None:
            self._begin_witnessing(self._witnessing)

    def _begin_witnessing(self, witnessing: Witnessing) -> None:
        try:
            witnessing.start()
        except BaseException:
            with self._gate:
                self._closing = True
                self._jobs.put(None)
            self._end_threads()
            raise

    def _close(self) -> None:
        with self._gate:
            first, self._closing = not self._closing, True
            if first and self._failure is None:
                stop = draft("worker_stop", {"cause": "stop"}, {}, b"")
                self._jobs.put(Job(stop, Future()))
            if first:
                self._jobs.put(None)
        if not first:
            return
        self._end_threads()
        try:
            if self._failure is None:
                self._publish_last()
        finally:
            self._release()
        if self._failure is not None:
            raise self._failure

    def _end_threads(self) -> None:
        self._writer.join()
        self._stop.set()
        self._publisher.join()
        if self._witnessing is not None:
            self._witnessing.join()

    def _publish_last(self) -> None:
        """Publish the last entries, and ask the witnesses once more: nothing is recorded any more."""
        self._publisher.publish()
        if self._witnessing is not None:
            self._witnessing.last_round()

    def _release(self) -> None:
        self._disk.close()
        self._lock.release()

    # ---- the writing thread ------------------------------------------------------------------

    def _write_loop(self) -> None:
        """Write groups until the end, or until the first failure."""
        while (job := self._jobs.get()) is not None:
            jobs = [job]
            ended = False
            while len(jobs) < GROUP_LIMIT and not self._jobs.empty():
                more = self._jobs.get()
                if more is None:
                    ended = True
                    break
                jobs.append(more)
            try:
                self._check_space()
                receipts = self._group.write(jobs)
            except Exception as error:  # noqa: BLE001  # whatever it was, the state is unknown
                failure = trace_error("the trace log could not be written", error)
                self._fail(failure)
                settle((waiting.done, failure) for waiting in jobs)
                return
            settle(zip((waiting.done for waiting in jobs), receipts, strict=True))
            if ended:
                return

    def _check_space(self) -> None:
        free = self._files.free_bytes()
        if free < self._low_water_bytes:
            raise TraceError(
                f"the log's disk is nearly full: {free} bytes are free",
                hint=f"make room: the log needs {self._low_water_bytes} free bytes to go on",
            )

    # ---- failure -----------------------------------------------------------------------------

    def _fail(self, failure: TraceError) -> None:
        """Shut the log for ever; whoever waits learns it."""
        with self._gate:
            if self._failure is not None:
                return
            self._failure = failure
        self._stop.set()
        with contextlib.suppress(queue.Empty):
            while True:
                if (job := self._jobs.get_nowait()) is not None:
                    settle([(job.done, failure)])
        self._jobs.put(None)  # the writing thread, if it still waits, ends
        if self._on_failure is not None:
            self._on_failure(failure)
