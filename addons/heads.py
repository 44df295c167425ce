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

    from zoneproxy.terms.facts import FactValue

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT"})
_TARGET = re.compile(r"[!-~]+\Z", re.ASCII)
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z", re.ASCII)
# Field values are visible ASCII, blanks and obs-text (RFC 9110 section 5.5); no control character.
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*\Z")
_SINGLE = ("content-type", "content-length", "content-encoding", "transfer-encoding", "host",
           "authorization", "x-api-key", "expect")  # fmt: skip


def header_list(fields: tuple[tuple[bytes, bytes], ...]) -> Headers:
    """Decode header fields: names in lower case, values as ISO-8859-1, blanks around cut."""
    return tuple(
        (name.decode("latin-1").lower(), value.decode("latin-1").strip(" \t")) for name, value in fields
    )


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
    if fault := _line_fault(request, forward_proxy=forward_proxy) or _header_fault(headers):
        return "malformed", fault
    if any(name == "upgrade" for name, _ in headers):
        return "upgrade", "an upgrade"
    return "ok", ""


def _line_fault(request: http.Request, *, forward_proxy: bool) -> str:
    if request.method not in METHODS:
        return "unknown method"
    if request.http_version not in ("HTTP/1.1", "HTTP/1.0"):
        return "unknown HTTP version"
    if not _TARGET.match(request.path):
        return "a character that a target may not have"
    # At the outward door mitmproxy has already read the target's authority, or else the host, as the
    # destination: that is what is judged, whichever form named it.
    if request.authority and not forward_proxy:
        return "a target in the wrong form for this door"
    if not request.path.startswith("/"):
        return "a target that is no path"
    # A fragment is no part of a target (RFC 9112 section 3.2), and two servers may cut it or not.
    return "a fragment in the target" if "#" in request.path else ""


def _header_fault(headers: Headers) -> str:
    names = [name for name, _ in headers]
    repeated = next((name for name in _SINGLE if names.count(name) > 1), "")
    if not all(_NAME.match(name) for name in names):
        return "a character that a header name may not have"
    if not all(_VALUE.match(value) for _, value in headers):
        return "a control character in a header value"
    if repeated:
        return f"the header {repeated} twice"
    if "host" not in names:
        return "no host"
    if "content-length" in names and "transfer-encoding" in names:
        return "two lengths"
    return "trailers" if "trailer" in names else ""


def read_head(
    request: http.Request,
    *,
    forward_proxy: bool,
    now_ms: int,
    trace_writable: bool,
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
        parent: facts of the exchange that a zone workload's call works for, or `None`.
        parent_id: that exchange's id, or empty.
        fault: why mitmproxy itself refuses the head, or empty.
    """
    state, detail = ("malformed", fault) if fault else fault_of(request, forward_proxy=forward_proxy)
    # What is judged is what is forwarded: nothing but the query is taken off the target.
    path, mark, _query = request.path.partition("?")
    return HeadArrived(
        method=request.method,
        target_host=(request.host if forward_proxy else request.headers.get("host", ""))[:255],
        target_port=request.port if forward_proxy else 0,
        path=path[:2048],
        has_query=bool(mark),
        headers=header_list(request.headers.fields),
        state=state,
        now_ms=now_ms,
        trace_writable=trace_writable,
        parent=parent,
        parent_id=parent_id,
        detail=detail,
    )
