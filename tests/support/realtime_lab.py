"""A boundary with sessions open on loopback, and its callers: well-behaved ones, and ones on raw sockets."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import struct
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from tests.support.boundary_lab import Lab, MemoryJournal, lab
from tests.support.realtime_world import KEY, PATH, open_policies
from tests.support.zone_world import CREDENTIAL
from zoneproxy.assembly import Boundary as Core
from zoneproxy.passage.handshake import accept_of
from zoneproxy.passage.rules import SessionLimits

PEER = ("127.0.10.9", 0)
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
FIN = 0x80


@contextlib.asynccontextmanager
async def realtime_lab(
    upstream_port: int,
    *planted: Any,
    journal: MemoryJournal | None = None,
    more: str = "",
    alter: Callable[[Core], None] | None = None,
    sessions: dict[str, Any] | None = None,
    **limits: Any,
) -> AsyncIterator[Lab]:
    """Run a boundary that opens sessions.

    Args:
        upstream_port: where the model server listens on 127.0.0.1.
        planted: foreign addons, which come before ours.
        journal: takes the records.
        more: further rules of the operator's layer.
        alter: changes what was assembled, after that.
        sessions: fields of `SessionLimits`.
        limits: fields of `LabLimits`.
    """

    def opened(core: Core) -> None:
        core.rules = replace(
            core.rules, policies=open_policies(more), sessions=SessionLimits(**(sessions or {}))
        )
        if alter is not None:
            alter(core)

    async with lab(upstream_port, *planted, journal=journal, alter=opened, **limits) as running:
        yield running


def caller(running: Lab, model: str = "zone-llm-01", **given: Any) -> connect:
    """Open a session as a customer does, by a client of another make."""
    return connect(
        f"ws://127.0.10.1:{running.port}{PATH}?model={model}",
        additional_headers={"authorization": f"Bearer {CREDENTIAL}"},
        local_addr=PEER,
        compression=None,
        open_timeout=20,
        close_timeout=20,
        **given,
    )


async def ended(session: ClientConnection) -> tuple[int | None, str]:
    """Wait until the session is closed; return close code and reason."""
    async with asyncio.timeout(20):
        await session.wait_closed()
    return session.close_code, session.close_reason or ""


def handshake(**fields: str | None) -> bytes:
    """Write a handshake; a field that is `None` is left out, `target` and `version` are its first line's."""
    given: dict[str, str | None] = {
        "host": "zone",
        "authorization": f"Bearer {CREDENTIAL}",
        "connection": "Upgrade",
        "upgrade": "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": KEY,
        **{name.replace("_", "-"): value for name, value in fields.items()},
    }
    target = given.pop("target", f"{PATH}?model=zone-llm-01")
    version = given.pop("version", "HTTP/1.1")
    lines = [f"GET {target} {version}", *(f"{name}: {value}" for name, value in given.items() if value)]
    return "\r\n".join([*lines, "", ""]).encode()


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True, mask: bool = True, size: int = -1) -> bytes:
    """Write one frame; `size` is what it says that it has, where that is not true."""
    told = len(payload) if size < 0 else size
    first = bytes([(FIN if fin else 0) | opcode])
    masked = 0x80 if mask else 0
    if told < 126:
        head = first + bytes([masked | told])
    elif told < 65_536:
        head = first + bytes([masked | 126]) + struct.pack("!H", told)
    else:
        head = first + bytes([masked | 127]) + struct.pack("!Q", told)
    if not mask:
        return head + payload
    key = b"\x11\x22\x33\x44"
    return head + key + bytes(byte ^ key[place % 4] for place, byte in enumerate(payload))


@dataclass
class RawCaller:
    """A caller that may write any bytes once the handshake is done.

    Attributes:
        rest: what came behind the handshake's answer.
    """

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    rest: bytes = b""

    async def read_all(self, timeout_s: float = 15.0) -> bytes:
        """Read until the boundary closes."""
        async with asyncio.timeout(timeout_s):
            with contextlib.suppress(ConnectionError):
                while data := await self.reader.read(65_536):
                    self.rest += data
        return self.rest


@contextlib.asynccontextmanager
async def raw_caller(running: Lab, head: bytes | None = None) -> AsyncIterator[RawCaller]:
    """Do the handshake on a raw socket."""
    reader, writer = await asyncio.open_connection("127.0.10.1", running.port, local_addr=PEER)
    try:
        writer.write(head or handshake())
        answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 15)
        assert answer.startswith(b"HTTP/1.1 101 "), answer
        assert accept_of(KEY).encode() in answer
        assert b"sec-websocket-extensions" not in answer.lower()
        yield RawCaller(reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def close_of(data: bytes) -> tuple[int, str] | None:
    """Return code and reason of the close in what a caller got, or `None`; a server masks nothing."""
    at = 0
    while at + 2 <= len(data):
        size, skip = data[at + 1] & 0x7F, 2
        if size == 126:
            size, skip = struct.unpack("!H", data[at + 2 : at + 4])[0], 4
        payload = data[at + skip : at + skip + size]
        if data[at] & 0x0F == CLOSE:
            return struct.unpack("!H", payload[:2])[0], payload[2:].decode()
        at += skip + size
    return None


def accept_for(head: bytes) -> str:
    """Return what a server must answer to a handshake."""
    key = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key:"))
    value = key.partition(b":")[2].strip().decode()
    assert len(base64.b64decode(value)) == 16
    return accept_of(value)


@dataclass
class RawServer:
    """A server that answers the handshake with any bytes, and keeps what it gets."""

    answer: Callable[[bytes], bytes]
    after: bytes = b""
    stays: bool = True
    got: bytes = b""
    ended: int = 0
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            writer.write(self.answer(head) + self.after)
            await writer.drain()
            while self.stays and (data := await reader.read(65_536)):
                self.got += data
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.ended += 1
            writer.close()


def good_answer(head: bytes) -> bytes:
    return (
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
        f"sec-websocket-accept: {accept_for(head)}\r\n\r\n"
    ).encode()


@contextlib.asynccontextmanager
async def raw_server(
    answer: Callable[[bytes], bytes] = good_answer, *, after: bytes = b"", stays: bool = True
) -> AsyncIterator[RawServer]:
    server = RawServer(answer, after, stays)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
