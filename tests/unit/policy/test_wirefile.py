"""The form of tests on the wire: closed, bounded, and nothing in it can break out of a header."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from zoneproxy.policy.wirefile import Wire

SMALL: dict[str, Any] = {"door": "cable-sg-1", "expect": {"status": 200}}


def test_the_smallest_exchange() -> None:
    """A door and an expectation will do: the rest is an ordinary chat request and answer."""
    wire = Wire.model_validate(SMALL)
    assert wire.request.line == "POST /v1/chat/completions HTTP/1.1"
    assert wire.upstream.status == 200
    assert wire.tenant is None


@pytest.mark.parametrize(
    "change",
    [
        {"doors": "x"},
        {"door": "Cable"},
        {"request": {"headers": {"a b": "c"}}},
        {"request": {"headers": {"a": "b\r\nc: d"}}},
        {"request": {"line": "GET / HTTP/1.1\r\nx: y"}},
        {"upstream": {"status": 99}},
        {"upstream": {"headers": {"a": "b\n"}}},
        {"from": "anywhere"},
        {"from": {"side": "domestic"}},
        {"market": "XX"},
        {"expect": {"end": "whatever"}},
    ],
)
def test_what_is_no_exchange(change: dict[str, Any]) -> None:
    """Unknown fields, words and header texts are mistakes of the file."""
    with pytest.raises(ValidationError):
        Wire.model_validate({**SMALL, **change})
