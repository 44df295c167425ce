"""A log's public files over HTTP/1.1: bounded connections, bounded heads, bounded time.

One request at a time on a connection, `GET` and `HEAD` only, never a body. A request that is not plainly
one is answered 400 and its connection closed: nothing is guessed. Files are read in threads, so that a
slow disk stops no other connection.

It speaks no TLS: put a web server in front of it where others than this machine may read.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from http import HTTPStatus

from zoneproxy.adapters.serving.callers import Callers
from zoneproxy.adapters.serving.desk import Answer, LogDesk, ShardsDesk

_REQUEST = re.compile(r"([A-Z]{1,16}) ([!-~]{1,4096}) HTTP/1\.([01])\Z", re.ASCII)
_FIELD = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}):[ \t]*([ -~\t]{0,8192}?)[ \t]*\Z", re.ASCII)
_END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """What one caller can cost.

    Attributes:
        connections: at once; more are told 503 and closed.
        head_bytes: of a request.
        head_s: from the moment a request is waited for to its last byte.
        answer_s: for taking an answer.
    """

    connections: int = 128
    head_bytes: int = 16_384
    head_s: float = 15.0
    answer_s: float = 60.0


class LogServer:
    """Serves a log.

    Args:
        desk: answers.
        limits: what one caller can cost.
    """

    def __init__(self, desk: LogDesk | ShardsDesk, limits: ServerLimits | None = None) -> None:
        self._desk, self._limits = desk, limits or ServerLimits()
        self._callers = Callers(self._limits.connections, self._serve, self._turn_away)

    def listening(self, host: str, port: int) -> AbstractAsyncContextManager[tuple[str, int]]:
        """Serve within a block, which is given the address.

        Raises:
            ConfigError: the address can't be listened on.
        """
        return self._callers.listening(host, port, buffer_bytes=self._limits.head_bytes)

    async def _turn_away(self, writer: asyncio.StreamWriter) -> None:
        await self._send(writer, _BUSY, close=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                async with asyncio.timeout(self._limits.head_s):
                    data = await reader.readuntil(_END)
            except asyncio.IncompleteReadError:
                return  # the caller is done
            except asyncio.LimitOverrunError:
                await self._send(writer, _TOO_LARGE, close=True)
                return
            request = _parse(data)
            if request is None:
                await self._send(writer, _MALFORMED, close=True)
                return
            answer = await asyncio.to_thread(
                self._desk.answer, request.method, request.target, request.fields
            )
            await self._send(writer, answer, close=request.last, head_only=request.method == "HEAD")
            if request.last:
                return

    async def _send(
        self, writer: asyncio.StreamWriter, answer: Answer, *, close: bool, head_only: bool = False
    ) -> None:
        lines = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in answer.headers]
        if answer.status != HTTPStatus.NOT_MODIFIED:
            lines.append(f"content-length: {len(answer.body)}")
        if close:
            lines.append("connection: close")
        writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
        if not head_only:
            writer.write(answer.body)
        async with asyncio.timeout(self._limits.answer_s):
            await writer.drain()


@dataclass(frozen=True, slots=True)
class _Request:
    """A request's head; `last` if its connection ends with the answer."""

    method: str
    target: str
    fields: dict[str, str]
    last: bool


def _parse(data: bytes) -> _Request | None:
    """Read a request's head; `None` if it is not plainly a request without a body."""
    try:
        first, *rest = data.removesuffix(_END).decode("ascii").split("\r\n")
    except UnicodeDecodeError:
        return None
    matched = _REQUEST.match(first)
    fields: dict[str, str] = {}
    for line in rest:
        field = _FIELD.match(line)
        if field is None:
            return None
        name = field[1].lower()
        fields[name] = f"{fields[name]}, {field[2]}" if name in fields else field[2]
    if matched is None or "transfer-encoding" in fields or fields.get("content-length", "0") != "0":
        return None
    if matched[3] == "1" and "host" not in fields:
        return None
    tokens = {token.strip().lower() for token in fields.get("connection", "").split(",")}
    return _Request(matched[1], matched[2], fields, matched[3] == "0" or "close" in tokens)


def _fault(status: HTTPStatus, words: str) -> Answer:
    return Answer(status, (("content-type", "text/plain; charset=utf-8"),), f"{words}\n".encode())


_BUSY = _fault(HTTPStatus.SERVICE_UNAVAILABLE, "too many connections, try again later")
_TOO_LARGE = _fault(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "the request is too long")
_MALFORMED = _fault(HTTPStatus.BAD_REQUEST, "this is no request that is answered here")
