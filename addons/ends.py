"""The two ends of HTTP/1.1, towards caller and server: they read strictly, and write no end early.

What a message is, `addons/framing.py` says; here it is asked before the core's parser sees a byte. A request
that can't be read is refused with a record and its connection closed; an answer that can't be read closes the
server's connection. An empty piece of a body is never written: in chunks it would be the body's end.

Seams used, all in `mitmproxy.proxy.layers.http._http1` (12.2): `read_headers`, `read_body`, `send` and
`body_reader`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from h11._readers import ChunkedReader
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.layers.http._base import ReceiveHttp
from mitmproxy.proxy.layers.http._events import (
    ErrorCode,
    RequestData,
    RequestProtocolError,
    ResponseData,
    ResponseHeaders,
    ResponseProtocolError,
)
from mitmproxy.proxy.layers.http._http1 import Http1Client, Http1Server

from addons.framing import MAX_HEAD_BYTES, StrictChunks, answer_flaw, request_flaw
from addons.parting import MOST_DROPPED_BYTES, CloseInStages

if TYPE_CHECKING:
    from mitmproxy.connection import Client
    from mitmproxy.proxy import layer
    from mitmproxy.proxy.layers.http._events import HttpEvent

BROKEN_BODY = "the body can't be read: "


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


class ZoneHttp1Server(Http1Server):
    """The caller's side: refuses what is no HTTP with a record instead of a page of mitmproxy's.

    Attributes:
        in_chunks: the answer under way is written in chunks.
        unread: bytes of a request come that nobody will read.
        dropped_bytes: how many of them came.
    """

    in_chunks = unread = False
    dropped_bytes = 0

    max_head_bytes = MAX_HEAD_BYTES

    def send(self, event: HttpEvent) -> layer.CommandGenerator[None]:
        """Write a piece of an answer; an empty one is nothing, and an answer to `HEAD` has none."""
        if isinstance(event, ResponseHeaders):
            coding = event.response.headers.get("transfer-encoding", "")
            self.in_chunks = (
                coding == "chunked" and self.request is not None and self.request.method != "HEAD"
            )
        is_head = self.request is not None and self.request.method == "HEAD"
        if isinstance(event, ResponseData) and (is_head or not event.data):
            return
        for command in super().send(event):
            if type(command) is commands.CloseConnection and (self.unread or self.state == self.read_body):
                self.state = self.drop
                yield CloseInStages(self.conn)
            else:
                yield command

    def drop(self, event: events.Event) -> layer.CommandGenerator[None]:
        """Drop what still comes of a request that is refused already."""
        self.dropped_bytes += len(self.buf.maybe_extract_at_most(len(self.buf)) or b"")
        if isinstance(event, events.DataReceived) and self.dropped_bytes > MOST_DROPPED_BYTES:
            self.state = self.done
            yield commands.CloseConnection(self.conn)

    def read_headers(self, event: events.ConnectionEvent) -> layer.CommandGenerator[None]:
        """Read a request's head; what can't be parsed is refused, recorded and closed."""
        if isinstance(event, events.ConnectionClosed):
            yield commands.CloseConnection(self.conn)  # the core would log what came, secrets included
            return
        if not self.buf:
            return
        if flaw := request_flaw(bytes(self.buf), self.max_head_bytes):
            self.state = self.done
            yield from self._refuse(flaw)
            yield commands.CloseConnection(self.conn)
            return
        broken = False
        for command in super().read_headers(event):
            if isinstance(command, commands.SendData):
                # The only data that this method sends by itself is the page for a broken head.
                broken = True
                yield from self._refuse("the head can't be parsed")
            elif broken and isinstance(command, ReceiveHttp | commands.Log):
                continue  # the head is refused already; it begins no flow
            else:
                yield command

    def read_body(self, event: events.Event) -> layer.CommandGenerator[None]:
        """Read a request's body; one that can't be read is refused by its stream, which then closes."""
        _read_strictly(self)
        closing: commands.CloseConnection | None = None
        for command in super().read_body(event):
            if isinstance(command, commands.CloseConnection) and isinstance(event, events.DataReceived):
                closing = command
            elif closing and isinstance(command, ReceiveHttp):
                self.state, self.unread = self.done, True
                words = BROKEN_BODY + getattr(command.event, "message", "")
                yield ReceiveHttp(RequestProtocolError(self.stream_id, words, ErrorCode.GENERIC_CLIENT_ERROR))
            else:
                yield command

    def _refuse(self, detail: str) -> layer.CommandGenerator[None]:
        malformed = Malformed(self.context.client, detail)
        yield ZoneMalformedHook(malformed)
        if malformed.answer:
            yield commands.SendData(self.conn, malformed.answer)


class ZoneHttp1Client(Http1Client):
    """The server's side."""

    def send(self, event: HttpEvent) -> layer.CommandGenerator[None]:
        """Write a piece of a request; an empty one is nothing."""
        if not isinstance(event, RequestData) or event.data:
            yield from super().send(event)

    def read_headers(self, event: events.ConnectionEvent) -> layer.CommandGenerator[None]:
        """Read an answer's head, and nothing that was not asked for."""
        if isinstance(event, events.DataReceived):
            if not self.request:
                yield commands.Log("a server sent what nobody asked for, its connection is closed")
                yield commands.CloseConnection(self.conn)
                return
            if flaw := answer_flaw(bytes(self.buf)):
                yield from self._distrust(f"Cannot parse HTTP response: {flaw}")
                return
        elif self.stream_id and self.buf:
            yield from self._distrust("unexpected server response: its head is not whole")
            return
        yield from super().read_headers(event)

    def read_body(self, event: events.Event) -> layer.CommandGenerator[None]:
        """Read an answer's body."""
        _read_strictly(self)
        yield from super().read_body(event)

    def _distrust(self, words: str) -> layer.CommandGenerator[None]:
        self.state = self.done
        yield commands.CloseConnection(self.conn)
        if self.stream_id is not None:
            yield ReceiveHttp(ResponseProtocolError(self.stream_id, words, ErrorCode.GENERIC_SERVER_ERROR))


def _read_strictly(end: Any) -> None:
    # The core makes its reader within one step of parsing; nothing was read with it yet.
    if isinstance(end.body_reader, ChunkedReader):
        end.body_reader = StrictChunks()
