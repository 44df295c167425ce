"""`bench.caller`: whole answers, and when their events came."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from bench.caller import Caller, is_whole
from bench.load import LoadError, Target

HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"transfer-encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("got", "whole"),
    [
        (b"", False),
        (HEAD + b"content-length: 2\r\n", False),
        (HEAD + b"Content-Length: 2\r\n\r\nx", False),
        (HEAD + b"content-length: 2\r\n\r\nxy", True),
        (HEAD + b"content-length: 0\r\n\r\n", True),
        (CHUNKED + b"3\r\nabc\r\n", False),
        (CHUNKED + b"3\r\nabc\r\n0\r\n\r\n", True),
        (CHUNKED + b"0\r\n\r\n", True),
        (CHUNKED + b"5\r\n10\r\n\r\n", False),
    ],
    ids=["nothing", "no-head", "short", "whole", "empty", "chunk", "last", "no-chunk", "within"],
)
def test_an_answer_is_whole_by_its_framing(got: bytes, whole: bool) -> None:  # noqa: FBT001 - a table's column
    """By its length, or by its last chunk."""
    assert is_whole(got) is whole


@pytest.fixture
def answering() -> Iterator[Callable[..., Target]]:
    """Make a server that sends pieces as an answer to whatever comes first."""
    listening = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []

    def serve(pieces: tuple[bytes, ...]) -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(65_536)
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(0.02)

    def start(*pieces: bytes) -> Target:
        threads.append(threading.Thread(target=serve, args=(pieces,)))
        threads[-1].start()
        return Target("127.0.0.1", listening.getsockname()[1], "127.0.0.1")

    yield start
    for thread in threads:
        thread.join(10)
    listening.close()


def test_each_event_has_its_moment(answering: Callable[..., Target]) -> None:
    """Events that come together come at one moment; one that is cut in two comes with its second half."""
    target = answering(
        CHUNKED + b"data: {1}\n\ndata: {2}\n\nda", b"ta: {3}\n\n", b"data: [DONE]\n\n\r\n0\r\n\r\n"
    )
    with Caller(target) as caller:
        first, second, third = caller.listen(b"x")
    assert 0 < first == second <= third


def test_what_is_not_served_is_not_measured(answering: Callable[..., Target]) -> None:
    """A refusal is quick, and would flatter."""
    target = answering(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno")
    with Caller(target) as caller, pytest.raises(LoadError, match="403"):
        caller.ask(b"x")


def test_half_an_answer_is_not_measured(answering: Callable[..., Target]) -> None:
    """An answer that breaks off is no answer."""
    with (
        Caller(answering(HEAD + b"content-length: 9\r\n\r\nno")) as caller,
        pytest.raises(LoadError, match="ended"),
    ):
        caller.ask(b"x")
