"""`zoneproxy.adapters.serving.callers`: so many at once, each by itself, all of them left at the end."""

from __future__ import annotations

import asyncio
import logging

import pytest

from zoneproxy.adapters.serving.callers import Callers
from zoneproxy.terms.errors import ConfigError

HOST = "127.0.0.1"
WAIT_S = 30


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send every line back; stumble over one."""
    while line := await reader.readline():
        if line == b"fault\n":
            raise RuntimeError("planted")
        writer.write(line)
        await writer.drain()


async def refuse(writer: asyncio.StreamWriter) -> None:
    writer.write(b"full\n")
    await writer.drain()


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: bytes) -> bytes:
    writer.write(line)
    async with asyncio.timeout(WAIT_S):
        return await reader.readline()


@pytest.mark.parametrize(("turn_away", "said"), [(refuse, b"full\n"), (None, b"")], ids=["told", "closed"])
async def test_one_too_many_is_turned_away(turn_away, said: bytes) -> None:
    """Beyond the bound a caller is told so or just closed, and whoever is inside notices nothing."""
    callers = Callers(1, echo, turn_away)
    async with callers.listening(HOST, 0, buffer_bytes=1024) as (host, port):
        first = await asyncio.open_connection(host, port)
        assert await ask(*first, b"one\n") == b"one\n"
        second = await asyncio.open_connection(host, port)
        async with asyncio.timeout(WAIT_S):
            assert await second[0].read() == said
        assert await ask(*first, b"two\n") == b"two\n"
        for _, writer in (first, second):
            writer.close()


async def test_a_fault_with_one_caller_is_told_and_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    """The caller that it happened with is closed; the next one is served, and the fault is in the log."""
    callers = Callers(2, echo)
    async with callers.listening(HOST, 0, buffer_bytes=1024) as (host, port):
        broken, other = await asyncio.open_connection(host, port), await asyncio.open_connection(host, port)
        with caplog.at_level(logging.ERROR):
            assert await ask(*broken, b"fault\n") == b""
        assert await ask(*other, b"still\n") == b"still\n"
        for _, writer in (broken, other):
            writer.close()
    assert "planted" in caplog.text


async def test_all_are_left_when_serving_ends() -> None:
    """The block's end closes every connection, and nobody is served after it."""
    callers = Callers(4, echo)
    async with callers.listening(HOST, 0, buffer_bytes=1024) as (host, port):
        connections = [await asyncio.open_connection(host, port) for _ in range(3)]
        for connection in connections:
            assert await ask(*connection, b"one\n") == b"one\n"
    for reader, writer in connections:
        async with asyncio.timeout(WAIT_S):
            assert await reader.read() == b""
        writer.close()
    with pytest.raises(OSError, match=r"[Cc]onnect"):
        await asyncio.open_connection(host, port)


async def test_an_address_that_is_taken() -> None:
    """Where it can't listen, it says why, with a remedy."""
    async with Callers(1, echo).listening(HOST, 0, buffer_bytes=1024) as (host, port):
        with pytest.raises(ConfigError, match=r"can't be listened on: .*in use") as told:
            async with Callers(1, echo).listening(host, port, buffer_bytes=1024):
                pass
    assert "--listen" in told.value.hint
