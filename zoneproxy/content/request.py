"""A request's body, read whole: what is asked for, every string in it, and the objects that it names.

A body is read only as one strict JSON object (see `strict_json`), or, where the endpoint takes files, as
one strict form (see `form`); anything else is a state that the rails refuse. The bytes that go on to the
model server are the bytes that came in, but for one member: a streamed OpenAI request is always made to
ask for usage, because a stream without usage can't be metered.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

from zoneproxy.content.endpoint import Endpoint
from zoneproxy.content.form import Form, FormFile, read_form
from zoneproxy.content.lines import BatchReading, read_lines, read_requests
from zoneproxy.content.media import is_json, read_media_type
from zoneproxy.content.names import MOST_NAMES, Named, request_names
from zoneproxy.content.realtime import CLIENT_EVENTS, read_client_event
from zoneproxy.content.sealed import sealed_parts
from zoneproxy.content.strict_json import UnreadableError, read_object, with_member
from zoneproxy.content.walk import strings
from zoneproxy.terms.finding import Segment

RequestState = Literal["ok", "unknown_type", "unreadable", "too_large", "unasked"]
_REALTIME = "openai_realtime"
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
        sealed: the media of the parts that can't be looked into.
        text_bytes: UTF-8 bytes of all segments; prompt tokens can't be more in byte-level BPE.
        files: the files of a form, which are looked into as bodies of their own.
        names: the stored objects that the body refers to.
        keeps: what the answer makes stays in the zone.
        use: what an uploaded file is for (`batch`, ...), or empty.
        begins: a message of a session: it asks for an answer.
        event_id: the name that its sender gave such a message, or empty.
        assigned_id: the name that it goes on with where it has none.
        speech: of such a message, whether answers are to be spoken; `None` where it does not say.
    """

    state: RequestState
    body: bytes = b""
    model: str | None = None
    streamed: bool = False
    max_tokens: int | None = None
    include_usage: bool = False
    usage_injected: bool = False
    segments: tuple[tuple[Segment, str], ...] = ()
    sealed: tuple[str, ...] = ()
    text_bytes: int = 0
    files: tuple[FormFile, ...] = ()
    names: tuple[Named, ...] = ()
    keeps: bool = False
    use: str = ""
    begins: bool = False
    event_id: str = ""
    assigned_id: str = ""
    speech: bool | None = None

    def forgetful(self, body: bytes) -> RequestReading:
        """Return what is left once the strings and files were looked into, with these bytes as its body."""
        # As `dataclasses.replace` would, which looks at every field twice.
        return RequestReading(
            self.state,
            body,
            self.model,
            self.streamed,
            self.max_tokens,
            self.include_usage,
            self.usage_injected,
            (),
            self.sealed,
            self.text_bytes,
            (),
            self.names,
            self.keeps,
            self.use,
            self.begins,
            self.event_id,
            self.assigned_id,
            self.speech,
        )


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
    if endpoint.body == "none" or (endpoint.body == "optional" and not body):
        return RequestReading("unreadable" if body else "ok", body, keeps=bool(endpoint.makes))
    if content_encoding not in (None, "", "identity"):
        return RequestReading("unknown_type", body)
    try:
        if endpoint.dialect == _REALTIME:
            return _bounded(_read_event(body), limits)
        if endpoint.body == "form":
            media = read_media_type(content_type)
            if media is None or media.essence != "multipart/form-data":
                return RequestReading("unknown_type", body)
            return _bounded(_read_form(endpoint, read_form(body, media), body, limits), limits)
        if not is_json(content_type):
            return RequestReading("unknown_type", body)
        return _read_json(endpoint, body, limits)
    except UnreadableError:
        return RequestReading("unreadable", body)


def _read_json(endpoint: Endpoint, body: bytes, limits: RequestLimits) -> RequestReading:
    asked = read_object(body, limits.max_depth)
    if endpoint.dialect == "anthropic_batches":
        return _bounded(_with_batch(RequestReading("ok", body, keeps=True), read_requests(asked)), limits)
    fields = _asked(endpoint, asked)
    segments: list[tuple[Segment, str]] = []
    for pair in strings(asked):
        segments.append(pair)
        if len(segments) > limits.max_strings:
            return RequestReading("too_large", body)
    names = request_names(asked, endpoint.dialect)
    if len(names) > MOST_NAMES:
        return RequestReading("too_large", body)
    return RequestReading(
        "ok",
        body,
        **fields,
        segments=tuple(segments),
        sealed=tuple(set(sealed_parts(asked))),
        names=names,
        text_bytes=_size(segments),
    )


def _read_event(body: bytes) -> RequestReading:
    """Read one message of a session."""
    event = read_client_event(body)
    if event.kind not in CLIENT_EVENTS:
        # It is looked into like any other: who is told of the refusal hears nothing of what was found.
        return RequestReading(
            "unknown_type", body, segments=event.segments, sealed=event.sealed, event_id=event.event_id
        )
    return RequestReading(
        "unasked" if event.unasked else "ok",
        body,
        model=event.model,
        streamed=event.begins,
        max_tokens=event.max_tokens,
        segments=event.segments,
        sealed=event.sealed,
        names=event.names,
        begins=event.begins,
        event_id=event.event_id,
        speech=event.speech,
    )


def _bounded(reading: RequestReading, limits: RequestLimits) -> RequestReading:
    """Measure what was read; more than the limits is too large, whatever the parts of it say."""
    if len(reading.segments) > limits.max_strings or len(reading.names) > MOST_NAMES:
        return RequestReading("too_large", reading.body)
    return replace(reading, text_bytes=_size(reading.segments))


def _size(segments: Iterable[tuple[Segment, str]]) -> int:
    """Return the UTF-8 bytes of strings."""
    return sum([len(text) if text.isascii() else len(text.encode()) for _, text in segments])


def _with_batch(reading: RequestReading, batch: BatchReading) -> RequestReading:
    return replace(
        reading, model=batch.model, segments=batch.segments, sealed=batch.sealed, names=batch.names
    )


def _read_form(endpoint: Endpoint, form: Form, body: bytes, limits: RequestLimits) -> RequestReading:
    """Read a form's text fields; its files are left for whoever looks into bodies."""
    model, stream = form.field("model"), form.field("stream")
    if stream not in (None, "false"):
        raise UnreadableError("a form is not answered by a stream")
    asked = {name.removesuffix("[]"): value for name, value in form.fields}
    reading = RequestReading(
        "ok",
        body,
        model=model,
        segments=tuple((Segment.USER, f"{name}: {value}") for name, value in form.fields)
        + tuple((Segment.FILE, file.filename) for file in form.files),
        files=form.files,
        names=request_names(asked, endpoint.dialect),
        keeps=bool(endpoint.makes),
        use=(form.field("purpose") or "")[:64] if endpoint.purpose == "storage" else "",
        sealed=("part",) if "part" in endpoint.makes else (),
    )
    if reading.use == "batch":
        if len(form.files) != 1:
            raise UnreadableError("a batch has one file")
        batch = read_lines(form.files[0].data, limits.max_depth)
        return replace(
            reading,
            model=batch.model,
            segments=reading.segments + batch.segments,
            sealed=batch.sealed,
            names=batch.names,
            files=(),
        )
    return reading


def _asked(endpoint: Endpoint, asked: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a reading that members of a JSON body tell.

    Raises:
        UnreadableError: one of them has a value that it can't have.
    """
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
    store, background = asked.get("store"), asked.get("background")
    if any(given is not None and type(given) is not bool for given in (store, background)):
        raise UnreadableError("`store` or `background` is not true or false")
    if background and endpoint.kept != "unless":
        raise UnreadableError("the answer would not come on the connection that asked for it")
    inject = streamed and not include_usage and endpoint.dialect in _USAGE_DIALECTS
    return {
        "model": model,
        "streamed": streamed,
        "max_tokens": _max_tokens(asked),
        "include_usage": include_usage,
        "usage_injected": inject,
        "keeps": _keeps(endpoint, store=store, background=bool(background)),
        "use": "background" if background else "",
    }


def _keeps(endpoint: Endpoint, *, store: bool | None, background: bool) -> bool:
    """Tell whether what the answer makes stays in the zone."""
    match endpoint.kept:
        case "asked":
            return store is True
        case "unless":
            return store is not False or background
        case _:
            return bool(endpoint.makes)


def _max_tokens(asked: dict[str, Any]) -> int | None:
    given = [asked[name] for name in _MAX_TOKEN_FIELDS if asked.get(name) is not None]
    choices = [asked[name] for name in ("n", "best_of") if asked.get(name) is not None]
    if any(type(number) is not int or number < 0 for number in (*given, *choices)):
        raise UnreadableError("a number of tokens or choices is not a whole number")
    return max(given) * max((*choices, 1)) if given else None


def upstream_body(reading: RequestReading) -> bytes:
    """Return the body for the model server: the caller's bytes, with usage asked for where due."""
    if reading.assigned_id:
        return with_member(reading.body.decode("utf-8"), "event_id", reading.assigned_id).encode()
    if not reading.usage_injected:
        return reading.body
    text = reading.body.decode("utf-8")
    options = read_object(text, len(text)).get("stream_options") or {}
    return with_member(text, "stream_options", {**options, "include_usage": True}).encode()
