r"""The streaming window: events in, events out, unchanged and in order, but for what must wait.

An event is delivered as soon as nothing in it can still become part of an identifier; events are
never rewritten, split or reordered. The terminal marker (`data: [DONE]`, `message_stop`,
`response.completed`) and all that comes with it is given back by `end` alone, so that it can wait
until the record is durable.
Where the boundary itself asked for usage, what the model server added for that is taken out.

Trust: the bytes come from a model server. What can't be parsed, is too large, comes after the
terminal marker or is padded past inspection gives a state that refuses; nothing is passed on by
default.

    >>> from zoneproxy.content.dialects import recognise
    >>> from zoneproxy.content.scan import ScanSettings
    >>> chat = recognise("POST", "/v1/chat/completions")
    >>> stream = AnswerStream(chat, ScanSettings(2, bytes(16)), strip_usage=False)
    >>> event = b'data: {"choices": [{"index": 0, "delta": {"content": "Hi"}}]}\n\n'
    >>> stream.feed(event).release == event
    True
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from zoneproxy.content.deltas import ANTHROPIC, RESPONSES, Channel, Delta, read_delta
from zoneproxy.content.detectors.view import Hit
from zoneproxy.content.dialects import Endpoint
from zoneproxy.content.media import is_event_stream
from zoneproxy.content.scan import ScanSettings, scan_text, to_finding
from zoneproxy.content.sse import BrokenEventError, EventSplitter, ServerEvent
from zoneproxy.content.strict_json import UnreadableError, read_object, without
from zoneproxy.content.window import Window
from zoneproxy.terms.finding import Finding, Segment

StreamState = Literal["ok", "unreadable", "too_large", "truncated"]
_MAX_EVENT_BYTES = 256 * 1024
# The last event of a response repeats the request's instructions and the whole answer.
_RESPONSES_EVENTS_ARE_LARGER = 4
_MAX_PENDING_BYTES = 1024 * 1024
_MAX_CHANNELS = 64
_MAX_DEPTH = 64
_MAX_REMARKS = 256
_DONE = "[DONE]"


def streams(endpoint: Endpoint, content_type: str | None) -> bool:
    """Tell whether an answer of this endpoint and declared type can be read as a stream."""
    return endpoint.streamable and is_event_stream(content_type)


class StreamStep(NamedTuple):
    """What one piece of a stream led to.

    Attributes:
        release: complete events that may go now. Where `findings` is not empty, whoever delivers
            must have judged them first: the events that bear them are no longer held.
        findings: what was found and decided with this piece.
        state: `ok`, or why the stream can't go on; it stays so, and nothing is released any more.
        usage_events: JSON objects of the events that bear usage.
        terminal: on `end` only: the terminal marker and what waited for it.
        text_bytes: UTF-8 bytes of text that the piece's events show.
    """

    release: bytes = b""
    findings: tuple[Finding, ...] = ()
    state: StreamState = "ok"
    usage_events: tuple[dict[str, Any], ...] = ()
    terminal: bytes = b""
    text_bytes: int = 0


@dataclass(slots=True)
class _Pending:
    """An event that waits, with the channels and places that must be decided first."""

    raw: bytes
    waits: list[tuple[Window, int]]


@dataclass(slots=True)
class _Step:
    """A step in the making."""

    findings: list[Finding] = field(default_factory=list)
    usage_events: list[dict[str, Any]] = field(default_factory=list)
    text_bytes: int = 0


class AnswerStream:
    """One streamed answer.

    Args:
        endpoint: what was asked for; its dialect says how events are read.
        settings: detectors, their level and the digests' key.
        strip_usage: the boundary asked for usage on the caller's behalf: take it out again.
        max_event_bytes: largest event; four times as much for OpenAI's Responses.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        settings: ScanSettings,
        *,
        strip_usage: bool,
        max_event_bytes: int = _MAX_EVENT_BYTES,
    ) -> None:
        self._dialect = endpoint.dialect
        self._settings = settings
        self._strip_usage = strip_usage
        larger = _RESPONSES_EVENTS_ARE_LARGER if self._dialect == RESPONSES else 1
        self._splitter = EventSplitter(max_event_bytes * larger)
        self._windows: dict[Channel, Window] = {}
        self._remarks: set[str] = set()
        self._pending: deque[_Pending] = deque()
        self._pending_bytes = 0
        self._terminal = bytearray()
        self._ended = False
        self._state: StreamState = "ok"

    @property
    def held(self) -> int:
        """The most characters that wait in any one channel."""
        return max((window.held for window in self._windows.values()), default=0)

    def feed(self, data: bytes) -> StreamStep:
        """Take in bytes, cut anywhere; never raises, whatever the bytes are."""
        step = _Step()
        if self._state == "ok":
            try:
                for event in self._splitter.feed(data):
                    self._take(event, step)
            except BrokenEventError as broken:
                self._state = "too_large" if broken.state == "too_large" else "unreadable"
            except UnreadableError:
                self._state = "unreadable"
        return self._made(step, self._release())

    def end(self) -> StreamStep:
        """The model server ended its answer; a stream without terminal marker is truncated."""
        step = _Step()
        if self._state == "ok":
            if not self._ended or self._splitter.rest.strip(b"\r\n"):
                self._state = "truncated"
            self._close((), step)
            self._terminal += self._splitter.rest
        release = self._release()
        terminal = bytes(self._terminal) if self._state == "ok" else b""
        return self._made(step, release, terminal)

    def _made(self, step: _Step, release: bytes, terminal: bytes = b"") -> StreamStep:
        return StreamStep(
            release,
            tuple(step.findings),
            self._state,
            tuple(step.usage_events),
            terminal,
            step.text_bytes,
        )

    def _release(self) -> bytes:
        """Give out the events at the front of the queue in which everything is decided."""
        if self._state != "ok":
            return b""
        released = bytearray()
        while self._pending and all(window.safe >= end for window, end in self._pending[0].waits):
            released += self._pending.popleft().raw
        self._pending_bytes -= len(released)
        return bytes(released)

    def _take(self, event: ServerEvent, step: _Step) -> None:
        if event.remarks:
            self._remark(event.remarks, step)
        if event.data is None:
            if event.name:
                self._remark(event.name, step)
            self._queue(event.raw, [])
            return
        if self._ended and self._dialect == RESPONSES and event.data.strip() == _DONE:
            self._queue(event.raw, [])
            return
        if self._ended:
            raise UnreadableError("something follows the terminal marker")
        if event.data.strip() == _DONE and self._dialect not in (ANTHROPIC, RESPONSES):
            self._close((), step)
            self._ended = True
            self._queue(event.raw, [])
            return
        document = read_object(event.data, _MAX_DEPTH)
        if event.name and event.name != document.get("type", event.name):
            raise UnreadableError("the event's name is not its type")
        self._queue(*self._read(event, document, step))

    def _read(
        self, event: ServerEvent, document: dict[str, Any], step: _Step
    ) -> tuple[bytes, list[tuple[Window, int]]]:
        delta = read_delta(self._dialect, document)
        if delta.usage:
            step.usage_events.append(document)
        for remark in delta.remarks:
            self._remark(remark, step)
        waits = [self._grow(channel, text, step) for channel, text in delta.grown]
        for channel in delta.closed:
            self._close(channel, step)
        self._ended = self._ended or delta.terminal
        return self._stripped(event, document, delta), waits

    def _stripped(self, event: ServerEvent, document: dict[str, Any], delta: Delta) -> bytes:
        """Return the event as the caller would have got it had we not asked for usage."""
        if not self._strip_usage or "usage" not in document or self._dialect == ANTHROPIC:
            return event.raw
        if delta.only_usage:
            return b""
        if event.data is None or "\n" in event.data:
            return event.raw
        return event.raw.replace(event.data.encode(), without(event.data, "usage").encode(), 1)

    def _grow(self, channel: Channel, text: str, step: _Step) -> tuple[Window, int]:
        window = self._windows.get(channel)
        if window is None:
            if len(self._windows) >= _MAX_CHANNELS:
                raise UnreadableError("the answer has too many channels")
            self._close_others(channel, step)
            window = self._windows[channel] = Window(self._settings)
        step.text_bytes += len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
        self._found(window.grow(text), step)
        if window.padded:
            raise UnreadableError("the text is padded past inspection")
        return window, window.end

    def _close_others(self, channel: Channel, step: _Step) -> None:
        """A new field of a choice ends what waits in the choice's other fields."""
        for other, window in self._windows.items():
            if other[0] == channel[0] and window.held:
                self._found(window.grow("", final=True), step)

    def _close(self, prefix: Channel, step: _Step) -> None:
        for channel, window in self._windows.items():
            if channel[: len(prefix)] == prefix and window.held:
                self._found(window.grow("", final=True), step)

    def _remark(self, text: str, step: _Step) -> None:
        """Scan a string that belongs to no channel; the same string is scanned once."""
        if text in self._remarks:
            return
        if len(self._remarks) < _MAX_REMARKS:
            self._remarks.add(text)
        step.findings.extend(scan_text(text, Segment.OUTPUT, self._settings))

    def _found(self, hits: Iterable[Hit], step: _Step) -> None:
        step.findings.extend(to_finding(hit, Segment.OUTPUT, self._settings) for hit in hits)

    def _queue(self, raw: bytes, waits: list[tuple[Window, int]]) -> None:
        if self._ended:
            # The terminal marker and all after it wait for the record, not for the window.
            self._terminal += raw
            return
        self._pending.append(_Pending(raw, waits))
        self._pending_bytes += len(raw)
        if self._pending_bytes > _MAX_PENDING_BYTES:
            raise BrokenEventError("too_large")
