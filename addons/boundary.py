"""The one enforcement addon: mitmproxy's hooks, in the order in which a flow lives through them.

Closed until opened: a hook that decides sets the refusal first, lets the passage judge, and lifts
the refusal as its last act, so that a hook that dies half way leaves the door shut. What the zone does
not speak is refused in `addons/unspoken.py`; tunnels, which are recorded, are refused here.
"""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING, Any

from mitmproxy import ctx, http
from mitmproxy.net.http import http1

from addons.crossing import CROSSING, REFUSAL, Crossing
from addons.crossings import Crossings
from addons.fail_closed import fail_closed
from addons.heads import header_list, read_head
from addons.pages import (
    CLOSE,
    closing,
    direct,
    failure_of,
    fields_of,
    framing,
    page_of,
    shut,
    truncation_of,
)
from addons.streams import AT_FAULT, DIALLED, OUTCOME, PIN, assemble
from zoneproxy.passage.commands import (
    BufferAnswer,
    Command,
    Cut,
    Forward,
    Refuse,
    Release,
    StreamAnswer,
)
from zoneproxy.passage.events import (
    AnswerBody,
    AnswerHead,
    BodyArrived,
    ClientGone,
    Dialled,
    Dialling,
    Fault,
    HeadArrived,
    Stopping,
    UpstreamFailed,
)
from zoneproxy.passage.state import State
from zoneproxy.route.pin import Pin

if TYPE_CHECKING:
    from mitmproxy.connection import Client
    from mitmproxy.proxy.server_hooks import ServerConnectionHookData

    from addons.doors import GuardedReader
    from addons.streams import Malformed
    from zoneproxy.assembly import Boundary as Core
    from zoneproxy.config import Limits

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
        self._current: dict[str, Crossing] = {}

    # ---- what the doors ask ------------------------------------------------------------------

    @property
    def ready(self) -> bool:
        """True while connections may be accepted."""
        return self.core is not None and self.core.open

    # Not properties: mitmproxy reads every attribute of an addon when it is added, configured or not.

    def limits(self) -> Limits:
        """Return the configured limits."""
        return self.assembled().limits

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
        if not self.ready or route is None or not self.assembled().has_route(route):
            client.error = "no declared door"

    async def zone_malformed(self, malformed: Malformed) -> None:
        """Record what is no HTTP, and leave the answer."""
        crossing = self._begin(malformed.client)
        head = HeadArrived(
            method="", target_host="", target_port=0, path="", headers=(), state="malformed",
            now_ms=self.assembled().clock.now_ms(), trace_writable=self.assembled().journal.writable,
            detail=malformed.detail,
        )  # fmt: skip
        for order in await crossing.take(head):
            if isinstance(order, Refuse):
                malformed.answer = assemble(page_of(order, close=True))
        self._end(crossing)

    # ---- 2 head --------------------------------------------------------------------------------

    @fail_closed
    async def requestheaders(self, flow: http.HTTPFlow) -> None:
        """Tag the request by its origin; refuse what the head alone refuses."""
        if CROSSING in flow.metadata:
            return
        flow.response = shut()
        crossing = self._begin(flow.client_conn)
        flow.metadata[CROSSING] = crossing
        guard = self._guard_of(crossing)
        if guard is not None:  # a pipelined head comes out of the parser's buffer, past the guard
            guard.head_done()
        # The headers are replaced on the way in; what they say of the connection is kept here.
        flow.metadata[CLOSE] = http1.connection_close(flow.request.http_version, flow.request.headers)
        flow.metadata[PIN] = functools.partial(self._pin, flow.client_conn)
        outward = self.is_outward(crossing.passage.exchange.pin.route)
        parent_id, parent = self._parent(flow) if outward else ("", None)
        head = read_head(
            flow.request,
            forward_proxy=outward,
            now_ms=self.assembled().clock.now_ms(),
            trace_writable=self.assembled().journal.writable,
            parent=parent.passage.exchange.facts if parent else None,
            parent_id=parent_id,
            fault=flow.error.msg if flow.error else "",
        )
        # A head that mitmproxy itself refuses is answered by the layer, with the page that stands here.
        self._apply(flow, await crossing.take(head), page=flow.error is not None)
        if crossing.stands(State.READING):
            flow.response = None

    # ---- 3 body, 4 written -----------------------------------------------------------------------

    @fail_closed
    async def request(self, flow: http.HTTPFlow) -> None:
        """Judge the request; it is forwarded only once its record is durable."""
        crossing = _crossing(flow)
        if not crossing.stands(State.READING):
            flow.response = flow.response or shut()
            return
        flow.response = shut()
        state = "malformed" if flow.request.trailers else "ok"
        body = BodyArrived(flow.request.raw_content or b"", state=state)
        orders = await crossing.take(body, size_bytes=len(body.body))
        self._apply(flow, orders)
        forward = next((order for order in orders if isinstance(order, Forward)), None)
        if forward is not None and crossing.stands(State.INSIDE):
            self._current[flow.client_conn.id] = crossing
            direct(flow, forward)
            flow.response = None

    async def http_connect(self, flow: http.HTTPFlow) -> None:
        """A tunnel can't be inspected: refuse it, recorded."""
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
        crossing = self._current.get(data.client.id)
        if crossing is None or data.server.address is None:
            return
        host, port = data.server.address[0], data.server.address[1]
        orders = await crossing.take(Dialling(host, port))
        self._keep_refusal(crossing, orders)
        if crossing.stands(State.INSIDE):
            data.server.error = verdict

    @fail_closed
    async def zone_dialled(self, flow: http.HTTPFlow) -> None:
        """The peer's real address must not be on a forbidden side."""
        flow.metadata.pop(DIALLED, None)
        crossing = _crossing(flow)
        peer = flow.server_conn.peername[0] if flow.server_conn.peername else ""
        self._apply(flow, await crossing.take(Dialled(peer)), page=True)
        flow.metadata[DIALLED] = crossing.stands(State.INSIDE)

    # ---- 6 answer --------------------------------------------------------------------------------

    @fail_closed
    async def responseheaders(self, flow: http.HTTPFlow) -> None:
        """Choose how the answer is inspected, or withhold it by its head."""
        crossing = _crossing(flow)
        if not crossing.stands(State.INSIDE) or flow.response is None:
            return
        head = AnswerHead(
            flow.response.status_code,
            header_list(flow.response.headers.fields),
            self._pin(flow.client_conn),
        )
        for order in await crossing.take(head):
            match order:
                case StreamAnswer(status, headers):
                    flow.response.headers = fields_of(headers + framing(flow))
                    flow.response.status_code = status
                    flow.response.stream = True
                case BufferAnswer():
                    flow.response.stream = False
                case Refuse():
                    flow.metadata[REFUSAL] = page_of(order, close=True)
                case _:
                    flow.kill()
                    self._sever(flow.client_conn)

    async def zone_answer(self, flow: http.HTTPFlow) -> None:
        """A streamed answer waits for a record: write it, and leave what to do after it."""
        flow.metadata["zoneproxy.orders"] = await _crossing(flow).settle()

    # ---- 7 written, out --------------------------------------------------------------------------

    @fail_closed
    async def response(self, flow: http.HTTPFlow) -> None:
        """Judge a whole answer; it leaves only once its record is durable."""
        crossing = _crossing(flow)
        answer = flow.response
        if crossing.stands(State.BUFFERING) and answer is not None:
            flow.response = shut()
            body = AnswerBody(
                answer.raw_content or b"",
                self._pin(flow.client_conn),
                trailers=bool(answer.trailers),
            )
            released = None
            for order in await crossing.take(body, size_bytes=len(body.body)):
                match order:
                    case Release(status, headers, content):
                        released = http.Response.make(status, content, fields_of(headers + closing(flow)))
                    case Refuse():
                        flow.response = page_of(order, close=True)
                    case _:
                        flow.kill()
            if released is not None and crossing.stands(State.DELIVERED):
                flow.response = released
        elif not crossing.passage.final:
            flow.kill()
        self._end(crossing)

    # ---- 8 cut off -------------------------------------------------------------------------------

    @fail_closed
    async def error(self, flow: http.HTTPFlow) -> None:
        """A flow broke off: record how it ended, and leave what the caller may still be told."""
        crossing = flow.metadata.get(CROSSING)
        if crossing is None or crossing.passage.final:
            return
        words = flow.error.msg if flow.error else ""
        state = crossing.passage.state
        if state is State.READING and "body_size_limit" in words:
            orders = await crossing.take(BodyArrived(b"", state="too_large"))
        elif flow.metadata.get(AT_FAULT) == "client" or state in (State.OPEN, State.READING):
            orders = await crossing.take(ClientGone())
        elif state is State.INSIDE:
            orders = await crossing.take(UpstreamFailed(failure_of(words), words))
        else:
            orders = await crossing.take(UpstreamFailed(truncation_of(words), words))
        self._apply(flow, orders, page=True)
        self._end(crossing)

    async def client_disconnected(self, client: Client) -> None:
        """Nothing of a caller that has gone may stay open."""
        for crossing in self.crossings.of_connection(client.id):
            await crossing.take(ClientGone())
            self._end(crossing)
        self._current.pop(client.id, None)

    # ---- faults and the end ------------------------------------------------------------------------

    async def fault(self, where: str, data: Any, error: BaseException) -> None:
        """Refuse whatever a failed hook was about, recorded where a flow is known."""
        client = getattr(data, "client", None) or getattr(data, "client_conn", None)
        crossing = (
            data.metadata.get(CROSSING)
            if isinstance(data, http.HTTPFlow)
            else self._current.get(client.id)
            if client is not None
            else None
        )
        if crossing is None and isinstance(data, http.HTTPFlow) and self.ready:
            crossing = self._begin(data.client_conn)
            data.metadata[CROSSING] = crossing
        orders: list[Command] = []
        if crossing is not None:
            orders = await crossing.take(Fault(where, f"{type(error).__name__}: {error}"))
        if isinstance(data, http.HTTPFlow):
            inside = where in ("responseheaders", "error", "zone_dialled")
            data.response = data.response if inside else shut()
            self._apply(data, orders, page=inside)
            if inside and REFUSAL not in data.metadata:
                self._sever(data.client_conn)
            if crossing is not None:
                self._end(crossing)
            return
        if hasattr(data, "server"):
            data.server.error = "internal error"
            if crossing is not None:
                self._keep_refusal(crossing, orders)
        if where != "server_connect" and client is not None:
            self._sever(client)

    async def stop(self) -> None:
        """Record the end of every exchange that is still under way."""
        for crossing in self.crossings:
            await crossing.take(Stopping())
            self._end(crossing)

    # ---- the parts ---------------------------------------------------------------------------------

    def _begin(self, client: Client) -> Crossing:
        route = str(getattr(client.proxy_mode, "route", ""))
        passage = self.assembled().begin(route=route, connection=client.id, peer=client.peername)
        return self.crossings.begin(passage, self.assembled().journal)

    def _end(self, crossing: Crossing) -> None:
        if self.crossings.end(crossing):
            guard = self._guard_of(crossing)
            if guard is not None:
                guard.await_head()

    def _guard_of(self, crossing: Crossing) -> GuardedReader | None:
        return getattr(self._handler(crossing.passage.exchange.pin.connection), "guard", None)

    def _parent(self, flow: http.HTTPFlow) -> tuple[str, Crossing | None]:
        named = flow.request.headers.get_all("zone-flow")
        crossing = self.crossings.working(named[0]) if len(named) == 1 else None
        return (named[0], crossing) if crossing is not None else ("", None)

    def _pin(self, client: Client) -> Pin:
        return self.assembled().pin(str(getattr(client.proxy_mode, "route", "")), client.id)

    def _apply(self, flow: http.HTTPFlow, orders: list[Command], *, page: bool = False) -> None:
        """Carry out what ends a flow; `page` leaves the refusal for the layer to send."""
        for order in orders:
            if isinstance(order, Refuse):
                if page:
                    flow.metadata[REFUSAL] = page_of(order, close=True)
                else:
                    flow.response = page_of(order, close=False)
            elif isinstance(order, Cut) and flow.metadata.get(OUTCOME):
                flow.metadata["zoneproxy.cut"] = order.data

    def _keep_refusal(self, crossing: Crossing, orders: list[Command]) -> None:
        for order in orders:
            if isinstance(order, Refuse):
                crossing.refusal = page_of(order, close=True)

    def _handler(self, connection: str) -> Any:
        server = ctx.master.addons.get("proxyserver")
        return server.connections.get(connection) if server is not None else None

    def _sever(self, client: Client) -> None:
        handler = self._handler(client.id)
        if handler is not None:
            handler.sever()


def _crossing(flow: http.HTTPFlow) -> Crossing:
    crossing: Crossing = flow.metadata[CROSSING]
    return crossing
