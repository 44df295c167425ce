"""The log as a worker sees it: a `Journal` whose records another process makes durable.

The worker makes each entry's bytes itself, from what it sent, the head of its chain and the time in the
receipt, and compares the leaf hash: a record that the sequencer dropped, changed, put in twice or out of
order shows with the next receipt. Whatever is not exactly right (a wrong hash, an index or a time that
goes back, an answer out of turn, bytes of no frame, silence, the end of the connection) ends the journal of
this process for ever, as a failed write ends that of the process which writes the log itself.

All of it runs in one event loop, that of the boundary; nothing here blocks once `open` is done.
"""

from __future__ import annotations

import asyncio
import platform
import socket
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoneproxy import __version__
from zoneproxy.adapters.files.trouble import RESTART, trace_error
from zoneproxy.adapters.sequencer.socket import PeerOf, connect, peer_of
from zoneproxy.adapters.sequencer.wire import (
    LIMITS,
    VERSION,
    Append,
    Archive,
    Archived,
    Decoder,
    Failed,
    Hello,
    Message,
    Refused,
    Welcome,
    WireError,
    Written,
    encode,
)
from zoneproxy.terms.errors import TraceError
from zoneproxy.terms.ports import Clock, Entropy, Receipt
from zoneproxy.trace.entry import Draft, Header, draft
from zoneproxy.trace.entry import encode as encode_entry
from zoneproxy.trace.merkle import leaf_hash
from zoneproxy.trace.opening import SEED_BYTES
from zoneproxy.trace.schema import private_fields

_CHUNK = 64 * 1024
OnFailure = Callable[[TraceError], None]


@dataclass(frozen=True, slots=True)
class _Waiting:
    """What was asked and not yet answered; `draft` is `None` for a policy."""

    number: int
    draft: Draft | None
    mono_ms: int
    done: asyncio.Future[Any]
    due_s: float


@dataclass(frozen=True, slots=True)
class _Head:
    """Where this worker's chain stands in a shard: the next count, and its last entry."""

    ws: int = 0
    wp: str = ""
    index: int = -1
    ts: int = 0


class RemoteLog:
    """A worker's end of the sequencer; made by `open`."""

    def __init__(
        self,
        connection: socket.socket,
        welcome: Welcome,
        *,
        decoder: Decoder,
        clock: Clock,
        entropy: Entropy,
        timeout_s: float,
        on_failure: OnFailure | None,
    ) -> None:
        self.node, self.worker = welcome.node, welcome.worker
        self._connection = connection
        self._decoder = decoder
        self._clock = clock
        self._entropy = entropy
        self._timeout_s = timeout_s
        self._on_failure = on_failure
        # Where the chain stands, in each shard that was written to; the first may be that of the welcome.
        self._welcome: _Head | None = _Head(welcome.ws, welcome.wp)
        self._heads: dict[str, _Head] = {}
        self._mono_start_ms = clock.mono_ms()
        self._number = 0
        self._waiting: deque[_Waiting] = deque()
        self._unsent = bytearray()
        self._watch: asyncio.TimerHandle | None = None
        self._failure: TraceError | None = None
        self._closing = False
        self._loop = asyncio.get_running_loop()
        connection.setblocking(False)  # noqa: FBT003 - the standard library's own signature
        self._loop.add_reader(connection.fileno(), self._read)

    @classmethod
    async def open(
        cls,
        path: Path,
        *,
        log_origin: str,
        clock: Clock,
        entropy: Entropy,
        assurance: str = "production",
        config_sha256: str | None = None,
        server_uid: int,
        timeout_s: float = 10.0,
        on_failure: OnFailure | None = None,
        asked: PeerOf = peer_of,
    ) -> RemoteLog:
        """Connect, greet, and have the start of this worker recorded.

        Args:
            path: the sequencer's socket.
            log_origin: the log that it must write.
            clock: counts this worker's time.
            entropy: salts commitments.
            assurance: `production`, or `dev` behind the developer's door.
            config_sha256: digest of the configuration in force, 64 hex digits.
            server_uid: the user that the sequencer must run as.
            timeout_s: seconds in which every answer must come.
            on_failure: called once, when the journal fails.
            asked: who is at the other end of the connection.

        Raises:
            ConfigError: something else listens there.
            TraceError: there is no sequencer, or it does not take this worker.
        """
        connection = await asyncio.to_thread(
            connect, path, server_uid=server_uid, timeout_s=timeout_s, asked=asked
        )
        decoder = Decoder()
        try:
            welcome = await asyncio.to_thread(_greet, connection, decoder, log_origin)
            made = cls(
                connection,
                welcome,
                decoder=decoder,
                clock=clock,
                entropy=entropy,
                timeout_s=timeout_s,
                on_failure=on_failure,
            )
        except BaseException:
            connection.close()
            raise
        body = {
            "version": __version__,
            "python": platform.python_version(),
            "assurance": assurance,
            "config": config_sha256,
        }
        await made.append("worker_start", body, {})
        return made

    # ---- the journal -------------------------------------------------------------------------

    @property
    def writable(self) -> bool:
        """False from the first failure, or from the closing on, for ever."""
        return self._failure is None and not self._closing

    async def append(self, kind: str, body: Mapping[str, Any], private: Mapping[str, Any]) -> Receipt:
        """Have one record made durable, then return its receipt.

        Args:
            kind: a kind of `zoneproxy.trace.schema`.
            body: its public fields; they must not change any more.
            private: its private fields; absent ones count as null.

        Raises:
            ValueError: the record breaks its schema; it was not written, the log goes on.
            TraceError: the record may not be durable; the log takes no more records.
        """
        self._insist_on_open()
        seed = self._entropy.token(SEED_BYTES)
        made = draft(kind, body, private, seed)
        mono_ms = self._clock.mono_ms() - self._mono_start_ms
        hidden = private_fields(kind, private)  # as they are committed to: long text is cut
        receipt: Receipt = await self._ask(Append(self._number, mono_ms, seed, kind, body, hidden), made)
        return receipt

    def archive_policy(self, data: bytes) -> str:
        """Keep a policy's bytes with the log for replay, durably; return its SHA-256 (hex).

        It waits: call it from another thread than that of the event loop.

        Raises:
            TraceError: it could not be written.
        """
        return asyncio.run_coroutine_threadsafe(self._archive(data), self._loop).result()

    async def _archive(self, data: bytes) -> str:
        self._insist_on_open()
        digest: bytes = await self._ask(Archive(self._number, data), None)
        return digest.hex()

    async def close(self) -> None:
        """Note the stop and leave. A second call does nothing.

        Raises:
            TraceError: the log failed before, or failed now.
        """
        if self._failure is None and not self._closing:
            stop = asyncio.ensure_future(self.append("worker_stop", {"cause": "stop"}, {}))
            await asyncio.sleep(0)  # it is sent now; nothing is taken after it
            self._closing = True
            await stop
            self._leave()
        if self._failure is not None:
            raise self._failure

    def _insist_on_open(self) -> None:
        if self._failure is not None:
            raise trace_error("the trace log takes no more records", self._failure)
        if self._closing:
            raise TraceError("the trace log is closed", hint=RESTART)

    # ---- asking ------------------------------------------------------------------------------

    async def _ask(self, message: Append | Archive, made: Draft | None) -> Any:
        frame = encode(message)
        done: asyncio.Future[Any] = self._loop.create_future()
        mono_ms = message.mono_ms if isinstance(message, Append) else 0
        due_s = self._loop.time() + self._timeout_s
        self._waiting.append(_Waiting(message.number, made, mono_ms, done, due_s))
        self._number += 1
        if self._watch is None:
            self._watch = self._loop.call_at(due_s, self._insist_on_answer)
        self._send(frame)
        return await done

    def _send(self, frame: bytes) -> None:
        if not self._unsent:
            try:
                frame = frame[self._connection.send(frame) :]
            except BlockingIOError:
                pass
            except OSError as error:
                self._fail(trace_error("the sequencer is gone", error))
                return
            if not frame:
                return
            self._loop.add_writer(self._connection.fileno(), self._flush)
        self._unsent += frame

    def _flush(self) -> None:
        try:
            del self._unsent[: self._connection.send(self._unsent)]
        except BlockingIOError:
            return
        except OSError as error:
            self._fail(trace_error("the sequencer is gone", error))
            return
        if not self._unsent:
            self._loop.remove_writer(self._connection.fileno())

    def _insist_on_answer(self) -> None:
        self._watch = None
        # An answer may have come while this process was busy with something else.
        self._read()
        if self._failure is not None or not self._waiting:
            return
        due_s = self._waiting[0].due_s
        if due_s <= self._loop.time():
            self._fail(
                TraceError(f"the sequencer did not answer within {self._timeout_s:g} seconds", hint=RESTART)
            )
        else:
            self._watch = self._loop.call_at(due_s, self._insist_on_answer)

    # ---- being answered ----------------------------------------------------------------------

    def _read(self) -> None:
        if self._connection.fileno() < 0:
            return
        try:
            data = self._connection.recv(_CHUNK)
        except BlockingIOError:
            return
        except OSError as error:
            self._fail(trace_error("the sequencer is gone", error))
            return
        if not data:
            self._fail(TraceError("the sequencer closed the connection", hint=RESTART))
            return
        try:
            for message in self._decoder.feed(data):
                self._take(message)
        except WireError as error:
            self._fail(TraceError(f"the sequencer answers with what is no answer: {error}", hint=RESTART))

    def _take(self, message: Message) -> None:
        if isinstance(message, Failed):
            self._fail(TraceError(f"the sequencer takes no more records: {message.text}", hint=RESTART))
            return
        if self._failure is not None:
            return
        if not isinstance(message, Written | Refused | Archived) or not self._waiting:
            raise WireError("it speaks out of turn")
        waiting = self._waiting[0]
        if message.number != waiting.number or isinstance(message, Archived) is not (waiting.draft is None):
            raise WireError("it answers what was not asked")
        result: Receipt | bytes | ValueError
        match message:
            case Written(_, receipt):
                self._check(waiting, receipt)
                result = receipt
            case Archived(_, digest):
                result = digest
            case Refused(_, text):
                result = ValueError(text)
        self._waiting.popleft()
        if waiting.done.done():
            return  # the caller left; the record stands all the same
        if isinstance(result, ValueError):
            waiting.done.set_exception(result)
        else:
            waiting.done.set_result(result)

    def _check(self, waiting: _Waiting, receipt: Receipt) -> None:
        """Insist that what was written is what was sent, right after what was sent before."""
        if waiting.draft is None:
            raise WireError("it answers what was not asked")
        known = self._heads.get(receipt.origin)
        for head in [known] if known else [*([self._welcome] if self._welcome else []), _Head()]:
            if receipt.index <= head.index or receipt.ts < head.ts:
                raise WireError("its receipts go back")
            header = Header(self.node, self.worker, head.ws, head.wp, receipt.ts, waiting.mono_ms)
            leaf = leaf_hash(encode_entry(waiting.draft, header))
            if leaf == receipt.leaf:
                self._welcome = None
                self._heads[receipt.origin] = _Head(head.ws + 1, leaf.hex(), receipt.index, receipt.ts)
                return
        raise WireError(
            f"the receipt of entry {receipt.index} is not that of what was sent: "
            "an entry of this worker was changed, dropped or put in"
        )

    # ---- the end -----------------------------------------------------------------------------

    def _fail(self, failure: TraceError) -> None:
        """Shut the journal for ever; whoever waits learns it."""
        if self._failure is not None:
            return
        self._failure = failure
        self._leave()
        while self._waiting:
            done = self._waiting.popleft().done
            if not done.done():
                done.set_exception(failure)
        if self._on_failure is not None:
            self._on_failure(failure)

    def _leave(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        if self._connection.fileno() >= 0:
            self._loop.remove_reader(self._connection.fileno())
            self._loop.remove_writer(self._connection.fileno())
            self._connection.close()


def _greet(connection: socket.socket, decoder: Decoder, origin: str) -> Welcome:
    """Say hello and wait for the welcome; blocks."""
    try:
        connection.sendall(encode(Hello(origin)))
        messages: list[Message] = []
        while not messages:
            data = connection.recv(LIMITS[130])
            if not data:
                raise TraceError(
                    "the sequencer closed the connection at once",
                    hint="may this user write the log? see `workers.user_ids`, and what the sequencer says",
                )
            messages = decoder.feed(data)
    except (OSError, WireError) as error:
        raise trace_error("the sequencer did not answer", error) from None
    match messages:
        case [Welcome(version=version) as welcome] if version == VERSION:
            return welcome
        case [Failed(text)]:
            raise TraceError(text, hint=RESTART)
        case _:
            raise TraceError("the sequencer answers with what is no welcome", hint=RESTART)
