"""`zoneproxy.cli.json_lines`: a line ends with a line feed, whatever stands in it."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from zoneproxy.cli.json_lines import Body, body_of, read_lines
from zoneproxy.terms.errors import ConfigError

# All that `str.splitlines` takes for a line's end, and JSON lets stand in a string as it is.
OTHER_ENDS = ("\x85", "\u2028", "\u2029")


def read(data: bytes) -> list[Any]:
    lines = data.split(b"\n")
    assert list(read_lines(io.BytesIO(data), _same, file="f", what="a value", hint="")) == (
        list(read_lines(lines, _same, file="f", what="a value", hint=""))
    )
    return list(read_lines(lines, _same, file="f", what="a value", hint=""))


def _same(value: Any) -> Any:
    return value


@pytest.mark.parametrize("character", OTHER_ENDS, ids=ascii)
def test_only_a_line_feed_ends_a_line(character: str) -> None:
    """A character that ends lines elsewhere stays where it stands, and lines keep their numbers."""
    value = {"text": f"one{character}two"}
    data = json.dumps(value, ensure_ascii=False).encode()
    assert read(data + b"\r\n\n" + data + b"\n") == [value, value]
    with pytest.raises(ConfigError, match="line 2 of `f` is not a value"):
        read(data + b"\n{")


@pytest.mark.parametrize("line", [b"{", b"\xff", b"[" * 100_000, b"{} {}"], ids=lambda line: line[:8].hex())
def test_what_is_no_value_is_told_with_its_line(line: bytes) -> None:
    """Broken JSON, broken UTF-8 and bottomless nesting are the file's fault, at a line."""
    with pytest.raises(ConfigError, match="line 3 of `f` is not a value"):
        read(b"1\n\n" + line)


def test_bodies() -> None:
    """Text or bytes; an empty header is none."""
    assert body_of({"id": 7, "text": "汕", "content_type": ""}) == Body("7", "汕".encode(), None, None)
    packed = {"id": "b", "body_b64": "aGk=", "content_type": "text/plain", "content_encoding": "gzip"}
    assert body_of(packed) == Body("b", b"hi", "text/plain", "gzip")
    for broken in ({"id": "b", "body_b64": "?"}, {"text": "no id"}, {"id": "neither"}):
        with pytest.raises((ValueError, KeyError)):
            body_of(broken)
