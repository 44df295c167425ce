"""One caller on one keep-alive connection, over a blocking socket: little stands between it and a clock."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from typing import Self

from bench.load import LoadError, Target

_CHUNK = 65_536
_END = b"0\r\n\r\n"
_EVENT = b"data: {"
_OK = b"200"
_TIMEOUT_S = 60.0


class Caller:
    """A connection that asks one thing at a time.

    Args:
        target: where to, and from which address.
    """

    def __init__(self, target: Target) -> None:
        place, source = (target.host, target.port), (target.source, 0)
        self._socket = socket.create_connection(place, _TIMEOUT_S, source_address=source)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Self:
        """Ask within a block; the connection is closed behind it."""
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def ask(self, request: bytes) -> float:
        """Send a request; return the seconds until the last byte of its answer.

        Raises:
            LoadError: the answer's status is not 200, or it is not whole.
        """
        began = time.perf_counter()
        for _ in self._answer(request):
            pass
        return time.perf_counter() - began

    def listen(self, request: bytes) -> list[float]:
        """Send a request for a stream; return the seconds until each of its events has come.

        Raises:
            LoadError: the answer's status is not 200, or it is not whole.
        """
        began = time.perf_counter()
        seen: list[float] = []
        for got in self._answer(request):
            now = time.perf_counter() - began
            seen += [now] * (got.count(_EVENT) - len(seen))
        return seen

    def _answer(self, request: bytes) -> Iterator[bytes]:
        """Yield all of the answer that has come, whenever more has."""
        self._socket.sendall(request)
        got = b""
        while not is_whole(got):
            data = self._socket.recv(_CHUNK)
            if not data:
                raise LoadError(f"the connection ended after {got[-300:].decode(errors='replace')!r}")
            got += data
            yield got
        if got.split(b" ", 2)[1] != _OK:
            raise LoadError(got[:500].decode(errors="replace"))


def is_whole(got: bytes) -> bool:
    """Tell whether bytes are a whole HTTP/1.1 answer, by its length or its last chunk."""
    head, end, body = got.partition(b"\r\n\r\n")
    if not end:
        return False
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return len(body) >= int(value)
    return body == _END or body.endswith(b"\r\n" + _END)
