"""Cutting what the operator stops, while it is under way, and what has taken too long.

The passage records the end and orders what the caller is told; the layer that holds the stream must send it,
and may be waiting for a server that says nothing. So the order comes to it as an event of its own
(`addons.streams.Halted`). A layer that is itself waiting, say for a connection, is given a moment; then both
sides are closed.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from addons.pages import shut
from addons.refusals import tell_turned_away
from addons.streams import Halted
from addons.telling import keep_refusal
from zoneproxy.passage.events import Event, StopsChanged, UpstreamFailed
from zoneproxy.passage.session import Session
from zoneproxy.passage.session_words import Expired
from zoneproxy.passage.state import State

if TYPE_CHECKING:
    from mitmproxy import http

    from addons.boundary import Boundary
    from addons.crossing import Crossing
    from zoneproxy.route.stops import Stops

log = logging.getLogger("zoneproxy.halting")

PATIENCE_S = 0.1
"""How long a layer may take to send what was ordered, before its connection is closed."""
SWEEP_S = 1.0
_UNDER_WAY = (State.INSIDE, State.ANSWERING, State.BUFFERING, State.BINDING)


async def cut_stopped(boundary: Boundary, stops: Stops) -> int:
    """Tell every exchange under way of new stops, and cut those that they stop.

    Returns:
        How many were cut, their ends recorded.
    """
    event = StopsChanged(stops)
    return sum(await asyncio.gather(*(interrupt(boundary, one, event) for one in boundary.crossings)))


async def sweep(boundary: Boundary) -> None:
    """End, once a second and for ever, what has been under way for too long."""
    while True:
        await asyncio.sleep(SWEEP_S)
        try:
            await _look_round(boundary)
        except Exception:
            log.exception("a fault while it was looked for what takes too long; the next look comes")


async def _look_round(boundary: Boundary) -> None:
    """End what is overdue, and forget what has ended; then record what has no record of its own."""
    for crossing in boundary.crossings:
        # Whoever waited for its end was cut off before it came. On a connection that lives its own hooks end
        # it: a request may be refused long before its body is read.
        if crossing.passage.final and boundary.handler(crossing.passage.exchange.pin.connection) is None:
            boundary.end(crossing)
    late = [(one, overdue) for one in boundary.crossings if (overdue := _overdue(boundary, one))]
    for crossing, overdue in late:
        log.info("an exchange took too long", extra={"flow": crossing.passage.exchange.flow})
        try:
            await interrupt(boundary, crossing, overdue)
        except Exception:
            log.exception("an exchange that took too long could not be ended")
            _sever(boundary, crossing)
    if boundary.ready:
        await tell_turned_away(boundary.assembled())


def _overdue(boundary: Boundary, crossing: Crossing) -> Event | None:
    """Return what ends an exchange that has been under way for too long, or a session that is silent."""
    if not crossing.stands(*_UNDER_WAY):
        return None
    lasted_s, passage = time.monotonic() - crossing.began_s, crossing.passage
    if isinstance(passage, Session):
        if lasted_s > passage.limits.session_timeout_s:
            return Expired("it lasted longer than a session may")
        silent_ms = boundary.assembled().clock.mono_ms() - passage.since_ms
        silent = silent_ms > passage.limits.idle_timeout_s * 1000
        return Expired("nothing was said in it for too long") if silent else None
    if lasted_s > boundary.limits().exchange_timeout_s:
        return UpstreamFailed("upstream-truncated", "it took longer than an exchange may")
    return None


async def page_when_halted(crossing: Crossing) -> http.Response:
    """Return what the caller of a stopped exchange is told, once its record is durable."""
    await crossing.settled()
    return crossing.refusal or shut()


async def end_silent(boundary: Boundary, connection: str) -> None:
    """End what waits for a server on a connection where nothing has happened for too long."""
    for crossing in boundary.crossings.of_connection(connection):
        if crossing.stands(*_UNDER_WAY):
            reason = "upstream-failed" if crossing.stands(State.INSIDE) else "upstream-truncated"
            await interrupt(boundary, crossing, UpstreamFailed(reason, "the server was silent for too long"))


async def interrupt(boundary: Boundary, crossing: Crossing, event: Event) -> bool:
    """Feed an exchange an event from outside, and have what its end orders carried out; tell if it ended."""
    orders = await crossing.interrupt(event)
    if not crossing.halted:
        return False
    keep_refusal(crossing, orders)
    handler = boundary.handler(crossing.passage.exchange.pin.connection)
    if handler is not None:
        asyncio.get_running_loop().call_later(PATIENCE_S, _sever_unless_told, boundary, crossing)
        await handler.server_event(Halted(crossing.passage.exchange.flow, orders))
    boundary.end(crossing)
    return True


def _sever_unless_told(boundary: Boundary, crossing: Crossing) -> None:
    if not crossing.told:
        _sever(boundary, crossing)


def _sever(boundary: Boundary, crossing: Crossing) -> None:
    handler = boundary.handler(crossing.passage.exchange.pin.connection)
    if handler is not None:
        handler.sever()
