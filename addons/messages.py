"""mitmproxy's messages, made and checked without the detour.

The core looks up the declared type of each of a message's fields whenever one is made, which costs more than
all else about making it. The same check stands here in plain words; whatever does not pass it at once is
looked at by the core's own, which tells what is wrong, or that nothing is.

Seam used: `mitmproxy.http.MessageData.__post_init__` (12.2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mitmproxy import http

if TYPE_CHECKING:
    from collections.abc import Iterable

_TEXT = (bytes, type(None))
_FIELDS = (http.Headers, type(None))
_LATER = (float, int, type(None))
_core_check = http.MessageData.__post_init__


def headers_of(fields: Iterable[tuple[bytes, bytes]]) -> http.Headers:
    """Make headers of fields that are bytes already; the core would look at each of them again."""
    headers = http.Headers.__new__(http.Headers)
    headers.fields = tuple(fields)
    return headers


def check_quickly() -> None:
    """Check the messages that are made from now on by `check`."""
    http.MessageData.__post_init__ = check  # type: ignore[method-assign]


def check(data: http.MessageData) -> None:
    """Check the types of a message's fields.

    Raises:
        TypeError: one is of another type than is declared.
    """
    if not (
        isinstance(data.http_version, bytes)
        and isinstance(data.headers, http.Headers)
        and isinstance(data.content, _TEXT)
        and isinstance(data.trailers, _FIELDS)
        and isinstance(data.timestamp_start, (float, int))
        and isinstance(data.timestamp_end, _LATER)
        and _is_first_line(data)
    ):
        _core_check(data)


def _is_first_line(data: http.MessageData) -> bool:
    if isinstance(data, http.ResponseData):
        return isinstance(data.status_code, int) and isinstance(data.reason, bytes)
    return (
        isinstance(data, http.RequestData)
        and isinstance(data.host, str)
        and isinstance(data.port, int)
        and isinstance(data.method, bytes)
        and isinstance(data.scheme, bytes)
        and isinstance(data.authority, bytes)
        and isinstance(data.path, bytes)
    )
