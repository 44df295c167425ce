"""Callers at one address: so many at once, each served by itself, all of them left when serving ends.

A server of a small protocol says how it serves one connection; here is what every such server does with
connections. A caller that leaves or takes too long is no fault; whatever else goes wrong with one caller is
told in the operator's log, and the others are served on.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable

from zoneproxy.adapters.files.trouble import why
from zoneproxy.terms.errors import ConfigError

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
TurnAway = Callable[[asyncio.StreamWriter], Awaitable[None]]

_CLOSING_S = 1
log = logging.getLogger(__name__)


class Callers:
    """The connections of one server.

    Args:
        most: at once.
        serve: serves one connection until it is over.
        turn_away: tells one caller too many so, before its connection is closed; it is closed at once and
            without a word where not given.
    """

    def __init__(self, most: int, serve: Serve, turn_away: TurnAway | None = None) -> None:
        self._most, self._serve, self._turn_away = most, serve, turn_away
        self._open: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def listening(self, host: str, port: int, *, buffer_bytes: int) -> AsyncIterator[tuple[str, int]]:
        """Serve within a block, which is given the address.

        Args:
            host: where.
            port: 0 for a free one.
            buffer_bytes: how much of one connection is read ahead.

        Raises:
            ConfigError: the address can't be listened on.
        """
        try:
            server = await asyncio.start_server(self._meet, host, port, limit=buffer_bytes)
        except OSError as error:
            raise ConfigError(
                f"`{host}:{port}` can't be listened on: {why(error)}",
                hint="choose another address with `--listen`",
            ) from None
        try:
            name = server.sockets[0].getsockname()
            yield name[0], name[1]
        finally:
            server.close()
            for task in self._open:
                task.cancel()
            await asyncio.gather(*self._open, return_exceptions=True)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        full = len(self._open) >= self._most
        if task is None or (full and self._turn_away is None):
            writer.close()
            return
        self._open.add(task)
        try:
            if full and self._turn_away is not None:
                await self._turn_away(writer)
            else:
                await self._serve(reader, writer)
        except (OSError, TimeoutError, asyncio.CancelledError):
            pass  # the caller left, took too long, or the server stops
        except Exception:
            log.exception("fault while a request was answered")
        finally:
            self._open.discard(task)
            writer.close()
            with contextlib.suppress(OSError, TimeoutError, asyncio.CancelledError):
                async with asyncio.timeout(_CLOSING_S):
                    await writer.wait_closed()
