r"""What a model server says in a session: messages in, messages out, unchanged, in order; some must wait.

It stands where `stream.AnswerStream` stands for server-sent events, and takes and gives JSON text sequences
(`json_seq`). A message goes as soon as nothing in it can still become part of an identifier (`window`); the
last message of an answer is given back by `end` alone, so that it can wait until the record is durable.

One answer is under way at a time, and only after it was asked for: `ask` says so. What belongs to an answer
that nobody asked for, to another one, or to none that is known, gives a state that refuses, and so does a
type of message that is not known.

    >>> from zoneproxy.content.scan import ScanSettings
    >>> stream = RealtimeStream(ScanSettings(2, bytes(16)))
    >>> stream.feed(b'\x1e{"type": "session.created", "session": {}}\n').release
    b'\x1e{"type": "session.created", "session": {}}\n'
    >>> stream.feed(b'\x1e{"type": "response.created", "response": {"id": "r"}}\n').state
    'unreadable'

Trust: the messages come from a model server.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from zoneproxy.content.deltas import Channel
from zoneproxy.content.detectors.view import Hit
from zoneproxy.content.json_seq import decode, encode
from zoneproxy.content.novelty import new_bytes
from zoneproxy.content.realtime import SERVER_EVENTS, RealtimeEvent, read_server_event
from zoneproxy.content.scan import ScanSettings, scan_strings, scan_text, to_finding
from zoneproxy.content.stream_step import Making, StreamState, StreamStep
from zoneproxy.content.strict_json import UnreadableError
from zoneproxy.content.window import Window
from zoneproxy.terms.finding import Segment

_MAX_MESSAGE_BYTES = 1024 * 1024
_MAX_PENDING = 4
_MAX_CHANNELS = 64
_MAX_REMARKS = 256
_ANSWERS = "response."


@dataclass(slots=True)
class _Waiting:
    """A message that waits, and up to where which texts must be decided first."""

    raw: bytes
    growths: list[tuple[Window, int]] = field(default_factory=list)


class RealtimeStream:
    """All that a server says in one session.

    Args:
        settings: detectors, their level and the digests' key.
        max_message_bytes: largest message; four times as much may wait.

    Attributes:
        masks: findings may be ordered to be masked; here they can't be, and `maskable` says so.
        maskable: nothing was found in this exchange so far.
        planted: a canary was planted: never.
        returned: told of all text that grows, or `None`.
        over: the answer's last message has come, and waits for `end`.
    """

    def __init__(self, settings: ScanSettings, *, max_message_bytes: int = _MAX_MESSAGE_BYTES) -> None:
        self._settings = settings
        self._most = max_message_bytes
        self._windows: dict[Channel, Window] = {}
        self._remarks: set[str] = set()
        self._held: deque[_Waiting] = deque()
        self._held_bytes = 0
        self._last: list[bytes] = []
        self._asked: str | None = None
        self._answer = ""
        self._state: StreamState = "ok"
        self._before = b""
        self.masks = False
        self.maskable = True
        self.planted = False
        self.returned: Callable[[Channel, str], None] | None = None
        self.over = False

    # ---- what the session says -------------------------------------------------------------------

    def take_over(
        self, returned: Callable[[Channel, str], None] | None, *, masks: bool, clean: bool = True
    ) -> None:
        """Go on for another exchange; `clean`: nothing was found in it so far."""
        self.returned, self.masks, self.maskable = returned, masks, clean

    def ask(self, event_id: str) -> None:
        """An answer was asked for by the event of this name; until its end no other may be."""
        if self._asked is not None:
            raise ValueError("an answer is under way")
        self._asked, self._answer, self.over = event_id, "", False

    def drop(self) -> None:
        """Forget what waits: whatever it was, nobody will get it."""
        self._held.clear()
        self._windows.clear()
        self._last.clear()
        self._held_bytes, self._asked, self.over = 0, None, False

    def fail(self, state: StreamState) -> None:
        """What came was no message; nothing is released any more."""
        if self._state == "ok":
            self._state = state

    # ---- what the return leg asks, as of `AnswerStream` ----------------------------------------------

    def feed(self, data: bytes) -> StreamStep:
        """Take in whole messages; never raises, whatever is in them."""
        step = Making()
        if self._state == "ok":
            try:
                for text in decode(data):
                    self._take(text, step)
            except UnreadableError:
                self.fail("unreadable")
        if self._held_bytes > self._most * _MAX_PENDING:
            self._state = "too_large"
        self.maskable = self.maskable and not step.findings
        # Where findings may be ordered to be masked, nothing goes before `proceed`.
        return step.made(self._state, b"" if self.masks and step.findings else self._release())

    def end(self) -> StreamStep:
        """The answer, or where none is under way the session, has ended; one without its end is truncated."""
        step = Making()
        if self._state == "ok":
            if self._asked is not None and not self.over:
                self._state = "truncated"
            self._close((), step)
        release = self._release()
        terminal = b"".join(self._last) if self._state == "ok" else b""
        self._last.clear()
        for channel in [one for one in self._windows if self._answer and one[0] == self._answer]:
            del self._windows[channel]
        self._asked, self._answer, self.over = None, "", False
        self.maskable = self.maskable and not step.findings
        return step.made(self._state, release, terminal)

    def proceed(self, *, mask: bool) -> StreamStep:
        """Go on after findings were judged; `mask` is never ordered, since nothing is maskable."""
        if mask:
            raise ValueError("a session's messages can't be masked")
        return StreamStep(self._release(), state=self._state)

    def plant(self, canary: str) -> None:
        """Plant no canary: what is heard or shown in pieces bears none."""

    @property
    def masked(self) -> Mapping[str, int]:
        """The tokens that were put in: none."""
        return {}

    # ---- the parts ---------------------------------------------------------------------------------

    def _take(self, text: str, step: Making) -> None:
        raw = encode(text)
        if len(raw) > self._most:
            self._state = "too_large"
            raise UnreadableError("a message that is too large")
        event = read_server_event(text)
        if event.kind not in SERVER_EVENTS:
            raise UnreadableError("a type of message that is not known")
        self._follow(event)
        step.new_bytes += new_bytes(self._before, raw)
        self._before = raw
        if event.usage:
            step.usage_events.append(json.loads(text))
        step.names.extend(named.name for named in event.names)
        self._look(event, step)
        waiting = _Waiting(raw)
        for channel, piece in event.grown:
            step.grown += 1
            waiting.growths.append(self._grow(channel, piece, step))
        if event.closed is not None:
            self._close(event.closed, step)
        if self.over:
            self._last.append(raw)
            return
        self._held.append(waiting)
        self._held_bytes += len(raw)

    def _follow(self, event: RealtimeEvent) -> None:
        """Follow the answer that is under way; nothing of another may come."""
        if self.over:
            raise UnreadableError("something follows the end of an answer")
        if event.kind == "error":
            # A server that refuses to answer says so by the name of what asked.
            self.over = not self._answer and self._asked is not None and event.culprit == self._asked
            return
        if not event.kind.startswith(_ANSWERS):
            return
        if self._asked is None or not event.response_id:
            raise UnreadableError("an answer that nobody asked for")
        if event.kind == "response.created" and not self._answer:
            self._answer = event.response_id
        elif event.kind == "response.created" or event.response_id != self._answer:
            raise UnreadableError("another answer than was asked for")
        self.over = event.kind == "response.done"

    def _look(self, event: RealtimeEvent, step: Making) -> None:
        """Scan what belongs to no channel; the same string is scanned once."""
        if event.sealed:
            step.findings.extend(scan_strings((), self._settings, event.sealed))
        for _, text in event.segments:
            step.text_bytes += len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
            if text in self._remarks:
                continue
            if found := scan_text(text, Segment.OUTPUT, self._settings):
                step.findings.extend(found)
            elif len(self._remarks) < _MAX_REMARKS:
                self._remarks.add(text)

    def _grow(self, channel: Channel, text: str, step: Making) -> tuple[Window, int]:
        window = self._windows.get(channel)
        if window is None:
            self._make_room()
            window = self._windows[channel] = Window(self._settings)
        step.text_bytes += len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
        if self.returned is not None:
            self.returned(channel, text)
        self._found(window.grow(text), step)
        if window.padded:
            raise UnreadableError("the text is padded past inspection")
        return window, window.end

    def _make_room(self) -> None:
        """Forget the oldest text of which nothing waits; where something of all waits, there are too many."""
        if len(self._windows) < _MAX_CHANNELS:
            return
        settled = next((channel for channel, window in self._windows.items() if not window.held), None)
        if settled is None:
            raise UnreadableError("the session has too many channels")
        del self._windows[settled]

    def _close(self, prefix: Channel, step: Making) -> None:
        for channel, window in self._windows.items():
            if channel[: len(prefix)] == prefix and window.held:
                self._found(window.grow("", final=True), step)

    def _found(self, hits: Iterable[Hit], step: Making) -> None:
        step.findings.extend(to_finding(hit, Segment.OUTPUT, self._settings) for hit in hits)

    def _release(self) -> bytes:
        """Give out the messages at the front in which everything is decided."""
        if self._state != "ok":
            return b""
        released = bytearray()
        held = self._held
        while held and all(window.safe >= end for window, end in held[0].growths):
            waiting = held.popleft()
            self._held_bytes -= len(waiting.raw)
            released += waiting.raw
        return bytes(released)
