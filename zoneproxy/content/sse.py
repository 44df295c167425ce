r"""Server-sent events, split without losing a byte (WHATWG HTML, section 9.2).

An event is everything up to and with the blank line that ends it. Lines end with `\n`, `\r\n` or
`\r`, and bytes may be cut anywhere, between `\r` and `\n` too.

    >>> splitter = EventSplitter(1024)
    >>> [event.data for event in splitter.feed(b"data: a\ndata: b\n\ndata")]
    ['a\nb']
    >>> splitter.rest
    b'data'
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_BLANK = re.compile(rb"(?>\r\n|\n|\r)(?>\r\n|\n|\r)")
_LINE = re.compile(r"\r\n|\n|\r")
_LONGEST_END = 4


class BrokenEventError(ValueError):
    """The bytes are not events that every reader would read alike; `state` says how."""

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.state = state


class ServerEvent(NamedTuple):
    """One event.

    Attributes:
        raw: its bytes with the blank line that ends it.
        name: the `event` field, or empty.
        data: the `data` lines joined, or `None` where there is none.
        remarks: comments and ids, one a line: text that the reader may ignore but that crosses.
    """

    raw: bytes
    name: str
    data: str | None
    remarks: str


class EventSplitter:
    """Cuts a stream of bytes into events.

    Args:
        max_event_bytes: largest event.
    """

    def __init__(self, max_event_bytes: int) -> None:
        self._max = max_event_bytes
        self._buffer = bytearray()
        self._searched = 0

    @property
    def idle(self) -> bool:
        """True while no event has begun."""
        return not self._buffer

    @property
    def rest(self) -> bytes:
        """The bytes of the event that has not ended yet."""
        return bytes(self._buffer)

    def feed(self, data: bytes) -> Iterator[ServerEvent]:
        """Take in bytes; yield the events that they complete.

        Raises:
            BrokenEventError: an event is too large (`too_large`) or can't be read (`unreadable`).
        """
        if not self._buffer and data.endswith(b"\n\n") and b"\r" not in data:
            # The usual form: whole events, ended by line feeds.
            for piece in data[:-2].split(b"\n\n"):
                if len(piece) + 2 > self._max:
                    raise BrokenEventError("too_large")
                yield read_event(piece + b"\n\n")
            return
        self._buffer += data
        start = 0
        try:
            while found := _BLANK.search(self._buffer, max(start, self._searched)):
                end = found.end()
                if end - start > self._max:
                    raise BrokenEventError("too_large")
                raw = bytes(self._buffer[start:end])
                start = self._searched = end
                yield read_event(raw)
            if len(self._buffer) - start > self._max:
                raise BrokenEventError("too_large")
        finally:
            del self._buffer[:start]
            self._searched = max(0, len(self._buffer) - _LONGEST_END)


def read_event(raw: bytes) -> ServerEvent:
    """Read one event's fields.

    Raises:
        BrokenEventError: not UTF-8, a field that no reader knows, or two names.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise BrokenEventError("unreadable") from None
    if text.startswith("data: ") and text.endswith("\n\n") and text.count("\n") == 2 and "\r" not in text:  # noqa: PLR2004 - the usual form: one line and a blank one
        return ServerEvent(raw, "", text[6:-2], "")
    name = ""
    data: list[str] = []
    remarks: list[str] = []
    for line in _LINE.split(text.removeprefix("\ufeff")):
        if not line:
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match field:
            case "data":
                data.append(value)
            case "event" if not name:
                name = value
            case "" | "id" | "retry":
                remarks.append(value)
            case _:
                raise BrokenEventError("unreadable")
    return ServerEvent(raw, name, "\n".join(data) if data else None, "\n".join(remarks))
