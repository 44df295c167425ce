"""Tunnels of zone workloads (CONNECT), before HTTP begins on their connection.

A tunnel is asked for first on a connection of the outward door, or it is refused like everywhere else. In
this order, each within a deadline and with bounded bytes:

    1 the head of CONNECT, and nothing behind it         else refused
    2 its decision: the exchange that it names, its destination, its address; recorded     else refused
    3 a certificate for the destination, of the zone's own authority                       else refused
    4 its end recorded, then `200`; nothing may have come meanwhile                        else refused
    5 the TLS handshake, by Python's `ssl`: for this host, HTTP/1.1                        else closed
    6 HTTP begins on what TLS bears: every request is judged by itself, as one in the clear is

Whatever does not pass is recorded. mitmproxy sees the inside alone: its own way with tunnels is never taken,
and a CONNECT that reaches it (at another door, later on a connection, inside a tunnel) is refused there.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from typing import TYPE_CHECKING, cast

from addons.crossing import Crossing
from addons.framing import request_flaw
from addons.halting import page_when_halted
from addons.handing import leave_to_owner
from addons.heads import header_fault, header_list
from addons.outward import Service, Tunnel, service_of
from addons.pages import page_of
from addons.streams import assemble
from zoneproxy.passage.commands import Command, OpenTunnel, Refuse, Release
from zoneproxy.passage.events import AnswerBody, AnswerHead, BodyArrived, Fault, HeadArrived
from zoneproxy.passage.state import State
from zoneproxy.route.destination import Destination, DestinationError, read_destination, read_host

if TYPE_CHECKING:
    from addons.boundary import Boundary
    from addons.doors import ZoneConnectionHandler
    from addons.guard import GuardedReader

log = logging.getLogger("zoneproxy.tunnel")

METHOD = b"CONNECT "
_READ_BYTES = 65_536
_END = b"\r\n\r\n"
_SHUTDOWN_S = 5.0
_OK = 200
_EARLY = "bytes behind CONNECT, before it was answered"


async def enter(boundary: Boundary, handler: ZoneConnectionHandler, guard: GuardedReader) -> bool:
    """Open the tunnel that a connection begins with, if it does.

    Returns:
        True where HTTP may begin: inside the tunnel, or on a connection that asks for none. False where it is
        closed, or another worker's now.
    """
    core, client = boundary.assembled(), handler.client
    route = str(getattr(client.proxy_mode, "route", ""))
    outward = core.is_outward(route) and core.admits(route, handler.arrival)
    if not outward or not boundary.ready:
        return True
    if await leave_to_owner(boundary, handler, guard):
        return False
    if core.outward.leafs is None:
        return True
    opening, open_ = Opening(boundary, handler, guard), False
    try:
        open_ = await _enter(opening, handler, guard)
    except Exception:
        log.exception("fault at a tunnel")
    finally:
        if not open_:
            opening.abandon()
            await boundary.client_disconnected(client)
    return open_


async def _enter(opening: Opening, handler: ZoneConnectionHandler, guard: GuardedReader) -> bool:
    head = await _head_of_connect(guard)
    if head is None:
        return True
    async with asyncio.timeout(handler.hook_deadline_s):
        answered = await opening.answer(*head)
    # The handshake has a deadline of its own.
    return answered and await opening.handshake()


async def _head_of_connect(guard: GuardedReader) -> tuple[bytes, bytes] | None:
    """Read a connection's first head if it asks for a tunnel, with what came behind it; else put it back."""
    got = b""
    while True:
        if got and (not METHOD.startswith(got[: len(METHOD)]) or request_flaw(got)):
            break
        head, end, rest = got.partition(_END)
        if end:
            return head, rest
        data = await guard.read(_READ_BYTES)
        if not data:
            break
        got += data
    guard.put_back(got)
    return None


class Opening:
    """One tunnel on its way.

    Args:
        boundary: judges it.
        handler: the connection's.
        guard: reads from it.
    """

    def __init__(self, boundary: Boundary, handler: ZoneConnectionHandler, guard: GuardedReader) -> None:
        self._boundary, self._handler, self._guard = boundary, handler, guard
        self._core = boundary.assembled()
        self._context: ssl.SSLContext | None = None
        self._tunnel: Tunnel | None = None
        self._strayed = ""  # the name that was asked for inside, where it is another

    @property
    def _writer(self) -> asyncio.StreamWriter:
        return cast("asyncio.StreamWriter", self._handler.transports[self._handler.client].writer)

    # ---- 1-4: until it is answered ---------------------------------------------------------------

    async def answer(self, head: bytes, behind: bytes) -> bool:
        """Judge a CONNECT, and answer it; tell whether the tunnel is open."""
        asked = self._read(head, behind)
        crossing = self._begin(asked)
        try:
            orders = await crossing.take(asked)
            if crossing.stands(State.READING):
                orders = await crossing.take(BodyArrived(b""))
            order = next((one for one in orders if isinstance(one, OpenTunnel)), None)
            if order is not None and crossing.stands(State.INSIDE):
                orders = await self._prepare(crossing, order, asked.parent_id)
            released = next((one for one in orders if isinstance(one, Release)), None)
            if released is None or not crossing.stands(State.DELIVERED) or self._tunnel is None:
                await self._refuse(crossing, orders)
                return False
        finally:
            self._boundary.end(crossing)
        return await self._say_open(released)

    async def _prepare(self, crossing: Crossing, order: OpenTunnel, flow: str) -> list[Command]:
        """Make what the handshake needs; then the empty answer may be judged, which is the tunnel's own."""
        leafs = self._core.outward.leafs
        try:
            if leafs is None:
                raise PermissionError("there is no authority")  # noqa: TRY301 - refused like any other failure
            self._context = leafs.context(order.host, self._core.clock.now_ms(), self._heard)
        except Exception as error:
            log.exception("no certificate for a tunnel")
            return await crossing.take(Fault("leaf", f"{type(error).__name__}: {error}"))
        self._tunnel = Tunnel(order.host, order.port, order.addresses, flow)
        exchange = crossing.passage.exchange
        pin = self._core.pin(exchange.pin.route, exchange.pin.connection)
        orders = await crossing.take(AnswerHead(_OK, (), pin))
        return await crossing.take(AnswerBody(b"", pin)) if crossing.stands(State.BUFFERING) else orders

    async def _say_open(self, released: Release) -> bool:
        # One turn of the loop for what the kernel holds already; then nothing is read until TLS does.
        await asyncio.sleep(0)
        self._writer.transport.pause_reading()  # type: ignore[attr-defined]
        if (early := await self._guard.waiting_now()) is not None:
            if early:
                await self._record("malformed", _EARLY, tell=True)
            await self._flush()
            return False
        lines = [f"{name}: {value}" for name, value in released.headers if name.startswith("zone-")]
        head = "\r\n".join(["HTTP/1.1 200 Connection established", *lines, "", ""])
        self._writer.write(head.encode("latin-1"))
        return True

    async def _refuse(self, crossing: Crossing, orders: list[Command]) -> None:
        refusal = next((one for one in orders if isinstance(one, Refuse)), None)
        if crossing.halted:
            page = await page_when_halted(crossing)
        elif refusal is not None:
            page = page_of(refusal, close=True)
        else:
            return  # nothing may be told, or nothing is known to tell
        self._writer.write(assemble(page))
        await self._flush()

    # ---- 5: the handshake ------------------------------------------------------------------------

    async def handshake(self) -> bool:
        """Begin TLS on the connection; tell whether HTTP may begin inside."""
        tunnel, context, loop = self._tunnel, self._context, asyncio.get_running_loop()
        if tunnel is None or context is None:
            return False
        reader = asyncio.StreamReader(loop=loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
        try:
            transport = await loop.start_tls(
                self._writer.transport,
                protocol,
                context,
                server_side=True,
                ssl_handshake_timeout=self._core.limits.header_timeout_s,
                ssl_shutdown_timeout=_SHUTDOWN_S,
            )
        except (OSError, EOFError) as error:
            await self._record(*self._why(error))
            return False
        if transport is None:
            await self._record("no_inner_tls", "the handshake was broken off")
            return False
        protocol.connection_made(transport)
        writer = asyncio.StreamWriter(transport, protocol, reader, loop)
        self._handler.transports[self._handler.client].writer = writer
        self._guard.begin_inside(reader)
        self._handler.tunnel = tunnel
        return True

    def _heard(self, name: str) -> bool:
        """Take the name that is asked for inside: the tunnel's own; for an address it may be left out."""
        host = self._tunnel.host if self._tunnel is not None else ""
        try:
            to, address = read_host(host)
            if (not name and address is not None) or read_host(name)[0] == to:
                return True
        except DestinationError:
            pass
        self._strayed = name or "(none)"
        return False

    def _why(self, error: OSError | EOFError) -> tuple[str, str]:
        if self._strayed:
            return "other_host", f"asked for the name {self._strayed[:128]}"
        if isinstance(error, ssl.SSLError):
            words = (error.reason or "unknown error").lower().replace("_", " ")
            return "no_inner_tls", f"the handshake failed: {words}"
        if isinstance(error, TimeoutError | ConnectionAbortedError):
            return "no_inner_tls", "the handshake came too slowly"
        return "no_inner_tls", "the handshake was broken off"

    # ---- the parts -------------------------------------------------------------------------------

    def _read(self, head: bytes, behind: bytes) -> HeadArrived:
        """Read a CONNECT's head; what is wrong with it is its state."""
        line, *lines = head.split(b"\r\n")
        target = line.split(b" ")[1].decode("latin-1")
        pairs = (field.partition(b":") for field in lines)
        headers = header_list(tuple((name, value) for name, _, value in pairs))
        to, state, detail = Destination("", 0), "malformed", ""
        try:
            to = read_destination(target)
        except DestinationError as error:
            detail = f"CONNECT: {error}"
        detail = detail or header_fault(headers, "CONNECT") or (_EARLY if behind else "")
        if not detail:
            state, detail = _state_of(headers, to)
        return HeadArrived(
            method="CONNECT",
            target_host=to.host,
            target_port=to.port,
            path="",
            headers=headers,
            state=state,
            detail=detail,
            now_ms=self._core.clock.now_ms(),
            trace_writable=self._core.journal.writable,
            tunnel="asked",
            **service_of(self._boundary, headers).told,
        )

    def _begin(self, asked: HeadArrived) -> Crossing:
        crossing = self._boundary.begin(self._handler.client)
        parent = self._boundary.crossings.working(asked.parent_id) if asked.parent_id else None
        if parent is not None:
            crossing.passage.exchange.credential = parent.passage.exchange.credential
        return crossing

    async def _record(self, state: str, detail: str, *, tell: bool = False) -> None:
        """Record what came instead of a request inside the tunnel; with `tell`, say so in the clear."""
        tunnel = self._tunnel
        if tunnel is None or not self._boundary.ready:
            return
        parent = self._boundary.crossings.working(tunnel.flow)
        served = Service("over" if parent is None else "carried", tunnel.flow, parent)  # CONNECT has shown it
        happened = HeadArrived(
            method="", target_host=tunnel.host, target_port=tunnel.port, path="", headers=(), state=state,
            detail=detail, now_ms=self._core.clock.now_ms(), trace_writable=self._core.journal.writable,
            tunnel="inside", pinned=tunnel.addresses, **served.told,
        )  # fmt: skip
        log.info("a tunnel was closed: %s", detail)
        crossing = self._begin(happened)
        orders = await crossing.take(happened)
        self._boundary.end(crossing)
        refusal = next((one for one in orders if isinstance(one, Refuse)), None)
        if tell and refusal is not None:
            self._writer.write(assemble(page_of(refusal, close=True)))

    async def _flush(self) -> None:
        with contextlib.suppress(OSError):
            await self._writer.drain()

    def abandon(self) -> None:
        """Close the connection: no HTTP begins on it."""
        self._writer.close()


def _state_of(headers: tuple[tuple[str, str], ...], to: Destination) -> tuple[str, str]:
    """Tell what is wrong with a well-formed CONNECT: an upgrade, or a host that is not its target."""
    if any(name == "upgrade" for name, _ in headers):
        return "upgrade", "an upgrade"
    (host,) = (value for name, value in headers if name == "host")
    try:
        named = read_destination(host, default_port=to.port)
    except DestinationError:
        return "other_host", "its host can't be read"
    if (named.host, named.port) != (to.host, to.port):
        return "other_host", "its host is not its target"
    return "ok", ""
