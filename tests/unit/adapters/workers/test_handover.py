"""`zoneproxy.adapters.workers.handover`: what a worker takes from the others, and from nobody else (Z22)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from zoneproxy.adapters.workers import handover
from zoneproxy.adapters.workers.handover import (
    MAX_FRAME_BYTES,
    Handed,
    HandoverError,
    HandoverServer,
    read_arrival,
    read_caller,
    read_object,
    send,
    write_arrival,
    write_object,
)
from zoneproxy.origin.arrival import PLAIN, Arrival
from zoneproxy.origin.certificate import ClientCertificate
from zoneproxy.terms.errors import ConfigError

FLOW = "01a1fdc3-927a-75f7-bf46-03caded570f5"
CALLER = ["127.0.30.9", 50000]
TOLD: dict[str, Any] = {"route": "zone-out-1", "caller": CALLER, "arrival": write_arrival(PLAIN)}


class Taker:
    """A worker's end, which keeps what it took."""

    def __init__(self, path: Path) -> None:
        self.taken: list[Handed] = []
        self.server = HandoverServer(path, lambda flow: flow == FLOW, self.taken.append, deadline_s=0.5)


@contextlib.asynccontextmanager
async def taker(folder: Path) -> AsyncIterator[tuple[Taker, Path]]:
    path = folder / "control.1.flows.sock"
    one = Taker(path)
    await one.server.start()
    try:
        yield one, path
    finally:
        await one.server.close()
        for handed in one.taken:
            handed.sock.close()


@contextlib.contextmanager
def pipes() -> Any:
    """Two ends of a connection, and a socket to talk by."""
    near, far = socket.socketpair()
    try:
        yield near, far
    finally:
        near.close()
        far.close()


async def talk(path: Path) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(0)
    await asyncio.get_running_loop().sock_connect(sock, str(path))
    return sock


async def asked(path: Path, flow: Any = FLOW) -> tuple[socket.socket, dict[str, Any]]:
    sock = await talk(path)
    await send(sock, write_object({"flow": flow}))
    return sock, read_object(await handover.receive(sock))


async def ended(sock: socket.socket) -> bool:
    """Tell whether the other side ended the conversation without another word."""
    async with asyncio.timeout(10):
        with contextlib.suppress(ConnectionError):
            return await asyncio.get_running_loop().sock_recv(sock, 1) == b""
    return True


async def test_a_connection_is_handed_over_with_what_was_read(tmp_path: Path) -> None:
    """Z5: the descriptor, who calls, how it came, and the bytes that were read already."""
    async with taker(tmp_path) as (one, path):
        assert path.stat().st_mode & 0o777 == 0o600
        with pipes() as (near, far):
            sock, answer = await asked(path)
            assert answer == {"has": True}
            await send(sock, write_object(TOLD) + b"\nGET / HTTP/1.1\r\n\n\r\n", far.fileno())
            assert read_object(await handover.receive(sock)) == {"taken": True}
            sock.close()
            (handed,) = one.taken
            assert (handed.route, handed.caller) == ("zone-out-1", ("127.0.30.9", 50000))
            assert handed.arrival == PLAIN
            assert handed.ahead == b"GET / HTTP/1.1\r\n\n\r\n"
            near.send(b"x")
            assert handed.sock.recv(1) == b"x"
            assert not os.get_inheritable(handed.sock.fileno())


async def test_what_was_read_may_be_much(tmp_path: Path) -> None:
    """Z22: more than a socket holds at once goes over whole."""
    ahead = os.urandom(700_000)
    async with taker(tmp_path) as (one, path):
        with pipes() as (_, far):
            sock, _ = await asked(path)
            await send(sock, write_object(TOLD) + b"\n" + ahead, far.fileno())
            assert read_object(await handover.receive(sock)) == {"taken": True}
            sock.close()
        assert one.taken[0].ahead == ahead


@pytest.mark.parametrize("flow", ["", "01a1fdc3-927a-75f7-bf46-03caded570f6", None, 7, ["x"], {"a": 1}])
async def test_only_its_own_exchanges_are_its_own(flow: Any, tmp_path: Path) -> None:
    """Z5: it says no, and ends the conversation."""
    async with taker(tmp_path) as (one, path):
        sock, answer = await asked(path, flow)
        assert answer == {"has": False}
        assert await ended(sock)
        sock.close()
        assert one.taken == []


BAD: dict[str, bytes] = {
    "no JSON": b"x",
    "no object": b"[]",
    "nobody calls": write_object({**TOLD, "caller": None}),
    "a caller without a port": write_object({**TOLD, "caller": ["127.0.30.9"]}),
    "a port that is text": write_object({**TOLD, "caller": ["127.0.30.9", "x"]}),
    "no arrival": write_object({**TOLD, "arrival": None}),
    "an arrival of another version": write_object({**TOLD, "arrival": {"certificate": None, "other": 1}}),
    "half a certificate": write_object({**TOLD, "arrival": {**TOLD["arrival"], "certificate": {"x": 1}}}),
}


@pytest.mark.parametrize("told", BAD.values(), ids=BAD.keys())
async def test_what_is_no_connection_is_closed(told: bytes, tmp_path: Path) -> None:
    """Z22: nothing is served, and no descriptor stays behind."""
    async with taker(tmp_path) as (one, path):
        with pipes() as (near, far):
            sock, _ = await asked(path)
            await send(sock, told + b"\n", far.fileno())
            assert await ended(sock)
            sock.close()
            far.close()
            near.settimeout(10)
            assert near.recv(1) == b""  # nobody has the other end
        assert one.taken == []


async def test_a_connection_comes_with_one_descriptor_of_a_stream(tmp_path: Path) -> None:
    """Z22: none, two, three, a file, a datagram socket: closed."""
    async with taker(tmp_path) as (one, path):
        for count in (0, 2, 3):
            with pipes() as (near, far):
                sock, _ = await asked(path)
                data = write_object(TOLD) + b"\n"
                frame = struct.pack(">I", len(data)) + data
                if count:
                    socket.send_fds(sock, [frame], [far.fileno()] * count)
                else:
                    await asyncio.get_running_loop().sock_sendall(sock, frame)
                assert await ended(sock)
                sock.close()
                far.close()
                near.settimeout(10)
                assert near.recv(1) == b""
        with (tmp_path / "file").open("wb") as file, socket.socket(type=socket.SOCK_DGRAM) as datagram:
            for descriptor in (file.fileno(), datagram.fileno()):
                sock, _ = await asked(path)
                await send(sock, write_object(TOLD) + b"\n", descriptor)
                assert await ended(sock)
                sock.close()
        assert one.taken == []


@pytest.mark.parametrize("data", [b"", b"\0\0", struct.pack(">I", MAX_FRAME_BYTES + 1), b"\0\0\0\x09{}"])
async def test_who_is_slow_or_talks_without_end_is_not_waited_for(data: bytes, tmp_path: Path) -> None:
    """Z22: at its deadline, or as soon as it says how much will come."""
    async with taker(tmp_path) as (one, path):
        sock = await talk(path)
        await asyncio.get_running_loop().sock_sendall(sock, data)
        assert await ended(sock)
        sock.close()
        sock, _ = await asked(path)  # a question, and then silence
        assert await ended(sock)
        sock.close()
        assert one.taken == []


async def test_a_stranger_is_not_heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Z22: the kernel says who it is."""
    async with taker(tmp_path) as (one, path):
        monkeypatch.setattr(handover, "_CREDENTIALS", struct.Struct("3i"))
        monkeypatch.setattr("zoneproxy.adapters.workers.handover.os.geteuid", lambda: 12345)
        own, other = socket.socketpair()
        with own, other:
            if os.getuid():
                with pytest.raises(HandoverError, match="stranger"):
                    handover.insist_on_own(own)
            else:
                monkeypatch.setattr(own.__class__, "getsockopt", lambda *_: struct.pack("3i", 1, 77, 77))
                with pytest.raises(HandoverError, match="stranger"):
                    handover.insist_on_own(own)
                sock = await talk(path)
                await send(sock, write_object({"flow": FLOW}))
                assert await ended(sock)
                sock.close()
        assert one.taken == []


async def test_a_taker_that_fails_says_nothing(tmp_path: Path) -> None:
    """Z22: whoever gave the connection is not told that it was taken."""
    path = tmp_path / "control.1.flows.sock"

    def fails(_: Handed) -> None:
        raise PermissionError("planted")

    server = HandoverServer(path, lambda _: True, fails, deadline_s=0.5)
    await server.start()
    with pipes() as (_, far):
        sock, _answer = await asked(path)
        await send(sock, write_object(TOLD) + b"\n", far.fileno())
        assert await ended(sock)
        sock.close()
    await server.close()
    await server.close()
    assert not path.exists()


async def test_a_stale_socket_is_put_away_and_a_file_is_not(tmp_path: Path) -> None:
    """Z22: what a killed worker left does not keep its successor out; anything else does."""
    async with taker(tmp_path) as (_, path):
        left = Taker(path)
        await left.server.start()
        await left.server.close()
    path.write_text("x")
    with pytest.raises(ConfigError, match="can't be made"):
        await Taker(path).server.start()
    alone = HandoverServer(None, lambda _: True, lambda _: None)
    await alone.start()
    await alone.close()


def test_how_a_connection_came_survives() -> None:
    """Z1: with a certificate and without, as evidence needs it."""
    certificate = ClientCertificate(
        frozenset({"sha256:ab", "spiffe://zone/x"}), "x", (b"\x30\xff", 2**159), 5, 9
    )
    for arrival in (PLAIN, Arrival("127.0.30.2", "door", "zone.test", certificate, contradicted=True)):
        told = read_object(write_object({"arrival": write_arrival(arrival)}))
        assert read_arrival(told["arrival"]) == arrival
    assert read_caller(["::1", 1]) == ("::1", 1)


async def test_who_has_all_of_it_may_be_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Z22: a taker that answers and ends before the giver looks again has taken it."""
    real = socket.send_fds
    near, far = socket.socketpair()
    near.settimeout(0)

    def sent(sock: socket.socket, buffers: Any, fds: Any) -> int:
        size = real(sock, buffers, fds)
        far.recv(65_536)
        far.close()
        return size

    monkeypatch.setattr(socket, "send_fds", sent)
    with near, pipes() as (_, passed):
        await send(near, b"{}", passed.fileno())


async def test_a_frame_has_its_bound() -> None:
    """Z22: what is too long is not sent."""
    with pipes() as (near, _), pytest.raises(ValueError, match="too long"):
        await send(near, bytes(MAX_FRAME_BYTES + 1))
