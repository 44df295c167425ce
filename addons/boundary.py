"""The one enforcement addon: mitmproxy's hooks, in the order in which a flow lives through them.

Closed until opened: a hook that decides sets the refusal first, lets the passage judge, and lifts
the refusal as its last act, so that a hook that dies half way leaves the door shut. What the zone does
not speak is refused in `addons/unspoken.py`; tunnels, which are recorded, are refused here.
"""

from __future__ import annotations

import asyncio
import functools
import logging
from typing import TYPE_CHECKING, Any

from mitmproxy import ctx, http
from mitmproxy.utils import asyncio_utils

from addons.crossing import CROSSING, REFUSAL, Crossing, crossing_of, to_its_end
from addons.crossings import Crossings
from addons.ends import BROKEN_BODY, Malformed
from addons.fail_closed import fail_closed
from addons.faults import refuse_fault
from addons.halting import cut_stopped, page_when_halted, sweep
from addons.heads import header_list, is_last, unread
from addons.limits import admit, carry, leave, room_of
from addons.outward import head_of, keep_reached
from addons.pages import (
    CLOSE,
    closing,
    direct,
    failure_of,
    fields_of,
    framing,
    page_of,
    released,
    shut,
    streamed,
    truncation_of,
)
from addons.refusals import may_record, tell_turned_away
from addons.server_tls import proof_of
from addons.sessions import in_session, open_session, settled
from addons.streams import AT_FAULT, DIALLED, PIN, assemble
from addons.telling import keep_page, keep_refusal, silence, tell
from zoneproxy.meter.occupancy import Occupancy
from zoneproxy.origin.arrival import PLAIN, Arrival
from zoneproxy.passage.commands import BufferAnswer, Forward, Refuse, Release, StreamAnswer, Upgrade
from zoneproxy.passage.events import (
    AnswerBody,
    AnswerHead,
    BodyArrived,
    ClientGone,
    Dialled,
    Dialling,
    Stopping,
    UpstreamFailed,
)
from zoneproxy.passage.state import State
from zoneproxy.route.pin import Pin

if TYPE_CHECKING:
    from mitmproxy.connection import Client
    from mitmproxy.proxy.server_hooks import ServerConnectionHookData

    from addons.guard import GuardedReader
    from zoneproxy.adapters.workers.neighbours import Neighbours
    from zoneproxy.assembly import Boundary as Core
    from zoneproxy.config import Limits
    from zoneproxy.route.stops import Stops

log = logging.getLogger("zoneproxy.boundary")


class Boundary:
    """Drives every flow through its passage.

    Args:
        core: the assembled boundary; `None` until the developer's door has read its configuration.
    """

    name = "boundary"

    def __init__(self, core: Core | None = None) -> None:
        self.core = core
        self.crossings = Crossings()
        self.inherited: dict[str, Any] = {}  # listening sockets by route, where others share them
        self.draining = False  # from the stop on every answer ends its connection
        self.gates: list[Any] = []
        self.neighbours: Neighbours | None = None  # other workers, where there are any
        self.instances: dict[str, Any] = {}  # what serves the connections of a route
        self._occupancy: Occupancy | None = None
        self._sweeping: asyncio.Task[None] | None = None
        if core is not None:
            core.on_stops = self.stops_changed

    # ---- what the doors ask ------------------------------------------------------------------

    @property
    def ready(self) -> bool:
        """True while connections may be accepted."""
        return self.core is not None and self.core.open

    # Not properties: mitmproxy reads every attribute of an addon when it is added, configured or not.

    def limits(self) -> Limits:
        """Return the configured limits."""
        return self.assembled().limits

    def occupancy(self) -> Occupancy:
        """Return the count of open connections."""
        if self._occupancy is None:
            most_per_peer = self.limits().max_connections_per_peer
            self._occupancy = Occupancy(room_of(self).connections, most_per_peer)
        return self._occupancy

    async def running(self) -> None:
        """Begin to look after what takes too long."""
        self._sweeping = asyncio_utils.create_task(sweep(self), name="sweep", keep_ref=True)

    async def done(self) -> None:
        """Look no more."""
        if self._sweeping is not None:
            self._sweeping.cancel()

    def assembled(self) -> Core:
        """Return the assembled boundary.

        Raises:
            RuntimeError: there is no configuration yet; whatever asked is shut.
        """
        if self.core is None:
            raise RuntimeError("the boundary has no configuration yet")
        return self.core

    def is_outward(self, route: str) -> bool:
        """Tell whether a route is the zone's own outward door."""
        return self.assembled().is_outward(route)

    # ---- 1 door --------------------------------------------------------------------------------

    def client_connected(self, client: Client) -> None:
        """Refuse a connection that came in by no declared door."""
        route = getattr(client.proxy_mode, "route", None)
        if not self.ready or route is None or not self.assembled().admits(route, self._arrival(client)):
            client.error = "no declared door"

    async def zone_malformed(self, malformed: Malformed) -> None:
        """Record what is no HTTP, and leave the answer."""
        crossing = self.begin(malformed.client)
        for order in await crossing.take(unread("malformed", malformed.detail, self.assembled())):
            if isinstance(order, Refuse):
                malformed.answer = assemble(page_of(order, close=True))
        self.end(crossing)

    # ---- 2 head --------------------------------------------------------------------------------

    @fail_closed
    async def requestheaders(self, flow: http.HTTPFlow) -> None:
        """Tag the request by its origin; refuse what the head alone refuses."""
        if CROSSING in flow.metadata:
            return
        flow.response = shut()
        crossing = self.begin(flow.client_conn)
        flow.metadata[CROSSING] = crossing
        guard = self._guard_of(crossing)
        if guard is not None:  # a pipelined head comes out of the parser's buffer, past the guard
            guard.head_done()
        # The headers are replaced on the way in; what they say of the connection is kept here.
        flow.metadata[CLOSE] = is_last(flow.request)
        flow.metadata[PIN] = functools.partial(self._pin, flow.client_conn)
        # A head that mitmproxy itself refuses is answered by the layer, with the page that stands here.
        orders = await crossing.take(await head_of(self, crossing, flow))
        if crossing.passage.exchange.kind == "serve" and crossing.stands(State.READING):
            orders = await admit(self, crossing)
        tell(flow, orders, page=flow.error is not None)
        if crossing.stands(State.READING):
            flow.response = None
        keep_page(flow, orders)

    # ---- 3 body, 4 written -----------------------------------------------------------------------

    @fail_closed
    async def request(self, flow: http.HTTPFlow) -> None:
        """Judge the request; it is forwarded only once its record is durable."""
        crossing = crossing_of(flow)
        if not crossing.stands(State.READING):
            flow.response = flow.response or shut()
            return
        flow.response = shut()
        if (guard := self._guard_of(crossing)) is not None:
            guard.body_done()
        state = "malformed" if flow.request.trailers else "ok"
        body = BodyArrived(flow.request.raw_content or b"", state=state)
        orders = await carry(self, crossing, len(body.body))
        if crossing.stands(State.READING):
            orders = await crossing.take(body, size_bytes=len(body.body))
        tell(flow, orders)
        forward = next((order for order in orders if isinstance(order, Forward)), None)
        if forward is not None and crossing.stands(State.INSIDE):
            self.crossings.current[flow.client_conn.id] = crossing
            direct(flow, forward)
            flow.response = None
        elif forward is not None:  # it was stopped just as its record became durable
            await crossing.settled()
            silence(flow)

    async def http_connect(self, flow: http.HTTPFlow) -> None:
        """A tunnel that is none of ours (`addons/tunnel.py`) can't be inspected: refuse it, recorded."""
        flow.response = shut()
        await self.requestheaders(flow)
        flow.response = flow.response or shut()
        # What follows was meant for the tunnel, and is no request of this connection.
        flow.response.headers["connection"] = "close"

    # ---- 5 inside --------------------------------------------------------------------------------

    @fail_closed
    async def server_connect(self, data: ServerConnectionHookData) -> None:
        """The connection must go where the decision says; otherwise it is not opened."""
        verdict, data.server.error = data.server.error, "undecided"
        crossing = self.crossings.current.get(data.client.id)
        if crossing is None or data.server.address is None:
            return
        host, port = data.server.address[0], data.server.address[1]
        orders = await crossing.take(Dialling(host, port))
        keep_refusal(crossing, orders)
        if crossing.stands(State.INSIDE):
            data.server.error = verdict

    @fail_closed
    async def zone_dialled(self, flow: http.HTTPFlow) -> None:
        """The peer's real address must not be on a forbidden side."""
        flow.metadata.pop(DIALLED, None)
        crossing = crossing_of(flow)
        peer = flow.server_conn.peername[0] if flow.server_conn.peername else ""
        tell(flow, await crossing.take(Dialled(peer, proof_of(flow.server_conn))), page=True)
        flow.metadata[DIALLED] = crossing.stands(State.INSIDE)
        keep_reached(self, crossing)
        if crossing.halted:
            flow.metadata[REFUSAL] = await page_when_halted(crossing)

    # ---- 6 answer --------------------------------------------------------------------------------

    @fail_closed
    async def responseheaders(self, flow: http.HTTPFlow) -> None:
        """Choose how the answer is inspected, or withhold it by its head."""
        crossing = crossing_of(flow)
        if crossing.halted:
            flow.metadata[REFUSAL] = await page_when_halted(crossing)
        if not crossing.stands(State.INSIDE) or flow.response is None:
            return
        flow.metadata[CLOSE] = flow.metadata.get(CLOSE) or self.draining
        flow.request.data.content = b""  # it was sent; nothing asks for it again
        head = AnswerHead(
            flow.response.status_code,
            header_list(flow.response.headers.fields),
            self._pin(flow.client_conn),
        )
        for order in await crossing.take(head):
            match order:
                case StreamAnswer(status, headers):
                    flow.response = streamed(status, fields_of(headers + framing(flow)))
                case BufferAnswer():
                    flow.response.stream = False
                case Upgrade(headers):
                    flow.response = open_session(self, flow, fields_of(headers))
                case Refuse():
                    flow.metadata[REFUSAL] = page_of(order, close=True)
                case _:
                    flow.kill()
                    self.sever(flow.client_conn)

    async def zone_answer(self, flow: http.HTTPFlow) -> None:
        """A streamed answer waits for a record: write it, and leave what to do after it."""
        flow.metadata["zoneproxy.orders"] = await settled(self, flow)

    # ---- 7 written, out --------------------------------------------------------------------------

    @fail_closed
    async def response(self, flow: http.HTTPFlow) -> None:
        """Judge a whole answer; it leaves only once its record is durable."""
        crossing = crossing_of(flow)
        answer = flow.response
        if crossing.halted:
            flow.response = await page_when_halted(crossing)
        elif crossing.stands(State.BUFFERING) and answer is not None:
            flow.response = shut()
            flow.metadata[CLOSE] = flow.metadata.get(CLOSE) or self.draining
            body = AnswerBody(
                answer.raw_content or b"",
                self._pin(flow.client_conn),
                trailers=bool(answer.trailers),
            )
            release = None
            for order in await crossing.take(body, size_bytes=len(body.body)):
                match order:
                    case Release(status, headers, content):
                        release = released(status, headers + closing(flow), content)
                    case Refuse():
                        flow.response = page_of(order, close=True)
                    case _:
                        flow.kill()
            if release is not None and crossing.stands(State.DELIVERED):
                flow.response = release
        elif not crossing.passage.final and not in_session(crossing):
            flow.kill()
        self.end(crossing)

    # ---- 8 cut off -------------------------------------------------------------------------------

    @fail_closed
    async def error(self, flow: http.HTTPFlow) -> None:
        """A flow broke off: record how it ended, and leave what the caller may still be told."""
        crossing = flow.metadata.get(CROSSING)
        if crossing is None:
            return
        if crossing.passage.final:
            self.end(crossing)
            return
        words = crossing.distrust or (flow.error.msg if flow.error else "")
        state = crossing.passage.state
        if state is State.READING and "body_size_limit" in words:
            orders = await crossing.take(BodyArrived(b"", state="too_large"))
        elif state is State.READING and words.startswith(BROKEN_BODY):
            orders = await crossing.take(BodyArrived(b"", state="malformed"))
        elif flow.metadata.get(AT_FAULT) == "client" or state in (State.OPEN, State.READING):
            orders = await crossing.take(ClientGone())
        elif state is State.INSIDE:
            orders = await crossing.take(UpstreamFailed(failure_of(words, crossing.distrust), words))
        else:
            orders = await crossing.take(UpstreamFailed(truncation_of(words), words))
        tell(flow, orders, page=True)
        self.end(crossing)

    async def client_disconnected(self, client: Client) -> None:
        """Nothing of a caller that has gone may stay open, however long its records take."""
        await to_its_end(self._let_go(client.id))

    async def _let_go(self, connection: str) -> None:
        for crossing in self.crossings.of_connection(connection):
            await crossing.take(ClientGone())
            self.end(crossing)
        self.crossings.current.pop(connection, None)

    # ---- faults and the end ------------------------------------------------------------------------

    async def fault(self, where: str, data: Any, error: BaseException) -> None:
        """Refuse whatever a failed hook was about, recorded where a flow is known."""
        await refuse_fault(self, where, data, error)

    async def stops_changed(self, stops: Stops) -> int:
        """Cut what the operator's new stops stop; return how many exchanges that were."""
        return await cut_stopped(self, stops)

    async def stop(self) -> None:
        """Record the end of every exchange that is still under way."""
        for crossing in self.crossings:
            await crossing.take(Stopping())
            self.end(crossing)
        if self.core is not None:
            await tell_turned_away(self.core, last=True)

    # ---- the parts ---------------------------------------------------------------------------------

    def begin(self, client: Client) -> Crossing:
        """Begin an exchange on a connection."""
        route = str(getattr(client.proxy_mode, "route", ""))
        core, peer = self.assembled(), client.peername
        passage = core.begin(route=route, connection=client.id, peer=peer, arrival=self._arrival(client))
        records = functools.partial(may_record, core)
        return self.crossings.begin(passage, core.journal, core.bindings, core.outward.resolver, records)

    def end(self, crossing: Crossing) -> None:
        """Forget an exchange that is at its end, and count it out."""
        if self.crossings.end(crossing):
            leave(self, crossing)
            guard = self._guard_of(crossing)
            if guard is not None:
                guard.await_head()

    def _arrival(self, client: Client) -> Arrival:
        arrival: Arrival = getattr(self.handler(client.id), "arrival", PLAIN)
        return arrival

    def _guard_of(self, crossing: Crossing) -> GuardedReader | None:
        return getattr(self.handler(crossing.passage.exchange.pin.connection), "guard", None)

    def _pin(self, client: Client) -> Pin:
        return self.assembled().pin(str(getattr(client.proxy_mode, "route", "")), client.id)

    def handler(self, connection: str) -> Any:
        """Return what serves a connection, or `None` where it is gone."""
        server = ctx.master.addons.get("proxyserver")
        return server.connections.get(connection) if server is not None else None

    def sever(self, client: Client) -> None:
        """Close a caller's connection, and those to servers that it led to."""
        handler = self.handler(client.id)
        if handler is not None:
            handler.sever()
