"""What is sent says no word of mitmproxy's, and carries exactly what was judged."""

from __future__ import annotations

import json

import pytest
from mitmproxy.test import tflow

from addons.heads import SPELLED, header_list
from addons.pages import (
    CLOSE,
    closing,
    direct,
    failure_of,
    fields_of,
    framing,
    page_of,
    shut,
    streamed,
    truncation_of,
)
from zoneproxy.passage.commands import Forward, Refuse

REFUSE = Refuse(403, (("content-type", "application/json"), ("x-should-retry", "false")), b'{"error": {}}')


def test_the_shut_door_needs_nothing_to_work():
    """The standing refusal is a 500 in our words that closes the connection, made anew each time."""
    page = shut()
    assert page.status_code == 500
    assert json.loads(page.content or b"")["error"]["code"] == "internal-error"
    assert page.headers["connection"] == "close"
    assert page.headers["x-should-retry"] == "false"
    assert shut() is not page


@pytest.mark.parametrize("name", sorted(SPELLED))
def test_common_names_are_one_string_for_all(name: str):
    """They are spelled as any other would be, whichever way they come."""
    ((spelled, _),) = fields_of(((name, "v"),)).fields
    assert spelled == name.encode()
    for came in (name.encode(), name.title().encode(), name.upper().encode()):
        assert header_list(((came, b"v"),)) == ((name, "v"),)


def test_header_fields_are_written_as_they_stand():
    """Names, values, their order and repetitions are kept, in ISO-8859-1."""
    fields = fields_of((("a", "1"), ("b", "\xe9"), ("a", "2")))
    assert fields.fields == ((b"a", b"1"), (b"b", b"\xe9"), (b"a", b"2"))


@pytest.mark.parametrize("close", [True, False])
def test_a_refusal_is_what_the_passage_wrote(close: bool):  # noqa: FBT001 - a table's column
    """Status, headers and body are the order's; only the connection's end is added."""
    page = page_of(REFUSE, close=close)
    assert page.status_code == 403
    assert page.content == REFUSE.body
    assert page.headers.get("connection") == ("close" if close else None)
    assert page.headers["x-should-retry"] == "false"
    assert "server" not in page.headers


def test_the_end_of_a_connection_is_told_to_who_asked_for_it():
    """A caller that asked for the end is told of it; another is not."""
    flow = tflow.tflow()
    assert closing(flow) == ()
    flow.metadata[CLOSE] = True
    assert closing(flow) == (("connection", "close"),)


def test_a_request_goes_where_the_passage_says_with_what_was_judged():
    """Nothing of the caller's headers, body or destination is left."""
    flow = tflow.tflow()
    flow.request.authority = "elsewhere.example:443"
    flow.request.scheme = "https"
    flow.request.headers["x-secret"] = "caller"
    own = flow.request
    direct(flow, Forward("127.0.30.10", 8000, (("host", "zone"), ("content-length", "2")), b"{}"))
    request = flow.request
    assert own.raw_content == b"", "a prompt is not kept for as long as its answer takes"
    assert (request.scheme, request.host, request.port) == ("http", "127.0.30.10", 8000)
    assert request.authority == ""
    assert request.headers.fields == ((b"host", b"zone"), (b"content-length", b"2"))
    assert request.raw_content == b"{}"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("Cannot parse response", "return-unreadable"),
        ("HTTP response body is larger than body_size_limit", "return-unreadable"),
        ("unexpected server response: x", "return-unreadable"),
        ("server closed connection", "upstream-failed"),
        ("", "upstream-failed"),
    ],
)
def test_a_missing_answer_has_its_reason(words: str, reason: str):
    """What came and can't be read is told apart from what never came."""
    assert failure_of(words) == reason


@pytest.mark.parametrize(
    ("words", "reason"),
    [("body_size_limit", "return-unreadable"), ("peer closed connection", "upstream-truncated")],
)
def test_a_broken_answer_has_its_reason(words: str, reason: str):
    """An answer past the limit is told apart from one that broke off."""
    assert truncation_of(words) == reason


def test_a_streams_head_is_ours():
    """Version and reason are not the server's; its own head stays for its connection to be read from."""
    head = streamed(200, fields_of((("content-type", "text/event-stream"),)))
    assert (head.http_version, head.reason, head.stream) == ("HTTP/1.1", "OK", True)
    assert list(head.headers) == ["content-type"]


def test_what_goes_on_is_http_1_1_and_the_callers_request_stays():
    """A caller of HTTP/1.0 gets no chunks, though his request goes on as HTTP/1.1."""
    flow = tflow.tflow()
    flow.request.http_version = "HTTP/1.0"
    came = flow.request
    direct(flow, Forward("127.0.0.1", 8000, (("host", "a"),), b"{}"))
    assert flow.request.http_version == "HTTP/1.1"
    assert (came.http_version, came.headers.get("host")) == ("HTTP/1.0", None)
    assert framing(flow) == (("connection", "close"),)
