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
from dataclasses import dataclass, field
from typing import Any

from zoneproxy.content.deltas import Channel
from zoneproxy.content.names import Named, request_names
from zoneproxy.content.sealed import sealed_parts
from zoneproxy.content.strict_json import UnreadableError, read_object
from zoneproxy.content.walk import strings
from zoneproxy.terms.finding import Segment

_MAX_DEPTH = 64
_BEGIN = "response.create"
_SOUND = frozenset(("input_audio_buffer.append", "response.audio.delta", "response.output_audio.delta"))
_SOUND_KEYS = ("audio", "delta")
_ENDS = frozenset(("response.done", "error"))
_CLOSERS = (".done", ".completed", ".failed")

CLIENT_EVENTS = frozenset(
    (
        "conversation.item.create", "conversation.item.delete", "conversation.item.retrieve",
        "conversation.item.truncate", "input_audio_buffer.append", "input_audio_buffer.clear",
        "input_audio_buffer.commit", "output_audio_buffer.clear", "response.cancel", "response.create",
        "session.update",
    )
)  # fmt: skip
"""The types of event that a caller may send; any other is refused."""
SERVER_EVENTS = frozenset(
    (
        "conversation.created", "conversation.item.added", "conversation.item.created",
        "conversation.item.deleted", "conversation.item.done",
        "conversation.item.input_audio_transcription.completed",
        "conversation.item.input_audio_transcription.delta",
        "conversation.item.input_audio_transcription.failed",
        "conversation.item.input_audio_transcription.segment", "conversation.item.retrieved",
        "conversation.item.truncated", "error", "input_audio_buffer.cleared", "input_audio_buffer.committed",
        "input_audio_buffer.dtmf_event_received", "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped", "input_audio_buffer.timeout_triggered",
        "mcp_list_tools.completed", "mcp_list_tools.failed", "mcp_list_tools.in_progress",
        "output_audio_buffer.cleared", "output_audio_buffer.started", "output_audio_buffer.stopped",
        "rate_limits.updated", "response.content_part.added", "response.content_part.done",
        "response.created", "response.done", "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.mcp_call.completed", "response.mcp_call.failed", "response.mcp_call.in_progress",
        "response.mcp_call_arguments.delta", "response.mcp_call_arguments.done",
        "response.output_audio.delta", "response.output_audio.done", "response.output_audio_transcript.delta",
        "response.output_audio_transcript.done", "response.output_item.added", "response.output_item.done",
        "response.output_text.delta", "response.output_text.done", "session.created", "session.updated",
    )
)  # fmt: skip
"""The types of event that a server may send; any other is withheld."""


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
        event_id: the name that its sender gave it, or empty.
        response_id: the answer that it belongs to, or empty.
        culprit: of an error, the name of the event that it is about, or empty.
        speech: whether answers are to be spoken; `None` where it does not say.
        unasked: it lets the server begin answers by itself.
        max_tokens: the largest answer that it asks for, or `None`.
        document: the event itself, as it was read.
        channel: of an event of a server's, the channel that it speaks of.
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
    event_id: str = ""
    response_id: str = ""
    culprit: str = ""
    speech: bool | None = None
    unasked: bool = False
    max_tokens: int | None = None
    document: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)
    channel: Channel = ()


def begins(text: str) -> bool:
    """Tell whether a caller's message asks for an answer; what can't be read asks for nothing."""
    if _BEGIN not in text and "\\u" not in text:
        return False
    try:
        return read_object(text, _MAX_DEPTH).get("type") == _BEGIN
    except UnreadableError:
        return False


def read_client_event(text: str | bytes) -> RealtimeEvent:
    """Read an event that a caller sends.

    Raises:
        UnreadableError: it is not one JSON object with a type; the message holds nothing of it.
    """
    kind, event = _read(text)
    parts = [part for part in (event.get("session"), event.get("response")) if isinstance(part, dict)]
    models = [part["model"] for part in (*parts, *_listeners(parts)) if part.get("model")]
    if not all(isinstance(model, str) for model in models) or len(set(models)) > 1:
        raise UnreadableError("the event names no model, or two")
    spoken = _without_sound(kind, event)
    return RealtimeEvent(
        kind,
        segments=tuple(strings(spoken, Segment.USER)),
        sealed=_sealed(kind, event),
        names=tuple(_beyond(event)),
        begins=kind == _BEGIN,
        model=models[0] if models else None,
        event_id=_word(event.get("event_id")),
        speech=_speech(parts),
        unasked=any(_begins_answers(turns) for turns in _turn_takers(parts)),
        max_tokens=_max_tokens(parts),
    )


def read_server_event(text: str | bytes) -> RealtimeEvent:
    """Read an event that a model server sends; errors as in `read_client_event`."""
    kind, event = _read(text)
    spoken = _without_sound(kind, event)
    grown: tuple[tuple[Channel, str], ...] = ()
    delta = spoken.get("delta")
    channel = _channel(kind, event)
    if kind.endswith(".delta") and isinstance(delta, str):
        grown = ((channel, delta),)
        spoken = {key: value for key, value in spoken.items() if key != "delta"}
    closed: Channel | None = None
    if kind in _ENDS:
        closed = ()
    elif kind.endswith(_CLOSERS):
        closed = channel
    response, error = event.get("response"), event.get("error")
    own = response.get("id") if isinstance(response, dict) else event.get("response_id")
    return RealtimeEvent(
        kind,
        segments=tuple(strings(spoken, Segment.OUTPUT)),
        grown=grown,
        closed=closed,
        sealed=_sealed(kind, event),
        names=tuple(_beyond(event)),
        usage=isinstance(response, dict) and isinstance(response.get("usage"), dict),
        response_id=_word(own),
        culprit=_word(error.get("event_id")) if isinstance(error, dict) else "",
        document=event,
        channel=channel,
    )


def _word(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _hearing(parts: list[dict[str, Any]], *names: str) -> Iterator[dict[str, Any]]:
    """Yield what a session says of how it listens, in the API's form of today and in its first."""
    for part in parts:
        audio = part.get("audio")
        heard = audio.get("input") if isinstance(audio, dict) else None
        for holder in (part, heard):
            if isinstance(holder, dict):
                yield from (holder[name] for name in names if isinstance(holder.get(name), dict))


def _listeners(parts: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield what writes down sound: it may be a model of its own."""
    yield from _hearing(parts, "transcription", "input_audio_transcription")


def _turn_takers(parts: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield what lets a server find out by itself that it is its turn."""
    yield from _hearing(parts, "turn_detection")


def _begins_answers(turns: dict[str, Any]) -> bool:
    """Tell whether a server begins answers by itself: at a turn's end, or when nobody has spoken for long."""
    return turns.get("create_response") is not False or turns.get("idle_timeout_ms") is not None


def _speech(parts: list[dict[str, Any]]) -> bool | None:
    for part in parts:
        for name in ("output_modalities", "modalities"):
            if isinstance(said := part.get(name), list):
                return "audio" in said
    return None


def _max_tokens(parts: list[dict[str, Any]]) -> int | None:
    given = [part.get("max_output_tokens", part.get("max_response_output_tokens")) for part in parts]
    return next((number for number in given if type(number) is int and number >= 0), None)


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
