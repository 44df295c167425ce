"""Several workers behind one outward door: a connection goes to the worker that serves its exchange.

The kernel gives a workload's connection to any worker. The one that accepted it reads its first head and
looks whom it is for; a head that names an exchange of another worker is handed over with its connection,
before HTTP begins (`zoneproxy.adapters.workers.neighbours` asks, `handover` is how they talk). At other
doors, and where one worker serves alone, nothing is read here.

    the first head   names this worker's exchange, nobody's, or none      served here, or refused here
                     names another's                                      that one's; here nothing is judged
    a later head     names another's                                      refused (`lane-flow-elsewhere`)

A plain connection goes by its descriptor, with the bytes that were read. Of one whose TLS this worker ended
the keys can't go along: the other worker gets one end of a pipe, and this one pumps until either end closes.

From the moment in which a descriptor is sent, nothing of the connection is read or written here. A hand-over
that fails closes it.

Seam used: `asyncio.StreamReader._buffer` (3.12), what has come and was not read.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import socket
from typing import TYPE_CHECKING, Any, cast

from addons.framing import request_flaw
from addons.heads import header_list
from zoneproxy.adapters.workers.handover import Handed, HandoverServer
from zoneproxy.adapters.workers.neighbours import Neighbours
from zoneproxy.origin.carried import read_carried

if TYPE_CHECKING:
    from pathlib import Path

    from addons.boundary import Boundary
    from addons.doors import ZoneConnectionHandler
    from addons.guard import GuardedReader
    from zoneproxy.adapters.workers.neighbours import Owner

log = logging.getLogger("zoneproxy.handing")

_READ_BYTES = 65_536
_CLOSING_S = 5.0
_END = b"\r\n\r\n"
_TASKS = set[asyncio.Task[None]]()
"""Connections that were taken: the loop itself keeps only weak references."""


# ---- giving --------------------------------------------------------------------------------------------


async def leave_to_owner(boundary: Boundary, handler: ZoneConnectionHandler, guard: GuardedReader) -> bool:
    """Hand a connection of the outward door over, if its first head is for an exchange of another worker.

    Returns:
        True where nothing is left to do here: it is the other worker's, or closed. False where it is served
        here; what was read of it is read again.
    """
    others = boundary.neighbours
    if others is None or handler.taken:
        return False
    flow = await _named_at_first(guard)
    if not flow or boundary.crossings.working(flow) is not None:
        return False
    kept = False
    try:
        owner = await others.find(flow)
        if owner is None:
            kept = True
            return False
        with owner:
            await _give(handler, guard, owner)
    except Exception:
        log.exception("a connection could not be handed over")
    finally:
        if not kept:
            handler.transports[handler.client].writer.transport.abort()  # type: ignore[union-attr]
    return True


async def _named_at_first(guard: GuardedReader) -> str:
    """Return the exchange that a connection's first head names, or nothing; what was read is read again."""
    got = b""
    try:
        while not got or not request_flaw(got):
            head, end, _ = got.partition(_END)
            if end:
                return read_carried(_fields(head)).flow
            data = await guard.read(_READ_BYTES)
            if not data:
                break
            got += data
        return ""
    finally:
        guard.put_back(got)


def _fields(head: bytes) -> tuple[tuple[str, str], ...]:
    pairs = (line.partition(b":") for line in head.split(b"\r\n")[1:])
    return header_list(tuple((name, value) for name, _, value in pairs))


async def _give(handler: ZoneConnectionHandler, guard: GuardedReader, owner: Owner) -> None:
    writer = cast("asyncio.StreamWriter", handler.transports[handler.client].writer)
    route = str(getattr(handler.client.proxy_mode, "route", ""))
    caller = cast("tuple[str, int]", tuple(handler.client.peername)[:2])
    if writer.get_extra_info("ssl_object") is None:
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        ahead = guard.take_rest()
        with socket.socket(fileno=_descriptor(writer)) as passed:
            await owner.give(Handed(route, passed, caller, handler.arrival, ahead))
        return
    near, far = socket.socketpair()
    with far:
        given = await owner.give(Handed(route, far, caller, handler.arrival, guard.take_rest()))
    if given:
        await _pump(guard, writer, near)
    else:
        near.close()


def _descriptor(writer: asyncio.StreamWriter) -> int:
    """Return a descriptor of our own for a connection: its transport keeps the other until it is closed."""
    return int(writer.get_extra_info("socket").dup().detach())


async def _pump(guard: GuardedReader, writer: asyncio.StreamWriter, near: socket.socket) -> None:
    """Carry bytes between a connection in TLS and the worker that serves it, until either end closes."""
    reader_there, writer_there = await asyncio.open_connection(sock=near)
    ways = [
        asyncio.ensure_future(_carry(guard.beneath, writer_there)),
        asyncio.ensure_future(_carry(reader_there, writer)),
    ]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        # What the owner said last goes out; once the caller has gone there is nobody to tell.
        writer.close()
        with contextlib.suppress(OSError):
            async with asyncio.timeout(_CLOSING_S):
                await writer.wait_closed()
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        writer_there.close()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(_READ_BYTES):
            writer.write(data)
            await writer.drain()


# ---- taking --------------------------------------------------------------------------------------------


def join(boundary: Boundary, flows: Path | None) -> HandoverServer:
    """Have a worker know the others, and make its own end for them, which is not open yet.

    Args:
        boundary: the worker's.
        flows: where its end stands; `None` where it serves alone: there are no others then, and no end opens.
    """
    if flows is not None:
        boundary.neighbours = Neighbours(flows)
    return HandoverServer(
        flows,
        has=lambda flow: boundary.crossings.working(flow) is not None,
        take=functools.partial(take, boundary),
    )


def take(boundary: Boundary, handed: Handed) -> None:
    """Serve a connection that another worker accepted, as if it had come to this one.

    Raises:
        PermissionError: it did not come by the outward door; it is closed.
    """
    instance = boundary.instances.get(handed.route)
    if instance is None or not boundary.ready or not boundary.is_outward(handed.route):
        handed.sock.close()
        raise PermissionError("a connection of no outward door was handed over")
    task = asyncio.ensure_future(_serve(boundary, instance, handed))
    _TASKS.add(task)
    task.add_done_callback(_TASKS.discard)


class _TakenWriter(asyncio.StreamWriter):
    """A writer that names the connection's own ends, also where it writes into a pipe."""

    def __init__(self, ends: dict[str, Any], *streams: Any) -> None:
        super().__init__(*streams)
        self._ends = ends

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return what is known of the transport; its two ends as the door knows them."""
        return self._ends.get(name) or super().get_extra_info(name, default)


async def _serve(boundary: Boundary, instance: Any, handed: Handed) -> None:
    loop = asyncio.get_running_loop()
    listener = boundary.assembled().listeners[handed.route]
    reader = asyncio.StreamReader(loop=loop)
    protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
    transport = None
    try:
        transport, _ = await loop.connect_accepted_socket(lambda: protocol, handed.sock)
        ends = {"peername": handed.caller, "sockname": (listener.host, listener.port)}
        writer = _TakenWriter(ends, transport, protocol, reader, loop)
        await instance.serve(reader, writer, handed.caller, handed.arrival, ahead=handed.ahead)
    except Exception:
        log.exception("a connection that was handed over could not be served")
    finally:
        if transport is None:
            handed.sock.close()
        else:
            transport.close()
