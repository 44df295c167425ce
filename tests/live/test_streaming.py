"""Streams pass event by event, and end only once their return is durable."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import pytest

from demo.echo_server import EchoServer, serving
from demo.scripts import resident_id
from tests.support.boundary_lab import Lab, MemoryJournal, lab
from tests.support.zone_world import CREDENTIAL
from zoneproxy.terms.ports import Receipt

pytestmark = pytest.mark.live


@pytest.fixture
def upstream() -> Iterator[EchoServer]:
    with serving() as server:
        yield server


def chat(model: str, text: str, *, usage: bool = False) -> bytes:
    request: dict[str, object] = {
        "model": model,
        "messages": [{"role": "user", "content": text}],
        "stream": True,
    }
    if usage:
        request["stream_options"] = {"include_usage": True}
    body = json.dumps(request).encode()
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nhost: zone\r\nauthorization: Bearer {CREDENTIAL}\r\n"
        f"content-type: application/json\r\nconnection: close\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Client:
    """A raw client that reads one server-sent event at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def ask(cls, running: Lab, request: bytes) -> Client:
        reader, writer = await asyncio.open_connection(
            "127.0.10.1", running.port, local_addr=("127.0.10.9", 0)
        )
        writer.write(request)
        return cls(reader, writer)

    async def head(self) -> bytes:
        return await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 5)

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield HTTP chunks as they come; the empty one ends the message."""
        while True:
            size = int(await asyncio.wait_for(self.reader.readline(), 5), 16)
            data = await self.reader.readexactly(size + 2)
            yield data[:-2]
            if not size:
                return


async def test_two_hundred_events_arrive_each_as_it_comes(upstream: EchoServer) -> None:
    """No event of plain words waits for a later one: each arrives before the model makes the next."""
    words = [f"{first}{second}word" for first in "abcdefghijklmnopqrst" for second in "abcdefghij"]
    text = " ".join(words)
    async with lab(upstream.port, model="stepped") as running:
        client = await Client.ask(running, chat("stepped", text))
        upstream.step()
        assert (await client.head()).startswith(b"HTTP/1.1 200 ")
        chunks = client.chunks()
        for word in words:
            assert word.encode() in await anext(chunks)
            upstream.step()
        rest = b"".join([chunk async for chunk in chunks])
        client.writer.close()
        await client.writer.wait_closed()
        assert rest.endswith(b"data: [DONE]\n\n")
        assert running.journal.verdicts() == [("decision", "allow", ""), ("return", "allow", "")]
        tokens = running.journal.entries[-1][1]["tok"]
        assert tokens["completion"] == 200
        assert tokens["source"] == "upstream"
        assert b'"usage"' not in rest


async def test_what_may_become_an_identifier_waits_no_longer_than_its_window(upstream: EchoServer) -> None:
    """Numbers are held until they are decided, and no event waits for more than 160 characters."""
    text = " ".join(f"{number}" for number in range(100, 300))
    async with lab(upstream.port, model="stepped") as running:
        client = await Client.ask(running, chat("stepped", text))
        upstream.step(60)
        await client.head()
        chunks = client.chunks()
        seen = b""
        while b'"115 "' not in seen:  # 60 tokens of 4 characters are made; at most 40 of them wait
            seen += await anext(chunks)
        upstream.step(140)
        rest = seen + b"".join([chunk async for chunk in chunks])
        client.writer.close()
        await client.writer.wait_closed()
    assert b'"299"' in rest
    assert rest.endswith(b"data: [DONE]\n\n")


async def test_usage_is_shown_to_who_asked_for_it(upstream: EchoServer) -> None:
    """Z18: usage is always metered, and shown in the stream only where the caller asked."""
    async with lab(upstream.port, model="events-5") as running:
        asked = await running.raw(chat("events-5", "go", usage=True))
        silent = await running.raw(chat("events-5", "go"))
    assert b'"completion_tokens": 5' in asked
    assert b"completion_tokens" not in silent
    first, second = (entry[1]["tok"] for entry in running.journal.entries[1::2])
    assert first == second
    assert first["completion"] == 5


async def test_the_end_waits_until_the_return_is_durable(upstream: EchoServer) -> None:
    """Z13: the terminal marker is held while the record is being written."""
    gate = asyncio.Event()

    class Gated(MemoryJournal):
        async def append(self, kind: str, body: Mapping[str, Any], private: Mapping[str, Any]) -> Receipt:
            if kind == "return":
                await gate.wait()
            return await super().append(kind, body, private)

    async with lab(upstream.port, journal=Gated(), model="events-5") as running:
        client = await Client.ask(running, chat("events-5", "go"))
        await client.head()
        chunks = client.chunks()
        seen = b""
        while b'"4 "' not in seen:
            seen += await anext(chunks)
        waiting = asyncio.ensure_future(anext(chunks))
        await asyncio.sleep(0)
        while not any(c.passage.state.value == "sealing" for c in running.boundary.crossings):
            await asyncio.sleep(0.01)
        # Whatever has come meanwhile, it is not the end.
        if waiting.done():
            assert b"[DONE]" not in waiting.result()
        gate.set()
        rest = await waiting
        async for chunk in chunks:
            rest += chunk
        assert b"[DONE]" in rest
        client.writer.close()
        await client.writer.wait_closed()


async def test_a_stream_is_cut_before_an_identifier_crosses(upstream: EchoServer) -> None:
    """Z11: no part of the number that could tell it leaves, and the cut is loud and recorded."""
    async with lab(upstream.port, model="resident-id") as running:
        answer = await running.raw(chat("resident-id", "what is it?"))
    text = "".join(
        json.loads(line[6:])["choices"][0]["delta"].get("content", "")
        for line in answer.decode().splitlines()
        if line.startswith("data: {") and '"choices"' in line
    )
    assert text.startswith("Of course. The number")
    assert not any(character.isdigit() for character in text)
    assert resident_id(17)[:4] not in text
    assert b"[DONE]" not in answer
    assert b'"code":"policy-domestic-data-mixed"' in answer
    assert b"\r\n0\r\n\r\n" not in answer
    kind, verdict, reason = running.journal.verdicts()[-1]
    assert (kind, verdict, reason) == ("return", "deny", "policy-domestic-data-mixed")
    assert running.journal.entries[-1][1]["end"] == "cut"


async def test_a_stream_that_breaks_off_ends_loudly(upstream: EchoServer) -> None:
    """A server that breaks off is not taken for a short answer."""
    async with lab(upstream.port, model="broken-off") as running:
        answer = await running.raw(chat("broken-off", "one two three four five"))
    assert b'data: {"error":' in answer
    assert b"upstream-truncated" in answer
    assert running.journal.verdicts()[-1] == ("return", "deny", "upstream-truncated")
    assert running.journal.entries[-1][1]["end"] == "upstream_failed"


async def test_a_client_that_leaves_is_recorded(upstream: EchoServer) -> None:
    """An exchange whose caller vanishes ends with a return that says so."""
    async with lab(upstream.port, model="stepped") as running:
        client = await Client.ask(running, chat("stepped", "one two three"))
        upstream.step()
        await client.head()
        client.writer.transport.abort()
        async with asyncio.timeout(5):
            while len(running.journal.entries) < 2:
                await asyncio.sleep(0.01)
    assert running.journal.verdicts()[-1] == ("return", "deny", "client-gone")
    assert running.journal.entries[-1][1]["end"] == "client_gone"
