"""The input file of a batch: one request a line, each read in its own dialect.

    {"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "m", ...}}

A batch is judged when its file is uploaded, because nothing of it comes by again: every line is an
endpoint that the zone serves as inference, none streams or answers later, and all name one model, which the
tenant's chain must cover. Source: OpenAI's Batch API reference. Anthropic's Message Batches have the same
shape in one JSON object (`requests[].params`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from zoneproxy.content.dialects import recognise
from zoneproxy.content.names import Named, request_names
from zoneproxy.content.sealed import sealed_parts
from zoneproxy.content.strict_json import UnreadableError, read_object
from zoneproxy.content.walk import strings
from zoneproxy.terms.finding import Segment

MOST_LINES = 50_000
_KEYS = frozenset(("custom_id", "method", "url", "body"))


@dataclass(frozen=True, slots=True)
class BatchReading:
    """What a batch's requests say, together.

    Attributes:
        model: the one model that they name.
        segments: every string with whose words it is.
        sealed: the media of the parts that can't be looked into.
        names: the stored objects that they refer to.
    """

    model: str
    segments: tuple[tuple[Segment, str], ...]
    sealed: tuple[str, ...]
    names: tuple[Named, ...]


def read_lines(data: bytes, max_depth: int) -> BatchReading:
    """Read a batch's input file.

    Raises:
        UnreadableError: a line is no request that the zone serves, or they name several models.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise UnreadableError("the file is not UTF-8") from None
    lines = [line for line in text.split("\n") if line.strip(" \t\r")]
    if len(lines) > MOST_LINES:
        raise UnreadableError("the batch has too many lines")
    return _joined(_line(read_object(line, max_depth)) for line in lines)


def read_requests(document: dict[str, Any]) -> BatchReading:
    """Read the body that makes an Anthropic message batch; errors as in `read_lines`."""
    requests = document.get("requests")
    if not isinstance(requests, list):
        raise UnreadableError("the batch has no requests")
    return _joined(_request(one) for one in requests)


def _joined(read: Iterable[tuple[dict[str, Any], str, str]]) -> BatchReading:
    segments, sealed, names = list[tuple[Segment, str]](), set[str](), dict[Named, None]()
    models = set[str]()
    for document, model, dialect in read:
        models.add(model)
        segments.extend(strings(document))
        sealed.update(sealed_parts(document))
        names.update(dict.fromkeys(request_names(document, dialect)))
    if len(models) != 1:
        raise UnreadableError("a batch names one model")
    return BatchReading(next(iter(models)), tuple(segments), tuple(sealed), tuple(names))


def _line(line: dict[str, Any]) -> tuple[dict[str, Any], str, str]:
    method, url, body = line.get("method"), line.get("url"), line.get("body")
    if not line.keys() <= _KEYS or not (isinstance(method, str) and isinstance(url, str)):
        raise UnreadableError("a line is no request")
    endpoint = recognise(method, url)
    if endpoint is None or not endpoint.is_inference or endpoint.body != "json" or endpoint.model_of:
        raise UnreadableError("a line asks for what a batch can't")
    if not isinstance(body, dict):
        raise UnreadableError("a line has no body")
    return line, _model(body), endpoint.dialect


def _request(request: Any) -> tuple[dict[str, Any], str, str]:
    params = request.get("params") if isinstance(request, dict) else None
    if not isinstance(params, dict):
        raise UnreadableError("a request has no parameters")
    return request, _model(params), "anthropic_messages"


def _model(body: dict[str, Any]) -> str:
    model = body.get("model")
    if not isinstance(model, str) or body.get("stream") not in (None, False):
        raise UnreadableError("a request names no model, or asks for a stream")
    if body.get("background") not in (None, False):
        raise UnreadableError("a request would answer later still")
    return model
