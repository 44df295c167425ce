"""Whole answers are read before anything of them leaves."""

from __future__ import annotations

import json
import struct

import pytest

from tests.unit.content.identifiers import KEY, resident_id
from zoneproxy.content.answer import read_answer
from zoneproxy.content.dialects import recognise
from zoneproxy.content.scan import ScanSettings
from zoneproxy.terms.facts import VOCABULARY

CHAT = recognise("POST", "/v1/chat/completions")
CONTENT = recognise("GET", "/v1/files/a/content")
SETTINGS = ScanSettings(2, KEY)
GGUF = b"GGUF" + struct.pack("<IQQ", 3, 1, 0)


def read(body, endpoint=CHAT, content_type="application/json", status=200, encoding=None):
    return read_answer(endpoint, status, content_type, encoding, body, SETTINGS)


def test_a_clean_answer_is_read():
    """The document is there for the meter, the size of its text too."""
    reading = read(b'{"choices":[{"message":{"content":"hello"}}],"usage":{}}')
    assert (reading.state, reading.findings) == ("ok", ())
    assert reading.document is not None
    assert reading.text_bytes > 0


@pytest.mark.parametrize("where", ["message", "error", "id", "key"])
def test_every_string_of_an_answer_is_looked_into(where):
    """Z11: known field or not, key or value."""
    value = resident_id(1)
    body = {value: 1} if where == "key" else {where: {"x": [value]}}
    assert [f.kind for f in read(json.dumps(body).encode()).findings] == ["cn_resident_id"]


@pytest.mark.parametrize(
    ("body", "endpoint", "content_type", "status", "encoding", "state"),
    [
        (b"{", CHAT, "application/json", 200, None, "unreadable"),
        (b'{"a":1,"a":1}', CHAT, "application/json", 200, None, "unreadable"),
        (b"hello", CHAT, "text/plain", 200, None, "unknown_type"),
        (b"hello", CHAT, None, 200, None, "unknown_type"),
        (b"{}", CHAT, "application/json", 200, "gzip", "unknown_type"),
        (b"bad gateway", CHAT, "text/html", 502, None, "ok"),
        (b"", CHAT, None, 204, None, "ok"),
        (b"a,b\n1,2", CONTENT, "text/csv", 200, None, "ok"),
        (b"\xff\xfe", CONTENT, "text/plain", 200, None, "unknown_type"),
        (b"\x00\x01", CONTENT, "application/octet-stream", 200, None, "unknown_type"),
        (b"plain", CONTENT, "image/png", 200, None, "unknown_type"),
        (b"plain", None, "text/html", 200, None, "ok"),
    ],
)
def test_what_cannot_be_looked_into_has_a_state(  # noqa: PLR0917 - a table's columns
    body, endpoint, content_type, status, encoding, state
):
    """Z22: each doubt has a state of the vocabulary, and none is `ok`."""
    reading = read(body, endpoint, content_type, status, encoding)
    assert reading.state == state
    assert reading.state in VOCABULARY["response.state"].values


@pytest.mark.parametrize("content_type", ["application/json", "image/png", "text/plain", None])
def test_model_files_are_found_whatever_they_are_called(content_type):
    """Z9: the declared type hides no header."""
    assert [f.kind for f in read(GGUF, CONTENT, content_type).findings] == ["model_weights"]
