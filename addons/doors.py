"""The `zone:` mode: one listener a route, each with its own connection handler and guarded reader.

A mode is written `zone:<route>@<address>:<port>`; what the route is (side, cable) stands in the
operator's configuration, which the boundary addon holds.

The reader's guard bounds what the HTTP parser would buffer without end: bytes and seconds until a
head is complete, and seconds of silence between requests. The connection handler bounds every hook
in time and closes both sides when anything in the core crashes, so that no half-judged flow lives.
"""

from __future__ import annotations

import asyncio
import functools
import logging
from typing import TYPE_CHECKING, Any, Literal, cast

from mitmproxy import ctx
from mitmproxy.connection import ConnectionState
from mitmproxy.proxy import commands, mode_servers, mode_specs, server_hooks
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.http import HTTPMode

from addons.gate import Gate, demands, open_listening, record_refusal
from addons.halting import end_silent
from addons.layers import ZoneHttpLayer
from addons.limits import room_of
from addons.pace import Pace, PacedReader
from addons.tunnel import enter
from addons.turns import TurnHandler
from zoneproxy.origin.arrival import PLAIN, Arrival

if TYPE_CHECKING:
    from mitmproxy.connection import Connection
    from mitmproxy.proxy.layer import Layer

    from addons.outward import Tunnel

log = logging.getLogger("zoneproxy.doors")


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


class ZoneConnectionHandler(TurnHandler):
    """A connection whose hooks have a deadline and which dies whole.

    mitmproxy logs an error in its core and leaves the connection open; a flow that was not judged
    to its end must not live on, so any such error closes every transport of the connection.
    """

    guard: GuardedReader | None = None
    arrival: Arrival = PLAIN
    tunnel: Tunnel | None = None

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.ended = asyncio.Event()
        self._readers: list[PacedReader] = []

    async def handle_client(self) -> None:
        """Serve the connection; whatever still waits for it ends with it."""
        try:
            await super().handle_client()
        finally:
            self.ended.set()

    async def on_timeout(self) -> None:
        """End a connection on which nothing moves; a caller who waits for a silent server is told so."""
        boundary = ctx.master.addons.get("boundary")
        io = self.transports.get(self.client)
        transport = getattr(io.writer, "transport", None) if io is not None else None
        try:
            # Where bytes for the caller wait, it is the caller who does not read.
            if boundary is not None and transport is not None and not transport.get_write_buffer_size():
                await end_silent(boundary, self.client.id)
        finally:
            await super().on_timeout()

    def keep_pace(self, pace: Pace) -> None:
        """Read from both sides only while nothing is being looked at: a session speaks here now."""
        if self.guard is not None:
            self.guard.talk()
        for reader in self._readers:
            reader.pace = pace

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

    async def open_connection(self, command: commands.OpenConnection) -> None:
        """Open a server connection, and close its socket also where it ends before it is served.

        The core keeps it open where `server_connected` is cut off: by its deadline, or with its caller.
        """
        try:
            await super().open_connection(command)
        finally:
            io = self.transports.get(command.connection)
            if io is not None and io.writer is not None:
                io.writer.close()

    async def handle_connection(self, connection: Connection) -> None:
        """Serve a connection to its end, and close its socket whatever ends it.

        The core skips the closing where a second cancellation meets it on its way out; the socket
        would then stay open until it is collected.
        """
        io = self.transports[connection]
        writer, reader = io.writer, PacedReader(io.reader, self.drain_writers)
        io.reader = cast("asyncio.StreamReader", reader)
        self._readers.append(reader)
        try:
            await super().handle_connection(connection)
        finally:
            self._readers.remove(reader)
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
            # A hook that never completes keeps the layer paused until the connection is torn down; then
            # its task ends, and nothing of it goes on.
            await self.ended.wait()
            raise asyncio.CancelledError from None


class ZoneInstance(mode_servers.AsyncioServerInstance[ZoneMode]):
    """A listener of one route."""

    async def listen(self, host: str, port: int) -> list[Any]:
        """Open the listening socket; a port that is taken is an error, never shared by mistake.

        A worker among several inherits the socket, which others hold as well.
        """
        master = getattr(ctx, "master", None)
        boundary = master.addons.get("boundary") if master is not None else None
        inherited = boundary.inherited.get(self.mode.route) if boundary is not None else None
        core = boundary.core if boundary is not None else None
        listener = core.listeners.get(self.mode.route) if core is not None else None
        # So many are accepted at a time before anybody looks at them.
        backlog = room_of(boundary).waiting if boundary is not None and core is not None else 1
        if boundary is not None and listener is not None and demands(listener):
            if inherited is not None:
                inherited.listen(backlog)
            gate = Gate(
                inherited or open_listening(host, port, backlog),
                listener,
                most_waiting=backlog,
                timeout_s=boundary.limits().header_timeout_s,
                serve=self.serve,
                refused=functools.partial(record_refusal, boundary, self.mode.route),
            )
            boundary.gates.append(gate)
            return [gate]
        if inherited is not None:
            return [await asyncio.start_server(self.handle_stream, sock=inherited, backlog=backlog)]
        return [await asyncio.start_server(self.handle_stream, host, port, backlog=backlog)]

    def make_top_layer(self, context: Context, *, inside: bool = False) -> Layer:
        """Make the one layer that a door speaks: HTTP/1.1; `inside` a tunnel targets are paths alone."""
        boundary = ctx.master.addons.get("boundary")
        forward = boundary is not None and boundary.is_outward(self.mode.route) and not inside
        top = ZoneHttpLayer(context, HTTPMode.regular if forward else HTTPMode.transparent)
        if boundary is not None:
            top.bound(boundary.limits())
        return top

    async def handle_stream(self, reader: Any, writer: Any = None) -> None:
        """Serve a connection of a door without a gate."""
        await self.serve(reader, writer)

    async def serve(
        self, reader: Any, writer: Any, caller: tuple[str, int] | None = None, arrival: Arrival = PLAIN
    ) -> None:
        """Serve one connection.

        Args:
            reader: its bytes.
            writer: takes the answers.
            caller: who calls, where a front says so.
            arrival: how it came.
        """
        boundary = ctx.master.addons.get("boundary")
        if boundary is None or not boundary.ready:
            writer.close()
            return
        limits, occupancy = boundary.limits(), boundary.occupancy()
        peer = str((caller or writer.get_extra_info("peername") or ("",))[0])
        if not occupancy.enter(peer):
            writer.close()
            return
        guard = GuardedReader(
            reader,
            max_head_bytes=limits.max_header_bytes,
            head_timeout_s=limits.header_timeout_s,
            idle_timeout_s=limits.idle_timeout_s,
            body_timeout_s=limits.body_timeout_s,
        )
        handler = ZoneConnectionHandler(
            ctx.master, cast("asyncio.StreamReader", guard), writer, ctx.options, self.mode
        )
        handler.hook_deadline_s = limits.hook_deadline_s
        handler.guard = guard
        handler.arrival = arrival
        if caller is not None:
            handler.client.peername = caller
        handler.layer = self.make_top_layer(handler.layer.context)
        try:
            with self.manager.register_connection(handler.client.id, handler):
                if not await enter(boundary, handler, guard):
                    return
                if handler.tunnel is not None:
                    context = Context(handler.client, ctx.options)
                    handler.layer = self.make_top_layer(context, inside=True)
                await handler.handle_client()
        finally:
            if handler.tunnel is not None:
                writer.close()  # that of TLS, which was closed, leaves it to its own
            occupancy.leave(peer)
