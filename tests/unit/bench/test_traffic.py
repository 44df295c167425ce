"""`bench.traffic`: a crowd of every kind, and an answer that must not be is an error."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from bench.load import LoadError, Target, chat
from bench.model_server import ModelConnection
from bench.traffic import Traffic, connected


@pytest.fixture
async def target() -> AsyncIterator[Target]:
    """Run a server that serves everybody."""
    server = await asyncio.get_running_loop().create_server(ModelConnection, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    yield Target(host, port, "127.0.0.1")
    server.close()


async def test_what_is_served_is_counted(target: Target) -> None:
    """Every exchange on a connection that is kept, and every stream."""
    traffic = Traffic(target, "x")
    await traffic._kept()
    await traffic._streamed()
    assert traffic.counts == {"served": 12}
    assert traffic.total == 12


async def test_who_leaves_is_counted_apart(target: Target) -> None:
    """In the middle of a stream, or of a head."""
    traffic = Traffic(target, "x")
    await traffic._leaving()
    await traffic._half_head()
    assert traffic.counts == {"left": 2}


async def test_a_stranger_who_is_served_spoils_the_measurement(target: Target) -> None:
    """Z4: a boundary that lets anybody in is not what was to be measured."""
    with pytest.raises(LoadError, match="200 OK"):
        await Traffic(target, "x")._stranger()


async def test_who_is_turned_away_unanswered_is_counted_apart() -> None:
    """Z22: so a boundary does beyond its bounds; half a refusal is none."""
    said = b""

    async def closing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(said)
        writer.close()

    server = await asyncio.start_server(closing, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    traffic = Traffic(Target(host, port, "127.0.0.1"), "x")
    await traffic._no_http()
    assert traffic.counts == {"turned": 1}
    said = b"HTTP/1.1 400 Bad"
    with pytest.raises(LoadError, match="ended after"):
        await traffic._no_http()
    server.close()


async def test_a_crowd_goes_on_until_it_is_enough(target: Target) -> None:
    """So many at a time; who has begun ends, and a bad answer ends them all."""
    traffic = Traffic(target, "x")
    await traffic.run(2, lambda: True)
    assert traffic.total == 0
    with pytest.raises(ExceptionGroup):
        await traffic.run(2, lambda: traffic.total >= 10_000)


async def test_a_stream_without_an_event_is_an_error() -> None:
    """An idle stream that never began holds nothing, and would flatter."""

    async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    with pytest.raises((LoadError, ConnectionError)):
        async with connected(Target(host, port, "127.0.0.1")) as line:
            await line.begin(chat("idle go", credential="x", stream=True))
    server.close()
