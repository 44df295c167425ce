"""What a caller is told when something is refused, in the form its SDK raises on.

A refusal's message holds the reason's text, the remedy, the reason code and the trace index, and
nothing of what was found. A stream is never just closed: the official SDKs take a bare close for
a normal end, so a cut is an event that they raise on.

OpenAI: `{"error": {"message", "type", "param", "code", "trace", "flow"}}`; in a stream the same
object as one `data:` event. Anthropic: `{"type": "error", "error": {"type", "message", ...}}`; in
a stream as an `event: error`. OpenAI's Responses: as OpenAI; in a stream an `event: error` with
`type`, `code`, `message` and `param` as that API has them, and with `error` as well, because it is
the member that the official SDKs raise on. A caller of an unknown dialect gets the OpenAI form.

OpenAI's Realtime: one text message, `{"type": "error", "event_id", "error": {...}}`; the refusal of a
handshake is an HTTP answer with the same body.

Where a market has a deployment of its own, the message names its address instead of the remedy, and the
error object has it as `local_deployment`. Realtime's error object has the name of the caller's own event that
it is about, as `event_id`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from zoneproxy.terms.reasons import Reason

_ANTHROPIC = "anthropic_messages"
_RESPONSES = "openai_responses"
_REALTIME = "openai_realtime"
_TYPES: Mapping[int, tuple[str, str]] = {
    400: ("invalid_request_error", "invalid_request_error"),
    402: ("insufficient_quota", "billing_error"),
    404: ("invalid_request_error", "not_found_error"),
    413: ("invalid_request_error", "request_too_large"),
    415: ("invalid_request_error", "invalid_request_error"),
    429: ("rate_limit_error", "rate_limit_error"),
    500: ("server_error", "api_error"),
    502: ("server_error", "api_error"),
    503: ("server_error", "overloaded_error"),
}
_DENIED = ("permission_error", "permission_error")


def refusal_body(
    dialect: str, reason: Reason, *, trace: str, flow: str, deployment: str = "", culprit: str = ""
) -> bytes:
    """Write a refusal as the body of an HTTP answer.

    Args:
        dialect: the API that the caller speaks, as the fact `request.dialect` names it.
        reason: why; only its code, text and remedy are told.
        trace: name of the record, or empty where none could be written.
        flow: the exchange's id.
        deployment: address of the deployment in the caller's own market, or empty.
        culprit: of a session's message, the name that its caller gave it, or empty.
    """
    return _write(_refusal(dialect, reason, trace=trace, flow=flow, deployment=deployment, culprit=culprit))


def cut_event(
    dialect: str, reason: Reason, *, trace: str, flow: str, deployment: str = "", culprit: str = ""
) -> bytes:
    """Write a refusal as the last event of a stream; it begins with a blank line, but for Realtime's.

    The blank line ends whatever event the caller may be in the middle of. Arguments as of `refusal_body`.
    """
    told = _refusal(dialect, reason, trace=trace, flow=flow, deployment=deployment, culprit=culprit)
    if dialect == _REALTIME:
        return _write(told)
    if dialect == _RESPONSES:
        told |= {"type": "error", **{name: told["error"][name] for name in ("code", "message", "param")}}
    name = b"event: error\n" if dialect in (_ANTHROPIC, _RESPONSES) else b""
    return b"\n\n" + name + b"data: " + _write(told) + b"\n\n"


def _refusal(
    dialect: str, reason: Reason, *, trace: str, flow: str, deployment: str, culprit: str
) -> dict[str, Any]:
    message = reason.text
    if deployment:
        message += f"; call the deployment in your market: {deployment}"
    elif reason.remedy:
        message += f"; {reason.remedy}"
    message += f" (reason: {reason.code}{f', trace: {trace}' if trace else ''})"
    openai_type, anthropic_type = _TYPES.get(reason.status, _DENIED)
    told: dict[str, Any] = {"message": message, "code": reason.code, "trace": trace or None, "flow": flow}
    if deployment:
        told["local_deployment"] = deployment
    if dialect == _ANTHROPIC:
        return {"type": "error", "error": {"type": anthropic_type, **told}, "request_id": flow}
    error = {**told, "type": openai_type, "param": None}
    if dialect == _REALTIME:
        return {"type": "error", "event_id": f"event_{flow}", "error": {**error, "event_id": culprit or None}}
    return {"error": error}


def _write(told: dict[str, Any]) -> bytes:
    return json.dumps(told, ensure_ascii=True, separators=(",", ":")).encode()
