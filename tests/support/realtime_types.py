"""The types of event that OpenAI's own SDK knows, in its sessions and in others', each as small as may be."""

from __future__ import annotations

import types
import typing
from typing import Any

from openai.types.beta.realtime import RealtimeClientEvent as FirstClientEvent
from openai.types.beta.realtime import RealtimeServerEvent as FirstServerEvent
from openai.types.realtime import RealtimeClientEvent, RealtimeServerEvent
from openai.types.realtime.realtime_translation_client_event import RealtimeTranslationClientEvent
from openai.types.realtime.realtime_translation_server_event import RealtimeTranslationServerEvent
from pydantic import BaseModel

Event = dict[str, Any]


def least(annotation: Any) -> Any:
    """Make the smallest value of a type, as JSON; the first member of a union."""
    origin, parts = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return least(parts[0])
    if origin is typing.Literal:
        return parts[0]
    if origin in (typing.Union, types.UnionType):
        return least(next(part for part in parts if part is not type(None)))
    if origin is list or annotation is list:
        return [least(parts[0])] if parts else []
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {
            field.alias or name: least(field.annotation)
            for name, field in annotation.model_fields.items()
            if field.is_required() or name == "type"
        }
    return {str: "x", int: 1, float: 1.0, bool: False}.get(annotation, {})


def _models(union: Any) -> list[type[BaseModel]]:
    if typing.get_origin(union) is typing.Annotated:
        return _models(typing.get_args(union)[0])
    if isinstance(union, type) and issubclass(union, BaseModel):
        return [union]
    return [model for part in typing.get_args(union) for model in _models(part)]


def _events(union: Any) -> dict[str, Event]:
    made = [least(model) for model in _models(union)]
    return {event["type"]: event for event in made}


CLIENT, SERVER = _events(RealtimeClientEvent), _events(RealtimeServerEvent)
"""The current protocol's events by their types."""
OTHER_CLIENT = {
    kind: event
    for union in (FirstClientEvent, RealtimeTranslationClientEvent)
    for kind, event in _events(union).items()
    if kind not in CLIENT
}
OTHER_SERVER = {
    kind: event
    for union in (FirstServerEvent, RealtimeTranslationServerEvent)
    for kind, event in _events(union).items()
    if kind not in SERVER
}
"""Events of the protocol's first form, and of sessions that translate: no session of the zone speaks them."""
