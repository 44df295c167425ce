"""The layer of a session: two WebSocket ends with the boundary between them.

mitmproxy's own layer relays: it hands on every message unless a hook drops it, goes on when a hook fails,
passes pings and reasons across, and keeps all messages. This one hands nothing on. What an end hears becomes
an event of the session's passage, and only what the passage orders is written, as a frame of our own; a hook
that fails or hangs leaves a layer that writes nothing, and a handler that closes both sides. No message is
kept.

Seams used, in `mitmproxy.proxy` (12.2): `layer.Layer` as the child of an `HttpStream` that has switched
protocols, `commands.RequestWakeup`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mitmproxy.connection import ConnectionState
from mitmproxy.proxy import commands, events, layer

from addons.frames import End
from addons.streams import Halted, ZoneAnswerHook
from zoneproxy.passage.commands import Command, Sever
from zoneproxy.passage.events import ClientGone, Event
from zoneproxy.passage.session_words import (
    Carried,
    ClientLeft,
    ClientSaid,
    CloseBoth,
    ServerLeft,
    ServerSaid,
    ToClient,
    ToServer,
)

if TYPE_CHECKING:
    from mitmproxy import http
    from mitmproxy.connection import Connection
    from mitmproxy.proxy.context import Context

    from addons.crossing import Crossing
    from addons.pace import Pace
    from zoneproxy.passage.rules import SessionLimits
    from zoneproxy.passage.session import Session
    from zoneproxy.terms.ports import Clock, Journal

ORDERS = "zoneproxy.orders"
SAID = "zoneproxy.said"
HEAVY_CHARS = 32 * 1024
LINGER_S = 1.0
"""How long a caller that was told of the end may take to close its side."""
_SILENT_ROUNDS = 2


class ZoneSocketLayer(layer.Layer):
    """A session's two ends.

    Args:
        context: the stream's.
        flow: the handshake's flow.
        crossing: drives the session.
        session: its passage.
        limits: how much it may be.
        clock, journal: what time it is, and whether the log takes records.
        pace: held while something is looked at.
    """

    def __init__(
        self,
        context: Context,
        *,
        flow: http.HTTPFlow,
        crossing: Crossing,
        session: Session,
        limits: SessionLimits,
        clock: Clock,
        journal: Journal,
        pace: Pace,
    ) -> None:
        super().__init__(context)
        self.flow, self._crossing, self._session, self._limits = flow, crossing, session, limits
        self._clock, self._journal, self._pace = clock, journal, pace
        sizes = {
            "max_message_bytes": limits.max_message_bytes,
            "max_fragments": limits.max_fragments,
            "pings_per_minute": limits.pings_per_minute,
        }
        self._client, self._server = End(server=True, **sizes), End(server=False, **sizes)
        self._over = self._lingering = False
        self._silent = {True: 0, False: 0}

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        match event:
            case events.Start():
                yield commands.RequestWakeup(self._limits.ping_s)
            case events.Wakeup():
                yield from self._on_time()
            case Halted(orders=orders):
                yield from self._carry(orders)
            case events.DataReceived(connection, data) if not self._over:
                self._pace.hold()
                yield from self._on_data(connection, data)
                self._pace.go_on()
            case events.DataReceived(connection, data):
                if self._lingering and connection == self.context.client and self._client.answers_close(data):
                    yield from self._hang_up()
            case events.ConnectionClosed(connection):
                yield from self._on_closed(connection)

    # ---- what is heard -----------------------------------------------------------------------------------

    def _on_data(self, connection: Connection, data: bytes) -> layer.CommandGenerator[None]:
        is_client = connection == self.context.client
        end = self._client if is_client else self._server
        for heard in end.read(data, self._clock.mono_ms()):
            if heard.what == "asked":
                if heard.reply:
                    yield commands.SendData(connection, heard.reply)
                continue
            yield from self._take(self._event_of(heard, is_client=is_client))
            if self._over:
                return

    def _event_of(self, heard: Any, *, is_client: bool) -> Event:
        now_ms, mono_ms = self._clock.now_ms(), self._clock.mono_ms()
        if heard.what == "left":
            return ClientLeft() if is_client else ServerLeft(properly=True)
        if is_client:
            return ClientSaid(
                heard.text, now_ms, mono_ms, self._journal.writable, state=heard.state, detail=heard.detail
            )
        if heard.what == "said":
            return ServerSaid(heard.text, now_ms, mono_ms)
        return ServerSaid(
            "", now_ms, mono_ms, state="too_large" if heard.state == "too_large" else "unreadable"
        )

    def _on_closed(self, connection: Connection) -> layer.CommandGenerator[None]:
        if self._over:
            yield from self._hang_up()
        elif connection == self.context.client:
            yield from self._take(ClientGone())
        else:
            yield from self._take(ServerLeft(properly=False))

    def _on_time(self) -> layer.CommandGenerator[None]:
        """Ask both peers whether they are there; one that says nothing for too long has gone."""
        if self._over:
            yield from self._hang_up()
            return
        for is_client, end in ((True, self._client), (False, self._server)):
            self._silent[is_client] = 0 if end.heard_something else self._silent[is_client] + 1
            end.heard_something = False
            if self._silent[is_client] > _SILENT_ROUNDS:
                yield from self._take(ClientGone() if is_client else ServerLeft(properly=False))
                return
            if ping := end.ask():
                yield commands.SendData(self.context.client if is_client else self.context.server, ping)
        yield commands.RequestWakeup(self._limits.ping_s)

    # ---- what is ordered ---------------------------------------------------------------------------------

    def _take(self, event: Event) -> layer.CommandGenerator[None]:
        """Hand an event to the passage and do what it orders, until it orders nothing more."""
        while True:
            text = getattr(event, "text", "")
            if len(text) > HEAVY_CHARS:
                self.flow.metadata[SAID] = event, len(text)
                orders: list[Command] = []
            else:
                orders = self._crossing.step(event)
            if self._crossing.waiting or SAID in self.flow.metadata:
                yield ZoneAnswerHook(self.flow)
                orders = self.flow.metadata.pop(ORDERS, [Sever()])
            if self._crossing.halted:
                return  # it was ended from outside meanwhile, and that end is on its way here
            yield from self._carry(orders)
            if self._over or not self._session.follows:
                return
            event = Carried()

    def _carry(self, orders: list[Command]) -> layer.CommandGenerator[None]:
        """Write what the passage orders, and nothing else."""
        for order in orders:
            if self._over:
                return
            match order:
                case ToServer(text):
                    yield commands.SendData(self.context.server, self._server.say(text))
                case ToClient(text):
                    yield commands.SendData(self.context.client, self._client.say(text))
                case CloseBoth(code, reason, server_code):
                    yield from self._close(code, reason, server_code)
                case _:
                    self._end()
                    yield from self._hang_up()

    def _close(self, code: int, reason: str, server_code: int) -> layer.CommandGenerator[None]:
        self._end()
        if frame := self._server.close(server_code):
            yield commands.SendData(self.context.server, frame)
        yield commands.CloseConnection(self.context.server)
        if frame := self._client.close(code, reason):
            yield commands.SendData(self.context.client, frame)
        if self._client.answers_close(b""):
            yield commands.CloseConnection(self.context.client)
            return
        # What the caller is told would be lost if its socket were closed over what it is still sending.
        self._lingering = True
        yield commands.RequestWakeup(LINGER_S)

    def _end(self) -> None:
        self._over = self._crossing.told = True
        self.flow.live = False
        self._pace.go_on()

    def _hang_up(self) -> layer.CommandGenerator[None]:
        self._lingering = False
        for connection in (self.context.server, self.context.client):
            if connection.state is not ConnectionState.CLOSED:
                yield commands.CloseConnection(connection)
