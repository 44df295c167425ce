"""Labelled bodies from a file: JSON objects, one a line (see `zoneproxy.policy.corpus`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from zoneproxy.cli.json_lines import Body, body_of, read_lines


@dataclass(frozen=True, slots=True)
class LabelledBody:
    """One body with what is in it.

    Attributes:
        body: its bytes, and what its headers say.
        labels: what is in it; none where it must pass.
        tolerated: labels that may be found beside them.
        scope: the labels that it was labelled for; `None` for all.
    """

    body: Body
    labels: frozenset[str]
    tolerated: frozenset[str]
    scope: frozenset[str] | None


def read_labelled(data: bytes, file: str) -> Iterator[LabelledBody]:
    """Read every body of a corpus.

    Raises:
        ConfigError: a line is none, at its number.
    """
    return read_lines(
        data.split(b"\n"),
        _labelled,
        file=file,
        what="a labelled body",
        hint="it is a JSON object with `id`, `labels`, and `text` or `body_b64`",
    )


def _labelled(read: Any) -> LabelledBody:
    body, scope = body_of(read), read.get("scope")
    return LabelledBody(
        body,
        _words(read["labels"]),
        _words(read.get("allow", [])),
        None if scope is None else _words(scope),
    )


def _words(read: Any) -> frozenset[str]:
    if not isinstance(read, list) or not all(isinstance(word, str) for word in read):
        raise ValueError("labels are a list of words")
    return frozenset(read)
