"""Realtime: what one event of a session says, in either direction; one text frame is one JSON object.

A client's events hold the caller's words (`conversation.item.create`, `session.update`, `response.create`) or
sound (`input_audio_buffer.append`); a server's hold the model's, mostly piece by piece:

    {"type": "response.output_text.delta", "response_id": "r", "item_id": "i", "content_index": 0,
     "delta": "Hi"}

Pieces grow channels, as in `deltas`: an identifier may lie across them. Sound can't be looked into and is
said so, whoever sends it; its transcript is text like any other. An event whose type is not known is walked
string by string all the same. Source: OpenAI's Realtime API reference, client and server events.

    >>> read_server_event('{"type": "response.output_text.delta", "item_id": "i", "delta": "Hi"}').grown
    ((('', 'i', -1, 'response.output_text'), 'Hi'),)

Trust: either side writes these events. A binary frame is no event, and none may be read by halves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from zoneproxy.content.deltas import Channel
from zoneproxy.content.names import Named, request_names
from zoneproxy.content.sealed import sealed_parts
from zoneproxy.content.strict_json import UnreadableError, read_object
from zoneproxy.content.walk import strings
from zoneproxy.terms.finding import Segment

_MAX_DEPTH = 64
_SOUND = frozenset(("input_audio_buffer.append", "response.audio.delta", "response.output_audio.delta"))
_SOUND_KEYS = ("audio", "delta")
_ENDS = frozenset(("response.done", "error"))


@dataclass(frozen=True, slots=True)
class RealtimeEvent:
    """What one event says.

    Attributes:
        kind: its type.
        segments: strings that stand by themselves, with whose words they are.
        grown: channels with the text that they grow by.
        closed: a prefix of channels that end with this event; `None` where none do.
        sealed: the media of the parts that can't be looked into.
        names: the stored objects that it refers to beyond the session.
        begins: it asks the model to answer now: what must be asked of a quota is asked before.
        model: the model that it names, or `None`.
        usage: the event bears an answer's usage.
    """

    kind: str
    segments: tuple[tuple[Segment, str], ...] = ()
    grown: tuple[tuple[Channel, str], ...] = ()
    closed: Channel | None = None
    sealed: tuple[str, ...] = ()
    names: tuple[Named, ...] = ()
    begins: bool = False
    model: str | None = None
    usage: bool = False


def read_client_event(text: str | bytes) -> RealtimeEvent:
    """Read an event that a caller sends.

    Raises:
        UnreadableError: it is not one JSON object with a type; the message holds nothing of it.
    """
    kind, event = _read(text)
    session, response = event.get("session"), event.get("response")
    models = [part["model"] for part in (session, response) if isinstance(part, dict) and part.get("model")]
    if not all(isinstance(model, str) for model in models) or len(set(models)) > 1:
        raise UnreadableError("the event names no model, or two")
    spoken = _without_sound(kind, event)
    return RealtimeEvent(
        kind,
        segments=tuple(strings(spoken, Segment.USER)),
        sealed=_sealed(kind, event),
        names=tuple(_beyond(event)),
        begins=kind == "response.create",
        model=models[0] if models else None,
    )


def read_server_event(text: str | bytes) -> RealtimeEvent:
    """Read an event that a model server sends; errors as in `read_client_event`."""
    kind, event = _read(text)
    spoken = _without_sound(kind, event)
    grown: tuple[tuple[Channel, str], ...] = ()
    delta = spoken.get("delta")
    if kind.endswith(".delta") and isinstance(delta, str):
        grown = ((_channel(kind, event), delta),)
        spoken = {key: value for key, value in spoken.items() if key != "delta"}
    closed: Channel | None = None
    if kind in _ENDS:
        closed = ()
    elif kind.endswith(".done"):
        closed = _channel(kind, event)
    response = event.get("response")
    return RealtimeEvent(
        kind,
        segments=tuple(strings(spoken, Segment.OUTPUT)),
        grown=grown,
        closed=closed,
        sealed=_sealed(kind, event),
        names=tuple(_beyond(event)),
        usage=isinstance(response, dict) and isinstance(response.get("usage"), dict),
    )


def _read(text: str | bytes) -> tuple[str, dict[str, Any]]:
    event = read_object(text, _MAX_DEPTH)
    kind = event.get("type")
    if not isinstance(kind, str) or not kind:
        raise UnreadableError("the event has no type")
    return kind, event


def _channel(kind: str, event: dict[str, Any]) -> Channel:
    index = event.get("content_index")
    response, item = event.get("response_id"), event.get("item_id")
    return (
        response if isinstance(response, str) else "",
        item if isinstance(item, str) else "",
        index if type(index) is int else -1,
        kind.rpartition(".")[0],
    )


def _sealed(kind: str, event: dict[str, Any]) -> tuple[str, ...]:
    found = set(sealed_parts(event))
    if kind in _SOUND:
        found.add("audio")
    return tuple(sorted(found))


def _without_sound(kind: str, event: dict[str, Any]) -> dict[str, Any]:
    """Leave out the sound of an event that is nothing else: base64 of noise says nothing, and costs much."""
    if kind not in _SOUND:
        return event
    return {key: value for key, value in event.items() if key not in _SOUND_KEYS}


def _beyond(event: dict[str, Any]) -> Iterator[Named]:
    """Items and responses live as long as the session that made them: only other objects count."""
    for named in request_names(event, "openai_realtime"):
        if named.name.kind not in ("item", "response", "conversation"):
            yield named
