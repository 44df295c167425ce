"""Labelled bodies from a file."""

from __future__ import annotations

import json
from typing import Any

import pytest

from zoneproxy.cli.labelled import read_labelled
from zoneproxy.terms.errors import ConfigError

TEXT = {"id": "a", "text": "汕", "labels": ["A"], "allow": ["B"], "content_type": "", "scope": ["A"]}
PACKED = {"id": "b", "body_b64": "aGk=", "labels": [], "content_encoding": "gzip"}


def lines(*records: Any) -> bytes:
    return "\n".join(json.dumps(record) for record in records).encode()


def test_texts_and_bytes() -> None:
    """With their labels, headers and scope; blank lines are nothing."""
    one, two = read_labelled(lines(TEXT, PACKED) + b"\n\n", "c.jsonl")
    assert (one.data, one.labels, one.tolerated, one.scope, one.content_type) == (
        "汕".encode(), frozenset("A"), frozenset("B"), frozenset("A"), None,
    )  # fmt: skip
    assert (two.data, two.labels, two.scope, two.content_encoding) == (b"hi", frozenset(), None, "gzip")


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
