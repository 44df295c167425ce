"""The `zone:` mode: one listener a route, each with its own connection handler and guarded reader.

A mode is written `zone:<route>@<address>:<port>`; what the route is (side, cable) stands in the
operator's configuration, which the boundary addon holds.

The reader's guard bounds heads and bodies (`addons/guard.py`). The connection handler bounds every hook
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

from addons.dialling import DiallingHandler
from addons.gate import Gate, demands, open_listening, record_refusal
from addons.guard import GuardedReader
from addons.halting import end_silent
from addons.layers import ZoneHttpLayer
from addons.limits import room_of
from addons.pace import Pace, PacedReader
from addons.refusals import DoorRecords
from addons.tunnel import enter
from zoneproxy.meter.refusals import places_of
from zoneproxy.origin.arrival import PLAIN, Arrival
from zoneproxy.terms.networks import read_address

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


class ZoneConnectionHandler(DiallingHandler):
    """A connection whose hooks have a deadline and which dies whole.

    mitmproxy logs an error in its core and leaves the connection open; a flow that was not judged
    to its end must not live on, so any such error closes every transport of the connection.
    """

    guard: GuardedReader | None = None
    arrival: Arrival = PLAIN
    tunnel: Tunnel | None = None
    _over = False
    _ended: asyncio.Event | None = None  # hardly a connection is waited for
    taken = False  # another worker accepted it, and looked whose it is

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._readers: list[PacedReader] = []

    async def handle_client(self) -> None:
        """Serve the connection; whatever still waits for it ends with it."""
        try:
            await super().handle_client()
        finally:
            self.end()

    def end(self) -> None:
        """The connection is served no more: whoever waits for that goes on."""
        self._over = True
        if self._ended is not None:
            self._ended.set()

    async def until_it_ends(self) -> None:
        """Wait until the connection is served no more."""
        if not self._over:
            self._ended = self._ended or asyncio.Event()
            await self._ended.wait()

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
        self.went_on(hook)
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
            await self.until_it_ends()
            raise asyncio.CancelledError from None


class ZoneInstance(mode_servers.AsyncioServerInstance[ZoneMode]):
    """A listener of one route."""

    async def listen(self, host: str, port: int) -> list[Any]:
        """Open the listening socket; a port that is taken is an error, never shared by mistake.

        A worker among several inherits the socket, which others hold as well.
        """
        master = getattr(ctx, "master", None)
        boundary = master.addons.get("boundary") if master is not None else None
        if boundary is not None:
            boundary.instances[self.mode.route] = self
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
                records=DoorRecords(boundary.assembled(), self.mode.route),
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
        context.layers.clear()  # of the layers that the core put there none is used, and each is kept
        top = ZoneHttpLayer(context, HTTPMode.regular if forward else HTTPMode.transparent)
        if boundary is not None:
            top.bound(boundary.limits())
        return top

    async def handle_stream(self, reader: Any, writer: Any = None) -> None:
        """Serve a connection of a door without a gate."""
        await self.serve(reader, writer)

    async def serve(
        self,
        reader: Any,
        writer: Any,
        caller: tuple[str, int] | None = None,
        arrival: Arrival = PLAIN,
        *,
        ahead: bytes | None = None,
    ) -> None:
        """Serve one connection.

        Args:
            reader: its bytes.
            writer: takes the answers.
            caller: who calls, where a front says so.
            arrival: how it came.
            ahead: of one that another worker accepted: what was read of it already.
        """
        boundary = ctx.master.addons.get("boundary")
        if boundary is None or not boundary.ready:
            writer.close()
            return
        limits, occupancy = boundary.limits(), boundary.occupancy()
        peer = str((caller or writer.get_extra_info("peername") or ("",))[0])
        source = places_of(read_address(peer))[0]
        if not occupancy.enter(source):
            DoorRecords(boundary.assembled(), self.mode.route).no_room(peer)
            writer.close()
            return
        handler: ZoneConnectionHandler | None = None
        try:
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
            handler.arrival, handler.taken = arrival, ahead is not None
            if ahead is not None:
                guard.begin_with(ahead)
            if caller is not None:
                handler.client.peername = caller
            handler.layer = self.make_top_layer(handler.layer.context)
            with self.manager.register_connection(handler.client.id, handler):
                if not await enter(boundary, handler, guard):
                    return
                if handler.tunnel is not None:
                    context = Context(handler.client, ctx.options)
                    handler.layer = self.make_top_layer(context, inside=True)
                await handler.handle_client()
        finally:
            if handler is None or handler.tunnel is not None:
                writer.close()  # that of TLS, which was closed, leaves it to its own
            occupancy.leave(source)
