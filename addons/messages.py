"""mitmproxy's messages, made and checked without the detour.

The core looks up the declared type of each of a message's fields whenever one is made, which costs more than
all else about making it. The same check stands here in plain words; whatever does not pass it at once is
looked at by the core's own, which tells what is wrong, or that nothing is.

A header is looked up thirty times in an exchange, mostly one that is not there. The core makes bytes and a
lower-case copy of each name, a list of the values, and an exception of their absence; the same answers are
given here with none of these.

Seams used, in `mitmproxy.http` (12.2): `MessageData.__post_init__`, and the look-ups of `Headers`.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from mitmproxy import http

if TYPE_CHECKING:
    from collections.abc import Iterable

_TEXT = (bytes, type(None))
_FIELDS = (http.Headers, type(None))
_LATER = (float, int, type(None))
_core_check = http.MessageData.__post_init__
CORE_LOOK_UP = http.Headers.get_all


def headers_of(fields: Iterable[tuple[bytes, bytes]]) -> http.Headers:
    """Make headers of fields that are bytes already; the core would look at each of them again."""
    headers = http.Headers.__new__(http.Headers)
    headers.fields = tuple(fields)
    return headers


def check_quickly() -> None:
    """Check the messages that are made from now on by `check`, and look headers up by `values_of`."""
    http.MessageData.__post_init__ = check  # type: ignore[method-assign]
    http.Headers.get_all = values_of  # type: ignore[method-assign, assignment]
    http.Headers.get = _get  # type: ignore[method-assign, assignment]
    http.Headers.__getitem__ = _item  # type: ignore[method-assign, assignment]
    http.Headers.__contains__ = _has  # type: ignore[method-assign, assignment]


@functools.lru_cache(maxsize=1024)
def _sought(name: str | bytes) -> bytes:
    if not isinstance(name, str | bytes):
        raise TypeError(f"a header's name is text or bytes, not {type(name).__name__}")
    return (name.encode("utf-8", "surrogateescape") if isinstance(name, str) else name).lower()


def values_of(headers: http.Headers, name: str | bytes) -> list[str]:
    """Return all values of a header, in their order, as the core's `get_all` does.

    Raises:
        TypeError: the name is neither text nor bytes.
    """
    sought = _sought(name)
    size = len(sought)
    return [
        value.decode("utf-8", "surrogateescape")
        for key, value in headers.fields
        if len(key) == size and key.lower() == sought
    ]


def _get(headers: http.Headers, name: str | bytes, default: Any = None) -> Any:
    found = values_of(headers, name)
    return ", ".join(found) if found else default


def _item(headers: http.Headers, name: str | bytes) -> str:
    found = values_of(headers, name)
    if not found:
        raise KeyError(name)
    return ", ".join(found)


def _has(headers: http.Headers, name: object) -> bool:
    sought = _sought(name)  # whatever it is: `_sought` tells
    size = len(sought)
    return any(len(key) == size and key.lower() == sought for key, _ in headers.fields)


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
