"""The layer of a caller's connection: its streams, and the ends of its connections, are ours.

Seams used, all in `mitmproxy.proxy.layers.http` (12.2): `HttpLayer.make_stream`, `get_connection` and
`register_connection`, and `Layer.handle_event` with its queue of events that wait.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from mitmproxy.proxy import commands, layer
from mitmproxy.proxy import events as base_events
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.events import Start
from mitmproxy.proxy.layers.http import GetHttpConnection, HttpClient, HttpLayer, RegisterHttpConnection

from addons.ends import ZoneHttp1Client, ZoneHttp1Server
from addons.framing import whole_chunks
from addons.straight import chunk_of, flowing_from
from addons.streams import Halted, Stepped, ZoneStream
from zoneproxy.passage.commands import Deliver

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mitmproxy.proxy import events
    from mitmproxy.proxy.layers.http import HTTPMode

    from zoneproxy.config import Limits


def forked(context: Context) -> Context:
    """Fork a context as it does itself, without the server of its own that it would throw away at once."""
    fork = Context.__new__(Context)
    fork.client, fork.server, fork.options = context.client, context.server, context.options
    fork.layers = context.layers.copy()
    return fork


class Few(list[Any]):
    """A queue of few events. The core's is large while it is empty, and so it mostly is in each layer."""

    __slots__ = ()

    def popleft(self) -> Any:
        """Take the first; IndexError where there is none."""
        return self.pop(0)


def light[L: layer.Layer](made: L) -> L:
    """Give a layer that holds no event back a smaller place for them."""
    if not made._paused_event_queue:  # noqa: SLF001 - the core's own, as below
        made._paused_event_queue = cast("Any", Few())  # noqa: SLF001 - it appends to it, and takes the first
    return made


class ZoneHttpLayer(HttpLayer):
    """HTTP/1.1 between a caller and a server, with our streams and our server end."""

    def __init__(self, context: Context, mode: HTTPMode) -> None:
        super().__init__(context, mode)
        # In reverse direction the core wants some address before the passage has chosen one; this
        # one can't be connected to, so a flow that slips by its verdict goes nowhere.
        context.server.address = context.server.address or ("undecided.invalid", 1)
        self.connections[context.client] = light(ZoneHttp1Server(context.fork()))
        light(self)
        self._tenant = ""
        self._max_body_bytes: int | None = None

    def bound(self, limits: Limits) -> None:
        """Take the bounds of a request's head and body."""
        cast(
            "ZoneHttp1Server", self.connections[self.context.client]
        ).max_head_bytes = limits.max_header_bytes
        self._max_body_bytes = limits.max_body_bytes

    def handle_event(self, event: events.Event) -> Any:
        """Handle an event; chunks of an answer whose stream is in full flow need none of the layers."""
        if type(event) is base_events.DataReceived and self._paused is None:
            stream = flowing_from(self, event.connection)
            chunks = whole_chunks(event.data) if stream is not None else ()
            if chunks:
                return self._go_straight(event, stream, chunks)
        return super().handle_event(event)

    def _go_straight(
        self, event: base_events.DataReceived, stream: ZoneStream, chunks: Sequence[tuple[bytes, int]]
    ) -> Iterator[commands.Command]:
        """Have chunks judged one by one; from the first that is more than delivered on the layers do it."""
        end = 0
        for data, end in chunks:  # noqa: B007 - where the last one ended is asked below
            orders = stream.step(data)
            if orders is None or not all(type(order) is Deliver for order in orders):
                yield from super().handle_event(Stepped(stream, orders))
                break
            for order in orders:
                yield commands.SendData(self.context.client, chunk_of(order.data))  # type: ignore[attr-defined]
        if left := event.data[end:]:
            # It begins where a chunk does, or should: their reader says which.
            yield from super().handle_event(base_events.DataReceived(event.connection, left))

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        """Lead an end from outside to its stream; all other events go their usual way."""
        if isinstance(event, Stepped):
            yield from self.event_to_child(event.stream, event)
            return
        if not isinstance(event, Halted):
            yield from super()._handle_event(event)
            return
        for stream in list(self.streams.values()):
            if isinstance(stream, ZoneStream) and stream.serves(event.flow):
                yield from self.event_to_child(stream, event)

    def make_stream(self, stream_id: int) -> layer.CommandGenerator[None]:
        """Make one of our streams for a request."""
        stream = light(ZoneStream(forked(self.context), stream_id))
        stream.max_body_bytes = self._max_body_bytes
        self.streams[stream_id] = stream
        yield from self.event_to_child(stream, Start())

    def get_connection(self, event: GetHttpConnection, *, reuse: bool = True) -> layer.CommandGenerator[None]:
        """Keep server connections for one tenant: a front may send several over one of its own.

        A workload's are kept for one destination as well: two names may have one address.
        """
        stream = self.command_sources.get(event)
        tenant = stream.tenant if isinstance(stream, ZoneStream) else ""
        if tenant != self._tenant:
            for connection in list(self.connections):
                if connection is not self.context.client and connection.connected:
                    yield commands.CloseConnection(connection)
        self._tenant = tenant
        yield from super().get_connection(event, reuse=reuse)

    def register_connection(self, command: RegisterHttpConnection) -> layer.CommandGenerator[None]:
        """Put our end of a new server connection in the place of the core's, before a byte comes."""
        if not command.err:
            client: Any = self.connections[command.connection]
            while not isinstance(client, HttpClient):
                client = client.child_layer
            client.context.layers.remove(client.child_layer)  # it would be kept as long as the connection
            client.child_layer = light(ZoneHttp1Client(client.context))
            light(client)
            client._handle_event = client.child_layer.handle_event  # noqa: SLF001 - as the core does it
            yield from client.child_layer.handle_event(Start())
        yield from super().register_connection(command)
