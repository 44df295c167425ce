"""What is sent: refusals, released answers, redirected requests, as mitmproxy's own messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mitmproxy import http

if TYPE_CHECKING:
    from zoneproxy.passage.commands import Forward, Refuse

CLOSE = "zoneproxy.close"
_SHUT_BODY = (
    b'{"error": {"message": "the boundary could not judge this request", "type": "zone_refusal",'
    b' "param": null, "code": "internal-error"}}'
)


def shut() -> http.Response:
    """Make the answer that stands until a hook has come to its end."""
    return http.Response.make(
        500,
        _SHUT_BODY,
        {"content-type": "application/json", "x-should-retry": "false", "connection": "close"},
    )


def fields_of(headers: tuple[tuple[str, str], ...]) -> http.Headers:
    """Write header fields as mitmproxy holds them."""
    return http.Headers([(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers])


def closing(flow: http.HTTPFlow) -> tuple[tuple[str, str], ...]:
    """Return what tells the caller that its connection ends, where it asked for that."""
    return (("connection", "close"),) if flow.metadata.get(CLOSE) else ()


def framing(flow: http.HTTPFlow) -> tuple[tuple[str, str], ...]:
    """Return how a streamed answer ends: in chunks, or for HTTP/1.0 with its connection."""
    if flow.request.http_version == "HTTP/1.0":
        return (("connection", "close"),)
    return (("transfer-encoding", "chunked"), *closing(flow))


def page_of(order: Refuse, *, close: bool) -> http.Response:
    """Write a refusal; `close` ends the caller's connection with it."""
    extra = (("connection", "close"),) if close else ()
    return http.Response.make(order.status, order.body, fields_of(order.headers + extra))


def direct(flow: http.HTTPFlow, forward: Forward) -> None:
    """Point the flow at its destination, with exactly the headers and body that were judged."""
    request = flow.request
    request.data.host, request.data.port = forward.host, forward.port
    request.scheme = "http"
    request.authority = ""
    request.headers = fields_of(forward.headers)
    request.data.content = forward.body


def failure_of(words: str) -> str:
    """Tell by mitmproxy's words why there is no answer: none came, or none that can be read."""
    if "parse" in words or "size_limit" in words or "unexpected server response" in words:
        return "return-unreadable"
    return "upstream-failed"


def truncation_of(words: str) -> str:
    """Tell by mitmproxy's words why an answer broke off."""
    return "return-unreadable" if "size_limit" in words else "upstream-truncated"
