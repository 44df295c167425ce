"""What an event of a stream adds to which channel, in each dialect.

A channel is one text that grows from event to event: choice index and field for OpenAI
(`content`, `reasoning`, `tool_calls[i].arguments`, `text`), block index and field for Anthropic,
output item, kind and part for OpenAI's Responses, whose events repeat what has grown:

    >>> event = {"type": "response.output_text.delta", "output_index": 0, "content_index": 1,
    ...          "delta": "Hi"}
    >>> read_delta("openai_responses", event).grown
    [((0, 'response.output_text', 1), 'Hi')]

Every other string of an event is a remark: it does not grow, it is scanned by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from zoneproxy.content.logprobs import KEY, spelled
from zoneproxy.content.walk import strings
from zoneproxy.terms.finding import Segment

ANTHROPIC = "anthropic_messages"
RESPONSES = "openai_responses"
Channel = tuple[str | int, ...]
_LAST_RESPONSES = frozenset(("response.completed", "response.incomplete", "response.failed", "error"))
_FIXED = frozenset(("role", "type", "id", "index"))


@dataclass(slots=True)
class Delta:
    """What one event says.

    Attributes:
        grown: channels with the text that they grow by, in the event's order.
        spots: where each of these texts stands in the event: the object and its key.
        closed: a prefix of channels that end with this event; the empty prefix is all of them.
        spelled: channels of what is spelled out token by token beside what grows, with the text it grows by.
        remarks: strings that belong to no channel.
        terminal: the event is the stream's terminal marker.
        usage: the event bears usage.
        only_usage: the event bears nothing else.
    """

    grown: list[tuple[Channel, str]] = field(default_factory=list)
    spots: list[tuple[dict[str, Any], str]] = field(default_factory=list)
    closed: list[Channel] = field(default_factory=list)
    spelled: list[tuple[Channel, str]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    terminal: bool = False
    usage: bool = False
    only_usage: bool = False


def read_delta(dialect: str, event: dict[str, Any]) -> Delta:
    """Read what an event's JSON object adds; forms that the dialect does not know are remarks."""
    if dialect == ANTHROPIC:
        return _anthropic(event)
    return _responses(event) if dialect == RESPONSES else _openai(event)


def _openai(event: dict[str, Any]) -> Delta:
    delta = Delta(usage=isinstance(event.get("usage"), dict))
    choices = event.get("choices")
    for key, value in event.items():
        if key == "choices" and isinstance(value, list):
            for choice in value:
                _choice(choice, delta)
        elif isinstance(value, str):
            delta.remarks.append(value)
        elif value is not None:
            _remark(value, delta)
    delta.only_usage = delta.usage and choices == [] and not delta.grown
    return delta


def _choice(choice: Any, delta: Delta) -> None:
    if not isinstance(choice, dict):
        _remark(choice, delta)
        return
    index = choice.get("index", 0)
    at: Channel = (index if type(index) is int else -1,)
    for key, value in choice.items():
        if key == "text" and isinstance(value, str):
            delta.grown.append(((*at, key), value))
            delta.spots.append((choice, key))
        elif key == "delta" and isinstance(value, dict):
            _grow(value, at, delta)
        elif value is not None and key != "index":
            _remark(value, delta)
            if key == KEY:
                _spell(value, at, delta)
    if choice.get("finish_reason") is not None:
        delta.closed.append(at)


def _grow(value: Any, at: Channel, delta: Delta) -> None:
    """Take every string below a delta as the growth of its own channel."""
    for key, inner in value.items():
        if isinstance(inner, str):
            if key in _FIXED:
                delta.remarks.append(inner)
            elif inner:
                delta.grown.append(((*at, key), inner))
                delta.spots.append((value, key))
        elif isinstance(inner, dict):
            _grow(inner, (*at, key), delta)
        elif isinstance(inner, list):
            for place, item in enumerate(inner):
                if isinstance(item, dict):
                    index = item.get("index", place)
                    _grow(item, (*at, key, index if type(index) is int else -1), delta)
                else:
                    _remark(item, delta)
        elif inner is not None:
            _remark(inner, delta)


def _spell(value: Any, at: Channel, delta: Delta) -> None:
    """Take what is spelled out token by token as the growth of channels beside those of the text itself."""
    delta.spelled.extend(((*at, KEY, field), text) for field, text in spelled(value))


def _anthropic(event: dict[str, Any]) -> Delta:
    delta = Delta()
    kind, index = event.get("type"), event.get("index", 0)
    at: Channel = (index if type(index) is int else -1,)
    message = event.get("message")
    delta.usage = isinstance(event.get("usage"), dict) or (
        isinstance(message, dict) and isinstance(message.get("usage"), dict)
    )
    for key, value in event.items():
        if key == "delta" and isinstance(value, dict) and kind == "content_block_delta":
            _grow(value, at, delta)
        elif value is not None and key != "index":
            _remark(value, delta)
    if kind in ("content_block_start", "content_block_stop"):
        delta.closed.append(at)
    elif kind in ("message_delta", "message_stop"):
        delta.closed.append(())
        delta.terminal = kind == "message_stop"
    return delta


def _responses(event: dict[str, Any]) -> Delta:
    kind, response = event.get("type"), event.get("response")
    kind = kind if isinstance(kind, str) else ""
    item = event.get("output_index", 0)
    part = event.get("content_index", event.get("summary_index", 0))
    at: Channel = (item if type(item) is int else -1,)
    field: Channel = (*at, kind.rpartition(".")[0], part if type(part) is int else -1)
    delta = Delta(
        usage=isinstance(response, dict) and isinstance(response.get("usage"), dict),
        terminal=kind in _LAST_RESPONSES,
    )
    for key, value in event.items():
        if key == "delta" and isinstance(value, str) and kind.endswith(".delta"):
            delta.grown.append((field, value))
            delta.spots.append((event, key))
        elif value is not None:
            _remark(value, delta)
            if key == KEY and kind.endswith(".delta"):
                _spell(value, field, delta)
            elif key == KEY:
                delta.remarks.extend(text for _, text in spelled(value))
    if delta.terminal:
        delta.closed.append(())
    elif kind == "response.output_item.done":
        delta.closed.append(at)
    elif kind.endswith(".done"):
        delta.closed.append(field)
    return delta


def _remark(value: Any, delta: Delta) -> None:
    delta.remarks.extend(_texts(value))


def _texts(value: Any) -> Iterator[str]:
    for _, text in strings(value, Segment.OUTPUT):
        yield text
