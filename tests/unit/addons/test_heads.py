"""A head is well formed, or it is refused with the reason why."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mitmproxy import http

from addons.heads import METHODS, fault_of, header_list, is_last, read_head

NOW_MS = 1_795_000_000_000
HOST = (b"host", b"zone")
FieldList = tuple[tuple[bytes, bytes], ...]


def request(
    *more: tuple[bytes, bytes],
    method: bytes = b"POST",
    path: bytes = b"/v1/chat/completions",
    version: bytes = b"HTTP/1.1",
    authority: bytes = b"",
    host: FieldList = (HOST,),
) -> http.Request:
    fields = http.Headers((*host, *more))
    return http.Request(
        "zone", 80, method, b"http", authority, path, version, fields, b"", None, 0.0, None
    )  # fmt: skip


GOOD = {
    "plain": request(),
    "http 1.0": request(version=b"HTTP/1.0"),
    "a query": request(path=b"/v1/models?limit=2"),
    "an encoded path": request(path=b"/v1/%7Efiles"),
    "bytes past ASCII in a value": request((b"x-a", b"caf\xc3\xa9")),
    "a tab in a value": request((b"x-a", b"a\tb")),
    "an empty value": request((b"x-a", b"")),
    "a repeated harmless header": request((b"accept", b"a"), (b"accept", b"b")),
    "a length": request((b"content-length", b"2")),
    "chunks": request((b"transfer-encoding", b"chunked")),
    "a host with a port": request(host=((b"host", b"zone.example:8443"),)),
    "a host that is an address": request(host=((b"host", b"[::1]:8443"),)),
    "options of the connection": request((b"connection", b"keep-alive, te, authorization")),
    "every character of a name": request((b"!#$%&'*+-.^_`|~09azAZ", b"x")),
}

BAD = {
    "an unknown method": (request(method=b"G@T"), "unknown method"),
    "trace": (request(method=b"TRACE"), "unknown method"),
    "a method in lower case": (request(method=b"\x00post"), "unknown method"),
    "another version": (request(version=b"HTTP/9.9"), "unknown HTTP version"),
    "http 2": (request(version=b"HTTP/2.0"), "unknown HTTP version"),
    "an empty target": (request(path=b""), "a character that a target may not have"),
    "a blank in the target": (request(path=b"/a b"), "a character that a target may not have"),
    "a line end in the target": (request(path=b"/a\n"), "a character that a target may not have"),
    "past ASCII in the target": (request(path=b"/\xe9"), "a character that a target may not have"),
    "an empty host": (request(host=((b"host", b""),)), "a host that is none"),
    "a host with a user": (request(host=((b"host", b"a@zone"),)), "a host that is none"),
    "a host with a path": (request(host=((b"host", b"zone/a"),)), "a host that is none"),
    "a host with a list": (request(host=((b"host", b"zone, zone"),)), "a host that is none"),
    "a host with a port that is none": (request(host=((b"host", b"zone:8x"),)), "a host that is none"),
    "an option that takes the length away": (
        request((b"connection", b"close, Content-Length")),
        "a connection option that names a field of the message",
    ),
    "an absolute form": (request(authority=b"zone:80"), "a target in the wrong form for this door"),
    "an asterisk": (request(path=b"*", method=b"OPTIONS"), "a target that is no path"),
    "a fragment": (request(path=b"/v1/models#/../x"), "a fragment in the target"),
    "a name with a blank": (request((b"x a", b"1")), "a character that a header name may not have"),
    "an empty name": (request((b"", b"1")), "a character that a header name may not have"),
    "a name with a line end": (request((b"x\n", b"1")), "a character that a header name may not have"),
    "a bare CR": (request((b"x", b"a\rb")), "a control character in a header value"),
    "a NUL": (request((b"x", b"a\x00b")), "a control character in a header value"),
    "a DEL": (request((b"x", b"a\x7fb")), "a control character in a header value"),
    "a folded line": (request((b"x", b"a\r\n b")), "a control character in a header value"),
    "a line end at the end": (request((b"x", b"a\n")), "a control character in a header value"),
    "two hosts": (request(HOST), "the header host twice"),
    "two lengths alike": (
        request((b"content-length", b"2"), (b"Content-Length", b"2")),
        "the header content-length twice",
    ),
    "two credentials": (
        request((b"authorization", b"a"), (b"authorization", b"b")),
        "the header authorization twice",
    ),
    "two types": (request((b"content-type", b"a"), (b"content-type", b"b")), "the header content-type twice"),
    "no host": (request(host=()), "no host"),
    "length and chunks": (
        request((b"content-length", b"2"), (b"transfer-encoding", b"chunked")),
        "two lengths",
    ),
    "announced trailers": (request((b"trailer", b"x-sig")), "trailers"),
}


@pytest.mark.parametrize("given_head", GOOD.values(), ids=GOOD.keys())
def test_a_good_head_is_good(given_head: http.Request):
    """What RFC 9112 allows and the boundary understands is not refused."""
    assert fault_of(given_head, forward_proxy=False) == ("ok", "")


@pytest.mark.parametrize("method", sorted(METHODS - {"CONNECT"}))
def test_every_known_method_is_good(method: str):
    """A method that the boundary knows is a matter of policy, not of form."""
    assert fault_of(request(method=method.encode()), forward_proxy=False) == ("ok", "")


@pytest.mark.parametrize(("given_head", "words"), BAD.values(), ids=BAD.keys())
def test_a_bad_head_is_malformed(given_head: http.Request, words: str):
    """Z22: what two servers may read in two ways is refused, with our words for it."""
    assert fault_of(given_head, forward_proxy=False) == ("malformed", words)


def test_a_tunnel_is_told_before_its_form():
    """CONNECT is a tunnel whatever else is wrong with it."""
    assert fault_of(request(method=b"CONNECT", host=()), forward_proxy=False)[0] == "tunnel"


def test_an_upgrade_is_told():
    """A head that asks for another protocol is told as such."""
    assert fault_of(request((b"Upgrade", b"h2c")), forward_proxy=False)[0] == "upgrade"


def test_an_upgrade_of_the_old_protocol_is_none():
    """RFC 9110, section 7.8: HTTP/1.0 knows no upgrade."""
    old = request((b"Upgrade", b"websocket"), version=b"HTTP/1.0")
    assert fault_of(old, forward_proxy=False) == ("malformed", "an upgrade of HTTP/1.0")


@pytest.mark.parametrize(
    "kind", [b"application/grpc", b"Application/gRPC+proto", b"application/grpc-web-text"]
)
def test_grpc_is_another_protocol(kind: bytes):
    """Its frames are in no dialect, and its status stands in trailers."""
    assert fault_of(request((b"content-type", kind)), forward_proxy=False) == ("upgrade", "gRPC")


@pytest.mark.parametrize("authority", [b"", b"tools.example:80"])
def test_the_outward_door_takes_either_form(authority: bytes):
    """By the outward door the destination is judged as mitmproxy read it, whichever form named it."""
    assert fault_of(request(authority=authority), forward_proxy=True) == ("ok", "")
    assert fault_of(request(authority=authority, path=b"*"), forward_proxy=True)[0] == "malformed"


def test_header_fields_are_decoded_once():
    """Names in lower case, values without the blanks around them, order kept."""
    fields = ((b"Host", b" zone\t"), (b"X-A", b"\xe9 "))
    assert header_list(fields) == (("host", "zone"), ("x-a", "\xe9"))


def test_the_query_is_told_apart_from_the_path():
    """Path and query are kept, each by itself."""
    event = read_head(
        request(path=b"/v1/models?a=b"), forward_proxy=False, now_ms=NOW_MS, trace_writable=True
    )
    assert (event.path, event.query, event.state) == ("/v1/models", "a=b", "ok")
    assert (event.target_host, event.target_port, event.now_ms) == ("zone", 0, NOW_MS)


@pytest.mark.parametrize("path", ["//elsewhere.example/v1/models", "//[", "/v1/models;a", "/a:b"])
def test_the_path_that_is_judged_is_the_path_that_is_forwarded(path: str):
    """No part of a target is taken for a host or a parameter, and so judged without."""
    head = request(path=path.encode())
    event = read_head(head, forward_proxy=False, now_ms=NOW_MS, trace_writable=True)
    assert event.path == head.path


def test_what_mitmproxy_refuses_is_malformed():
    """A head that the core refuses is refused by us, with the core's reason kept as the detail."""
    event = read_head(
        request(), forward_proxy=False, now_ms=NOW_MS, trace_writable=False, fault="invalid header"
    )
    assert (event.state, event.detail, event.trace_writable) == ("malformed", "invalid header", False)


def test_what_is_recorded_of_a_head_is_bounded():
    """A caller can't make a record as long as it likes."""
    long = read_head(
        request(path=b"/" + b"a" * 9_000, host=((b"host", b"h" * 9_000),)),
        forward_proxy=False,
        now_ms=NOW_MS,
        trace_writable=True,
    )
    assert len(long.path) == 2_048
    assert len(long.target_host) == 255


@given(
    method=st.binary(max_size=12),
    path=st.one_of(st.binary(max_size=40), st.sampled_from([b"//[", b"//[::1", b"/\xff", b"http://[", b"?"])),
    version=st.sampled_from([b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2.0", b"", b"\xff"]),
    authority=st.binary(max_size=20),
    fields=st.lists(st.tuples(st.binary(max_size=20), st.binary(max_size=20)), max_size=4),
    forward_proxy=st.booleans(),
)
def test_reading_a_head_never_raises(  # noqa: PLR0917 - hypothesis fills them in by name
    method: bytes, path: bytes, version: bytes, authority: bytes,
    fields: list[tuple[bytes, bytes]], forward_proxy: bool,  # noqa: FBT001 - hypothesis fills it in
):  # fmt: skip
    """Whatever bytes come, the head becomes an event, and one with a control character never an `ok`."""
    head = request(*fields, method=method, path=path, version=version, authority=authority)
    event = read_head(head, forward_proxy=forward_proxy, now_ms=NOW_MS, trace_writable=True)
    assert event.state in ("ok", "malformed", "tunnel", "upgrade")
    if any(set(value) & set(b"\r\n\x00") for _, value in fields):
        assert event.state in ("malformed", "tunnel")


@given(path=st.text("/[]:?#@%!ax.", max_size=24))
def test_a_good_looking_path_never_raises(path: str):
    """Brackets, colons and slashes in any order are read, or refused."""
    for forward_proxy, authority in ((False, b""), (True, b"a:1")):
        head = request(path=b"/" + path.encode(), authority=authority)
        read_head(head, forward_proxy=forward_proxy, now_ms=NOW_MS, trace_writable=True)


@pytest.mark.parametrize(
    ("given_head", "last"),
    [
        (request(), False),
        (request((b"connection", b"keep-alive")), False),
        (request((b"connection", b"Close")), True),
        (request((b"connection", b"x-a"), (b"connection", b"keep-alive, close")), True),
        (request((b"connection", b"closed")), False),
        (request((b"connection", b"keep-alive"), version=b"HTTP/1.0"), True),
    ],
)
def test_the_last_request_of_a_connection_is_told(given_head: http.Request, last: bool):  # noqa: FBT001
    """Options of a connection are read without regard to case (RFC 9110, section 7.6.1)."""
    assert is_last(given_head) is last


@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"OPTIONS"])
def test_a_body_where_some_read_none_is_refused(method: bytes):
    """A server that reads no body would take it for the next request."""
    for field in ((b"content-length", b"2"), (b"transfer-encoding", b"chunked")):
        assert fault_of(request(field, method=method), forward_proxy=False)[0] == "malformed"
    assert fault_of(request((b"content-length", b"0"), method=method), forward_proxy=False)[0] == "ok"


def test_only_the_one_expectation_is_known():
    """Any other is refused rather than ignored."""
    assert fault_of(request((b"expect", b"100-Continue")), forward_proxy=False)[0] == "ok"
    assert fault_of(request((b"expect", b"200-ok")), forward_proxy=False)[0] == "malformed"
