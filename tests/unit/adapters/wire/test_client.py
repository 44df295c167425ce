"""Reading answers as they come: nothing is over before it is over."""

from __future__ import annotations

import asyncio

import pytest

from zoneproxy.adapters.wire.client import parse_answer, send

WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
CLOSED = b"HTTP/1.1 200 OK\r\nX-A: b\r\n\r\nhello"


@pytest.mark.parametrize("data", [WHOLE, CHUNKED])
def test_an_answer_is_over_with_its_last_byte(data: bytes) -> None:
    """Not one byte sooner."""
    for cut in range(len(data)):
        assert parse_answer(data[:cut], method="POST", ended=False) is None
    answer = parse_answer(data, method="POST", ended=False)
    assert answer is not None
    assert (answer.status, answer.body, answer.whole) == (200, b"hello", True)


def test_an_answer_without_a_length_ends_with_its_connection() -> None:
    """HTTP/1.0's way."""
    assert parse_answer(CLOSED, method="POST", ended=False) is None
    answer = parse_answer(CLOSED, method="POST", ended=True)
    assert answer is not None
    assert (answer.body, answer.headers, answer.whole) == (b"hello", {"x-a": "b"}, True)


@pytest.mark.parametrize("data", [WHOLE[:-2], CHUNKED[:-4]])
def test_an_answer_that_breaks_off_is_not_whole(data: bytes) -> None:
    """What came of it is shown."""
    answer = parse_answer(data, method="POST", ended=True)
    assert answer is not None
    assert not answer.whole
    assert b"hello".startswith(answer.body)


@pytest.mark.parametrize("data", [b"", b"HTT", b"garbage\r\n\r\n"])
def test_no_answer_has_status_zero(data: bytes) -> None:
    """A closed door is no answer."""
    answer = parse_answer(data, method="POST", ended=True)
    assert answer is not None
    assert answer.status == 0


async def test_one_exchange() -> None:
    """What is sent arrives as it is; the connection comes from the given address."""
    got: list[tuple[bytes, str]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.append((await reader.readexactly(4), writer.get_extra_info("peername")[0]))
        writer.write(WHOLE)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        answer, late = await send("127.0.0.1", port, peer="127.77.1.9", data=b"\r\n\r\n", timeout_s=5)
    assert (answer.body, late, got) == (b"hello", False, [(b"\r\n\r\n", "127.77.1.9")])


async def test_silence_is_late_and_a_closed_door_is_not() -> None:
    """The time is bounded; a refused connection is no answer."""

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(say_nothing, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        answer, late = await send("127.0.0.1", port, peer="127.0.0.1", data=b"x", timeout_s=0.05)
    assert (answer.status, late) == (0, True)
    answer, late = await send("127.0.0.1", port, peer="127.0.0.1", data=b"x", timeout_s=5)
    assert (answer.status, late) == (0, False)
