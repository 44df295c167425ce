"""The texts that a body consists of."""

from __future__ import annotations

import json

import pytest

from tests.unit.content.identifiers import chat_chunk, output_delta, text_delta
from zoneproxy.content.media import read_media_type
from zoneproxy.content.structure import parts, texts
from zoneproxy.terms.finding import Segment


def said(text, content_type=None):
    return [piece for _, piece in texts(text, read_media_type(content_type), Segment.FILE)]


def test_json_is_walked_whole_or_by_lines():
    """Keys give context to their values."""
    assert "mobile: 1" in said('{"mobile": "1"}')
    assert said('{"a": "1"}\n{"a": "2"}') == ["a: 1", "a: 2"]


@pytest.mark.parametrize("character", ["\x85", "\u2028", "\u2029"], ids=ascii)
def test_only_line_feeds_and_returns_end_json_lines(character):
    """Z11: a character that ends lines for people keeps no line and no escape from being read."""
    body = f'{{"a": "1{character}\\u6c55"}}\r\n{{"a": "2"}}\n'
    assert said(body) == [f"a: 1{character}\u6c55", "a: 2"]


@pytest.mark.parametrize("event", [chat_chunk, text_delta, output_delta])
def test_streams_are_put_together(event):
    """Pieces of a channel are one text."""
    stream = b"".join(event(piece) for piece in ("one ", "two")).decode()
    assert "one two" in said(stream, "text/event-stream")


@pytest.mark.parametrize("text", ['{"a": 1,"a": 2, "x": "secret"}', "data: {secret\n\n", "[secret"])
def test_a_broken_structure_hides_nothing(text):
    """Z11: what can't be read by its structure is read as text."""
    assert any("secret" in piece for piece in said(text))


def test_forms_and_documents_are_taken_apart():
    """Fields are decoded, mark-up is taken off."""
    assert "q: a b" in said("q=a%20b", "application/x-www-form-urlencoded")
    assert "138 001" in said("<a><b>138</b><c>001</c></a>")[0].replace("  ", " ")
    assert "138001" in said("<a>138<b/>001</a>")[1]


def test_multipart_bodies_are_taken_apart():
    """Each part's head and content, to the last."""
    media = read_media_type("multipart/form-data; boundary=B")
    body = b'--B\r\nContent-Disposition: form-data; name="f"\r\n\r\none\r\n--B\r\n\r\ntwo\r\n--B--\r\n'
    assert media is not None
    assert [content for _, content in parts(body, media)] == [b"one", b"two"]
    assert json.dumps([head.decode() for head, _ in parts(body, media)]).count("name") == 1
