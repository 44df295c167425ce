"""The journal: records in, receipts out, once they are durable.

One thread writes: it takes all records that wait, stamps them, writes them as one group, flushes it
once, and only then resolves their futures. Another thread publishes, every second if the log has grown.
The order of writes and what a crash leaves behind stand in `zoneproxy.trace.ledger`.

Any failed write or flush, and any slip found before signing, ends the log for this process: all that
wait get `TraceError`, `writable` is false for ever, `on_failure` is called once. Nothing is tried again:
after a failed flush nobody knows what is on the disk, until the next start reads it.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import platform
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoneproxy import __version__
from zoneproxy.adapters.disk import DirectoryLock, DiskFiles
from zoneproxy.adapters.trouble import RESTART, trace_error
from zoneproxy.terms.errors import ConfigError, TraceError, VerificationError
from zoneproxy.terms.ports import Clock, Entropy, Receipt
from zoneproxy.trace.chain import Chains
from zoneproxy.trace.checkpoint import Checkpoint
from zoneproxy.trace.durable import put_once
from zoneproxy.trace.entry import Draft, Entry, draft, encode, peek
from zoneproxy.trace.files import Files
from zoneproxy.trace.ledger import LOG_FILE, Ledger
from zoneproxy.trace.merkle import leaf_hash
from zoneproxy.trace.note import Signer
from zoneproxy.trace.opening import SEED_BYTES
from zoneproxy.trace.reader import policy_path
from zoneproxy.trace.wal import Item

LOW_WATER_BYTES = 64 * 1024 * 1024
GROUP_LIMIT = 1024

OnFailure = Callable[[TraceError], None]


@dataclass(frozen=True, slots=True)
class _Job:
    """A record that waits to be written, and where its receipt goes."""

    draft: Draft
    done: Future[Receipt]


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
        files: the file-system port; the directory itself where not given.

    Raises:
        ConfigError: no log, another zone's log, or another process writes it; nothing was changed.
        TraceError: the log does not verify (nothing was changed), or the disk failed.
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
        files: Files | None = None,
    ) -> None:
        self.directory = directory
        self.origin = log_origin
        self._clock = clock
        self._entropy = entropy
        self._node = node
        self._worker = worker
        self._interval_s = publish_interval_s
        self._low_water_bytes = low_water_bytes
        self._on_failure = on_failure
        self._disk = DiskFiles(directory)
        self._files = files if files is not None else self._disk
        self._ledger = Ledger(self._files, log_origin, signer)
        self._chains = Chains()
        self._mono_start_ms = clock.mono_ms()
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._gate = threading.Lock()  # guards `_failure`, `_closing` and what is put into `_jobs`
        self._failure: TraceError | None = None
        self._closing = False
        self._publishing = threading.Lock()  # one publication, or archived policy, at a time
        self._stop = threading.Event()
        self._writer = threading.Thread(target=self._write_loop, name="trace-writer", daemon=True)
        self._publisher = threading.Thread(target=self._publish_loop, name="trace-publisher", daemon=True)
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

    async def append(self, kind: str, body: Mapping[str, Any], private: Mapping[str, Any]) -> Receipt:
        """Make one record durable, then return its receipt.

        Args:
            kind: a kind of `zoneproxy.trace.schema`.
            body: its public fields; they must not change any more.
            private: its private fields; absent ones count as null.

        Raises:
            ValueError: the record breaks its schema; it was not written, the log goes on.
            TraceError: the record may not be durable; the log takes no more records.
        """
        return await asyncio.wrap_future(self._submit(kind, body, private))

    def _submit(self, kind: str, body: Mapping[str, Any], private: Mapping[str, Any]) -> Future[Receipt]:
        job = _Job(draft(kind, body, private, self._entropy.token(SEED_BYTES)), Future())
        with self._gate:
            if self._failure is not None:
                raise trace_error("the trace log takes no more records", self._failure)
            if self._closing:
                raise TraceError("the trace log is closed", hint=RESTART)
            self._jobs.put(job)
        return job.done

    async def publish(self) -> Checkpoint | None:
        """Publish now what is durable; `None` if nothing has come since the last publication.

        Raises:
            TraceError: it failed, and with it the log.
        """
        return await asyncio.to_thread(self._publish)

    def archive_policy(self, data: bytes) -> str:
        """Keep a policy's bytes with the log for replay, durably; return its SHA-256 (hex).

        Raises:
            TraceError: it could not be written.
        """
        digest = hashlib.sha256(data).hexdigest()
        try:
            with self._publishing:
                put_once(self._files, policy_path(digest), data)
        except (OSError, VerificationError) as error:
            failure = trace_error("a policy could not be archived", error)
            self._fail(failure)
            raise failure from error
        return digest

    async def close(self) -> None:
        """Note the stop, publish, and let the next process in. A second call does nothing.

        Raises:
            TraceError: the log failed before, or failed now.
        """
        await asyncio.to_thread(self._close)

    # ---- start and stop ----------------------------------------------------------------------

    def _start(self, assurance: str, config_sha256: str | None) -> None:
        try:
            self._ledger.recover(self._visit, self._resume)
        except VerificationError as error:
            raise TraceError(
                f"the log in `{self.directory}` does not verify: {error.message} ({error.where})",
                hint=error.hint
                or "run `zoneproxy log verify DIR`; put the log back as it was, or begin a new one",
            ) from error
        except ConfigError as error:
            raise ConfigError(f"`{self.directory}`: {error.message}", hint=error.hint) from None
        except OSError as error:
            raise trace_error("the log could not be read", error) from error
        self._check_space()
        body = {
            "version": __version__,
            "python": platform.python_version(),
            "assurance": assurance,
            "config": config_sha256,
        }
        cut_off: list[tuple[str, dict[str, Any]]] = [
            ("abort", {"flow": flow, "dec": index, "cause": "recovery"})
            for index, flow in self._chains.under_way.items()
        ]
        jobs = [
            _Job(draft(kind, made, {}, self._entropy.token(SEED_BYTES)), Future())
            for kind, made in [("worker_start", body), *cut_off]
        ]
        try:
            results = self._write(jobs)
            if any(isinstance(result, ValueError) for result in results):
                raise ConfigError(
                    f"the start can't be recorded under the node `{self._node}` and worker `{self._worker}`",
                    hint="name them with lower-case letters, digits, `.` and `-`",
                )
            self._ledger.publish()
        except (OSError, VerificationError) as error:
            raise trace_error("the log could not be written", error) from error
        self._writer.start()
        self._publisher.start()

    def _resume(self, _: int, state: bytes) -> None:
        self._chains = Chains.restore(state)

    def _visit(self, index: int, data: bytes, leaf: bytes) -> None:
        problems = self._chains.follow(index, peek(data), leaf)
        if problems:
            raise VerificationError(problems[0], where=f"entry {index}")

    def _close(self) -> None:
        with self._gate:
            first, self._closing = not self._closing, True
            if first and self._failure is None:
                stop = draft("worker_stop", {"cause": "stop"}, {}, b"")
                self._jobs.put(_Job(stop, Future()))
            if first:
                self._jobs.put(None)
        if not first:
            return
        self._writer.join()
        self._stop.set()
        self._publisher.join()
        try:
            if self._failure is None:
                self._publish()
        finally:
            self._release()
        if self._failure is not None:
            raise self._failure

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
                receipts = self._write(jobs)
            except Exception as error:  # noqa: BLE001  # whatever it was, the state is unknown
                failure = trace_error("the trace log could not be written", error)
                self._fail(failure)
                for waiting in jobs:
                    _settle(waiting.done, failure)
                return
            for waiting, receipt in zip(jobs, receipts, strict=True):
                _settle(waiting.done, receipt)
            if ended:
                return

    def _write(self, jobs: Sequence[_Job]) -> list[Receipt | ValueError]:
        """Stamp and write one group; a record that can't be written gets its error, alone."""
        if self._ledger.segment_full:
            self._ledger.roll(self._chains.snapshot())
        items: list[Item] = []
        results: list[Receipt | ValueError] = []
        for job in jobs:
            index = self._ledger.size + len(items)
            mono_ms = self._clock.mono_ms() - self._mono_start_ms
            header = self._chains.header(self._node, self._worker, self._clock.now_ms(), mono_ms)
            try:
                data = encode(job.draft, header)
            except ValueError as error:
                results.append(error)
                continue
            leaf = leaf_hash(data)
            self._chains.follow(index, Entry(job.draft.kind, header, job.draft.body, job.draft.prv), leaf)
            items.append(Item(data, job.draft.opening))
            results.append(Receipt(index, leaf, header.ts))
        if items:
            self._ledger.append(items)
        return results

    def _check_space(self) -> None:
        free = self._files.free_bytes()
        if free < self._low_water_bytes:
            raise TraceError(
                f"the log's disk is nearly full: {free} bytes are free",
                hint=f"make room: the log needs {self._low_water_bytes} free bytes to go on",
            )

    # ---- the publishing thread ---------------------------------------------------------------

    def _publish_loop(self) -> None:
        while not self._stop.wait(self._interval_s):
            try:
                self._publish()
            except TraceError:
                return

    def _publish(self) -> Checkpoint | None:
        with self._publishing:
            if self._failure is not None:
                raise trace_error("the trace log publishes no more", self._failure)
            if not self._ledger.grown:
                return None
            try:
                return self._ledger.publish()
            except Exception as error:
                failure = trace_error("the trace log could not be published", error)
                self._fail(failure)
                raise failure from error

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
                    _settle(job.done, failure)
        self._jobs.put(None)  # the writing thread, if it still waits, ends
        if self._on_failure is not None:
            self._on_failure(failure)


def _settle(done: Future[Receipt], result: Receipt | Exception) -> None:
    if not done.set_running_or_notify_cancel():
        return  # the caller left; the record stands all the same
    if isinstance(result, Receipt):
        done.set_result(result)
    else:
        done.set_exception(result)
