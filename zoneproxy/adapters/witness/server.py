"""The witness over HTTP/1.1: bounded requests, bounded waiting, one desk behind it.

    POST <prefix>/add-checkpoint
    POST <prefix>/sign-subtree
    GET  <prefix>/<hex sha256(origin)>/checkpoint

Connections stay open between requests. What one caller can cost is bounded: so many connections, so long a
head and a body, so much time from a request's first byte to its last and for taking the answer. All requests
that touch the memory go through one thread, in the order of their coming.

If the memory can't be written, the witness stops: whether the last head is durable is then known only when
the file is read again.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import re
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import h11

from zoneproxy.adapters.serving.callers import Callers
from zoneproxy.adapters.witness.desk import TEXT, Answer, WitnessDesk
from zoneproxy.terms.errors import TraceError
from zoneproxy.trace.submission import MAX_REQUEST_BYTES

_MONITOR = re.compile(r"/([0-9a-f]{64})/checkpoint\Z", re.ASCII)
_READ_BYTES = 65_536
_REASONS = {200: b"OK", 400: b"Bad Request", 403: b"Forbidden", 404: b"Not Found", 405: b"Method Not Allowed"}
_REASONS |= {409: b"Conflict", 413: b"Content Too Large", 422: b"Unprocessable Content"}
_REASONS |= {500: b"Internal Server Error", 503: b"Service Unavailable"}

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """What one caller can cost.

    Attributes:
        connections: at once; more are closed at once.
        head_bytes: of a request.
        request_s: from a request's first byte to its last, and for taking its answer.
        idle_s: silence between the requests of one connection.
    """

    connections: int = 256
    head_bytes: int = 16_384
    request_s: float = 10.0
    idle_s: float = 60.0


class WitnessServer:
    """Serves a witness.

    Args:
        desk: answers.
        prefix: of all paths, empty or `/like/this`.
        limits: what one caller can cost.
    """

    def __init__(self, desk: WitnessDesk, prefix: str = "", limits: ServerLimits | None = None) -> None:
        self._desk, self._prefix, self._limits = desk, prefix, limits or ServerLimits()
        self._one = ThreadPoolExecutor(1, thread_name_prefix="witness")
        self._callers = Callers(self._limits.connections, self._serve)
        self._failed: asyncio.Future[None] | None = None

    @contextlib.asynccontextmanager
    async def listening(self, host: str, port: int) -> AsyncIterator[tuple[str, int]]:
        """Serve within a block, which is given the address.

        Raises:
            ConfigError: the address can't be listened on.
        """
        self._failed = asyncio.get_running_loop().create_future()
        try:
            async with self._callers.listening(host, port, buffer_bytes=_READ_BYTES) as address:
                yield address
        finally:
            await asyncio.to_thread(self._one.shutdown)
            if not self._failed.done():
                self._failed.cancel()

    async def failure(self) -> None:
        """Wait until the memory fails.

        Raises:
            TraceError: it failed.
        """
        if self._failed is not None:
            await self._failed

    # ---- connections -------------------------------------------------------------------------

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=self._limits.head_bytes)
        while True:
            if not connection.trailing_data[0]:  # else a request came together with the one before
                first = await asyncio.wait_for(reader.read(_READ_BYTES), self._limits.idle_s)
                if not first:
                    return
                connection.receive_data(first)
            headless = False
            async with asyncio.timeout(self._limits.request_s):
                try:
                    request, body = await _read(connection, reader, writer)
                    headless = request.method == b"HEAD"
                    answer = await self._answer(request, body)
                except h11.RemoteProtocolError as error:
                    if connection.our_state not in {h11.IDLE, h11.SEND_RESPONSE}:
                        return
                    status = error.error_status_hint
                    answer = Answer(status if status in _REASONS else 400, TEXT, b"this is no request\n")
                except _TooLongError:
                    answer = Answer(413, TEXT, b"the request is too long\n")
            async with asyncio.timeout(self._limits.request_s):
                writer.write(_written(connection, answer, headless=headless))
                await writer.drain()
            if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
                return
            connection.start_next_cycle()

    async def _answer(self, request: h11.Request, body: bytes) -> Answer:
        method, target = request.method.decode(), request.target.decode("ascii", "replace")
        path = target.partition("?")[0]
        if not path.startswith(f"{self._prefix}/"):
            return Answer(404, TEXT, b"there is nothing here\n")
        path = path.removeprefix(self._prefix)
        work: Callable[[], Answer]
        if path in {"/add-checkpoint", "/sign-subtree"}:
            wanted = "POST"
            ask = self._desk.add_checkpoint if path == "/add-checkpoint" else self._desk.sign_subtree
            work = functools.partial(ask, body)
        elif found := _MONITOR.match(path):
            wanted, work = "GET", functools.partial(self._desk.checkpoint, found[1])
        else:
            return Answer(404, TEXT, b"there is nothing here\n")
        if method != wanted and not (wanted == "GET" and method == "HEAD"):
            return Answer(405, TEXT, f"use {wanted}\n".encode())
        try:
            # Shielded: a caller that leaves does not break a step in the middle.
            return await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._one, work))
        except TraceError as error:
            log.error("%s", error.message)  # noqa: TRY400 - told whole when the witness stops
            if self._failed is not None and not self._failed.done():
                self._failed.set_exception(error)
            return Answer(503, TEXT, b"this witness can't remember what it signs, and stops\n")
        except Exception:
            log.exception("fault while a request was answered")
            return Answer(500, TEXT, b"internal error; nothing was cosigned that is not stored\n")


class _TooLongError(Exception):
    """A request's body is too long."""


async def _read(
    connection: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> tuple[h11.Request, bytes]:
    """Read a whole request.

    Raises:
        h11.RemoteProtocolError: it is none.
        _TooLongError: its body is too long.
    """
    request: h11.Request | None = None
    body = bytearray()
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            if connection.they_are_waiting_for_100_continue:
                go_on = h11.InformationalResponse(status_code=100, headers=[])
                writer.write(connection.send(go_on) or b"")
            connection.receive_data(await reader.read(_READ_BYTES))
        elif isinstance(event, h11.Request):
            request = event
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > MAX_REQUEST_BYTES:
                raise _TooLongError
        elif isinstance(event, h11.EndOfMessage) and request is not None:
            return request, bytes(body)
        else:
            raise h11.RemoteProtocolError("the connection ended in the middle")


def _written(connection: h11.Connection, answer: Answer, *, headless: bool) -> bytes:
    headers = [
        ("Content-Type", answer.content_type),
        ("Content-Length", str(len(answer.body))),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
    ]
    if connection.their_state is not h11.DONE:
        headers.append(("Connection", "close"))
    response = h11.Response(status_code=answer.status, headers=headers, reason=_REASONS[answer.status])
    data = h11.Data(data=b"" if headless else answer.body)
    parts: list[h11.Response | h11.Data | h11.EndOfMessage] = [response, data, h11.EndOfMessage()]
    return b"".join(connection.send(part) or b"" for part in parts)
