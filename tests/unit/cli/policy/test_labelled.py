"""Labelled bodies from a file."""

from __future__ import annotations

import json
from typing import Any

import pytest

from zoneproxy.cli.policy.labelled import read_labelled
from zoneproxy.terms.errors import ConfigError

TEXT = {"id": "a", "text": "汕", "labels": ["A"], "allow": ["B"], "content_type": "", "scope": ["A"]}
PACKED = {"id": "b", "body_b64": "aGk=", "labels": [], "content_encoding": "gzip"}


def lines(*records: Any) -> bytes:
    return "\n".join(json.dumps(record) for record in records).encode()


def test_texts_and_bytes() -> None:
    """With their labels, headers and scope; blank lines are nothing."""
    one, two = read_labelled(lines(TEXT, PACKED) + b"\n\n", "c.jsonl")
    assert (one.body.data, one.labels, one.tolerated, one.scope, one.body.content_type) == (
        "汕".encode(), frozenset("A"), frozenset("B"), frozenset("A"), None,
    )  # fmt: skip
    assert (two.body.data, two.labels, two.scope, two.body.content_encoding) == (
        b"hi",
        frozenset(),
        None,
        "gzip",
    )


@pytest.mark.parametrize("character", ["\x85", "\u2028", "\u2029"], ids=ascii)
def test_a_text_may_hold_what_ends_lines_elsewhere(character: str) -> None:
    """Only a line feed ends a body's line."""
    text = f"one{character}two"
    (read,) = read_labelled(json.dumps({**TEXT, "text": text}, ensure_ascii=False).encode(), "c.jsonl")
    assert read.body.data == text.encode()


@pytest.mark.parametrize(
    "record",
    [
        1,
        {},
        {"id": "x", "text": "a"},
        {**TEXT, "labels": "A"},
        {**PACKED, "body_b64": "?"},
        {**TEXT, "scope": [1]},
    ],
)
def test_a_line_that_is_no_body(record: Any) -> None:
    """Told with its number."""
    with pytest.raises(ConfigError, match=r"line 2 of `c\.jsonl` is not a labelled body"):
        list(read_labelled(lines(TEXT, record), "c.jsonl"))
