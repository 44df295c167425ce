"""Sessions as the boundary sees them: how one begins, how its records are written, how all of them end."""

from __future__ import annotations

import asyncio
import functools
import time
from typing import TYPE_CHECKING

from mitmproxy import http

from addons.crossing import crossing_of
from addons.halting import interrupt
from addons.pace import Pace
from addons.sockets import SAID, ZoneSocketLayer
from addons.streams import SPEAK
from zoneproxy.passage.machine import Passage
from zoneproxy.passage.session import Session
from zoneproxy.passage.session_words import Draining

if TYPE_CHECKING:
    from addons.boundary import Boundary
    from addons.crossing import Crossing
    from zoneproxy.passage.commands import Command


def in_session(crossing: Crossing) -> bool:
    """Tell whether an exchange is a session that has begun."""
    return isinstance(crossing.passage, Session)


def open_session(boundary: Boundary, flow: http.HTTPFlow, headers: http.Headers) -> http.Response:
    """Make an exchange whose handshakes are done a session; return what answers the caller's.

    Raises:
        TypeError: the zone opens no sessions, or this is no exchange of one.
    """
    crossing, core = crossing_of(flow), boundary.assembled()
    limits, own = core.rules.sessions, crossing.passage
    if limits is None or not isinstance(own, Passage):
        raise TypeError("no session can be opened")
    pin, arrival = own.exchange.pin, own.exchange.arrival
    session = Session(
        own,
        begin=lambda: core.begin(
            route=pin.route, connection=pin.connection, peer=own.exchange.peer, arrival=arrival
        ),
        pin=lambda: core.pin(pin.route, flow.client_conn.id),
        turnstile=core.turnstile,
        limits=limits,
        now_ms=core.clock.mono_ms(),
    )
    crossing.passage = session
    pace, handler = Pace(), boundary.handler(pin.connection)
    if handler is not None:
        handler.keep_pace(pace)
    flow.metadata[SPEAK] = functools.partial(
        ZoneSocketLayer,
        flow=flow,
        crossing=crossing,
        session=session,
        limits=limits,
        clock=core.clock,
        journal=core.journal,
        pace=pace,
    )
    return http.Response(b"HTTP/1.1", 101, b"Switching Protocols", headers, b"", None, time.time(), None)


async def settled(boundary: Boundary, flow: http.HTTPFlow) -> list[Command]:
    """Do what is ordered to be durable, and look into what is long; return what to do after it."""
    crossing = crossing_of(flow)
    said = flow.metadata.pop(SAID, None)
    orders = await (crossing.settle() if said is None else crossing.take(said[0], size_bytes=said[1]))
    if in_session(crossing):
        boundary.end(crossing)
    return orders


async def drain(boundary: Boundary) -> None:
    """Tell every session that the boundary stops: one with an answer under way ends behind it."""
    sessions = [crossing for crossing in boundary.crossings if in_session(crossing)]
    await asyncio.gather(*(interrupt(boundary, crossing, Draining()) for crossing in sessions))
