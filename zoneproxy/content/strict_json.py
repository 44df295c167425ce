"""JSON read so that no other reader can understand another thing.

What two parsers may take differently is refused: duplicate keys at any depth, `NaN` and
`Infinity`, a byte order mark, bytes that are not UTF-8, lone surrogates, deep nesting, and
whatever follows the first value. Source: RFC 8259 sections 4, 8.1, 8.2 and 9.

    >>> read_object(b'{"a": 1}', 8)
    {'a': 1}
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_SPACE = re.compile(r"[ \t\n\r]*")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_LONE = re.compile("[\ud800-\udfff]")
_QUOTED = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_BRACKETS = re.compile(r"[\[\]{}]")


class UnreadableError(ValueError):
    """The bytes are not one JSON value that every reader would read alike."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise UnreadableError("an object has a key twice")
    return made


def _refuse_constant(_name: str) -> Any:
    raise UnreadableError("a number is not a JSON number")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse_constant)


def read_value(data: bytes | str, max_depth: int) -> Any:
    """Read one JSON value.

    Args:
        data: the whole text; bytes must be UTF-8 without a byte order mark.
        max_depth: how many arrays and objects may stand inside one another.

    Raises:
        UnreadableError: anything above; the message holds nothing of the data.
    """
    try:
        text = data if isinstance(data, str) else data.decode("utf-8")
    except UnicodeDecodeError:
        raise UnreadableError("the bytes are not UTF-8") from None
    if too_deep(text, max_depth):
        raise UnreadableError("the values are nested too deeply")
    try:
        start = 0 if text[:1] in "{[" else _skip(text, 0)
        value, end = _DECODER.raw_decode(text, start)
    except UnreadableError:
        raise
    except (ValueError, RecursionError):
        raise UnreadableError("the text is not JSON") from None
    if end != len(text) and _skip(text, end) != len(text):
        raise UnreadableError("something follows the value")
    if "\\u" in text and _SURROGATE.search(text) and _LONE.search(json.dumps(value, ensure_ascii=False)):
        raise UnreadableError("a string holds half a character")
    return value


def read_object(data: bytes | str, max_depth: int) -> dict[str, Any]:
    """Read one JSON object; otherwise as `read_value`."""
    value = read_value(data, max_depth)
    if not isinstance(value, dict):
        raise UnreadableError("the value is not an object")
    return value


def too_deep(text: str, max_depth: int) -> bool:
    """Tell whether brackets outside strings nest deeper than `max_depth`.

    Runs before the parser, because the parser recurses and a deep text would use up its stack.
    """
    if text.count("[") + text.count("{") <= max_depth:
        return False
    depth = 0
    for found in _BRACKETS.finditer(_QUOTED.sub('""', text)):
        depth += 1 if found.group() in "[{" else -1
        if depth > max_depth:
            return True
    return False


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


@dataclass(frozen=True, slots=True)
class Member:
    """One member of an object as it stands in the text; offsets in characters, ends exclusive."""

    key: str
    start: int
    value_start: int
    end: int


def members(text: str) -> Iterator[Member]:
    """Walk the members of the object that `text` is; it must have been read before.

    >>> [(m.key, m.start, m.end) for m in members('{"a": 1, "b": null}')]
    [('a', 1, 7), ('b', 9, 18)]
    """
    at = _skip(text, _skip(text, 0) + 1)
    while text[at] != "}":
        key, end = _DECODER.raw_decode(text, at)
        value_start = _skip(text, _skip(text, end) + 1)
        _, end = _DECODER.raw_decode(text, value_start)
        yield Member(key, at, value_start, end)
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)


def without(text: str, key: str) -> str:
    """Return the object's text without the member `key`, all else byte for byte.

    >>> without('{"a": 1, "usage": null, "b": 2}', "usage")
    '{"a": 1, "b": 2}'
    """
    listed = list(members(text))
    for place, member in enumerate(listed):
        if member.key != key:
            continue
        if place > 0:
            return text[: listed[place - 1].end] + text[member.end :]
        following = listed[1].start if len(listed) > 1 else member.end
        return text[: member.start] + text[following:]
    return text


def with_member(text: str, key: str, value: Any) -> str:
    """Return the object's text with `key` set to `value`, all else byte for byte.

    >>> with_member('{"a": 1}', "b", {"c": True})
    '{"a": 1,"b":{"c":true}}'
    """
    written = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    last = None
    for member in members(text):
        if member.key == key:
            return text[: member.value_start] + written + text[member.end :]
        last = member
    at = last.end if last else text.index("{") + 1
    return f"{text[:at]}{',' if last else ''}{json.dumps(key)}:{written}{text[at:]}"
