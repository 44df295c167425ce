"""Whatever comes on a socket: refused with a reason, recorded, and the proxy stays up."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from demo.echo_server import EchoServer, serving
from tests.support.boundary_lab import lab
from tests.support.scripted_server import scripted
from tests.support.zone_world import CHAT, CREDENTIAL

pytestmark = pytest.mark.live

BEARER = f"authorization: Bearer {CREDENTIAL}\r\n"


@pytest.fixture
def upstream() -> Iterator[EchoServer]:
    with serving() as server:
        yield server


def request(
    line: str = "POST /v1/chat/completions HTTP/1.1",
    headers: str = "content-type: application/json\r\n",
    body: bytes = CHAT,
    host: str = "host: zone\r\n",
    credential: str = BEARER,
) -> bytes:
    length = f"content-length: {len(body)}\r\n" if body else ""
    return f"{line}\r\n{host}{credential}{headers}{length}connection: close\r\n\r\n".encode() + body


CASES = {
    "no http at all": (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400, "request-malformed"),
    "an unknown method": (request("G@T / HTTP/1.1", body=b""), 400, "request-malformed"),
    "trace": (request("TRACE / HTTP/1.1", body=b""), 400, "request-malformed"),
    "http 9.9": (request("GET /v1/models HTTP/9.9", body=b""), 400, "request-malformed"),
    "absolute form": (
        request("POST http://other.example/v1/chat/completions HTTP/1.1"),
        400,
        "request-malformed",
    ),
    "no host": (request(host=""), 400, "request-malformed"),
    "two hosts": (request(host="host: a\r\nhost: b\r\n"), 400, "request-malformed"),
    "a bare CR in a value": (request(headers="x-a: b\rc\r\n"), 400, "request-malformed"),
    "a NUL in a value": (request(headers="x-a: b\x00c\r\n"), 400, "request-malformed"),
    "a folded line": (
        request(headers="x-a: b\r\n transfer-encoding: chunked\r\n"),
        400,
        "request-malformed",
    ),
    "two lengths": (request(headers="content-length: 3\r\n"), 400, "request-malformed"),
    "length and chunked": (request(headers="transfer-encoding: chunked\r\n"), 400, "request-malformed"),
    "an upgrade": (request(headers="upgrade: h2c\r\n"), 403, "lane-upgrade"),
    "no credential": (request(credential=""), 403, "origin-tenant-unknown"),
    "a foreign credential": (
        request(credential="authorization: Bearer zp-unknown\r\n"),
        403,
        "origin-tenant-unknown",
    ),
    "a tag of its own": (request(headers="zone-origin: overseas\r\n"), 403, "origin-tag-forged"),
    "an unknown endpoint": (request("POST /v1/nowhere HTTP/1.1"), 404, "content-unknown-endpoint"),
    "a path in disguise": (request("POST /v1//chat/completions HTTP/1.1"), 404, "content-unknown-endpoint"),
    "an unknown type": (request(headers="content-type: text/plain\r\n"), 415, "content-unknown-type"),
    "an encoded body": (
        request(headers="content-type: application/json\r\ncontent-encoding: gzip\r\n"),
        415,
        "content-unknown-type",
    ),
    "a body that is no JSON": (request(body=b"{nope"), 400, "content-unreadable"),
    "duplicate keys": (request(body=b'{"model": "a", "model": "b"}'), 400, "content-unreadable"),
    "an oversized body": (request(body=b" " * 70_000), 413, "content-too-large"),
    "an oversized chunked body": (
        request(headers="content-type: application/json\r\ntransfer-encoding: chunked\r\n", body=b"")
        + b"".join(b"4000\r\n" + b" " * 0x4000 + b"\r\n" for _ in range(20))
        + b"0\r\n\r\n",
        413,
        "content-too-large",
    ),
    "an unknown model": (
        request(body=CHAT.replace(b"zone-llm-01", b"gpt-nowhere")),
        403,
        "policy-model-provenance-unclear",
    ),
}


@pytest.mark.parametrize(("data", "status", "code"), CASES.values(), ids=CASES.keys())
async def test_bad_input_is_refused_and_recorded(
    data: bytes, status: int, code: str, upstream: EchoServer
) -> None:
    """Z22: a refusal says why, names its record, asks for no retry, and nothing reached the model."""
    async with lab(upstream.port, max_answer_bytes=65_536) as running:
        answer = await running.raw(data)
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(f"HTTP/1.1 {status} ".encode()), answer[:300]
        error = json.loads(body)["error"]
        assert error["code"] == code
        assert b"mitmproxy" not in answer.lower()
        assert b"x-should-retry: false" in head
        assert error["trace"] == f"zone.test/log#{len(running.journal.entries) - 1}"
        assert running.journal.verdicts() == [("decision", "deny", code)]
        assert upstream.seen == []
        good = await running.raw(request())
        assert good.startswith(b"HTTP/1.1 200 ")


async def test_trailers_do_not_hang_the_connection(upstream: EchoServer) -> None:
    """mitmproxy crashes on HTTP/1.1 trailers and leaves the connection open; here they are refused."""
    data = (
        request(headers="content-type: application/json\r\ntransfer-encoding: chunked\r\n", body=b"")
        + b"%x\r\n%b\r\n" % (len(CHAT), CHAT)
        + b"0\r\nx-sig: abc\r\n\r\n"
    )
    async with lab(upstream.port) as running:
        answer = await running.raw(data)
        assert not answer.startswith(b"HTTP/1.1 200 ")
        assert upstream.seen == []
        assert (await running.raw(request())).startswith(b"HTTP/1.1 200 ")


async def test_a_head_that_never_ends_is_closed(upstream: EchoServer) -> None:
    """A head larger than the limit, or slower than its deadline, closes the connection."""
    async with lab(upstream.port, header_timeout_s=0.3) as running:
        large = await running.raw(b"GET / HTTP/1.1\r\nx: " + b"a" * 40_000)
        slow = await running.raw(b"GET / HT")
        assert not large.startswith(b"HTTP/1.1 200")
        assert slow == b""
        assert len(running.boundary.crossings) == 0


ANSWERS = {
    "nothing": (b"", 502, "upstream-failed"),
    "no http": (b"SSH-2.0-x\r\n\r\n", 502, "return-unreadable"),
    "an interim answer": (
        b"HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}",
        502,
        "return-unreadable",
    ),
    "an upgrade": (
        b"HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\nraw",
        502,
        "return-unreadable",
    ),
    "a coding that was not asked for": (
        (
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\n"
            b"content-length: 2\r\n\r\n{}"
        ),
        502,
        "return-unreadable",
    ),
    "half a body": (
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{}",
        502,
        "upstream-truncated",
    ),
    "an image": (
        b"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\ncontent-length: 4\r\n\r\n\x89PNG",
        502,
        "return-unreadable",
    ),
    "weights": (
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 8\r\n\r\nGGUF\x03\x00\x00\x00",
        403,
        "return-weights",
    ),
    "too much": (
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 300000\r\n\r\n"
        + b" " * 300_000,
        502,
        "return-unreadable",
    ),
    "a domestic person": (
        (
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 30\r\n\r\n"
            b'{"text": "110101199003074610"}'
        ),
        403,
        "policy-domestic-data-mixed",
    ),
}


@pytest.mark.parametrize(("answer", "status", "code"), ANSWERS.values(), ids=ANSWERS.keys())
async def test_a_bad_answer_is_withheld_and_recorded(answer: bytes, status: int, code: str) -> None:
    """Z9, Z11, Z22: an answer that can't be inspected, or may not leave, does not leave."""
    with scripted(answer) as port:
        async with lab(port) as running:
            got = await running.raw(request())
            head, _, body = got.partition(b"\r\n\r\n")
            assert head.startswith(f"HTTP/1.1 {status} ".encode()), got[:300]
            assert json.loads(body)["error"]["code"] == code
            assert b"mitmproxy" not in got.lower()
            assert running.journal.verdicts() == [("decision", "allow", ""), ("return", "deny", code)]
            assert len(running.boundary.crossings) == 0


async def test_a_dead_server_is_told_and_recorded() -> None:
    """A server that can't be reached gives a recorded 502 in our words."""
    async with lab(1) as running:
        got = await running.raw(request())
        assert got.startswith(b"HTTP/1.1 502 ")
        assert b"upstream-failed" in got
        assert b"mitmproxy" not in got.lower()
        assert running.journal.verdicts()[-1] == ("return", "deny", "upstream-failed")
