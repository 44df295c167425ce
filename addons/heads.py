"""What a well-formed request head is, stricter than mitmproxy's parser.

mitmproxy forwards bare CR and NUL in values, folded lines, any method token and absolute-form
targets; each of those has been used to make two servers disagree on where a message ends
(RFC 9112 sections 2.2, 3, 5.1 and 5.2 say what a server must do with them: reject).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zoneproxy.passage.events import HeadArrived, Headers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mitmproxy import http

    from zoneproxy.assembly import Boundary as Core
    from zoneproxy.terms.facts import FactValue

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT"})
_BODILESS = frozenset({"GET", "HEAD", "OPTIONS", "CONNECT"})
_TARGET = re.compile(r"[!-~]+\Z", re.ASCII)
# What is judged is what is forwarded: a longer target is refused, never cut.
_MAX_PATH = 2048
_MAX_TARGET = 8192
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z", re.ASCII)
# Field values are visible ASCII, blanks and obs-text (RFC 9110 section 5.5); no control character.
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*\Z")
# gRPC's frames are in no dialect, and its status stands in trailers: it is another protocol.
_GRPC = "application/grpc"
# RFC 9112, section 3.2: a name or an address, perhaps a port; no userinfo, no path, and not nothing.
_HOST = re.compile(r"(?:[0-9A-Za-z._~-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?\Z", re.ASCII)
# Such an option asks the next hop to drop what says how the body is to be read (RFC 9110, section 7.6.1).
_MESSAGE = re.compile(r"(?i)(?:\A|,)[ \t]*(?:content-[a-z]+|host)[ \t]*(?:,|\Z)")
# Names that most requests and answers have: one string for all of them, not one for each that is under way.
_COMMON = ("accept", "accept-encoding", "accept-language", "anthropic-version", "authorization",
           "cache-control", "connection", "content-digest", "content-encoding", "content-length",
           "content-type", "date", "expect", "host", "server", "signature", "signature-input", "traceparent",
           "transfer-encoding", "user-agent", "x-api-key", "zone-flow", "zone-origin",
           "zone-trace")  # fmt: skip
KNOWN = {form(name).encode(): name for name in _COMMON for form in (str.lower, str.title)}
SPELLED = {name: name.encode() for name in _COMMON}
_SINGLE = ("content-type", "content-length", "content-encoding", "transfer-encoding", "host",
           "authorization", "x-api-key", "expect")  # fmt: skip


def header_list(fields: tuple[tuple[bytes, bytes], ...]) -> Headers:
    """Decode header fields: names in lower case, values as ISO-8859-1, blanks around cut."""
    return tuple(
        (KNOWN.get(name) or name.decode("latin-1").lower(), value.decode("latin-1").strip(" \t"))
        for name, value in fields
    )


def is_last(request: http.Request) -> bool:
    """Tell whether a request is the last of its connection; HTTP/1.0 keeps none (RFC 9112, section 9.3)."""
    tokens = ",".join(request.headers.get_all("connection")).lower().split(",")
    return request.http_version == "HTTP/1.0" or "close" in (token.strip() for token in tokens)


def fault_of(request: http.Request, *, forward_proxy: bool) -> tuple[str, str]:
    """Tell what is wrong with a head.

    Args:
        request: as mitmproxy parsed it.
        forward_proxy: True on the zone's outward door, where targets are in absolute form.

    Returns:
        A value of the fact `request.state` (`ok` where nothing is wrong) and our words for it.
    """
    if request.method == "CONNECT":
        return "tunnel", "CONNECT"
    headers = header_list(request.headers.fields)
    if fault := _line_fault(request, forward_proxy=forward_proxy) or header_fault(headers, request.method):
        return "malformed", fault
    if any(name == "upgrade" for name, _ in headers):
        if request.http_version == "HTTP/1.0":  # it knows no upgrade (RFC 9110, section 7.8)
            return "malformed", "an upgrade of HTTP/1.0"
        return "upgrade", "an upgrade"
    if any(name == "content-type" and value.lower().startswith(_GRPC) for name, value in headers):
        return "upgrade", "gRPC"
    return "ok", ""


def _line_fault(request: http.Request, *, forward_proxy: bool) -> str:
    if request.method not in METHODS:
        return "unknown method"
    if request.http_version not in ("HTTP/1.1", "HTTP/1.0"):
        return "unknown HTTP version"
    if len(request.path) > _MAX_TARGET or len(request.path.partition("?")[0]) > _MAX_PATH:
        return "a target that is too long"
    if not _TARGET.match(request.path):
        return "a character that a target may not have"
    # At the outward door mitmproxy has already read the target's authority, or else the host, as the
    # destination: that is what is judged, whichever form named it.
    if request.authority and not forward_proxy:
        return "a target in the wrong form for this door"
    if forward_proxy and request.scheme != "http":
        return "a target of another scheme than http, outside of a tunnel"
    if not request.path.startswith("/"):
        return "a target that is no path"
    # A fragment is no part of a target (RFC 9112 section 3.2), and two servers may cut it or not.
    return "a fragment in the target" if "#" in request.path else ""


def header_fault(headers: Headers, method: str) -> str:
    """Tell what is wrong with a request's header fields, in our words; nothing where nothing is."""
    names = [name for name, _ in headers]
    repeats = len(frozenset(names)) < len(names)
    repeated = next((name for name in _SINGLE if names.count(name) > 1), "") if repeats else ""
    if names and not (all(names) and _NAME.match("".join(names))):
        return "a character that a header name may not have"
    if not _VALUE.match("".join([value for _, value in headers])):
        return "a control character in a header value"
    if repeated:
        return f"the header {repeated} twice"
    if "host" not in names:
        return "no host"
    if not _HOST.match(next(value for name, value in headers if name == "host")):
        return "a host that is none"
    if any(name == "connection" and _MESSAGE.search(value) for name, value in headers):
        return "a connection option that names a field of the message"
    if "content-length" in names and "transfer-encoding" in names:
        return "two lengths"
    if any(name == "expect" and value.lower() != "100-continue" for name, value in headers):
        return "an expectation that nobody knows"
    # Some servers read no body here, and would take one for the next request.
    has_body = any(
        name == "transfer-encoding" or (name == "content-length" and value != "0") for name, value in headers
    )
    if method in _BODILESS and has_body:
        return "a body where none may be"
    return "trailers" if "trailer" in names else ""


def unread(state: str, detail: str, core: Core) -> HeadArrived:
    """Build the event of a connection of which no head can be read, or is not read.

    Args:
        state: a value of the fact `request.state`.
        detail: why, in our words.
        core: says what time it is, and whether the log takes records.
    """
    return HeadArrived(
        method="", target_host="", target_port=0, path="", headers=(), state=state, detail=detail,
        now_ms=core.clock.now_ms(), trace_writable=core.journal.writable,
    )  # fmt: skip


def read_head(
    request: http.Request,
    *,
    forward_proxy: bool,
    now_ms: int,
    trace_writable: bool,
    tag: str = "missing",
    parent: Mapping[str, FactValue] | None = None,
    parent_id: str = "",
    fault: str = "",
) -> HeadArrived:
    """Build the event of a parsed head.

    Args:
        request: as mitmproxy parsed it.
        forward_proxy: True on the zone's outward door.
        now_ms: milliseconds since 1970 UTC.
        trace_writable: the journal takes records.
        tag: how the tag that a zone workload's call carries stands.
        parent: facts of the exchange that this call works for, or `None`.
        parent_id: that exchange's id, or empty.
        fault: why mitmproxy itself refuses the head, or empty.
    """
    state, detail = ("malformed", fault) if fault else fault_of(request, forward_proxy=forward_proxy)
    path, _, query = request.path.partition("?")
    return HeadArrived(
        method=request.method,
        target_host=(request.host if forward_proxy else request.headers.get("host", ""))[:255],
        target_port=request.port if forward_proxy else 0,
        path=path[:_MAX_PATH],
        query=query,
        headers=header_list(request.headers.fields),
        state=state,
        now_ms=now_ms,
        trace_writable=trace_writable,
        tag=tag,
        parent=parent,
        parent_id=parent_id,
        detail=detail,
    )
