"""HTTP layers that ask the passage before each byte of an answer.

mitmproxy streams an answer through a synchronous callable, which can't wait for a record, and
writes error pages of its own. These layers change just that: a streamed chunk goes to the passage,
a record that it orders is awaited in a blocking hook, and every refusal is ours.

Seams used, all in `mitmproxy.proxy.layers.http` (12.2): `HttpLayer.make_stream`, `HttpStream`'s
state methods, `Http1Server.read_headers`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mitmproxy import http
from mitmproxy.net.http import http1
from mitmproxy.proxy import commands, layer
from mitmproxy.proxy.events import Start
from mitmproxy.proxy.layers.http import (
    DropStream,
    HttpLayer,
    HttpStream,
    SendHttp,
)
from mitmproxy.proxy.layers.http._base import ReceiveHttp
from mitmproxy.proxy.layers.http._events import (
    ErrorCode,
    RequestProtocolError,
    ResponseData,
    ResponseEndOfMessage,
    ResponseHeaders,
    ResponseProtocolError,
    ResponseTrailers,
)
from mitmproxy.proxy.layers.http._http1 import Http1Server

from addons.crossing import CROSSING, REFUSAL
from zoneproxy.passage.commands import Command, Cut, Deliver, Finish, Sever
from zoneproxy.passage.events import AnswerChunk, AnswerEnd, Event

if TYPE_CHECKING:
    from mitmproxy.connection import Client
    from mitmproxy.proxy import events
    from mitmproxy.proxy.context import Context
    from mitmproxy.proxy.layers.http import HTTPMode

    from addons.crossing import Crossing

PIN = "zoneproxy.pin"
AT_FAULT = "zoneproxy.at-fault"
OUTCOME = "zoneproxy.outcome"
DIALLED = "zoneproxy.dialled"


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
class Malformed:
    """Bytes that are no HTTP request; the boundary records them and leaves the answer."""

    client: Client
    detail: str
    answer: bytes = field(default=b"")


@dataclass
class ZoneMalformedHook(commands.StartHook):
    """A client sent what is no HTTP request."""

    name = "zone_malformed"
    blocking = True
    malformed: Malformed


class ZoneHttpLayer(HttpLayer):
    """HTTP/1.1 between a caller and a server, with our streams and our server end."""

    def __init__(self, context: Context, mode: HTTPMode) -> None:
        super().__init__(context, mode)
        # In reverse direction the core wants some address before the passage has chosen one; this
        # one can't be connected to, so a flow that slips by its verdict goes nowhere.
        context.server.address = context.server.address or ("undecided.invalid", 1)
        self.connections[context.client] = ZoneHttp1Server(context.fork())

    def make_stream(self, stream_id: int) -> layer.CommandGenerator[None]:
        """Make one of our streams for a request."""
        stream = ZoneStream(self.context.fork(), stream_id)
        self.streams[stream_id] = stream
        yield from self.event_to_child(stream, Start())


class ZoneHttp1Server(Http1Server):
    """The client's side: refuses what is no HTTP with a record instead of a page of mitmproxy's."""

    def read_headers(self, event: events.ConnectionEvent) -> layer.CommandGenerator[None]:
        """Read a request's head; what can't be parsed is refused, recorded and closed."""
        broken = False
        for command in super().read_headers(event):
            if isinstance(command, commands.SendData):
                # The only data that this method sends by itself is the page for a broken head.
                broken = True
                malformed = Malformed(self.context.client, "the head can't be parsed")
                yield ZoneMalformedHook(malformed)
                if malformed.answer:
                    yield commands.SendData(self.conn, malformed.answer)
            elif broken and isinstance(command, ReceiveHttp):
                continue  # the head is refused already; it begins no flow
            else:
                yield command


class ZoneStream(HttpStream):
    """One request and its answer."""

    flow: http.HTTPFlow

    @property
    def _crossing(self) -> Crossing:
        crossing: Crossing = self.flow.metadata[CROSSING]
        return crossing

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        """Handle an event; where the core would show an error page, show our refusal."""
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
            reply = yield command

    def _send_refusal_page(self) -> layer.CommandGenerator[None]:
        if not hasattr(self, "flow"):
            return
        crossing = self.flow.metadata.get(CROSSING)
        refusal = self.flow.metadata.pop(REFUSAL, None) or (crossing and crossing.refusal)
        if self.flow.metadata.get(OUTCOME):
            if cut := self.flow.metadata.pop("zoneproxy.cut", None):
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
            return True
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

    def state_wait_for_response_headers(self, event: ResponseHeaders) -> layer.CommandGenerator[None]:
        """Let the boundary judge the answer's head; a refusal replaces the answer at once."""
        yield from super().state_wait_for_response_headers(event)
        refusal = self.flow.metadata.pop(REFUSAL, None)
        if refusal is not None and self.server_state != self.state_errored:
            yield from self._send_head_and_body(refusal)
            yield from self._end(properly=True)

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

    def _carry_out(self, happened: Event) -> layer.CommandGenerator[None]:
        crossing = self._crossing
        orders: list[Command] = crossing.step(happened)
        if crossing.waiting:
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
        self.flow.live = False
        self.client_state = self.server_state = self.state_errored
        yield SendHttp(RequestProtocolError(self.stream_id, "refused", ErrorCode.KILL), self.context.server)
        yield DropStream(self.stream_id)
        if properly:
            yield SendHttp(ResponseEndOfMessage(self.stream_id), self.context.client)
        else:
            yield SendHttp(
                ResponseProtocolError(self.stream_id, "refused", ErrorCode.KILL),
                self.context.client,
            )


def assemble(response: http.Response) -> bytes:
    """Write a whole response as bytes."""
    raw: bytes = http1.assemble_response(response)
    return raw
