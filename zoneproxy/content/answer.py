"""An answer's body, read whole: nothing of it leaves before it is judged.

A JSON answer is walked string by string. Any other body passes only where a stored file was asked
for and the bytes are text that can be looked into; every body, whatever it is declared to be, is
checked for a model file's header.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from zoneproxy.content.endpoint import Endpoint
from zoneproxy.content.media import is_json, read_media_type
from zoneproxy.content.scan import ScanSettings, scan_body, scan_bytes, scan_strings
from zoneproxy.content.sealed import sealed_parts
from zoneproxy.content.strict_json import UnreadableError, read_value
from zoneproxy.content.walk import strings
from zoneproxy.terms.finding import Finding, Segment

AnswerState = Literal["ok", "unreadable", "unknown_type", "too_large", "truncated", "malformed"]
_MAX_DEPTH = 64
_TEXT_TYPES = (
    "application/json", "application/jsonl", "application/x-jsonl", "application/x-ndjson",
    "application/octet-stream", "application/binary",
)  # fmt: skip
_MEDIA = ("audio/", "image/")
_OK = 200
_MULTIPLE = 300


@dataclass(frozen=True, slots=True)
class AnswerReading:
    """What an answer's body says.

    Attributes:
        state: `ok`, or why the body can't be read (values of the fact `response.state`).
        findings: what may not leave.
        document: the answer as a JSON object, for the meter, or `None`.
        text_bytes: UTF-8 bytes of all strings shown.
    """

    state: AnswerState
    findings: tuple[Finding, ...] = ()
    document: dict[str, Any] | None = None
    text_bytes: int = 0


def read_answer(  # noqa: PLR0917 - the order of an answer as it comes in
    endpoint: Endpoint | None,
    status: int,
    content_type: str | None,
    content_encoding: str | None,
    body: bytes,
    settings: ScanSettings,
) -> AnswerReading:
    """Read an answer's body; never raises, whatever the bytes are.

    Args:
        endpoint: what was asked for; `None` for the answer to a zone workload's own call, whose
            type is not known beforehand.
        status: the answer's HTTP status.
        content_type: the header's only value, or `None`.
        content_encoding: the header's only value, or `None`.
        body: the whole body, transfer coding undone.
        settings: detectors and their level.
    """
    if content_encoding not in (None, "", "identity"):
        return AnswerReading("unknown_type", scan_bytes(body, settings))
    if not body:
        return AnswerReading("ok")
    if is_json(content_type):
        return _json(body, settings)
    if endpoint is not None and endpoint.answer == "media" and _OK <= status < _MULTIPLE:
        return _media(content_type, body, settings)
    stored = endpoint is None or (endpoint.answer == "any" and _OK <= status < _MULTIPLE)
    if stored or (status >= _MULTIPLE and _is_text(content_type)):
        return _other(content_type, body, settings)
    return AnswerReading("unknown_type", scan_bytes(body, settings))


def _json(body: bytes, settings: ScanSettings) -> AnswerReading:
    findings = list(scan_bytes(body, settings))
    try:
        value = read_value(body, _MAX_DEPTH)
    except UnreadableError:
        return AnswerReading("unreadable", tuple(findings))
    pieces = list(strings(value, Segment.OUTPUT))
    size = sum(len(text) if text.isascii() else len(text.encode()) for _, text in pieces)
    findings.extend(scan_strings(pieces, settings, set(sealed_parts(value))))
    return AnswerReading("ok", tuple(findings), value if isinstance(value, dict) else None, size)


def _media(content_type: str | None, body: bytes, settings: ScanSettings) -> AnswerReading:
    """Sound or a picture: it can't be looked into, which is a finding, and policy decides."""
    media = read_media_type(content_type)
    if media is None or not media.essence.startswith(_MEDIA):
        return AnswerReading("unknown_type", scan_bytes(body, settings))
    sealed = scan_strings((), settings, (media.essence.partition("/")[0],))
    return AnswerReading("ok", (*scan_bytes(body, settings), *sealed))


def _is_text(content_type: str | None) -> bool:
    media = read_media_type(content_type)
    return media is not None and (media.essence.startswith("text/") or media.essence in _TEXT_TYPES)


def _other(content_type: str | None, body: bytes, settings: ScanSettings) -> AnswerReading:
    """A stored file, or an error page: it passes as text that could be looked into whole."""
    seen = scan_body(body, content_type, None, settings, segment=Segment.OUTPUT)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return AnswerReading("unknown_type", seen.findings)
    if not seen.whole or not _is_text(content_type) or "\x00" in text:
        return AnswerReading("unknown_type", seen.findings)
    return AnswerReading("ok", seen.findings, None, len(body))
