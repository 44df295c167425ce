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
from addons.streams import Halted
from addons.telling import keep_refusal
from zoneproxy.passage.events import Event, StopsChanged, UpstreamFailed
from zoneproxy.passage.state import State
from zoneproxy.terms.errors import TraceError

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
    return sum(await asyncio.gather(*(_interrupt(boundary, one, event) for one in boundary.crossings)))


async def sweep(boundary: Boundary) -> None:
    """End, once a second and for ever, what has been under way for too long."""
    while True:
        await asyncio.sleep(SWEEP_S)
        await _tell_refused(boundary)
        limit_s = boundary.limits().exchange_timeout_s
        now_s = time.monotonic()
        late = [
            one for one in boundary.crossings if now_s - one.began_s > limit_s and one.stands(*_UNDER_WAY)
        ]
        for crossing in late:
            log.info("an exchange took too long", extra={"flow": crossing.passage.exchange.flow})
            try:
                overdue = UpstreamFailed("upstream-truncated", "it took longer than an exchange may")
                await _interrupt(boundary, crossing, overdue)
            except Exception:
                log.exception("an exchange that took too long could not be ended")
                _sever(boundary, crossing)


async def _tell_refused(boundary: Boundary) -> None:
    """Record how many connections there was no room for: they brought no request that could be recorded."""
    if boundary.ready and (count := boundary.occupancy().take_refused()):
        log.warning("connections were refused, there is no room", extra={"count": count})
        try:
            body = {"code": "connections-refused", "flow": None, "count": count}
            await boundary.assembled().journal.append("alarm", body, {})
        except TraceError as error:
            log.error("the trace log takes no record: %s", error.message)  # noqa: TRY400 - told once


async def page_when_halted(crossing: Crossing) -> http.Response:
    """Return what the caller of a stopped exchange is told, once its record is durable."""
    await crossing.settled()
    return crossing.refusal or shut()


async def end_silent(boundary: Boundary, connection: str) -> None:
    """End what waits for a server on a connection where nothing has happened for too long."""
    for crossing in boundary.crossings.of_connection(connection):
        if crossing.stands(*_UNDER_WAY):
            reason = "upstream-failed" if crossing.stands(State.INSIDE) else "upstream-truncated"
            await _interrupt(boundary, crossing, UpstreamFailed(reason, "the server was silent for too long"))


async def _interrupt(boundary: Boundary, crossing: Crossing, event: Event) -> bool:
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
