"""The layer of one exchange, which asks the passage before each byte of an answer.

mitmproxy streams an answer through a synchronous callable, which can't wait for a record, and
writes error pages of its own. This layer changes just that: a streamed chunk goes to the passage,
a record that it orders is awaited in a blocking hook, and every refusal is ours.

Seams used, all in `mitmproxy.proxy.layers.http` (12.2): `HttpStream`'s state methods and `check_body_size`;
the layer of the connection is in `addons/layers.py`, the connections' own ends in `addons/ends.py`.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from mitmproxy import http
from mitmproxy.flow import Error
from mitmproxy.net.http import http1
from mitmproxy.proxy import commands, layer
from mitmproxy.proxy import events as base_events
from mitmproxy.proxy.events import Start
from mitmproxy.proxy.layers.http import DropStream, HttpStream, SendHttp
from mitmproxy.proxy.layers.http._events import (
    ErrorCode,
    RequestHeaders,
    RequestProtocolError,
    ResponseData,
    ResponseEndOfMessage,
    ResponseHeaders,
    ResponseProtocolError,
    ResponseTrailers,
)
from mitmproxy.proxy.layers.http._hooks import HttpRequestHeadersHook
from mitmproxy.utils import human

from addons.crossing import CROSSING, REFUSAL
from addons.dropped import Dropped
from addons.ends import BROKEN_BODY
from addons.pages import page_of
from zoneproxy.passage.commands import Command, Cut, Deliver, Finish, Refuse, Sever
from zoneproxy.passage.events import AnswerChunk, AnswerEnd, Event

if TYPE_CHECKING:
    from mitmproxy.proxy import events

    from addons.crossing import Crossing

PIN = "zoneproxy.pin"
AT_FAULT = "zoneproxy.at-fault"
OUTCOME = "zoneproxy.outcome"
CUT = "zoneproxy.cut"
DIALLED = "zoneproxy.dialled"
SPEAK = "zoneproxy.speak"
SILENT = "zoneproxy.silent"
"""Nothing may be told of this flow: its connection is closed."""


@dataclass
class ZoneAnswerHook(commands.StartHook):
    """A streamed answer waits for a record; the boundary writes it and leaves the outcome."""

    name = "zone_answer"
    blocking = True
    flow: http.HTTPFlow


@dataclass
class ZoneDialledHook(commands.StartHook):
    """A connection stands for this flow; the boundary looks at its peer before a byte is sent."""

    name = "zone_dialled"
    blocking = True
    flow: http.HTTPFlow


@dataclass
class Halted(base_events.Event):
    """An exchange was ended from outside; its layer carries out what that end orders."""

    flow: str
    orders: list[Command]


@dataclass
class Stepped(base_events.Event):
    """The passage took a piece of an answer, and ordered more than to deliver it, or waits (`None`)."""

    stream: ZoneStream
    orders: list[Command] | None


class ZoneStream(HttpStream):
    """One request and its answer."""

    flow: http.HTTPFlow
    max_body_bytes: int | None = None

    def check_body_size(self, request: bool) -> layer.CommandGenerator[bool]:  # noqa: FBT001 - the core's
        """Bound a request by its own limit: the core knows one for both ways, and an answer may be larger."""
        context = self.context
        whole = context.options
        if self._is_within(request=request):
            return False
        if request and self.max_body_bytes is not None:
            context.options = cast("Any", SimpleNamespace(
                stream_large_bodies=None, body_size_limit=str(self.max_body_bytes)
            ))  # fmt: skip
        try:
            return (yield from super().check_body_size(request))
        finally:
            context.options = whole

    def _is_within(self, *, request: bool) -> bool:
        """Tell at a glance that a body is within its bound; where that is not certain, the core measures."""
        options = self.context.options
        own = request and self.max_body_bytes is not None
        if not own and options.stream_large_bodies:
            return False
        most = self.max_body_bytes if own else _bytes_of(options.body_size_limit)
        came = len(self.request_body_buf if request else self.response_body_buf)
        if not came:
            try:
                answer = None if request else self.flow.response
                came = http1.expected_http_body_size(self.flow.request, answer) or 0
            except ValueError:
                return False
        return most is None or came <= most

    @property
    def _crossing(self) -> Crossing:
        crossing: Crossing = self.flow.metadata[CROSSING]
        return crossing

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        """Handle an event; where the core would show an error page, show our refusal."""
        if isinstance(event, Halted):
            yield from self._halt(event.orders)
            return
        if isinstance(event, Stepped):
            yield from self._follow(event.orders)
            return
        inner = super()._handle_event(event)
        reply: Any = None
        while True:
            try:
                command = inner.send(reply)
            except StopIteration:
                return
            reply = None
            if (
                isinstance(command, SendHttp)
                and command.connection is self.context.client
                and isinstance(command.event, ResponseProtocolError)
            ):
                yield from self._send_refusal_page()
                if hasattr(self, "flow") and self.flow.metadata.get(SILENT):
                    command = self._closing()
            reply = yield command

    @property
    def tenant(self) -> str:
        """Whose request it is, and of a workload's for which host; empty where nobody proved himself."""
        exchange = self._crossing.passage.exchange
        tenant = str(exchange.facts.get("tenant.id", ""))
        return f"{tenant} {exchange.destination}" if exchange.kind == "outward" else tenant

    def state_wait_for_request_headers(self, event: RequestHeaders) -> layer.CommandGenerator[None]:
        """Have the head judged; a caller that waits before it sends a body is refused without one."""
        inner = super().state_wait_for_request_headers(event)
        reply: Any = None
        while True:
            try:
                command = inner.send(reply)
            except StopIteration:
                return
            reply = None
            if not _is_interim(command):
                reply = yield command
            elif self.flow.response is not None:
                yield from self._refuse_at_once()
                return
            elif self.flow.request.http_version != "HTTP/1.0":  # RFC 9110, section 10.1.1
                reply = yield command

    def state_consume_request_body(self, event: events.Event) -> layer.CommandGenerator[None]:
        """Keep a request's body; that of a request which its head refused is read, and not kept."""
        if self.flow.response is not None and not isinstance(self.request_body_buf, Dropped):
            self.request_body_buf = cast("Any", Dropped())
        yield from super().state_consume_request_body(event)

    def _refuse_at_once(self) -> layer.CommandGenerator[None]:
        """Answer before the body, and close: whether the body still comes nobody can know."""
        self.flow.response.headers["connection"] = "close"  # type: ignore[union-attr]
        self.flow.metadata.pop(REFUSAL, None)  # it is told here, and once
        yield from self.send_response()
        self.flow.live = False
        self.client_state = self.server_state = self.state_errored
        yield DropStream(self.stream_id)
        yield self._closing()

    def _closing(self) -> SendHttp:
        error = ResponseProtocolError(self.stream_id, "refused", ErrorCode.KILL)
        return SendHttp(error, self.context.client)

    def serves(self, flow: str) -> bool:
        """Tell whether this stream is that of an exchange."""
        crossing = self.flow.metadata.get(CROSSING) if hasattr(self, "flow") else None
        return crossing is not None and crossing.passage.exchange.flow == flow

    def _halt(self, orders: list[Command]) -> layer.CommandGenerator[None]:
        """Carry out an end from outside, unless the stream has come to its own meanwhile."""
        if self.server_state == self.state_errored:
            return
        for order in orders:
            match order:
                case Refuse() if not self.flow.metadata.get(OUTCOME):
                    yield from self._send_head_and_body(page_of(order, close=True))
                    yield from self._end(properly=True)
                case Cut(data) if self.flow.metadata.get(OUTCOME):
                    yield SendHttp(ResponseData(self.stream_id, data), self.context.client)
                    yield from self._end(properly=False)
                case _:
                    yield from self._end(properly=False)

    def _send_refusal_page(self) -> layer.CommandGenerator[None]:
        if not hasattr(self, "flow"):
            return
        if CROSSING not in self.flow.metadata:  # the core found no destination, and asked nobody
            self.flow.error = Error("no destination")
            yield HttpRequestHeadersHook(self.flow)
        crossing = self.flow.metadata.get(CROSSING)
        refusal = self.flow.metadata.pop(REFUSAL, None) or (crossing and crossing.refusal)
        if self.flow.metadata.get(OUTCOME):
            if cut := self.flow.metadata.pop(CUT, None):
                yield SendHttp(ResponseData(self.stream_id, cut), self.context.client)
        elif refusal:
            yield from self._send_head_and_body(refusal)

    def _send_head_and_body(self, refusal: http.Response) -> layer.CommandGenerator[None]:
        self.flow.metadata[OUTCOME] = True
        self.flow.response = refusal
        yield SendHttp(ResponseHeaders(self.stream_id, refusal, end_stream=False), self.context.client)
        if refusal.raw_content:
            yield SendHttp(ResponseData(self.stream_id, refusal.raw_content), self.context.client)

    def make_server_connection(self) -> layer.CommandGenerator[bool]:
        """Connect, or take a kept connection; nothing is sent to a peer that the boundary refuses."""
        if not (yield from super().make_server_connection()):
            return False
        yield ZoneDialledHook(self.flow)
        refusal = self.flow.metadata.pop(REFUSAL, None)
        if refusal is None and self.flow.metadata.pop(DIALLED, False):
            if self.context.server.connected:
                return True
            # The core would send to a closed connection and wait for ever.
            gone = ResponseProtocolError(self.stream_id, "server closed connection", ErrorCode.CONNECT_FAILED)
            yield from self.handle_protocol_error(gone)
            return False
        if refusal is not None:
            yield from self._send_head_and_body(refusal)
        yield from self._end(properly=refusal is not None)
        return False

    def handle_protocol_error(
        self, event: RequestProtocolError | ResponseProtocolError
    ) -> layer.CommandGenerator[None]:
        """Note who is at fault before the `error` hook runs."""
        self.flow.metadata.setdefault(
            AT_FAULT, "client" if isinstance(event, RequestProtocolError) else "upstream"
        )
        yield from super().handle_protocol_error(event)
        if isinstance(event, RequestProtocolError) and event.message.startswith(BROKEN_BODY):
            if refusal := self.flow.metadata.pop(REFUSAL, None):
                yield from self._send_head_and_body(refusal)
            yield self._closing()

    def state_wait_for_response_headers(self, event: ResponseHeaders) -> layer.CommandGenerator[None]:
        """Let the boundary judge the answer's head; a refusal replaces the answer at once."""
        yield from super().state_wait_for_response_headers(event)
        refusal = self.flow.metadata.pop(REFUSAL, None)
        if refusal is not None and self.server_state != self.state_errored:
            yield from self._send_head_and_body(refusal)
            yield from self._end(properly=True)

    def flow_done(self) -> layer.CommandGenerator[None]:
        """End an exchange; where it opened a session, let that speak from now on, and nothing else."""
        speak = self.flow.metadata.pop(SPEAK, None)
        switched = self.flow.response is not None and self.flow.response.status_code == 101  # noqa: PLR2004
        if speak is None or not switched or self._crossing.halted:
            yield from super().flow_done()
            return
        self.flow.live = False
        self.child_layer = speak(self.context)
        self._handle_event = self.passthrough  # type: ignore[method-assign]
        yield from self.child_layer.handle_event(Start())
        yield SendHttp(ResponseEndOfMessage(self.stream_id), self.context.client)

    def start_response_stream(self) -> layer.CommandGenerator[None]:
        """Deliver the head that the passage allowed."""
        self.flow.metadata[OUTCOME] = True
        yield from super().start_response_stream()

    def state_stream_response_body(self, event: events.Event) -> layer.CommandGenerator[None]:
        """Hand each piece of a streamed answer to the passage and do what it orders."""
        if isinstance(event, ResponseData):
            yield from self._carry_out(AnswerChunk(event.data))
        elif isinstance(event, ResponseTrailers):
            self.flow.metadata["zoneproxy.trailers"] = True
        elif isinstance(event, ResponseEndOfMessage):
            trailers = bool(self.flow.metadata.get("zoneproxy.trailers"))
            yield from self._carry_out(AnswerEnd(self.flow.metadata[PIN](), trailers=trailers))

    @property
    def flowing(self) -> bool:
        """True while pieces of the answer go to the passage as they come, and nothing is waited for."""
        return (
            self._paused is None
            and not self._paused_event_queue
            and self.server_state == self.state_stream_response_body
        )

    def step(self, data: bytes) -> list[Command] | None:
        """Hand a piece of the answer to the passage; `None` where something must be durable first."""
        return self._step(AnswerChunk(data))

    def _step(self, happened: Event) -> list[Command] | None:
        crossing = self._crossing
        orders = crossing.step(happened)
        return None if crossing.waiting else orders

    def _carry_out(self, happened: Event) -> layer.CommandGenerator[None]:
        yield from self._follow(self._step(happened))

    def _follow(self, orders: list[Command] | None) -> layer.CommandGenerator[None]:
        if orders is None:
            yield ZoneAnswerHook(self.flow)
            orders = self.flow.metadata.pop("zoneproxy.orders", [Sever()])
        for order in orders:
            match order:
                case Deliver(data):
                    yield SendHttp(ResponseData(self.stream_id, data), self.context.client)
                case Finish(data):
                    if data:
                        yield SendHttp(ResponseData(self.stream_id, data), self.context.client)
                    yield from self.send_response(already_streamed=True)
                case Cut(data):
                    yield SendHttp(ResponseData(self.stream_id, data), self.context.client)
                    yield from self._end(properly=False)
                case _:
                    yield from self._end(properly=False)

    def _end(self, *, properly: bool) -> layer.CommandGenerator[None]:
        """End the exchange and its server connection; without `properly`, the caller's too."""
        self._crossing.told = True
        self.flow.live = False
        self.client_state = self.server_state = self.state_errored
        yield SendHttp(RequestProtocolError(self.stream_id, "refused", ErrorCode.KILL), self.context.server)
        yield DropStream(self.stream_id)
        if properly:
            yield SendHttp(ResponseEndOfMessage(self.stream_id), self.context.client)
        else:
            yield self._closing()


@functools.cache
def _bytes_of(size: str | None) -> int | None:
    """Read a size as the core's options spell it; there are as many as there are options."""
    return human.parse_size(size)


def _is_interim(command: commands.Command) -> bool:
    """Tell whether this sends `100 Continue`, which the core does for refused requests too."""
    return (
        isinstance(command, SendHttp)
        and isinstance(command.event, ResponseHeaders)
        and command.event.response.status_code == 100  # noqa: PLR2004 - its number is its name
    )


def assemble(response: http.Response) -> bytes:
    """Write a whole response as bytes."""
    raw: bytes = http1.assemble_response(response)
    return raw
