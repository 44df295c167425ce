r"""The streaming window: events in, events out, unchanged and in order, but for what must wait.

An event is delivered as soon as nothing in it can still become part of an identifier; events are
never split or reordered, and rewritten only where what was found in them is masked (`held`).
The terminal marker (`data: [DONE]`, `message_stop`, `response.completed`) and all that comes with it is
given back by `end` alone, so that it can wait until the record is durable.
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

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from zoneproxy.content.canary import plantable
from zoneproxy.content.deltas import ANTHROPIC, RESPONSES, Channel, Delta, read_delta
from zoneproxy.content.detectors.view import Hit
from zoneproxy.content.endpoint import Endpoint
from zoneproxy.content.frames import Frame, Frames
from zoneproxy.content.held import Growth, HeldEvents, Waiting
from zoneproxy.content.mask import Span, mask_value
from zoneproxy.content.media import is_event_stream
from zoneproxy.content.names import answer_names
from zoneproxy.content.novelty import new_bytes
from zoneproxy.content.scan import ScanSettings, scan_text, to_finding
from zoneproxy.content.sse import BrokenEventError, EventSplitter, ServerEvent
from zoneproxy.content.stream_step import Making, StreamState, StreamStep
from zoneproxy.content.strict_json import UnreadableError, read_object, without
from zoneproxy.content.window import Window
from zoneproxy.terms.finding import Segment

_MAX_EVENT_BYTES = 256 * 1024
# The last event of a response repeats the request's instructions and the whole answer.
_RESPONSES_EVENTS_ARE_LARGER = 4
_MAX_PENDING_BYTES = 1024 * 1024
_MAX_CHANNELS = 64
_MAX_DEPTH = 64
_MAX_REMARKS = 256
_DONE = "[DONE]"
_FOR_PEOPLE = ("content", "text")
_NOWHERE: tuple[dict[str, Any], str] = ({}, "")


def streams(endpoint: Endpoint, content_type: str | None) -> bool:
    """Tell whether an answer of this endpoint and declared type can be read as a stream."""
    return endpoint.streamable and is_event_stream(content_type)


class AnswerStream:
    """One streamed answer.

    Args:
        endpoint: what was asked for; its dialect says how events are read.
        settings: detectors, their level and the digests' key.
        strip_usage: the boundary asked for usage on the caller's behalf: take it out again.
        max_event_bytes: largest event; four times as much for OpenAI's Responses.
        watch_names: say which stored objects the events name.
        masks: findings may be ordered to be masked.
        returned: told of all text that grows.

    Attributes:
        masks: as given.
        maskable: all that was found so far could be masked.
        planted: a canary was planted.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        settings: ScanSettings,
        *,
        strip_usage: bool,
        max_event_bytes: int = _MAX_EVENT_BYTES,
        watch_names: bool = False,
        masks: bool = False,
        returned: Callable[[Channel, str], None] | None = None,
    ) -> None:
        self._dialect = endpoint.dialect
        self._settings = settings
        self._strip_usage = strip_usage
        self._watch_names = watch_names
        larger = _RESPONSES_EVENTS_ARE_LARGER if self._dialect == RESPONSES else 1
        self._splitter = EventSplitter(max_event_bytes * larger)
        self._windows: dict[Channel, Window] = {}
        self._remarks: set[str] = set()
        self._held = HeldEvents()
        self._last: list[Waiting] = []
        self._before = b""
        self._returned = returned
        self._canary = ""
        self.planted = False
        self._most = max_event_bytes * larger
        self._frames = Frames(self._dialect, strip=strip_usage and self._dialect != ANTHROPIC)
        self._frame: Frame | None = None
        self.masks = masks
        self._tainted: set[str] = set()
        self._new_spans: list[tuple[Window, Span]] = []
        self._over = False
        self.maskable = True
        self._bears_tokens = False
        self._ended = False
        self._state: StreamState = "ok"

    @property
    def held(self) -> int:
        """The most characters that wait in any one channel."""
        return max((window.held for window in self._windows.values()), default=0)

    def feed(self, data: bytes) -> StreamStep:
        """Take in bytes, cut anywhere; never raises, whatever the bytes are."""
        step = Making()
        if self._state == "ok":
            try:
                self._split(data, step)
            except BrokenEventError as broken:
                self._state = "too_large" if broken.state == "too_large" else "unreadable"
            except UnreadableError:
                self._state = "unreadable"
        return self._made(step)

    def end(self) -> StreamStep:
        """The model server ended its answer; a stream without terminal marker is truncated."""
        step = Making()
        if self._state == "ok":
            if not self._ended or self._splitter.rest.strip(b"\r\n"):
                self._state = "truncated"
            self._close((), step)
            self._last.append(Waiting(self._splitter.rest))
        self._over = True
        return self._made(step)

    def proceed(self, *, mask: bool) -> StreamStep:
        """Go on after findings of a stream that masks were judged: release what may go now.

        Args:
            mask: what was found with the last piece is masked; otherwise it goes as it is.
        """
        if not mask:
            for window, span in self._new_spans:
                self._held.drop(window, span)
            self._tainted.clear()
        self._new_spans.clear()
        release, terminal = self._release()
        return StreamStep(release, state=self._state, terminal=terminal)

    @property
    def masked(self) -> Mapping[str, int]:
        """The tokens that were put in so far, by kind."""
        return dict(sorted(self._held.counts.items()))

    def _made(self, step: Making) -> StreamStep:
        asks = self.masks and bool(step.findings)
        release, terminal = (b"", b"") if asks else self._release()
        return step.made(self._state, release, terminal)

    def _release(self) -> tuple[bytes, bytes]:
        """Give out the events in which everything is decided, and at the end the terminal marker."""
        if self._state != "ok":
            return b"", b""
        release = self._held.release()
        terminal = b"".join(map(self._held.written, self._last)) if self._over else b""
        return release, terminal

    def _split(self, data: bytes, step: Making) -> None:
        """Take in bytes event by event: those in a known frame need no parser."""
        if not self._frames or not self._splitter.idle or not data.endswith(b"\n\n"):
            for event in self._splitter.feed(data):
                self._take(event, step)
            return
        for piece in data[:-2].split(b"\n\n"):
            raw = piece + b"\n\n"
            if not (self._splitter.idle and self._framed(raw, step)):
                for event in self._splitter.feed(raw):
                    self._take(event, step)

    def _framed(self, raw: bytes, step: Making) -> bool:
        """Take in an event in a known frame; return whether it was one."""
        if self._ended or len(raw) > self._most:
            return False
        if (known := self._frames.find(raw)) is None:
            return False
        frame, text = known
        inner = len(raw) - len(frame.head) - len(frame.tail)
        step.new_bytes += inner if frame is self._frame else new_bytes(self._before, raw)
        self._before, self._frame = raw, frame
        step.grown += 1
        if self._canary:
            self._planted(frame, text)
        self._queue(Waiting(frame.shown(raw), [self._grow(frame.channel, text, _NOWHERE, step)]))
        return True

    def plant(self, canary: str) -> None:
        """Plant a canary, once, between two words of a text for people."""
        self._canary = canary

    def _planted(self, frame: Frame, text: str) -> None:
        """Let the canary go in an event of its own, before one that begins with a space."""
        if not text.startswith(" ") or frame.channel[-1] not in _FOR_PEOPLE:
            return
        window = self._windows.get(frame.channel)
        if window is not None and plantable(window.begins):
            sign, self._canary, self.planted = self._canary.encode(), "", True
            self._queue(Waiting(frame.shown_head + sign + frame.shown_tail))

    def _take(self, event: ServerEvent, step: Making) -> None:
        step.new_bytes += new_bytes(self._before, event.raw)
        self._before, self._frame = event.raw, None
        if event.remarks:
            self._remark(event.remarks, step)
        if event.name:
            self._remark(event.name, step)
        if event.data is None:
            self._seal(step)
            self._queue(Waiting(event.raw))
            return
        self._seal(step)
        if self._ended and self._dialect == RESPONSES and event.data.strip() == _DONE:
            self._queue(Waiting(event.raw))
            return
        if self._ended:
            raise UnreadableError("something follows the terminal marker")
        if event.data.strip() == _DONE and self._dialect not in (ANTHROPIC, RESPONSES):
            self._close((), step)
            self._ended = True
            self._queue(Waiting(event.raw))
            return
        document = read_object(event.data, _MAX_DEPTH)
        if event.name and event.name != document.get("type", event.name):
            raise UnreadableError("the event's name is not its type")
        self._queue(self._read(event, document, step))

    def _seal(self, step: Making) -> None:
        """What was found beside an event's JSON can't be masked."""
        self.maskable = self.maskable and not step.tainted
        step.tainted = False

    def _read(self, event: ServerEvent, document: dict[str, Any], step: Making) -> Waiting:
        delta = read_delta(self._dialect, document)
        if delta.usage:
            step.usage_events.append(document)
        # What grows names nothing that the event which opened it did not name.
        if self._watch_names and (not delta.grown or self._dialect not in (ANTHROPIC, RESPONSES)):
            step.names.extend(answer_names(document, self._dialect))
        for remark in delta.remarks:
            self._remark(remark, step)
        self._bears_tokens = self._bears_tokens or bool(delta.spelled)
        waiting = Waiting(self._stripped(event, document, delta))
        if delta.grown:
            step.grown += 1
            for (channel, text), spot in zip(delta.grown, delta.spots, strict=True):
                waiting.growths.append(self._grow(channel, text, spot, step))
        waiting.growths += [self._look(channel, text, _NOWHERE, step) for channel, text in delta.spelled]
        for channel in delta.closed:
            self._close(channel, step)
        self._ended = self._ended or delta.terminal
        if self.masks:
            self._prepare(waiting, event, document, step)
        else:
            self._frames.learn(event, delta)
        return waiting

    def _prepare(self, waiting: Waiting, event: ServerEvent, document: dict[str, Any], step: Making) -> None:
        """Keep what an event is written anew from, and mask what it repeats."""
        shown = document
        if self._strip_usage and self._dialect != ANTHROPIC and "usage" in document:
            # What grows stands deeper: a copy of the outermost object shares it.
            shown = {name: value for name, value in document.items() if name != "usage"}
        waiting.event, waiting.document = event, shown
        if not step.tainted:
            return
        step.tainted = False
        made = None if waiting.growths else mask_value(shown, self._settings)
        if made is None:
            self.maskable = False
        else:
            waiting.instead, waiting.counts = made.value, dict(made.counts)

    def _stripped(self, event: ServerEvent, document: dict[str, Any], delta: Delta) -> bytes:
        """Return the event as the caller would have got it had we not asked for usage."""
        if not self._strip_usage or "usage" not in document or self._dialect == ANTHROPIC:
            return event.raw
        if delta.only_usage:
            return b""
        if event.data is None or "\n" in event.data:
            return event.raw
        return event.raw.replace(event.data.encode(), without(event.data, "usage").encode(), 1)

    def _grow(self, channel: Channel, text: str, spot: tuple[dict[str, Any], str], step: Making) -> Growth:
        if channel not in self._windows:
            self._close_others(channel, step)
        step.text_bytes += len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
        if self._returned is not None:
            self._returned(channel, text)
        return self._look(channel, text, spot, step)

    def _look(self, channel: Channel, text: str, spot: tuple[dict[str, Any], str], step: Making) -> Growth:
        window = self._windows.get(channel)
        if window is None:
            if len(self._windows) >= _MAX_CHANNELS:
                raise UnreadableError("the answer has too many channels")
            window = self._windows[channel] = Window(self._settings)
        start = window.end
        if hits := window.grow(text):
            self._found(hits, channel, window, step)
        if window.padded:
            raise UnreadableError("the text is padded past inspection")
        return Growth(window, start, window.end, *spot)

    def _close_others(self, channel: Channel, step: Making) -> None:
        """A new field of a choice ends what waits in the choice's other fields."""
        for other, window in self._windows.items():
            if other[0] == channel[0] and window.held:
                self._found(window.grow("", final=True), other, window, step)

    def _close(self, prefix: Channel, step: Making) -> None:
        for channel, window in self._windows.items():
            if channel[: len(prefix)] == prefix and window.held:
                self._found(window.grow("", final=True), channel, window, step)

    def _remark(self, text: str, step: Making) -> None:
        """Scan a string that belongs to no channel; the same string is scanned once."""
        if text in self._remarks:
            step.tainted = step.tainted or text in self._tainted
            return
        if len(self._remarks) < _MAX_REMARKS:
            self._remarks.add(text)
        if found := scan_text(text, Segment.OUTPUT, self._settings):
            step.findings.extend(found)
            step.tainted = True
            self._tainted.add(text)

    def _found(self, hits: Iterable[Hit], channel: Channel, window: Window, step: Making) -> None:
        for hit in hits:
            step.findings.append(to_finding(hit, Segment.OUTPUT, self._settings))
            if not self.masks:
                continue
            if self._bears_tokens:
                self.maskable = False
                continue
            name = next((part for part in reversed(channel) if isinstance(part, str)), "")
            span = self._held.add(window, Span(hit.start, hit.end, hit.kind), name)
            if span is None or window.inexact:
                self.maskable = False
            if span is not None:
                self._new_spans.append((window, span))

    def _queue(self, waiting: Waiting) -> None:
        if self._ended:
            # The terminal marker and all after it wait for the record, not for the window.
            self._last.append(waiting)
            return
        self._held.wait(waiting)
        if self._held.size > _MAX_PENDING_BYTES:
            raise BrokenEventError("too_large")
