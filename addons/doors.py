"""The `zone:` mode: one listener a route, each with its own connection handler and guarded reader.

A mode is written `zone:<route>@<address>:<port>`; what the route is (side, cable) stands in the
operator's configuration, which the boundary addon holds.

The reader's guard bounds what the HTTP parser would buffer without end: bytes and seconds until a
head is complete, and seconds of silence between requests. The connection handler bounds every hook
in time and closes both sides when anything in the core crashes, so that no half-judged flow lives.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Literal, cast

from mitmproxy import ctx
from mitmproxy.connection import ConnectionState
from mitmproxy.proxy import commands, mode_servers, mode_specs, server_hooks
from mitmproxy.proxy.layers.http import HTTPMode

from addons.streams import ZoneHttpLayer

if TYPE_CHECKING:
    from mitmproxy.connection import Connection
    from mitmproxy.proxy.context import Context
    from mitmproxy.proxy.layer import Layer

log = logging.getLogger("zoneproxy.doors")
BACKLOG = 1024


class ZoneMode(mode_specs.ProxyMode):
    """A door of the zone: `zone:<route>`; the route's id is the mode's data."""

    type_name = "zone"
    description = "zone door"
    transport_protocol: Literal["tcp", "udp", "both"] = "tcp"
    default_port = 8443

    def __post_init__(self) -> None:
        """Refuse a mode that names no route."""
        if not self.data:
            raise ValueError("a zone door names its route: `zone:<route>@<address>:<port>`")

    @property
    def route(self) -> str:
        """Id of the route that comes in by this door."""
        return self.data


class GuardedReader:
    """A stream reader that gives up on heads that are too large or too slow.

    Args:
        reader: the connection's reader.
        max_head_bytes: largest request head, in bytes.
        head_timeout_s: seconds from a head's first byte to its last.
        idle_timeout_s: seconds of silence before a head begins.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        *,
        max_head_bytes: int,
        head_timeout_s: float,
        idle_timeout_s: float,
    ) -> None:
        self._reader = reader
        self._max_head_bytes = max_head_bytes
        self._head_timeout_s = head_timeout_s
        self._idle_timeout_s = idle_timeout_s
        self._timeout: asyncio.Timeout | None = None
        self.await_head()

    def await_head(self) -> None:
        """Expect a new head: the next byte begins it."""
        self._in_head = True
        self._head_bytes = 0
        self._began_s: float | None = None
        self._tail = b""
        self._reschedule()

    def head_done(self) -> None:
        """A head was parsed; what follows is a body."""
        self._in_head = False
        self._reschedule()

    async def read(self, size: int) -> bytes:
        """Read some bytes; an empty answer closes the connection."""
        try:
            async with asyncio.timeout_at(self._deadline()) as self._timeout:
                data = await self._reader.read(size)
        except TimeoutError:
            log.info("closed a connection whose head did not come in time")
            return b""
        finally:
            self._timeout = None
        if not self._in_head:
            return data
        if self._began_s is None:
            self._began_s = asyncio.get_running_loop().time()
        window = self._tail + data
        end = window.find(b"\r\n\r\n")
        self._head_bytes += len(data) if end < 0 else end
        self._tail = window[-3:]
        if self._head_bytes > self._max_head_bytes:
            log.info("closed a connection whose head was too large")
            return b""
        if end >= 0:
            self._in_head = False
        return data

    def _deadline(self) -> float | None:
        if not self._in_head:
            return None
        if self._began_s is not None:
            return self._began_s + self._head_timeout_s
        return asyncio.get_running_loop().time() + self._idle_timeout_s

    def _reschedule(self) -> None:
        # The next read begins before an exchange has ended: its deadline follows what is awaited now.
        if self._timeout is not None and not self._timeout.expired():
            self._timeout.reschedule(self._deadline())


class ZoneConnectionHandler(mode_servers.ProxyConnectionHandler):
    """A connection whose hooks have a deadline and which dies whole.

    mitmproxy logs an error in its core and leaves the connection open; a flow that was not judged
    to its end must not live on, so any such error closes every transport of the connection.
    """

    hook_deadline_s = 60.0
    guard: GuardedReader | None = None

    def log(self, message: str, level: int = logging.INFO, exc_info: Any = None) -> None:
        """Pass the core's message on, and close everything if it speaks of a crash."""
        super().log(message, level, exc_info)
        if level >= logging.ERROR:
            self.sever()

    def sever(self) -> None:
        """Close both sides as soon as the loop is free (closing inside a layer would reenter it)."""
        asyncio.get_running_loop().call_soon(self._close_all)

    def _close_all(self) -> None:
        for connection in list(self.transports):
            # A connection that nothing reads yet has no handler to end; its own hook closes it.
            if connection.state is not ConnectionState.CLOSED and self.transports[connection].handler:
                self.close_connection(connection)

    async def handle_connection(self, connection: Connection) -> None:
        """Serve a connection to its end, and close its socket whatever ends it.

        The core skips the closing where a second cancellation meets it on its way out; the socket
        would then stay open until it is collected.
        """
        writer = self.transports[connection].writer
        try:
            await super().handle_connection(connection)
        finally:
            if writer is not None and not writer.is_closing():
                writer.close()

    async def handle_hook(self, hook: commands.StartHook) -> None:
        """Run a hook within its deadline; a hook that fails or hangs closes both sides."""
        try:
            async with asyncio.timeout(self.hook_deadline_s):
                await super().handle_hook(hook)
        except asyncio.CancelledError:
            raise
        except BaseException:
            log.exception("hook failed, both sides are closed", extra={"hook": hook.name})
            self.sever()
            match hook:
                case server_hooks.ClientConnectedHook(client):
                    client.error = "internal error"  # nothing reads it yet: the core closes it by this
                    return
                case server_hooks.ClientDisconnectedHook() | server_hooks.ServerDisconnectedHook():
                    return  # no layer waits for these, but the closing of the sockets does
            # Never completing the hook keeps the layer paused until the connection is torn down.
            await asyncio.Event().wait()


class ZoneInstance(mode_servers.AsyncioServerInstance[ZoneMode]):
    """A listener of one route."""

    async def listen(self, host: str, port: int) -> list[Any]:
        """Open the listening socket; a port that is taken is an error, never shared by mistake."""
        return [await asyncio.start_server(self.handle_stream, host, port, backlog=BACKLOG)]

    def make_top_layer(self, context: Context) -> Layer:
        """Make the one layer that a door speaks: HTTP/1.1."""
        boundary = ctx.master.addons.get("boundary")
        forward = boundary is not None and boundary.is_outward(self.mode.route)
        return ZoneHttpLayer(context, HTTPMode.regular if forward else HTTPMode.transparent)

    async def handle_stream(self, reader: Any, writer: Any = None) -> None:
        """Serve one connection."""
        boundary = ctx.master.addons.get("boundary")
        if boundary is None or not boundary.ready:
            writer.close()
            return
        limits = boundary.limits()
        guard = GuardedReader(
            reader,
            max_head_bytes=limits.max_header_bytes,
            head_timeout_s=limits.header_timeout_s,
            idle_timeout_s=limits.idle_timeout_s,
        )
        handler = ZoneConnectionHandler(
            ctx.master, cast("asyncio.StreamReader", guard), writer, ctx.options, self.mode
        )
        handler.hook_deadline_s = limits.hook_deadline_s
        handler.guard = guard
        handler.layer = self.make_top_layer(handler.layer.context)
        with self.manager.register_connection(handler.client.id, handler):
            await handler.handle_client()
