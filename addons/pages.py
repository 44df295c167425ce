"""What is sent: refusals, released answers, redirected requests, as mitmproxy's own messages."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from mitmproxy import http
from mitmproxy.net.http import status_codes

from addons.heads import SPELLED
from addons.messages import headers_of

if TYPE_CHECKING:
    from zoneproxy.passage.commands import Forward, Refuse

CLOSE = "zoneproxy.close"
VERSION = "zoneproxy.version"
_SHUT_BODY = (
    b'{"error": {"message": "the boundary could not judge this request", "type": "zone_refusal",'
    b' "param": null, "code": "internal-error"}}'
)


_SHUT_FIELDS = (
    (b"content-type", b"application/json"),
    (b"x-should-retry", b"false"),
    (b"connection", b"close"),
    (b"content-length", b"%d" % len(_SHUT_BODY)),
)


def shut() -> http.Response:
    """Make the answer that stands until a hook has come to its end."""
    return _whole(500, headers_of(_SHUT_FIELDS), _SHUT_BODY)


def fields_of(headers: tuple[tuple[str, str], ...]) -> http.Headers:
    """Write header fields as mitmproxy holds them."""
    return headers_of(
        (SPELLED.get(name) or name.encode("latin-1"), value.encode("latin-1")) for name, value in headers
    )


def released(status: int, headers: tuple[tuple[str, str], ...], body: bytes) -> http.Response:
    """Make a whole answer; its headers say how long it is."""
    return _whole(status, fields_of(headers), body)


def _whole(status: int, headers: http.Headers, body: bytes) -> http.Response:
    now_s = time.time()
    reason = status_codes.RESPONSES.get(status, "").encode()
    return http.Response(b"HTTP/1.1", status, reason, headers, body, None, now_s, now_s)


def closing(flow: http.HTTPFlow) -> tuple[tuple[str, str], ...]:
    """Return what tells the caller that its connection ends, where it asked for that."""
    return (("connection", "close"),) if flow.metadata.get(CLOSE) else ()


def framing(flow: http.HTTPFlow) -> tuple[tuple[str, str], ...]:
    """Return how a streamed answer ends: in chunks, or for HTTP/1.0 with its connection."""
    if flow.metadata.get(VERSION, flow.request.http_version) == "HTTP/1.0":
        return (("connection", "close"),)
    return (("transfer-encoding", "chunked"), *closing(flow))


def page_of(order: Refuse, *, close: bool) -> http.Response:
    """Write a refusal; `close` ends the caller's connection with it."""
    extra = (("connection", "close"),) if close else ()
    return http.Response.make(order.status, order.body, fields_of(order.headers + extra))


def streamed(status: int, headers: http.Headers) -> http.Response:
    """Make the head of a streamed answer; what the server said of version, reason and connection stays."""
    reason = status_codes.RESPONSES.get(status, "").encode()
    head = http.Response(b"HTTP/1.1", status, reason, headers, None, None, time.time(), None)
    head.stream = True
    return head


def direct(flow: http.HTTPFlow, forward: Forward) -> None:
    """Send to the flow's destination exactly the headers and body that were judged.

    The caller's own head stays as it is, for its end of the connection to be read from.
    """
    old = flow.request.data
    flow.metadata[VERSION] = flow.request.http_version
    flow.request = http.Request(
        forward.host,
        forward.port,
        old.method,
        b"https" if forward.tls else b"http",
        b"",
        old.path,
        b"HTTP/1.1",
        fields_of(forward.headers),
        forward.body,
        None,
        old.timestamp_start,
        old.timestamp_end,
    )
    old.content = b""  # it was judged; an answer may take an hour, and prompts are large


def failure_of(words: str, distrust: str = "") -> str:
    """Tell by mitmproxy's words why there is no answer: none came, or none that can be read.

    With `distrust` nothing was asked: the server could not prove who it is.
    """
    if distrust:
        return "upstream-untrusted"
    # The last are mitmproxy's words for two lengths, and for a coding that may not be.
    if any(said in words for said in ("parse", "size_limit", "unexpected server response", "smuggling")):
        return "return-unreadable"
    return "upstream-failed"


def truncation_of(words: str) -> str:
    """Tell by mitmproxy's words why an answer broke off."""
    broken = "protocol error" in words and "peer closed" not in words
    return "return-unreadable" if "size_limit" in words or broken else "upstream-truncated"
