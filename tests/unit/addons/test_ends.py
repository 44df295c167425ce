"""Neither end of a connection writes the end of a body early, or keeps what it may not say."""

from __future__ import annotations

import pytest
from mitmproxy import http, options
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.http._base import ReceiveHttp
from mitmproxy.proxy.layers.http._events import (
    RequestData,
    RequestHeaders,
    RequestProtocolError,
    ResponseData,
    ResponseHeaders,
    ResponseProtocolError,
)
from mitmproxy.test import tflow

from addons.ends import BROKEN_BODY, ZoneHttp1Client, ZoneHttp1Server, ZoneMalformedHook

HEAD = b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n"
CHUNKED = http.Headers([(b"transfer-encoding", b"chunked")])


@pytest.fixture
def context() -> Context:
    made = Context(tflow.tclient_conn(), options.Options())
    made.server = tflow.tserver_conn()
    return made


def server(context: Context) -> ZoneHttp1Server:
    end = ZoneHttp1Server(context)
    assert list(end.handle_event(events.Start())) == []
    return end


def client(context: Context) -> ZoneHttp1Client:
    end = ZoneHttp1Client(context)
    assert list(end.handle_event(events.Start())) == []
    return end


def written(found: list[commands.Command]) -> bytes:
    return b"".join(one.data for one in found if isinstance(one, commands.SendData))


def test_an_empty_piece_of_an_answer_is_not_its_end(context: Context) -> None:
    """In chunks the empty one is the terminator: it is written when the answer ends, and never before."""
    end = server(context)
    list(end.handle_event(events.DataReceived(context.client, HEAD + b"0\r\n\r\n")))
    response = http.Response(b"HTTP/1.1", 200, b"OK", CHUNKED, None, None, 0.0, None)
    list(end.handle_event(ResponseHeaders(1, response)))
    assert written(list(end.handle_event(ResponseData(1, b"")))) == b""
    assert written(list(end.handle_event(ResponseData(1, b"a")))) == b"1\r\na\r\n"


def test_an_empty_piece_of_a_request_is_not_its_end(context: Context) -> None:
    """Towards the server it would be smuggling: what follows would be read as a request of its own."""
    end = client(context)
    request = http.Request.make("POST", "http://a/", b"", CHUNKED)
    list(end.handle_event(RequestHeaders(1, request, end_stream=False)))
    assert written(list(end.handle_event(RequestData(1, b"")))) == b""
    assert written(list(end.handle_event(RequestData(1, b"a")))) == b"1\r\na\r\n"


def test_what_is_no_request_is_recorded_before_it_is_answered(context: Context) -> None:
    """The first command is the hook that records it."""
    found = list(server(context).handle_event(events.DataReceived(context.client, b"\x16\x03")))
    assert isinstance(found[0], ZoneMalformedHook)
    assert found[0].malformed.detail == "no request begins like this"


def test_a_broken_body_is_left_to_its_stream(context: Context) -> None:
    """The stream has the refusal recorded and told; closing first would leave it unsaid."""
    found = list(server(context).handle_event(events.DataReceived(context.client, HEAD + b"zz\r\n")))
    errors = [one.event for one in found if isinstance(one, ReceiveHttp)]
    assert isinstance(errors[-1], RequestProtocolError)
    assert errors[-1].message.startswith(BROKEN_BODY)
    assert not any(isinstance(one, commands.CloseConnection) for one in found)


def test_a_head_that_is_broken_off_is_not_written_to_the_operators_log(context: Context) -> None:
    """The core logs the bytes that came: they may bear a credential."""
    end = server(context)
    list(end.handle_event(events.DataReceived(context.client, b"GET / HTTP/1.1\r\nauthorization: Bearer x")))
    found = list(end.handle_event(events.ConnectionClosed(context.client)))
    assert [type(one) for one in found] == [commands.CloseConnection]


def test_what_nobody_asked_for_closes_the_server(context: Context) -> None:
    """Bytes without a request are nobody's answer, and are not logged."""
    data = b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nsecret"
    found = list(client(context).handle_event(events.DataReceived(context.server, data)))
    assert any(isinstance(one, commands.CloseConnection) for one in found)
    assert not any(isinstance(one, ReceiveHttp) for one in found)
    said = [one.message for one in found if isinstance(one, commands.Log)]
    assert not any("secret" in message for message in said)


def test_an_answer_that_can_not_be_read_is_an_error_of_its_request(context: Context) -> None:
    """The server's connection is closed first: nothing more of it is read."""
    end = client(context)
    list(end.handle_event(RequestHeaders(1, http.Request.make("GET", "http://a/"), end_stream=True)))
    found = list(end.handle_event(events.DataReceived(context.server, b"HTTP/9.9 200 OK\r\n\r\n")))
    assert isinstance(found[0], commands.CloseConnection)
    assert isinstance(found[1], ReceiveHttp)
    assert isinstance(found[1].event, ResponseProtocolError)
    assert "Cannot parse" in found[1].event.message
    assert list(end.handle_event(events.DataReceived(context.server, b"more"))) == []


def test_an_answer_to_head_bears_no_body(context: Context) -> None:
    """A page of ours would be read as the beginning of the next answer (RFC 9110, section 9.3.2)."""
    end = server(context)
    list(end.handle_event(events.DataReceived(context.client, b"HEAD / HTTP/1.1\r\nhost: a\r\n\r\n")))
    response = http.Response.make(403, b"no")
    list(end.handle_event(ResponseHeaders(1, response)))
    assert written(list(end.handle_event(ResponseData(1, b"no")))) == b""
