"""One worker at the sequencer: from its greeting to the last record that it leaves behind.

Records are handed to the log as they arrive, so that those of all workers share its groups, and are
answered in the order of their arrival. What the worker says of itself is checked: its numbers have no gap,
it starts once and stops once, and it ends no exchange but its own.

A worker that goes without `worker_stop`, or that breaks the rules, is ended here: once all that it sent is
durable, each of its exchanges that is still under way gets an `abort`, and then a `worker_stop` says why.
These records stand in the worker's own chain; it can't write there any more, and if it still lived and
counted, its chain would break.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from zoneproxy.adapters.sequencer.wire import (
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
from zoneproxy.terms.ports import Clock, Entropy, Receipt, Sequencer, Stamp
from zoneproxy.trace.opening import SEED_BYTES

log = logging.getLogger("zoneproxy.logd")

HELLO_TIMEOUT_S = 5.0
WRITE_TIMEOUT_S = 10.0
MAX_UNANSWERED = 1024
_CHUNK = 64 * 1024
_OF_THE_LOG = frozenset({"log_open", "log_close", "log_sealed", "epoch", "key", "node_checkpoint"})
"""Kinds that only the log itself writes."""
_ENDS = frozenset({"return", "abort"})

Cause = Literal["stop", "lost", "breach"]


class BreachError(Exception):
    """The worker did what no worker does."""


@dataclass(frozen=True, slots=True)
class _Order:
    """What the worker asked for, and what will answer it."""

    asked: Append | Archive
    answer: asyncio.Task[Receipt] | asyncio.Task[str]


class Session:
    """A worker's time at the sequencer.

    Args:
        sequencer: the log.
        origin: the log's origin, which the worker must name.
        node, worker: how the worker's entries are named.
        clock, entropy: for the records that end a worker which can't any more.
        reader, writer: the connection.
    """

    def __init__(
        self,
        sequencer: Sequencer,
        *,
        origin: str,
        node: str,
        worker: str,
        clock: Clock,
        entropy: Entropy,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.worker = worker
        self._sequencer = sequencer
        self._origin = origin
        self._node = node
        self._clock = clock
        self._entropy = entropy
        self._reader = reader
        self._writer = writer
        self._decoder = Decoder()
        self._orders: deque[_Order] = deque()
        self._more = asyncio.Event()
        self._ended = False
        self._room = asyncio.Semaphore(MAX_UNANSWERED)
        self._next = 0
        self._stage: Literal["new", "started", "stopped"] = "new"
        self._mono: tuple[int, int] = (0, clock.mono_ms())  # the worker's clock, and ours at that moment
        self.under_way: dict[str, int] = {}
        """Each exchange that this worker admitted and has not ended, to the index of its decision."""

    async def run(self) -> Cause:
        """Serve the worker to its end; return how it ended.

        Raises:
            TraceError: the log takes no more records; the next start ends what is under way.
        """
        answering = asyncio.ensure_future(self._answer())
        cause: Cause = "lost"
        try:
            await self._read()
        except (WireError, BreachError) as error:
            log.error("worker %s breaks the rules and is shut out: %s", self.worker, error)  # noqa: TRY400
            cause = "breach"
            await self._send(Failed(f"the sequencer shuts this worker out: {error}"))
        except (OSError, TimeoutError) as error:
            log.warning("the connection of worker %s broke: %s", self.worker, error)
        finally:
            # What arrived is written even if nobody waits for the answer; only then is it told what is
            # still under way.
            self._ended = True
            self._more.set()
            await answering
            self._writer.close()
        if self._stage == "stopped" and cause == "lost":
            cause = "stop"
        await self._bury(cause)
        return cause

    async def fail(self, failure: TraceError) -> None:
        """Tell the worker that the log has failed, and leave it."""
        await self._send(Failed(failure.message))
        self._writer.close()

    def leave(self) -> None:
        """End the connection."""
        self._writer.close()

    # ---- what the worker says ------------------------------------------------------------------

    async def _read(self) -> None:
        async with asyncio.timeout(HELLO_TIMEOUT_S):
            messages = await self._receive()
        if not messages:
            return
        self._greet(messages[0])
        await self._send(Welcome(self._node, self.worker, *self._sequencer.head(self.worker)))
        messages = messages[1:]
        while True:
            for message in messages:
                await self._room.acquire()
                self._take(message)
            if not (messages := await self._receive()):
                return

    async def _receive(self) -> list[Message]:
        """Wait for messages; none at the end of the connection."""
        while data := await self._reader.read(_CHUNK):
            if messages := self._decoder.feed(data):
                return messages
        return []

    def _greet(self, message: Message) -> None:
        if not isinstance(message, Hello):
            raise BreachError("it does not say who it is")
        if message.version != VERSION:
            raise BreachError(f"it speaks version {message.version} of this protocol, not {VERSION}")
        if message.origin != self._origin:
            raise BreachError(f"it wants to write the log `{message.origin}`, and this is `{self._origin}`")

    def _take(self, message: Message) -> None:
        if not isinstance(message, Append | Archive):
            raise BreachError("it says what only a sequencer says, or greets twice")
        if message.number != self._next:
            raise BreachError(f"its number {message.number} is not {self._next}")
        self._next += 1
        answer: asyncio.Task[Receipt] | asyncio.Task[str]
        if isinstance(message, Archive):
            answer = asyncio.ensure_future(asyncio.to_thread(self._sequencer.archive_policy, message.data))
        else:
            self._check_turn(message)
            if message.mono_ms < self._mono[0]:
                raise BreachError(f"its clock goes back by {self._mono[0] - message.mono_ms} ms")
            self._mono = (message.mono_ms, self._clock.mono_ms())
            answer = asyncio.ensure_future(self._append(message))
        self._orders.append(_Order(message, answer))
        self._more.set()

    def _check_turn(self, record: Append) -> None:
        """Insist that a worker starts once, first, and stops once, last."""
        if self._stage == "stopped":
            raise BreachError("it goes on after its stop")
        if (record.kind == "worker_start") is not (self._stage == "new"):
            raise BreachError("it does not begin with its start, or starts twice")
        if record.kind in _OF_THE_LOG:
            raise BreachError(f"it writes a record of the log itself, `{record.kind}`")
        self._stage = "stopped" if record.kind == "worker_stop" else "started"

    async def _append(self, record: Append) -> Receipt:
        ended = self._end(record.body) if record.kind in _ENDS else None
        stamp = Stamp(self.worker, record.mono_ms, record.seed)
        try:
            return await self._sequencer.append(record.kind, record.body, record.private, stamp=stamp)
        except ValueError:
            if ended is not None:
                self.under_way[record.body["flow"]] = ended
            raise

    def _end(self, body: Mapping[str, Any]) -> int:
        """Insist that a record ends an exchange of this worker's, and that none ends twice."""
        index, flow = body.get("dec"), body.get("flow")
        if not isinstance(flow, str) or type(index) is not int or self.under_way.get(flow) != index:
            raise ValueError("it ends an exchange that is not under way at this worker")
        return self.under_way.pop(flow)

    # ---- what it is told -----------------------------------------------------------------------

    async def _answer(self) -> None:
        """Answer in order; answers that are ready together leave together."""
        while True:
            while not self._orders:
                if self._ended:
                    return
                self._more.clear()
                await self._more.wait()
            frames: list[bytes] = []
            failed = False
            while self._orders and (not frames or self._orders[0].answer.done()) and not failed:
                message = await self._settle(self._orders.popleft())
                failed = isinstance(message, Failed)
                frames.append(encode(message))
            await self._write(b"".join(frames))
            if failed:
                self._writer.close()

    async def _settle(self, order: _Order) -> Message:
        number = order.asked.number
        try:
            found = await order.answer
        except TraceError as error:
            return Failed(error.message)
        except Exception as error:  # noqa: BLE001 - whatever its record met is told to the worker, not to others
            return Refused(number, str(error))
        finally:
            self._room.release()
        if isinstance(found, str) or isinstance(order.asked, Archive):
            return Archived(number, bytes.fromhex(str(found)))
        body = order.asked.body
        if order.asked.kind == "decision" and body["verdict"] == "allow":
            self.under_way[body["flow"]] = found.index
        return Written(number, found)

    async def _send(self, message: Message) -> None:
        await self._write(encode(message))

    async def _write(self, data: bytes) -> None:
        """Write what the worker may not live to read; one that does not read is left."""
        try:
            self._writer.write(data)
            async with asyncio.timeout(WRITE_TIMEOUT_S):
                await self._writer.drain()
        except (OSError, TimeoutError):
            self._writer.transport.abort()

    # ---- what it leaves behind -----------------------------------------------------------------

    async def _bury(self, cause: Cause) -> None:
        if self._stage == "new" or not self._sequencer.writable:
            return
        ended = "stopped" if cause == "stop" else "lost"
        last: list[tuple[str, dict[str, Any]]] = [
            ("abort", {"flow": flow, "dec": index, "cause": ended}) for flow, index in self.under_way.items()
        ]
        if self._stage != "stopped":
            last.append(("worker_stop", {"cause": cause}))
        theirs, ours = self._mono
        mono_ms = theirs + self._clock.mono_ms() - ours
        results = await asyncio.gather(
            *(
                self._sequencer.append(
                    kind, body, {}, stamp=Stamp(self.worker, mono_ms, self._entropy.token(SEED_BYTES))
                )
                for kind, body in last
            ),
            return_exceptions=True,
        )
        self.under_way.clear()
        for result in results:
            # An exchange that the log itself has ended, at the turn of a shard, is refused an end of ours.
            if isinstance(result, BaseException) and not isinstance(result, ValueError):
                raise result
