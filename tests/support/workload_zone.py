"""A zone whose model server calls outward while it answers; customers, model and destination in one loop."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support.both_sides import DOOR, entries_of
from tests.support.outward_lab import WORKLOAD
from tests.support.zone_process import ZoneFolder
from zoneproxy import outward_headers
from zoneproxy.trace.entry import Entry

ABROAD, OUTWARD_DOOR = "127.0.10.77", "127.0.30.1"
TIMEOUT_S = 60
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 5\r\n\r\nfine\n"


@dataclass
class Called:
    """One outward call of the workload: for which exchange, and what came of it.

    Attributes:
        flow: the exchange.
        status: of the answer; 0 where none came.
        code: the reason of a refusal, or empty.
        trouble: how the connection failed, or empty.
    """

    flow: str
    status: int = 0
    code: str = ""
    trouble: str = ""


@dataclass
class World:
    """The model server, which calls outward, and the destination that it calls.

    Attributes:
        calls: how many outward calls it makes for each request.
        size: bytes of each call's body, for calls that come in many pieces.
        called: what came of them.
        got: what the destination received, head by head.
        hold: while it is not set, a request waits before its calls are made.
        waiting: exchanges that wait for it, with their tags.
        door_tls: how the outward door is believed, where it speaks TLS.
        tunnel_tls: how the destination is believed, where it is called by a tunnel.
        tasks: connections that are served.
    """

    calls: int = 2
    size: int = 0
    called: list[Called] = field(default_factory=list)
    got: list[bytes] = field(default_factory=list)
    hold: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: dict[str, dict[str, str]] = field(default_factory=dict)
    model_port: int = 0
    abroad_port: int = 0
    door_port: int = 0
    door_tls: ssl.SSLContext | None = None
    tunnel_tls: ssl.SSLContext | None = None
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def kept(self, serve: Serve) -> Serve:
        """Have connections end with the servers that serve them."""

        async def whole(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.ensure_future(serve(reader, writer))
            self.tasks.add(task)
            try:
                await asyncio.wait([task])
            finally:
                self.tasks.discard(task)
                await _closed(writer)

        return whole

    async def abroad(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, EOFError):
            while True:
                head, _, _ = await _read_message(reader)
                self.got.append(head)
                writer.write(ANSWER)
                await writer.drain()

    async def model(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, EOFError):
            while True:
                _, headers, _ = await _read_message(reader)
                flow, tag = headers["zone-flow"], outward_headers(headers)
                self.waiting[flow] = tag
                await self.hold.wait()
                del self.waiting[flow]
                done = [await self.call(flow, tag) for _ in range(self.calls)]
                said = " ".join(f"{one.status}{one.code}{one.trouble}" for one in done)
                choice = {
                    "index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": said},
                }  # fmt: skip
                answer = {
                    "id": "c", "object": "chat.completion", "created": 1, "model": "zone-llm-02",
                    "choices": [choice],
                    "usage": {"prompt_tokens": 3, "completion_tokens": 200, "total_tokens": 203},
                }  # fmt: skip
                body = json.dumps(answer).encode()
                writer.write(
                    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s"
                    % (len(body), body)
                )
                await writer.drain()

    def request(self, tag: Mapping[str, str], *, last: bool = False) -> bytes:
        """Write a workload's call in the clear."""
        lines = _lines(tag)
        method, length = ("POST", f"content-length: {self.size}\r\n") if self.size else ("GET", "")
        place = f"{ABROAD}:{self.abroad_port}"
        target = "/x" if self.tunnel_tls is not None else f"http://{place}/x"
        end = "connection: close\r\n" if last else ""
        head = f"{method} {target} HTTP/1.1\r\nhost: {place}\r\n{lines}{length}{end}\r\n"
        return head.encode() + b"a" * self.size

    async def call(self, flow: str, tag: Mapping[str, str]) -> Called:
        """Call outward on a connection of its own."""
        called = Called(flow)
        try:
            async with asyncio.timeout(TIMEOUT_S), self.connection() as (reader, writer):
                if self.tunnel_tls is not None:
                    place = f"{ABROAD}:{self.abroad_port}"
                    head = f"CONNECT {place} HTTP/1.1\r\nhost: {place}\r\n{_lines(tag)}\r\n"
                    writer.write(head.encode())
                    called.status, called.code = await read_answer(reader)
                    if called.code:
                        self.called.append(called)
                        return called
                    await writer.start_tls(self.tunnel_tls, server_hostname=ABROAD)
                writer.write(self.request(tag, last=True))
                called.status, called.code = await read_answer(reader)
        except (OSError, EOFError) as error:
            called.trouble = type(error).__name__
        self.called.append(called)
        return called

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """Connect to the outward door, as a workload."""
        reader, writer = await asyncio.open_connection(
            OUTWARD_DOOR, self.door_port, local_addr=(WORKLOAD, 0), ssl=self.door_tls
        )
        try:
            yield reader, writer
        finally:
            await _closed(writer)


async def read_answer(reader: asyncio.StreamReader) -> tuple[int, str]:
    """Read an answer; return its status, and the reason of a refusal."""
    head, _, body = await _read_message(reader)
    status = int(head.split(b" ", 2)[1])
    return status, "" if status == 200 else str(json.loads(body)["error"]["code"])


def _lines(tag: Mapping[str, str]) -> str:
    return "".join(f"{name}: {value}\r\n" for name, value in tag.items())


async def _closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def _read_message(reader: asyncio.StreamReader) -> tuple[bytes, dict[str, str], bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    lines = (line.partition(": ") for line in head.decode("latin-1").split("\r\n")[1:] if line)
    headers = {name.lower(): value for name, _, value in lines}
    return head, headers, await reader.readexactly(int(headers.get("content-length", 0)))


@contextlib.asynccontextmanager
async def serving(world: World, abroad_tls: ssl.SSLContext | None = None) -> AsyncIterator[World]:
    """Serve model and destination at the ports that the world names."""
    model = await asyncio.start_server(world.kept(world.model), "127.0.0.1", world.model_port)
    abroad = await asyncio.start_server(world.kept(world.abroad), ABROAD, world.abroad_port, ssl=abroad_tls)
    try:
        yield world
    finally:
        for server in (model, abroad):
            server.close()
        for task in world.tasks:
            task.cancel()
        await asyncio.gather(*world.tasks, return_exceptions=True)


def open_outward(zone: ZoneFolder, abroad_port: int) -> None:
    """Register the destination."""
    line = f'outward: [{{host: "{ABROAD}:{abroad_port}", side: overseas}}]'
    zone.edit("zone.yaml", "outward: []", line)


async def ask(zone: ZoneFolder) -> tuple[int, str]:
    """Ask as a customer, on a connection of its own; return the status, and what the model said."""
    body = json.dumps(
        {"model": "zone-llm-02", "messages": [{"role": "user", "content": "look it up"}]}
    ).encode()
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nhost: zone\r\nconnection: close\r\n"
        f"authorization: Bearer {zone.credentials['toyco-sg']}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    try:
        async with asyncio.timeout(TIMEOUT_S):
            reader, writer = await asyncio.open_connection(DOOR, zone.port)
            writer.write(head.encode() + body)
            try:
                got, _, answer = await _read_message(reader)
            finally:
                await _closed(writer)
    except (OSError, EOFError) as error:
        return 0, type(error).__name__
    status = int(got.split(b" ", 2)[1])
    if status != 200:
        return status, str(json.loads(answer)["error"]["code"])
    return status, str(json.loads(answer)["choices"][0]["message"]["content"])


def decisions(zone: ZoneFolder) -> dict[str, Entry]:
    """Return the decisions of the log by flow."""
    return {entry.body["flow"]: entry for entry in entries_of(zone).values() if entry.kind == "decision"}


def insist_on_own_workers(zone: ZoneFolder) -> int:
    """Every call was judged by the worker that serves its exchange; return how many there were."""
    found: Mapping[str, Any] = decisions(zone)
    calls = [one for one in found.values() if one.body["kind"] == "outward" and one.body["parent"]]
    for one in calls:
        assert one.header.worker == found[one.body["parent"]].header.worker
    return len(calls)
