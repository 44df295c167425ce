"""`zoneproxy.adapters.serving.server`: HTTP that guesses nothing and waits for nobody without end."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.logs import write_log
from tests.support.served import served
from zoneproxy.adapters.serving.desk import LogDesk
from zoneproxy.adapters.serving.server import LogServer, ServerLimits
from zoneproxy.terms.errors import ConfigError

HOST = b"host: log\r\n"


def dial(url: str) -> socket.socket:
    port = urlsplit(url).port
    assert port is not None
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def talk(url: str, *pieces: bytes) -> bytes:
    """Send pieces and return all that comes until the server closes."""
    got = b""
    with dial(url) as peer, contextlib.suppress(ConnectionError):
        for piece in pieces:
            peer.sendall(piece)
        while chunk := peer.recv(65_536):
            got += chunk
    return got


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_log(tmp_path_factory.mktemp("served") / "log", [2])


def test_one_connection_many_requests(root: Path) -> None:
    """A connection is kept; HEAD has the length without the body; `close` ends it."""
    note = (root / "checkpoint").read_bytes()
    get = b"GET /checkpoint HTTP/1.1\r\n" + HOST
    with served(root) as url:
        got = talk(
            url, get + b"\r\n", get.replace(b"GET", b"HEAD") + b"\r\n", get + b"connection: close\r\n\r\n"
        )
    heads = got.split(note)
    assert len(heads) == 3
    assert got.count(b"HTTP/1.1 200 OK\r\n") == 3
    assert got.count(f"content-length: {len(note)}\r\n".encode()) == 3
    assert got.count(b"connection: close\r\n") == 1


def test_http_1_0_ends_with_its_answer(root: Path) -> None:
    """An old asker needs no host, and gets its answer and the end."""
    with served(root) as url:
        got = talk(url, b"GET /checkpoint HTTP/1.0\r\n\r\n")
    assert got.startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET /checkpoint\r\n\r\n",
        b"GET /checkpoint HTTP/1.1\r\n\r\n",  # no host
        b"GET  /checkpoint HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET /check point HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET /checkpoint HTTP/2.0\r\n" + HOST + b"\r\n",
        b"GET /checkpoint HTTP/1.1\r\n" + HOST + b" folded\r\n\r\n",
        b"GET /checkpoint HTTP/1.1\r\nhost : log\r\n\r\n",
        b"GET /checkpoint HTTP/1.1\r\n" + HOST + b"content-length: 5\r\n\r\nhello",
        b"GET /checkpoint HTTP/1.1\r\n" + HOST + b"content-length: 0\r\ncontent-length: 5\r\n\r\nhello",
        b"GET /checkpoint HTTP/1.1\r\n" + HOST + b"transfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\n" + HOST + b"\r\n",
        b"\x16\x03\x01\x02\x00\r\n\r\n",
    ],
)
def test_what_is_not_plainly_a_request(root: Path, request_bytes: bytes) -> None:
    """Nothing is guessed: 400, and the connection ends."""
    with served(root) as url:
        got = talk(url, request_bytes)
    assert got.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert got.count(b"HTTP/1.1") == 1


def test_a_head_without_end(root: Path) -> None:
    """Heads are bounded in length and in time."""
    limits = ServerLimits(head_bytes=2000, head_s=0.3)
    with served(root, limits=limits) as url:
        assert talk(url, b"GET /" + b"a" * 4000).startswith(b"HTTP/1.1 431 ")
        assert talk(url, b"GET /checkpoint HTTP/1.1\r\n") == b""
        assert talk(url) == b""
        assert talk(url, b"GET /checkpoint HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 200")


def test_too_many_connections(root: Path) -> None:
    """Beyond the bound a caller is told to come later, and those inside go on."""
    with served(root, limits=ServerLimits(connections=2)) as url, contextlib.ExitStack() as stack:
        for _ in range(2):
            peer = stack.enter_context(dial(url))
            peer.sendall(b"HEAD /checkpoint HTTP/1.1\r\n" + HOST + b"\r\n")
            assert peer.recv(65_536).startswith(b"HTTP/1.1 200")
        assert talk(url, b"GET /checkpoint HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 503")
        peer.sendall(b"HEAD /checkpoint HTTP/1.1\r\n" + HOST + b"\r\n")
        assert peer.recv(65_536).startswith(b"HTTP/1.1 200")


def test_an_address_that_is_taken(root: Path) -> None:
    """An address in use is told, with what to do."""

    async def serve(port: int) -> None:
        async with LogServer(LogDesk(root)).listening("127.0.0.1", port):
            pass

    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(ConfigError, match="listened on"):
        asyncio.run(serve(taken.getsockname()[1]))
