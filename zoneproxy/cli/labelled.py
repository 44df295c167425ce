"""Labelled bodies from a file: JSON objects, one a line (see `zoneproxy.policy.corpus`)."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from zoneproxy.terms.errors import ConfigError


@dataclass(frozen=True, slots=True)
class LabelledBody:
    """One body with what is in it.

    Attributes:
        name: its id.
        data: its bytes.
        content_type, content_encoding: its headers' values; `None` where they say nothing.
        labels: what is in it; none where it must pass.
        tolerated: labels that may be found beside them.
        scope: the labels that it was labelled for; `None` for all.
    """

    name: str
    data: bytes
    content_type: str | None
    content_encoding: str | None
    labels: frozenset[str]
    tolerated: frozenset[str]
    scope: frozenset[str] | None


def read_labelled(data: bytes, file: str) -> Iterator[LabelledBody]:
    """Read every body of a corpus.

    Raises:
        ConfigError: a line is none, at its number.
    """
    number = 0
    try:
        for number, line in enumerate(data.decode().splitlines(), 1):  # noqa: B007 - the error below names it
            if line.strip():
                yield _body(json.loads(line))
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error):
        raise ConfigError(
            f"line {number} of `{file}` is not a labelled body",
            hint="it is a JSON object with `id`, `labels`, and `text` or `body_b64`",
        ) from None


def _body(read: Any) -> LabelledBody:
    packed, scope = read.get("body_b64"), read.get("scope")
    return LabelledBody(
        str(read["id"]),
        read["text"].encode() if packed is None else base64.b64decode(packed, validate=True),
        # An empty header says as little as an absent one.
        read.get("content_type") or None,
        read.get("content_encoding") or None,
        _words(read["labels"]),
        _words(read.get("allow", [])),
        None if scope is None else _words(scope),
    )


def _words(read: Any) -> frozenset[str]:
    if not isinstance(read, list) or not all(isinstance(word, str) for word in read):
        raise ValueError("labels are a list of words")
    return frozenset(read)
