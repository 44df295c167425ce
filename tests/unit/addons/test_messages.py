"""Messages are made without the detour, and checked as strictly as the core does."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import pytest
from mitmproxy import http
from mitmproxy.coretypes import multidict

from addons.messages import CORE_LOOK_UP, check, check_quickly, headers_of

REQUEST: dict[str, Any] = {
    "http_version": b"HTTP/1.1", "headers": http.Headers(), "content": b"", "trailers": None,
    "timestamp_start": 1.0, "timestamp_end": None, "host": "a", "port": 1, "method": b"POST",
    "scheme": b"http", "authority": b"", "path": b"/",
}  # fmt: skip
RESPONSE: dict[str, Any] = {
    **{name: REQUEST[name] for name in list(REQUEST)[:6]}, "status_code": 200, "reason": b"OK",
}  # fmt: skip
VALUES: list[Any] = [None, b"a", "a", 1, 1.5, True, [], http.Headers(), (b"a", b"b")]


def accepts(look: Any, data: http.MessageData) -> bool:
    try:
        look(data)
    except TypeError:
        return False
    return True


@pytest.mark.parametrize(
    ("kind", "good"),
    [(http.RequestData, REQUEST), (http.ResponseData, RESPONSE)],
    ids=["request", "response"],
)
def test_the_check_is_the_cores(kind: Any, good: dict[str, Any]) -> None:
    """Whatever stands in whichever field is taken or refused as the core's own check does."""
    data = kind(**good)
    core = check.__globals__["_core_check"]
    assert accepts(check, data)
    refused = 0
    for name, sound in good.items():
        for value in VALUES:
            setattr(data, name, value)
            assert accepts(check, data) is accepts(core, data), (name, value)
            refused += not accepts(check, data)
        setattr(data, name, sound)
    assert refused > len(good) * 4


def test_headers_are_those_of_the_core() -> None:
    """Made of bytes, they are what the core would make, in the same order."""
    fields = [(b"a", b"1"), (b"B", b"2"), (b"a", b"3")]
    assert headers_of(fields) == http.Headers(fields)
    assert headers_of(fields)["a"] == "1, 3"


LOOKED_UP = [
    [],
    [(b"a", b"1"), (b"B", b"2"), (b"A", b"3"), (b"\xc3\x89", b"\xff"), (b"", b"4")],
]
NAMES: list[Any] = ["a", "A", "b", b"a", b"B", "\u00c9", "", "c", "aa", 1]


@pytest.mark.parametrize("fields", LOOKED_UP, ids=["none", "some"])
def test_headers_are_looked_up_as_the_core_does(fields: list[tuple[bytes, bytes]]) -> None:
    """Each way to look a header up gives the core's own answer, or its own exception."""
    core = {name: inspect.getattr_static(multidict._MultiDict, name) for name in ("__getitem__",)}
    plain = type("Plain", (http.Headers,), {"get_all": CORE_LOOK_UP, **core})
    for name in ("get", "__contains__"):
        setattr(plain, name, getattr(Mapping, name))
    check_quickly()
    ours, theirs = http.Headers(fields), plain(fields)

    def told(look: Any) -> Any:
        try:
            return look()
        except (KeyError, TypeError) as error:
            return type(error)

    for name in NAMES:
        for look in (
            lambda of, name=name: of.get_all(name),
            lambda of, name=name: of.get(name, "absent"),
            lambda of, name=name: of[name],
            lambda of, name=name: name in of,
        ):
            assert told(lambda look=look: look(ours)) == told(lambda look=look: look(theirs)), name
