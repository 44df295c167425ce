"""Media types are read strictly."""

from __future__ import annotations

import pytest

from zoneproxy.content.media import is_event_stream, is_json, read_media_type


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("application/json", True),
        ("Application/JSON; charset=UTF-8", True),
        ('application/json;charset="utf-8"', True),
        ("application/json; charset=utf-16", False),
        ("application/json; charset=utf-8; charset=utf-7", False),
        ("application/json, text/plain", False),
        ("application/jsonp", False),
        ("text/plain", False),
        ("application/json; =", False),
        ("", False),
        (None, False),
    ],
)
def test_json_is_json_in_utf8(header, expected):
    """Only a well-formed, single `application/json` in UTF-8 counts as JSON."""
    assert is_json(header) is expected


def test_event_streams_are_told():
    """The type of server-sent events is told with and without its charset."""
    assert is_event_stream("text/event-stream; charset=utf-8")
    assert not is_event_stream("text/event-streams")


def test_parameters_are_kept():
    """Parameters keep their value, names lose their case."""
    media = read_media_type("multipart/form-data; Boundary=zpB")
    assert media is not None
    assert media.parameters == {"boundary": "zpB"}
