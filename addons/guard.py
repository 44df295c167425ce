"""A reader with bounds: heads that are too large or too slow, and bodies that are, end their connection.

It bounds what the HTTP parser would buffer without end: bytes and seconds until a head is complete, and
seconds of silence between requests.
"""

from __future__ import annotations

import asyncio
import logging

log = logging.getLogger("zoneproxy.doors")

_END = b"\r\n\r\n"


class GuardedReader:
    """A stream reader that gives up on heads that are too large or too slow, and on bodies that are.

    While an answer is under way nobody needs what comes: the parser would keep it without end. So much
    as a head may have is kept for the next request; more closes the connection.

    Args:
        reader: the connection's reader.
        max_head_bytes: largest request head, in bytes; and most bytes that may come ahead of their turn.
        head_timeout_s: seconds from a head's first byte to its last.
        idle_timeout_s: seconds of silence before a head begins.
        body_timeout_s: seconds from a head's last byte to its body's.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        *,
        max_head_bytes: int,
        head_timeout_s: float,
        idle_timeout_s: float,
        body_timeout_s: float = 60.0,
    ) -> None:
        self._reader = reader
        self._max_head_bytes = max_head_bytes
        self._head_timeout_s = head_timeout_s
        self._idle_timeout_s = idle_timeout_s
        self._body_timeout_s = body_timeout_s
        self._timeout: asyncio.Timeout | None = None
        self._back = b""
        self.await_head()

    @property
    def idle(self) -> bool:
        """True between requests: nothing of a next one has come."""
        return self._in_head and self._began_s is None

    def await_head(self) -> None:
        """Expect a new head: the next byte begins it."""
        self._in_head = True
        self._body_until_s: float | None = None
        self._ahead_bytes: int | None = None
        self._head_bytes = 0
        self._began_s: float | None = None
        self._tail = b""
        self._reschedule()

    def head_done(self) -> None:
        """A head was parsed; what follows is a body."""
        self._in_head = False
        if self._ahead_bytes is None:
            self._body_until_s = asyncio.get_running_loop().time() + self._body_timeout_s
        self._reschedule()

    def body_done(self) -> None:
        """A body was read; what follows comes ahead of its turn, until the next head is awaited."""
        self._in_head, self._body_until_s, self._ahead_bytes = False, None, 0
        self._reschedule()

    def talk(self) -> None:
        """A session speaks from now on: what follows is neither head nor body."""
        self._in_head, self._body_until_s, self._ahead_bytes = False, None, None
        self._reschedule()

    def put_back(self, data: bytes) -> None:
        """Have these bytes, which were read and counted, read again, before any other."""
        self._back = data + self._back

    def begin_with(self, data: bytes) -> None:
        """Have these bytes read first, which another guard has read and counted to the end of a head."""
        self._back, self._in_head = data, _END not in data

    def take_rest(self) -> bytes:
        """Return all that has come and was not read; of what is paused nothing comes after it."""
        data, self._back = self._back + bytes(self._reader._buffer), b""  # type: ignore[attr-defined] # noqa: SLF001
        self._reader._buffer.clear()  # type: ignore[attr-defined] # noqa: SLF001
        return data

    @property
    def beneath(self) -> asyncio.StreamReader:
        """What is read from, for whoever bounds it himself."""
        return self._reader

    async def waiting_now(self) -> bytes | None:
        """Return what has come ahead of its turn, without waiting; `None` is nothing, empty is the end."""
        try:
            async with asyncio.timeout(0):
                return self._back or await self._reader.read(1)
        except TimeoutError:
            return None

    def begin_inside(self, reader: asyncio.StreamReader) -> None:
        """Read on from inside a tunnel: what came outside of it can't be taken for a part of it."""
        self._reader, self._back = reader, b""
        self.await_head()

    async def read(self, size: int) -> bytes:
        """Read some bytes; an empty answer closes the connection."""
        if self._back:
            data, self._back = self._back, b""
            return data
        try:
            async with asyncio.timeout_at(self._deadline()) as self._timeout:
                data = await self._reader.read(size)
        except TimeoutError:
            log.info("closed a connection whose %s did not come in time", "head" if self._in_head else "body")
            return b""
        finally:
            self._timeout = None
        if not self._in_head:
            return data if self._keeps(data) else b""
        if self._began_s is None:
            self._began_s = asyncio.get_running_loop().time()
        window = self._tail + data
        end = window.find(b"\r\n\r\n")
        if self._head_bytes > self._max_head_bytes:
            log.info("closed a connection whose head was too large")
            return b""
        # So much more the parser is shown, that it refuses the head on the record.
        self._head_bytes += len(data) if end < 0 else end
        self._tail = window[-3:]
        if end >= 0:
            self._in_head = False
        return data

    def _keeps(self, data: bytes) -> bool:
        """Count what comes ahead of its turn; return False where it is too much."""
        if self._ahead_bytes is None:
            return True
        self._ahead_bytes += len(data)
        if self._ahead_bytes > self._max_head_bytes:
            log.info("closed a connection that sent too much ahead of its turn")
            return False
        return True

    def _deadline(self) -> float | None:
        if not self._in_head:
            return self._body_until_s
        if self._began_s is not None:
            return self._began_s + self._head_timeout_s
        return asyncio.get_running_loop().time() + self._idle_timeout_s

    def _reschedule(self) -> None:
        # The next read begins before an exchange has ended: its deadline follows what is awaited now.
        if self._timeout is not None and not self._timeout.expired():
            self._timeout.reschedule(self._deadline())
