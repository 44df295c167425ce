"""`zoneproxy.adapters.workers.neighbours`: which worker has an exchange, and giving it away (Z5, Z22)."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from zoneproxy.adapters.workers.handover import Handed, HandoverServer
from zoneproxy.adapters.workers.neighbours import Neighbours, flows_socket
from zoneproxy.origin.arrival import PLAIN

FLOW = "01a1fdc3-927a-75f7-bf46-03caded570f5"


def own(folder: Path, number: int) -> Path:
    return flows_socket(folder / f"control.{number}.sock")


def worker(folder: Path, number: int, *flows: str, taken: list[Handed] | None = None) -> HandoverServer:
    kept = taken if taken is not None else []
    return HandoverServer(own(folder, number), lambda flow: flow in flows, kept.append, deadline_s=1.0)


def test_the_others_stand_beside_it(tmp_path: Path) -> None:
    """Z5: workers of the same zone alone, at each question anew."""
    for name in ("control.1", "control.2", "control.12", "other.3", "control.logd"):
        flows_socket(tmp_path / f"{name}.sock").touch()
    (tmp_path / "control.4.sock").touch()
    found = [path.name for path in Neighbours(own(tmp_path, 1)).paths()]
    assert found == ["control.12.flows.sock", "control.2.flows.sock", "control.logd.flows.sock"]


async def test_the_one_that_has_it_is_found(tmp_path: Path) -> None:
    """Z5: among any number; a killed one's socket is passed over."""
    one, two, three = worker(tmp_path, 1), worker(tmp_path, 2, FLOW), worker(tmp_path, 3)
    for server in (one, two, three):
        await server.start()
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(own(tmp_path, 4)))
    dead.close()
    others = Neighbours(own(tmp_path, 1), deadline_s=1.0)
    assert await others.knows(FLOW)
    assert not await others.knows("another")
    assert not await Neighbours(own(tmp_path, 2), deadline_s=1.0).knows(FLOW)
    await two.close()
    assert not await others.knows(FLOW)
    for server in (one, three):
        await server.close()


async def test_one_that_hangs_is_not_waited_for(tmp_path: Path) -> None:
    """Z22: the one that answers is enough; where none does, nobody has it at the deadline."""
    silent = socket.socket(socket.AF_UNIX)
    silent.bind(str(own(tmp_path, 2)))
    silent.listen()
    others = Neighbours(own(tmp_path, 1), deadline_s=0.3)
    async with asyncio.timeout(10):
        assert not await others.knows(FLOW)
    quick = worker(tmp_path, 3, FLOW)
    await quick.start()
    patient = Neighbours(own(tmp_path, 1), deadline_s=60.0)
    async with asyncio.timeout(20):
        assert await patient.knows(FLOW)
    await quick.close()
    silent.close()


@pytest.mark.parametrize("word", [b"", b"\0\0\0\x02[]", b"\0\0\0\x05nope!", b"\xff\xff\xff\xff"])
async def test_what_is_no_worker_has_nothing(word: bytes, tmp_path: Path) -> None:
    """Z22: an answer that can't be read is none."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(word)
        await writer.drain()
        writer.close()

    server = await asyncio.start_unix_server(serve, own(tmp_path, 2))
    assert not await Neighbours(own(tmp_path, 1), deadline_s=1.0).knows(FLOW)
    server.close()
    await server.wait_closed()


async def test_a_connection_is_given_away(tmp_path: Path) -> None:
    """Z5: once; an owner that ends meanwhile has not taken it."""
    taken: list[Handed] = []
    two = worker(tmp_path, 2, FLOW, taken=taken)
    await two.start()
    others = Neighbours(own(tmp_path, 1), deadline_s=1.0)
    near, far = socket.socketpair()
    handed = Handed("zone-out-1", far, ("127.0.30.9", 5), PLAIN, b"GET ")
    owner = await others.find(FLOW)
    assert owner is not None
    with owner:
        assert await owner.give(handed)
    owner = await others.find(FLOW)
    assert owner is not None
    await two.close()
    with owner:
        assert not await owner.give(handed)
    assert [(one.route, one.caller, one.ahead) for one in taken] == [
        ("zone-out-1", ("127.0.30.9", 5), b"GET ")
    ]
    for sock in (near, far, taken[0].sock):
        sock.close()
