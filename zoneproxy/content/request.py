"""A request's body, read whole: what is asked for, and every string in it.

A body is read only as one strict JSON object (see `strict_json`); anything else is a state that
the rails refuse. The bytes that go on to the model server are the bytes that came in, but for one
member: a streamed OpenAI request is always made to ask for usage, because a stream without usage
can't be metered.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from zoneproxy.content.dialects import Endpoint
from zoneproxy.content.media import is_json
from zoneproxy.content.strict_json import UnreadableError, read_object, with_member
from zoneproxy.content.walk import strings
from zoneproxy.terms.finding import Segment

RequestState = Literal["ok", "unknown_type", "unreadable", "too_large"]
_USAGE_DIALECTS = ("openai_chat", "openai_completions")
_MAX_TOKEN_FIELDS = ("max_tokens", "max_completion_tokens", "max_output_tokens")


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """How much of a request is read.

    Attributes:
        max_body_bytes: largest body.
        max_depth: how deep JSON values may nest.
        max_strings: how many strings a body may hold.
    """

    max_body_bytes: int = 8 * 1024 * 1024
    max_depth: int = 64
    max_strings: int = 200_000


@dataclass(frozen=True, slots=True)
class RequestReading:
    """What a request's body says.

    Attributes:
        state: `ok`, or why the body can't be read (values of the fact `request.state`).
        body: the bytes as they came.
        model: the model asked for, or `None` where none is named.
        streamed: the caller asked for a streamed answer.
        max_tokens: the largest answer asked for, over all choices, or `None` where open.
        include_usage: the caller itself asked for usage in the stream.
        usage_injected: `upstream_body` asks for usage on the caller's behalf.
        segments: every string with whose words it is.
        text_bytes: UTF-8 bytes of all segments; prompt tokens can't be more in byte-level BPE.
    """

    state: RequestState
    body: bytes = b""
    model: str | None = None
    streamed: bool = False
    max_tokens: int | None = None
    include_usage: bool = False
    usage_injected: bool = False
    segments: tuple[tuple[Segment, str], ...] = ()
    text_bytes: int = 0


def read_request(
    endpoint: Endpoint,
    content_type: str | None,
    content_encoding: str | None,
    body: bytes,
    limits: RequestLimits,
) -> RequestReading:
    """Read a request's body; never raises, whatever the bytes are.

    Args:
        endpoint: what the request line asks for.
        content_type: the header's only value, or `None`.
        content_encoding: the header's only value, or `None`.
        body: the whole body, transfer coding undone.
        limits: how much of it is read.
    """
    if len(body) > limits.max_body_bytes:
        return RequestReading("too_large", body)
    if endpoint.body == "none":
        return RequestReading("unreadable" if body else "ok", body)
    if content_encoding not in (None, "", "identity") or not is_json(content_type):
        return RequestReading("unknown_type", body)
    try:
        asked = read_object(body, limits.max_depth)
        reading = _asked(endpoint, asked, body)
    except UnreadableError:
        return RequestReading("unreadable", body)
    segments: list[tuple[Segment, str]] = []
    for pair in strings(asked):
        segments.append(pair)
        if len(segments) > limits.max_strings:
            return RequestReading("too_large", body)
    size = sum(len(text) if text.isascii() else len(text.encode()) for _, text in segments)
    return replace(reading, segments=tuple(segments), text_bytes=size)


def _asked(endpoint: Endpoint, asked: dict[str, Any], body: bytes) -> RequestReading:
    model = asked.get("model")
    if model is not None and not isinstance(model, str):
        raise UnreadableError("the model is not a string")
    streamed = asked.get("stream") or False
    if not isinstance(streamed, bool) or (streamed and not endpoint.streamable):
        raise UnreadableError("`stream` is not true or false")
    options = asked.get("stream_options")
    if options is not None and not isinstance(options, dict):
        raise UnreadableError("`stream_options` is not an object")
    include_usage = (options or {}).get("include_usage") or False
    if not isinstance(include_usage, bool):
        raise UnreadableError("`include_usage` is not true or false")
    if asked.get("background") not in (None, False):
        raise UnreadableError("the answer would not come on the connection that asked for it")
    inject = streamed and not include_usage and endpoint.dialect in _USAGE_DIALECTS
    return RequestReading(
        "ok",
        body,
        model=model,
        streamed=streamed,
        max_tokens=_max_tokens(asked),
        include_usage=include_usage,
        usage_injected=inject,
    )


def _max_tokens(asked: dict[str, Any]) -> int | None:
    given = [asked[name] for name in _MAX_TOKEN_FIELDS if asked.get(name) is not None]
    choices = [asked[name] for name in ("n", "best_of") if asked.get(name) is not None]
    if any(type(number) is not int or number < 0 for number in (*given, *choices)):
        raise UnreadableError("a number of tokens or choices is not a whole number")
    return max(given) * max((*choices, 1)) if given else None


def upstream_body(reading: RequestReading) -> bytes:
    """Return the body for the model server: the caller's bytes, with usage asked for where due."""
    if not reading.usage_injected:
        return reading.body
    text = reading.body.decode("utf-8")
    options = read_object(text, len(text)).get("stream_options") or {}
    return with_member(text, "stream_options", {**options, "include_usage": True}).encode()
