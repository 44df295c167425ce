"""The way of a session: a conversation whose every message is an exchange of its own.

The handshake is an HTTP request with a streamed answer, and walks the machine of `machine.TABLE`: judged, its
decision durable, then the server is dialled; what the server says of itself is that answer. Each message of
the caller is an exchange beside it, which walks the same table: its decision durable, then it goes to the
server, its return durable, then the next one is looked at. One that asks for an answer (`response.create`)
has what the server says until that answer's end as its own streamed answer, whose last message waits.

    handshake ══decision══▶ open ────────── what the server says ──────────▶ closed ══return══▶ told
        a message ══decision══▶ to the server ══return══▶
        response.create ══decision══▶ to the server ── deltas ── response.done ══return══▶ delivered

So there is no second table: whatever the laws of an exchange are, they hold for each message. This machine
only says whose turn it is, and does one thing at a time: while a record or a binding is outstanding nothing
else happens. An exchange that does not end well ends the session: first the answer that is under way, then
the session's own, each with its record; then the caller is told why, and both sides are closed.

A session presents itself as the passage of its handshake's exchange: what drives, stops and forgets one does
the same with it. It orders as a passage does; `follows` asks for `Carried` when what was ordered is done.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from zoneproxy.content.dialects import EVENT
from zoneproxy.content.json_seq import encode
from zoneproxy.content.realtime import begins
from zoneproxy.content.realtime_stream import RealtimeAnswer
from zoneproxy.content.strict_json import UnreadableError
from zoneproxy.meter.turnstile import Turnstile
from zoneproxy.passage.commands import Bind, Command, Forward, LookUp, Write
from zoneproxy.passage.events import (
    AnswerChunk,
    AnswerEnd,
    AnswerHead,
    BodyArrived,
    Bound,
    ClientGone,
    Event,
    Fault,
    HeadArrived,
    Limited,
    LookedUp,
    Recorded,
    RecordFailed,
    Stopping,
    StopsChanged,
    StoreFailed,
    UpstreamFailed,
)
from zoneproxy.passage.exchange import Exchange
from zoneproxy.passage.handshake import SWITCHING
from zoneproxy.passage.machine import FINAL, IllegalEventError, Passage
from zoneproxy.passage.rules import SessionLimits
from zoneproxy.passage.session_count import SessionCount
from zoneproxy.passage.session_end import GOING_AWAY, NORMAL, OUR_FAULT, Ending, texts, unrecorded
from zoneproxy.passage.session_words import (
    Carried,
    ClientLeft,
    ClientSaid,
    Draining,
    Expired,
    ServerLeft,
    ServerSaid,
    ToClient,
    ToServer,
)
from zoneproxy.passage.state import State
from zoneproxy.passage.ties import Ties
from zoneproxy.route.pin import Pin

_ANSWERS = (Recorded, RecordFailed, LookedUp, Bound, StoreFailed)
_FROM_OUTSIDE = (ClientGone, Stopping, UpstreamFailed)


class Session:
    """One session, from the moment in which both handshakes are done.

    Args:
        own: the passage of the handshake's exchange, its answer begun.
        begin: begins an exchange on the session's connection, by the rules that are in force now.
        pin: returns the door's identity as it is now.
        turnstile: counts what is asked for.
        limits: how much the session may be.
        now_ms: milliseconds of the clock that never goes back.

    Attributes:
        exchange: the handshake's exchange.
        limits: as given.
        since_ms: when something was said last, of that clock; when it began, before anything was.
    """

    def __init__(
        self,
        own: Passage,
        *,
        begin: Callable[[], Passage],
        pin: Callable[[], Pin],
        turnstile: Turnstile,
        limits: SessionLimits,
        now_ms: int = 0,
    ) -> None:
        exchange = own.exchange
        to, stream = exchange.destination, exchange.stream
        if to is None or not isinstance(stream, RealtimeAnswer) or exchange.reading is None:
            raise TypeError("a session has a server and what reads it")
        self._own, self._begin, self._pin = own, begin, pin
        self._count, self.limits = SessionCount(turnstile), limits
        self._stream = stream.whole
        self._ties = Ties(exchange.flow, exchange.reading.model or "", to, stream.whole)
        self._entering: Passage | None = None
        self._answering: Passage | None = None
        self._asking: Passage | None = None  # whose record or binding is outstanding
        self._then: Callable[[], list[Command]] | None = None
        self._waiting: deque[ClientSaid] = deque()
        self._messages = 0
        self._ending: Ending | None = None
        self._draining = False
        self._dead = False
        self.exchange: Exchange = exchange
        self.since_ms = now_ms

    @property
    def state(self) -> State:
        """Where the session stands, as its own exchange would: `answering` while it is open."""
        if self._dead:
            return State.SEVERED
        if self._own.state in FINAL or self._ending is None:
            return self._own.state
        return State.CLOSING

    @property
    def final(self) -> bool:
        """True when nothing can happen any more."""
        return self.state in FINAL

    @property
    def follows(self) -> bool:
        """True where what was ordered last is to be followed by `Carried`."""
        return self._then is not None

    @property
    def answering(self) -> bool:
        """True while an answer is under way."""
        return self._answering is not None

    def receive(self, event: Event) -> list[Command]:
        """Take one event; contract and errors as of `machine.Passage.receive`."""
        if self.final:
            return []
        if isinstance(event, _ANSWERS):
            return self._answered(event)
        if isinstance(event, Fault):
            return self._fault(event)
        if self._ending is not None:
            return []  # it ends already, whatever else happens
        if self._asking is not None:
            raise IllegalEventError(f"{type(event).__name__} while a record is outstanding")
        match event:
            case Carried():
                then, self._then = self._then, None
                return then() if then is not None else []
            case ClientSaid():
                return self._on_said(event)
            case ServerSaid():
                return self._on_told(event)
            case StopsChanged():
                return self._on_stops(event)
        return self._on_end(event)

    # ---- what is said --------------------------------------------------------------------------------

    def _on_said(self, event: ClientSaid) -> list[Command]:
        self.since_ms = event.mono_ms
        self._messages += 1
        held = self._answering is not None and (bool(self._waiting) or begins(event.text))
        full = held and event.state == "ok" and not self._has_room(event)
        if held and event.state == "ok" and not full:
            self._waiting.append(event)
            return []
        return self._enter(event, beyond=full or self._messages > self.limits.max_messages)

    def _has_room(self, event: ClientSaid) -> bool:
        size = len(event.text) + sum(len(one.text) for one in self._waiting)
        return len(self._waiting) < self.limits.max_waiting and size <= 2 * self.limits.max_message_bytes

    def _enter(self, event: ClientSaid, *, beyond: bool = False) -> list[Command]:
        """Judge a message of the caller's as the exchange that it is."""
        turn = self._entering = self._begin()
        turn.exchange.session, turn.exchange.endpoint = self._ties, EVENT
        facts = self.exchange.facts
        head = HeadArrived(
            method=str(facts.get("request.method", "")),
            target_host=str(facts.get("request.host", "")),
            target_port=0,
            path=str(facts.get("request.path", "")),
            headers=self.exchange.headers,
            now_ms=event.now_ms,
            trace_writable=event.trace_writable,
            query=self.exchange.query,
            detail=event.detail,
        )
        commands = turn.receive(head)
        if turn.state is not State.READING:
            return self._after(turn, commands)
        data = event.text.encode("utf-8", "surrogatepass")
        limited = Limited("session", 0) if beyond else self._count.enter(turn, event, len(data))
        return self._after(turn, turn.receive(limited or BodyArrived(data, state=event.state)))

    def _on_told(self, event: ServerSaid) -> list[Command]:
        self.since_ms = event.mono_ms
        passage = self._answering or self._own
        passage.exchange.now_ms = event.now_ms
        try:
            data = encode(event.text) if event.state == "ok" else b""
        except UnreadableError:
            data = b""
        if not data:
            self._stream.fail("unreadable" if event.state == "ok" else event.state)
        return self._after(passage, passage.receive(AnswerChunk(data)))

    # ---- what comes of it --------------------------------------------------------------------------------

    def _answered(self, event: Event) -> list[Command]:
        passage, self._asking = self._asking, None
        if passage is None:
            raise IllegalEventError(f"{type(event).__name__} that nobody waits for")
        commands = passage.receive(event)
        if isinstance(event, RecordFailed):
            return self._die(commands)
        return self._after(passage, commands)

    def _after(self, passage: Passage, commands: list[Command]) -> list[Command]:
        """Carry on with what one of the exchanges orders."""
        if passage.state in (State.CLOSING, State.DENYING) and self._ending is None:
            self._ending = self._end(passage, Stopping(), AnswerEnd(self._pin()))
        if passage.final and passage is not self._own:
            self._count.leave(passage, self.since_ms)
        if commands and isinstance(commands[0], Write | LookUp | Bind):
            self._asking = passage
            return commands
        if self._ending is not None:
            self._ending.keep(passage, commands, is_own=passage is self._own)
            return self._wind(self._ending)
        if passage is self._entering:
            return self._entered(passage, commands)
        return self._delivered(passage, commands)

    def _entered(self, turn: Passage, commands: list[Command]) -> list[Command]:
        if turn.state is State.DELIVERED:
            self._entering = None
            return self._next()
        forward = next((one for one in commands if isinstance(one, Forward)), None)
        if forward is None or turn.exchange.reading is None:
            raise IllegalEventError(f"a message in state {turn.state} orders nothing")
        self._ties.text_bytes += turn.exchange.reading.text_bytes
        self._then = self._forwarded
        return [ToServer(forward.body.decode("utf-8"))]

    def _forwarded(self) -> list[Command]:
        """The message is with the server: wait for its answer, or let it be."""
        turn = self._entering
        if turn is None or turn.exchange.reading is None:
            raise IllegalEventError("nothing was forwarded")
        reading = turn.exchange.reading
        if reading.begins:
            self._stream.ask(reading.event_id or reading.assigned_id)
        commands = turn.receive(AnswerHead(SWITCHING, (), self._pin()))
        if turn.state is not State.ANSWERING:
            return self._after(turn, commands)
        if reading.begins:
            self._answering, self._entering = turn, None
            return self._next()
        return self._after(turn, turn.receive(AnswerEnd(self._pin())))

    def _delivered(self, passage: Passage, commands: list[Command]) -> list[Command]:
        told: list[Command] = [ToClient(text) for text in texts(commands)]
        if passage is self._answering:
            if passage.state is State.DELIVERED:
                self._answering = None
                self._then = self._next
            elif self._stream.over:
                self._then = self._answer_over
        if told or self._then is None:
            return told
        then, self._then = self._then, None
        return then()

    def _answer_over(self) -> list[Command]:
        """The answer's last message has come: it waits for the return."""
        turn = self._answering
        if turn is None:
            raise IllegalEventError("no answer is under way")
        return self._after(turn, turn.receive(AnswerEnd(self._pin())))

    def _next(self) -> list[Command]:
        """Look at what waited, where something may go on now."""
        if self._draining and self._answering is None:
            return self._close(GOING_AWAY, AnswerEnd(self._pin()))
        if self._waiting and not (self._answering is not None and begins(self._waiting[0].text)):
            return self._enter(self._waiting.popleft())
        return []

    # ---- how it ends --------------------------------------------------------------------------------

    def _on_end(self, event: Event) -> list[Command]:
        ended = AnswerEnd(self._pin())
        match event:
            case ClientLeft():
                return self._close(NORMAL, ended, ClientGone())
            case ServerLeft(properly):
                broken = UpstreamFailed("upstream-truncated", "the server closed the session")
                fine = properly and self._answering is None
                return self._close(NORMAL if fine else OUR_FAULT, ended if fine else broken, broken)
            case Expired(detail):
                failed = UpstreamFailed("upstream-truncated", detail)
                return self._close(GOING_AWAY, ended, failed, "limit-session")
            case Draining():
                self._draining = True
                idle = self._answering is None and self._entering is None
                return self._close(GOING_AWAY, ended) if idle else []
            case _ if isinstance(event, _FROM_OUTSIDE):
                code = OUR_FAULT if isinstance(event, UpstreamFailed) else GOING_AWAY
                return self._close(code, event, event)
        raise IllegalEventError(f"{type(event).__name__} in a session")

    def _on_stops(self, event: StopsChanged) -> list[Command]:
        for passage in (*self._under_way(), self._own):
            commands = passage.receive(event)
            if passage.state is State.CLOSING:
                self._ending = self._end(passage, event, event)
                return self._after(passage, commands)
        return []

    def _fault(self, event: Fault) -> list[Command]:
        """Something of ours failed: the exchange that was worked on ends by it, and with it the session."""
        asking, self._asking = self._asking, None
        under_way = self._under_way()
        passage = asking or (under_way[0] if under_way else self._own)
        if self._ending is None:
            self._ending = self._end(passage, Stopping(), event)
        return self._after(passage, passage.receive(event))

    def _under_way(self) -> list[Passage]:
        return [one for one in (self._entering, self._answering) if one is not None and not one.final]

    def _close(
        self, code: int, own: Event, answering: Event | None = None, reason: str = ""
    ) -> list[Command]:
        """End everything: what is under way by one event, then the session's own exchange by another."""
        self._ending = self._end(None, answering or own, own)
        self._ending.code, self._ending.reason = code, reason
        return self._wind(self._ending)

    def _end(self, by: Passage | None, others: Event, own: Event) -> Ending:
        """Begin to end: `by` is at its end already."""
        left = deque((one, others) for one in self._under_way() if one is not by)
        if left or by is not None:
            self._stream.drop()  # what waits belongs to what does not end well
        if by is not self._own:
            left.append((self._own, own))
        self._then = None
        self._waiting.clear()
        return Ending(left)

    def _wind(self, ending: Ending) -> list[Command]:
        """End one exchange after the other; after the last one tell the caller."""
        while ending.left:
            one, event = ending.left.popleft()
            if one.state in FINAL:
                continue
            ordered = one.receive(event)
            if not ordered and one.state not in FINAL:  # a stop that is not this exchange's
                ordered = one.receive(Stopping())
            if one.state in FINAL and one is not self._own:
                self._count.leave(one, self.since_ms)
            if ordered and isinstance(ordered[0], Write | LookUp | Bind):
                self._asking = one
                return ordered
            ending.keep(one, ordered, is_own=one is self._own)
        return ending.last(self._own)

    def _die(self, commands: list[Command]) -> list[Command]:
        """The log takes no record any more: nothing else can be done."""
        for turn in self._under_way():
            self._count.leave(turn, self.since_ms)
        self._dead, self._then = True, None
        return unrecorded(commands)
