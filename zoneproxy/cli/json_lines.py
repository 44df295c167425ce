"""Files of JSON lines: one JSON value a line, each ended by a line feed and by nothing else.

Other characters that end a line for people (U+2028, U+0085 and their like) may stand within a value. A body
on a line of its own is an object with `id`, then `text` or `body_b64`, `content_type` and `content_encoding`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from zoneproxy.terms.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Body:
    """A body.

    Attributes:
        name: its id.
        data: its bytes.
        content_type: its header's value; `None` where it says nothing.
        content_encoding: as above.
    """

    name: str
    data: bytes
    content_type: str | None
    content_encoding: str | None


def read_lines[Made](
    lines: Iterable[bytes], make: Callable[[Any], Made], *, file: object, what: str, hint: str
) -> Iterator[Made]:
    """Read every line that is not blank, one after the other.

    Args:
        lines: the file open for reading bytes, or its bytes split at line feeds.
        make: makes of a line's value what is wanted; `ValueError`, `KeyError`, `TypeError` and
            `AttributeError` say that it is none.
        file: the file's name, for the message.
        what: what a line should be, for the message.
        hint: how one looks.

    Raises:
        ConfigError: a line is something else, at its number.
    """
    number = 0
    try:
        for number, line in enumerate(lines, 1):  # noqa: B007 - the error below names the line
            if line.strip():
                yield make(json.loads(line.decode()))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ConfigError(f"line {number} of `{file}` is not {what}", hint=hint) from None


def body_of(read: Any) -> Body:
    """Take a body from its JSON object; raises what `read_lines` tells of."""
    packed = read.get("body_b64")
    data = read["text"].encode() if packed is None else base64.b64decode(packed, validate=True)
    # An empty header says as little as an absent one.
    return Body(str(read["id"]), data, read.get("content_type") or None, read.get("content_encoding") or None)
