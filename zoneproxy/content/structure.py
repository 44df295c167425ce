"""The texts that a body consists of, by its structure.

JSON and JSON lines are walked string by string; server-sent events are put together channel by
channel; multipart bodies and form fields are taken apart; the text of office documents is freed of
its mark-up. What has no known structure is one text. A body that says it has a structure but can't
be read by it is read as plain text as well, so that breaking the structure hides nothing.
"""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from zoneproxy.content.deltas import ANTHROPIC, RESPONSES, Channel, Delta, read_delta
from zoneproxy.content.media import MediaType
from zoneproxy.content.sealed import may_be_sealed, sealed_parts
from zoneproxy.content.sse import BrokenEventError, EventSplitter
from zoneproxy.content.strict_json import UnreadableError, read_value
from zoneproxy.content.walk import strings
from zoneproxy.terms.finding import Segment

_MAX_DEPTH = 64
_JSON_HEAD = re.compile(r"\s*[\[{]")
_LINES_HEAD = re.compile(r"\s*[\[{][^\n]*[\]}][ \t\r]*(?:\n|\Z)")
# No other character ends a line: U+2028 and its like may stand within a JSON string as they are.
_LINE_END = re.compile(r"[\r\n]")
_EVENT_HEAD = re.compile(r"\s*(?:data|event|id|retry)?:")
_PART_HEAD = re.compile(rb"\r?\n\r?\n")
_TAG = re.compile(r"<[^<>]{0,2000}>")
_XML_HEAD = re.compile(r"\s*<(?:\?xml|[A-Za-z]+:|[A-Za-z]+[\s>/])")
_MOST_EVENT_BYTES = 8 * 1024 * 1024
_OPENAI = "openai_chat"


@dataclass(frozen=True, slots=True)
class Taken:
    """What a text was taken apart into.

    Attributes:
        texts: the strings in it, with whose words they are.
        sealed: the parts that can't be looked into, by their medium.
    """

    texts: list[tuple[Segment, str]]
    sealed: tuple[str, ...] = ()


def taken_apart(text: str, media: MediaType | None, segment: Segment) -> Taken:
    """Take a text apart, and say what in it is no text; arguments as for `texts`."""
    sealed: list[str] = []
    return Taken(list(texts(text, media, segment, sealed)), tuple(sealed))


def texts(
    text: str, media: MediaType | None, segment: Segment, sealed: list[str] | None = None
) -> Iterator[tuple[Segment, str]]:
    """Take a text apart.

    Args:
        text: the whole text.
        media: its declared type, or `None`.
        segment: whose words it is where its structure does not say more.
        sealed: takes the media of parts that can't be looked into.
    """
    essence = media.essence if media else ""
    if essence == "text/event-stream" or (_EVENT_HEAD.match(text) and "\ndata:" in "\n" + text[:4096]):
        yield from _events(text, segment)
        return
    if _JSON_HEAD.match(text):
        walked = _json(text, segment, [] if sealed is None else sealed)
        if walked is not None:
            yield from walked
            return
    if essence == "application/x-www-form-urlencoded":
        for name, value in urllib.parse.parse_qsl(text, keep_blank_values=True, errors="replace"):
            yield segment, f"{name}: {value}"
    if _XML_HEAD.match(text):
        yield segment, _TAG.sub(" ", text)
        yield segment, _TAG.sub("", text)
    yield segment, text


def _json(text: str, segment: Segment, sealed: list[str]) -> list[tuple[Segment, str]] | None:
    """Walk one JSON value, or one a line; `None` where it is neither."""
    look = may_be_sealed(text)
    try:
        value = read_value(text, _MAX_DEPTH)
    except UnreadableError:
        pass
    else:
        if look:
            sealed.extend(sealed_parts(value))
        return list(strings(value, segment))
    # A pretty-printed value that is broken would be parsed line by line for nothing.
    if not _LINES_HEAD.match(text):
        return None
    walked: list[tuple[Segment, str]] = []
    for line in _LINE_END.split(text):
        if line.strip():
            try:
                value = read_value(line, _MAX_DEPTH)
                walked.extend(strings(value, segment))
                if look:
                    sealed.extend(sealed_parts(value))
            except UnreadableError:
                return None
    return walked


def _events(text: str, segment: Segment) -> Iterator[tuple[Segment, str]]:
    """Put the channels of an event stream together, in every dialect."""
    channels: dict[Channel, list[str]] = {}
    splitter = EventSplitter(_MOST_EVENT_BYTES)
    try:
        for event in splitter.feed(text.encode("utf-8", "surrogatepass") + b"\n\n"):
            if event.remarks:
                yield segment, event.remarks
            if event.data is None or event.data.strip() == "[DONE]":
                continue
            for remark in _event(event.data, channels):
                yield segment, remark
    except (BrokenEventError, UnreadableError):
        yield segment, text
    for grown in channels.values():
        yield segment, "".join(grown)


def _event(data: str, channels: dict[Channel, list[str]]) -> list[str]:
    """Let an event grow its channels; return what belongs to none."""
    document = read_value(data, _MAX_DEPTH)
    if not isinstance(document, dict):
        return [data]
    dialect, delta = _delta(document)
    for channel, grown in delta.grown:
        channels.setdefault((dialect, *channel), []).append(grown)
    return delta.remarks


def _delta(document: dict[str, Any]) -> tuple[str, Delta]:
    """Read an event in the dialect in which it grows anything; where in none, in OpenAI's."""
    delta = read_delta(_OPENAI, document)
    kind = document.get("type")
    if delta.grown or not isinstance(kind, str) or not kind.endswith("delta"):
        return _OPENAI, delta
    other = ANTHROPIC if kind == "content_block_delta" else RESPONSES
    grown = read_delta(other, document)
    return (other, grown) if grown.grown else (_OPENAI, delta)


def parts(data: bytes, media: MediaType) -> Iterator[tuple[bytes, bytes]]:
    """Take a multipart body apart: each part's head and content (RFC 2046, section 5.1)."""
    boundary = media.parameters.get("boundary", "").encode("latin-1", "replace")
    if not boundary:
        return
    for part in data.split(b"--" + boundary)[1:]:
        if part.startswith(b"--"):
            return
        found = _PART_HEAD.search(part)
        if found:
            yield part[: found.start()], part[found.end() :].removesuffix(b"\n").removesuffix(b"\r")
