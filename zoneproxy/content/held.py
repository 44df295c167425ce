"""The events of a stream that wait, in their order, and what leaves of them: as they came, or masked.

An event may go when everything in it is decided: each text that it makes grow is inspected up to the event's
end. With masks, an event that bears a part of a span is written anew: the token stands in the event in which
the span begins, the rest of the span is left out of those that follow, so that no character of it leaves and
the tokens do not depend on how the text was cut into events. An event that repeats a whole text is masked as
a whole.

A span of which something has left already can't be masked any more: `add` says so.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from zoneproxy.content.mask import Span, Spans
from zoneproxy.content.sse import ServerEvent
from zoneproxy.content.window import Window

_REMEMBERED = 256
_JSON_FIELDS = frozenset(
    ("arguments", "partial_json", "input", "response.function_call_arguments", "response.mcp_call_arguments")
)


@dataclass(slots=True)
class Growth:
    """A part of an event that makes a text grow.

    Attributes:
        window: the text.
        start, end: where in the whole text the part stands.
        holder, key: where in the event it stands.
    """

    window: Window
    start: int
    end: int
    holder: dict[str, Any]
    key: str


@dataclass(slots=True)
class Waiting:
    """An event that waits.

    Attributes:
        raw: its bytes as they go where nothing is masked; empty where it is left out.
        growths: what must be decided first.
        event, document: the event as it was read; `None` where it has no JSON.
        instead: the event without what was found in texts that it repeats, or `None`.
        counts: the tokens in `instead`, by kind.
    """

    raw: bytes
    growths: list[Growth] = field(default_factory=list)
    event: ServerEvent | None = None
    document: dict[str, Any] | None = None
    instead: dict[str, Any] | None = None
    counts: dict[str, int] = field(default_factory=dict)


class HeldEvents:
    """A queue of events; what leaves of it is in order.

    Attributes:
        size: bytes that wait.
        counts: the tokens that were put in, by kind.
    """

    def __init__(self) -> None:
        self._queue: list[Waiting] = []  # of a thousand streams most hold nothing: an empty deque is large
        self._spans: dict[Window, Spans] = {}
        self._left: dict[Window, int] = {}
        self.size = 0
        self.counts: Counter[str] = Counter()

    def wait(self, waiting: Waiting) -> None:
        """Let an event wait."""
        self._queue.append(waiting)
        self.size += len(waiting.raw)

    def release(self) -> bytes:
        """Give out the events at the front of the queue in which everything is decided."""
        released: list[bytes] = []
        count = 0
        try:
            for waiting in self._queue:
                if not _decided(waiting):
                    break
                count += 1
                self.size -= len(waiting.raw)
                released.append(self.written(waiting))
        finally:
            del self._queue[:count]  # nothing is given out twice, whatever fails
        return b"".join(released)

    def written(self, waiting: Waiting) -> bytes:
        """Write an event without what is masked in it."""
        if waiting.event is None:  # nothing is masked in its stream, or it has no JSON
            return waiting.raw
        document = self.shown(waiting, self.counts)
        if document is None or not waiting.raw:
            return waiting.raw
        return _event(waiting.event.name, document)

    def shown(self, waiting: Waiting, counts: Counter[str]) -> dict[str, Any] | None:
        """Return an event's JSON without what is masked in it; `None` where it goes as it came.

        Args:
            waiting: the event, which leaves with this.
            counts: takes up the tokens that were put in.
        """
        changed = waiting.instead is not None
        if waiting.instead is not None:
            counts.update(waiting.counts)
        for growth in waiting.growths:
            window = growth.window
            self._left[window] = max(self._left.get(window, 0), growth.end)
            spans = self._spans.get(window)
            if spans is None:
                continue
            text = growth.holder[growth.key]
            made = spans.apply(text, growth.start, counts)
            spans.forget(growth.end - _REMEMBERED)
            if made != text:
                growth.holder[growth.key] = made
                changed = True
        if not changed:
            return None
        return waiting.document if waiting.instead is None else waiting.instead

    def add(self, window: Window, span: Span, field_name: str) -> Span | None:
        """Mask a span of a text; return it as it is masked, or `None` where some of it has left.

        Args:
            window: the text.
            span: where.
            field_name: the field that grows, which says whether its text is JSON.
        """
        if field_name in _JSON_FIELDS and window.stands_bare(span.start):
            span = span._replace(quoted=True)
        spans = self._spans.setdefault(window, Spans())
        left = min(self._left.get(window, 0), span.end)
        if span.start < left and not spans.cover(span.start, left):
            return None
        spans.add(span)
        return span

    def drop(self, window: Window, span: Span) -> None:
        """Mask a span no more."""
        self._spans[window].drop(span)


def _decided(waiting: Waiting) -> bool:
    for growth in waiting.growths:  # noqa: SIM110 - asked at every event: `all` costs three times as much
        if growth.window.safe < growth.end:
            return False
    return True


def _event(name: str, document: Any) -> bytes:
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(document, ensure_ascii=False, separators=(',', ':'))}\n\n".encode()
