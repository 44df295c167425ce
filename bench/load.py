"""A load of HTTP/1.1 requests on keep-alive connections, from raw streams: it reads every answer whole."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass

CONNECTIONS = 16
_OK = b"200"
_WORDS = [
    "amber",
    "basin",
    "cedar",
    "delta",
    "ember",
    "fable",
    "grove",
    "haven",
    "inlet",
    "jolly",
    "kettle",
    "lemon",
    "meadow",
    "noble",
    "orchard",
    "pebble",
    "quartz",
    "ripple",
    "saddle",
    "timber",
    "upland",
    "velvet",
    "willow",
    "yonder",
    "zephyr",
    "harbour",
    "lantern",
    "mellow",
    "nectar",
    "opal",
    "plain",
    "rustic",
    "silver",
    "tundra",
    "under",
    "valley",
    "winter",
    "yellow",
]


@dataclass(frozen=True, slots=True)
class Target:
    """Where the load goes, and the address that it comes from."""

    host: str
    port: int
    source: str


class LoadError(Exception):
    """An answer is not what the work asks for; nothing measured with it may be used."""


def words(count: int, seed: int) -> str:
    """Return plain words, other ones for each seed."""
    return " ".join(random.Random(seed).choices(_WORDS, k=count))


def chat(text: str, *, credential: str, stream: bool = False, size_bytes: int = 0) -> bytes:
    """Write a chat request; a system message fills its body up to `size_bytes`."""
    system = {"role": "system", "content": ""}
    asked = {
        "model": "zone-llm-02",
        "messages": [system, {"role": "user", "content": text}],
        "stream": stream,
    }
    missing = size_bytes - len(json.dumps(asked))
    if missing > 0:
        system["content"] = words(missing, len(text))[:missing]
    body = json.dumps(asked).encode()
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nhost: zone.example\r\nauthorization: Bearer {credential}\r\n"
        f"content-type: application/json\r\naccept: */*\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def drive(target: Target, requests: Sequence[bytes]) -> list[bytes]:
    """Send requests over 16 connections, each as soon as its connection is free; return the bodies.

    Raises:
        LoadError: an answer's status is not 200.
    """
    return asyncio.run(_drive(target, requests))


async def _drive(target: Target, requests: Sequence[bytes]) -> list[bytes]:
    left = iter(requests)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_connection(target, left)) for _ in range(CONNECTIONS)]
    return [body for task in tasks for body in task.result()]


async def _connection(target: Target, left: Iterator[bytes]) -> list[bytes]:
    reader, writer = await asyncio.open_connection(target.host, target.port, local_addr=(target.source, 0))
    bodies = []
    for request in left:
        writer.write(request)
        bodies.append(await _answer(reader))
    writer.close()
    await writer.wait_closed()
    return bodies


async def _answer(reader: asyncio.StreamReader) -> bytes:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
    if b"content-length" in headers:
        body = await reader.readexactly(int(headers[b"content-length"]))
    else:
        body = b"".join([chunk async for chunk in _chunks(reader)])
    if first.split()[1] != _OK:
        raise LoadError(f"{first.decode()}: {body[:300].decode(errors='replace')}")
    return body


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while size := int(await reader.readline(), 16):
        yield (await reader.readexactly(size + 2))[:-2]
    await reader.readline()
