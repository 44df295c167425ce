r"""Frames: events of a stream that differ in nothing but the text that grows.

Most events of an answer are one frame around a piece of text. Once an event was read in full, and it was seen
that putting another text in its place changes that text alone, the events that follow in the same frame need
not be parsed again: between the frame's two ends there stands a JSON string without `"`, `\` and control
characters, which every reader reads alike, and all else is byte for byte what was read before.

    >>> from zoneproxy.content.sse import read_event
    >>> first = read_event(b'data: {"choices": [{"index": 0, "delta": {"content": "Hel"}}]}\n\n')
    >>> frame = learn("openai_chat", first)
    >>> frame.text(b'data: {"choices": [{"index": 0, "delta": {"content": "lo"}}]}\n\n')
    'lo'
    >>> frame.text(b'data: {"choices": [{"index": 0, "delta": {"content": "\\u006c"}}]}\n\n') is None
    True
"""

from __future__ import annotations

import re
from typing import NamedTuple

from zoneproxy.content.deltas import Channel, Delta, read_delta
from zoneproxy.content.sse import ServerEvent
from zoneproxy.content.strict_json import UnreadableError, read_object, without

MOST_FRAMES, MOST_TRIED = 4, 16
_MARK = "zoneproxy frame mark"
_MAX_DEPTH = 64
_OTHER = re.compile(rb'["\\\x00-\x1f\x7f]')


class Frame(NamedTuple):
    """What stands around the text of an event.

    Attributes:
        head, tail: the event's bytes before and after the text.
        channel: what the text makes grow.
        shown_head, shown_tail: the same without the usage that the caller did not ask for.
    """

    head: bytes
    tail: bytes
    channel: Channel
    shown_head: bytes
    shown_tail: bytes

    def text(self, raw: bytes) -> str | None:
        """Return the text of an event in this frame, or `None` where it must be read in full."""
        head, tail = self.head, self.tail
        if not (raw.startswith(head) and raw.endswith(tail)):
            return None
        inner = raw[len(head) : -len(tail)]  # empty, too, where head and tail overlap
        if not inner or _OTHER.search(inner):
            return None
        try:
            return inner.decode("utf-8")
        except UnicodeDecodeError:
            return None

    def shown(self, raw: bytes) -> bytes:
        """Return an event in this frame as the caller gets to see it."""
        if len(self.shown_head) == len(self.head) and len(self.shown_tail) == len(self.tail):
            return raw
        return self.shown_head + raw[len(self.head) : len(raw) - len(self.tail)] + self.shown_tail


class Frames:
    """The frames of one stream, learnt as its events come.

    Args:
        dialect: the API, as the fact `request.dialect` names it.
        strip: the member `usage` is taken out of what the caller sees.
    """

    def __init__(self, dialect: str, *, strip: bool) -> None:
        self._dialect, self._strip = dialect, strip
        self._known: list[Frame] = []
        self._tried = 0

    def __bool__(self) -> bool:
        """True where a frame is known."""
        return bool(self._known)

    def find(self, raw: bytes) -> tuple[Frame, str] | None:
        """Return an event's frame and text, or `None` where it must be read in full."""
        for place, frame in enumerate(self._known):
            if (text := frame.text(raw)) is not None:
                if place:  # the next event has most likely the same one
                    self._known.insert(0, self._known.pop(place))
                return frame, text
        return None

    def learn(self, event: ServerEvent, delta: Delta) -> None:
        """Learn the frame of an event that was read, where it may have one and there is room."""
        if len(delta.grown) != 1 or len(self._known) >= MOST_FRAMES or self._tried >= MOST_TRIED:
            return
        self._tried += 1
        frame = learn(self._dialect, event, strip=self._strip)
        if frame is not None:
            self._known.append(frame)


def learn(dialect: str, event: ServerEvent, *, strip: bool = False) -> Frame | None:
    """Find the frame of an event that was read, or `None` where it has none.

    Args:
        dialect: the API, as the fact `request.dialect` names it.
        event: the event.
        strip: the member `usage` is taken out of what the caller sees.
    """
    data = event.data
    if data is None or event.remarks or _MARK in data or not event.raw.endswith(data.encode() + b"\n\n"):
        return None
    try:
        delta = read_delta(dialect, read_object(data, _MAX_DEPTH))
        if len(delta.grown) != 1 or delta.spelled or delta.closed or delta.usage or delta.terminal:
            return None
        channel, text = delta.grown[0]
        if data.count(f'"{text}"') != 1:
            return None
        marked = data.replace(f'"{text}"', f'"{_MARK}"')
        document = read_object(marked, _MAX_DEPTH)
    except UnreadableError:
        return None
    other = read_delta(dialect, document)
    if other.grown != [(channel, _MARK)] or other.remarks != delta.remarks or other.closed or other.usage:
        return None
    lead = event.raw[: len(event.raw) - len(data.encode()) - 2]
    shown = without(marked, "usage") if strip and "usage" in document else marked
    head, _, tail = marked.encode().partition(_MARK.encode())
    shown_head, _, shown_tail = shown.encode().partition(_MARK.encode())
    head, tail = lead + head, tail + b"\n\n"
    if shown == marked:
        return Frame(head, tail, channel, head, tail)
    return Frame(head, tail, channel, lead + shown_head, shown_tail + b"\n\n")
