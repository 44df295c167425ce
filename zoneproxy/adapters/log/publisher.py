"""Publication: a thread that seals what is durable, and presents it, now or when witnesses have cosigned.

Every interval, if the log has grown, all that is durable is written to the public tree, read back and signed.
A log without witnesses presents that checkpoint at once, as `checkpoint`. A log with witnesses lays it
beside, as `unwitnessed`, and presents what a quorum cosigned (`zoneproxy.adapters.witness.rounds`):
`checkpoint` is then final wherever it is read, and what lies beyond it is signed all the same.

One lock covers every write to the public files. Any failure ends the log.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

from zoneproxy.adapters.files.trouble import trace_error
from zoneproxy.terms.errors import TraceError, VerificationError
from zoneproxy.trace.checkpoint import Checkpoint
from zoneproxy.trace.durable import put_once, replace
from zoneproxy.trace.epoch import UNWITNESSED
from zoneproxy.trace.files import Files
from zoneproxy.trace.ledger import Ledger
from zoneproxy.trace.merkle import prefix_root, prove_consistency
from zoneproxy.trace.prover import tile_hashes
from zoneproxy.trace.reader import LogReader

Fail = Callable[[TraceError], None]


class Publisher:
    """Publishes one log.

    Args:
        ledger: the log's files in their order.
        files: the log's directory.
        interval_s: seconds between publications.
        fail: ends the log.
        failure: returns why the log ended; `None` while it has not.
        stop: set when the thread shall end.
        waits: what is sealed waits for witnesses.
    """

    def __init__(
        self,
        ledger: Ledger,
        files: Files,
        *,
        interval_s: float,
        fail: Fail,
        failure: Callable[[], TraceError | None],
        stop: threading.Event,
        waits: bool,
    ) -> None:
        self._ledger, self._files = ledger, files
        self._interval_s, self._fail, self._failure, self._waits = interval_s, fail, failure, waits
        self.lock = threading.Lock()  # one write to the public files at a time
        self._stop = stop
        self._thread = threading.Thread(target=self._loop, name="trace-publisher", daemon=True)
        self.newest: tuple[Checkpoint, bytes] | None = None

    def start(self) -> None:
        """Publish for the first time, then from a thread.

        Raises:
            OSError: a write failed.
            VerificationError: what was read back is not what was acknowledged.
        """
        with self.lock:
            self._seal()
        self._thread.start()

    def join(self) -> None:
        """Wait for the end of the thread."""
        if self._thread.is_alive():
            self._thread.join()

    def publish(self) -> Checkpoint | None:
        """Seal now what is durable, and present it unless it waits; `None` if there is nothing new.

        Raises:
            TraceError: it failed, and with it the log.
        """
        with self.lock:
            self._check("the trace log publishes no more")
            if not self._ledger.grown:
                return None
            try:
                return self._seal()
            except Exception as error:
                raise self._failed("the trace log could not be published", error) from error

    def _seal(self) -> Checkpoint:
        checkpoint, note = self._ledger.seal()
        if self._waits:
            replace(self._files, UNWITNESSED, note)
        else:
            self._ledger.present(checkpoint, note)
        self.newest = checkpoint, note
        return checkpoint

    def present(self, checkpoint: Checkpoint, note: bytes) -> None:
        """Present a sealed checkpoint with its cosignatures.

        A crash before leaves the checkpoint before it; nothing was lost, the witnesses cosign again.

        Raises:
            TraceError: it failed, and with it the log.
        """
        with self.lock:
            self._check("the trace log publishes no more")
            try:
                self._ledger.present(checkpoint, note)
            except Exception as error:
                raise self._failed("a cosigned checkpoint could not be published", error) from error

    @contextlib.contextmanager
    def quiet(self, begin_segment: Callable[[], object]) -> Iterator[Files]:
        """Hold the log's files still while private parts of what is in them are erased; records go on.

        All that is durable then is sealed, and lies in segments of the write-ahead log that nobody writes
        any more: whatever was acknowledged before may be changed in its private part, and nothing else.

        Args:
            begin_segment: has the writer begin a new segment, and waits for it.

        Raises:
            TraceError: the log failed before, or failed now; or what was done within left it half done.
        """
        with self.lock:
            self._check("the trace log publishes no more")
            try:
                if self._ledger.grown:
                    self._seal()
                begin_segment()
            except Exception as error:
                raise self._failed("the trace log could not be published", error) from error
            try:
                try:
                    yield self._files
                finally:
                    self._ledger.reload_openings()
            except (OSError, TraceError) as error:
                raise self._failed("private parts could not be erased", error) from error

    def archive(self, path: str, data: bytes) -> None:
        """Keep a file that never changes with the log, durably.

        Raises:
            TraceError: it could not be written, and with it the log failed.
        """
        with self.lock:
            try:
                put_once(self._files, path, data)
            except (OSError, VerificationError) as error:
                raise self._failed(f"`{path.partition('/')[0]}/` could not be written", error) from error

    @property
    def waiting(self) -> int:
        """How many durable entries lie beyond the checkpoint that is presented."""
        return self._ledger.size - self._ledger.published

    def prove(self, old: int, new: int) -> list[bytes]:
        """Prove that the first `old` entries of the sealed tree of `new` are its beginning.

        Raises:
            VerificationError: a hash tile is missing or cut.
        """
        return prove_consistency(old, new, tile_hashes(self._reader(), new))

    def root_at(self, size: int) -> bytes:
        """Return the root of the first `size` entries of this log.

        Raises:
            VerificationError: it has not so many, or a hash tile is missing or cut.
        """
        sealed = self._ledger.sealed
        if size > self._ledger.size:
            raise VerificationError(f"the log has only {self._ledger.size} entries", where=f"size {size}")
        if size >= sealed:
            return self._ledger.tail_root(size)
        return prefix_root(size, tile_hashes(self._reader(), sealed))

    def _reader(self) -> LogReader:
        return LogReader(lambda path, _: self._files.read(path), ())

    def _loop(self) -> None:
        while not self._stop.wait(self._interval_s):
            try:
                self.publish()
            except TraceError:
                return

    def _check(self, what: str) -> None:
        failure = self._failure()
        if failure is not None:
            raise trace_error(what, failure)

    def _failed(self, what: str, error: Exception) -> TraceError:
        failure = trace_error(what, error)
        self._fail(failure)
        return failure
