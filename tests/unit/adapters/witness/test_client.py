"""`zoneproxy.adapters.witness.client`: two bounded requests; what comes back is an answer or an error."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from zoneproxy.adapters.witness.client import WitnessClient
from zoneproxy.terms.errors import ConfigError
from zoneproxy.trace.note import MAX_NOTE_BYTES

Answering = Callable[[bytes], str]


@pytest.fixture
def answering() -> Iterator[Answering]:
    """Start a server that gives one raw answer to each connection; returns its URL."""
    servers: list[socket.socket] = []

    def start(data: bytes, *, hold: threading.Event | None = None) -> str:
        server = socket.create_server(("127.0.0.1", 0))
        servers.append(server)

        def serve() -> None:
            while True:
                try:
                    peer, _ = server.accept()
                except OSError:
                    return
                with peer:
                    peer.recv(65536)
                    peer.sendall(data)
                    if hold is not None:
                        hold.wait(10)

        threading.Thread(target=serve, daemon=True).start()
        return f"http://127.0.0.1:{server.getsockname()[1]}"

    yield start
    for server in servers:
        server.shutdown(socket.SHUT_RDWR)
        server.close()


def response(status: str, body: bytes = b"") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def test_answers(answering: Answering) -> None:
    """Status, type and body are given as they came; no checkpoint is no answer."""
    assert WitnessClient(answering(response("409 Conflict", b"5\n")), 5).add_checkpoint(b"x").body == b"5\n"
    assert WitnessClient(answering(response("200 OK", b"note")), 5).checkpoint("log") == b"note"
    assert WitnessClient(answering(response("404 Not Found")), 5).checkpoint("log") is None
    with pytest.raises(OSError, match="500"):
        WitnessClient(answering(response("500 Oops")), 5).checkpoint("log")


@pytest.mark.parametrize(
    "data",
    [
        b"", b"nonsense", b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n", b"HTTP/1.1 200"[:9],
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", response("200 OK", bytes(MAX_NOTE_BYTES + 1)),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)  # fmt: skip
def test_what_is_no_answer(answering: Answering, data: bytes) -> None:
    """Nothing, nonsense, half an answer, an endless one: each is one kind of error."""
    with pytest.raises(OSError):  # noqa: PT011  # its words are whatever went wrong
        WitnessClient(answering(data), 5).add_checkpoint(b"x")


def test_who_is_silent_is_left(answering: Answering) -> None:
    """A witness that does not answer costs its time, no more; redirects are not followed."""
    hold = threading.Event()
    with pytest.raises(TimeoutError):
        WitnessClient(answering(b"HTTP/1.1 200 OK\r\n\r\nx", hold=hold), 0.2).add_checkpoint(b"x")  # type: ignore[call-arg]
    hold.set()
    moved = b"HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n"
    assert WitnessClient(answering(moved), 5).add_checkpoint(b"x").status == 301
    with pytest.raises(OSError, match="refused"):
        WitnessClient("http://127.0.0.1:9", 1).checkpoint("log")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "w.example",
        "ftp://w.example",
        "http://",
        "http://a:b@w",
        "http://w?x",
        "http://w:99999",
        "http://w x",
    ],
)
def test_addresses(url: str) -> None:
    """What is no plain `http(s)` address is the operator's mistake."""
    with pytest.raises(ConfigError, match="no address"):
        WitnessClient(url, 1)
    assert WitnessClient("https://w.example:8443/x/", 1).url == "https://w.example:8443/x"
