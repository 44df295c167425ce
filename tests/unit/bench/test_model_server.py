"""`bench.model_server`: it speaks what the boundary reads, and never says more than it was asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from bench.caller import is_whole
from bench.load import chat
from bench.model_server import TOKENS, ModelConnection, first_request

ASKED = chat("go", credential="x")


@pytest.fixture
async def line() -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Connect to a server."""
    server = await asyncio.get_running_loop().create_server(ModelConnection, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    yield reader, writer
    writer.close()
    await writer.wait_closed()
    server.close()


async def whole(reader: asyncio.StreamReader) -> bytes:
    got = b""
    async with asyncio.timeout(20):
        while not is_whole(got):
            got += await reader.read(65_536)
    return got


@pytest.mark.parametrize("cut", [0, 10, len(ASKED) - 1])
def test_a_request_is_answered_once_it_is_whole(cut: int) -> None:
    """Head and body, as long as its length says."""
    assert first_request(ASKED[:cut]) == 0
    assert first_request(ASKED + b"POST") == len(ASKED)


def test_a_request_without_a_length_is_none() -> None:
    """What this server can't read it does not guess."""
    with pytest.raises(ValueError, match="without a length"):
        first_request(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")


async def test_two_requests_at_once_get_two_answers(
    line: tuple[asyncio.StreamReader, asyncio.StreamWriter],
) -> None:
    """A stream first; what came behind it is answered behind it."""
    reader, writer = line
    writer.write(chat("go", credential="x", stream=True) + ASKED)
    streamed, second = b"", b""
    async with asyncio.timeout(20):
        streamed = await reader.readuntil(b"\r\n0\r\n\r\n")
        second = await whole(reader)
    assert streamed.count(b'"content"') == TOKENS
    assert streamed.count(b"data: [DONE]") == 1
    body = json.loads(second.partition(b"\r\n\r\n")[2])
    assert body["usage"]["completion_tokens"] == TOKENS


async def test_an_idle_stream_has_one_token(line: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
    """And then nothing, until its caller leaves."""
    reader, writer = line
    writer.write(chat("idle go", credential="x", stream=True))
    async with asyncio.timeout(20):
        got = await reader.readuntil(b"\n\n\r\n")
    assert got.count(b'"content"') == 1
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(1), 0.1)


async def test_usage_is_told_to_who_asks(line: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
    """As the boundary does for every stream that it meters."""
    reader, writer = line
    asked = chat("go", credential="x", stream=True).replace(
        b'"stream": true', b'"include_usage":1, "stream": true'
    )
    head, _, body = asked.partition(b"\r\n\r\n")
    writer.write(head.replace(head.rpartition(b": ")[2], str(len(body)).encode()) + b"\r\n\r\n" + body)
    assert b'"usage"' in await whole(reader)
