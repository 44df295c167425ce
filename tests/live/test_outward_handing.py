"""Handing a connection over, with every part of it failing: refused or closed, never served twice (Z22)."""

from __future__ import annotations

import asyncio
import socket
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

from addons.handing import take
from demo.echo_server import EchoServer, serving
from tests.support.boundary_lab import lab
from tests.support.outward_lab import Serving, Workload, code_of, lines_of, made, outside, outward_records
from zoneproxy.adapters.workers.handover import Handed
from zoneproxy.origin.arrival import PLAIN, Arrival

pytestmark = pytest.mark.live

THEIRS = made(str(uuid.UUID(int=9)))


@pytest.fixture
def model() -> Iterator[EchoServer]:
    with serving() as server:
        yield server


class Others:
    """Neighbours of whom one has every exchange, and does with a connection what it is told to.

    Args:
        found: what `find` does: `nobody`, `owner`, or raises.
        gives: what the owner does: `takes`, `refuses`, or raises.
    """

    def __init__(self, found: str = "owner", gives: str = "takes") -> None:
        self.found, self.gives = found, gives
        self.asked: list[str] = []
        self.given: list[bytes] = []

    async def find(self, flow: str) -> Self | None:
        self.asked.append(flow)
        if self.found == "raises":
            raise RuntimeError("planted")
        return self if self.found == "owner" else None

    async def knows(self, flow: str) -> bool:
        return await self.find(flow) is not None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        pass

    async def give(self, handed: Handed) -> bool:
        self.given.append(handed.ahead)
        if self.gives == "raises":
            raise RuntimeError("planted")
        return self.gives == "takes"


@pytest.mark.parametrize(
    ("found", "gives"), [("owner", "takes"), ("owner", "refuses"), ("owner", "raises"), ("raises", "takes")]
)
async def test_what_is_given_away_is_done_with(
    found: str, gives: str, tmp_path: Path, model: EchoServer
) -> None:
    """Z5, Z22: whatever becomes of it, nothing of it is served, answered or recorded here."""
    async with outside(tmp_path) as world, lab(model.port, model="stepped", alter=world.alter) as running:
        others: Any = Others(found, gives)
        running.boundary.neighbours = others
        async with Workload(running) as workload:
            head = f"GET http://{world.place}/x HTTP/1.1\r\nhost: {world.place}\r\n{lines_of(THEIRS)}\r\n"
            workload.writer.write(head.encode())
            assert await workload.answer() == (0, b"")
            assert await workload.gone()
        assert others.asked == [THEIRS]
        assert others.given == ([] if found == "raises" else [head.encode()])
        assert outward_records(running) == []
        assert world.server.accepted == 0


async def test_what_nobody_has_is_refused_here(tmp_path: Path, model: EchoServer) -> None:
    """Z5: recorded; so are heads without a tag, and heads that are none, for which nobody is asked."""
    async with outside(tmp_path) as world, lab(model.port, model="stepped", alter=world.alter) as running:
        others: Any = Others("nobody")
        running.boundary.neighbours = others
        target = f"http://{world.place}/x"
        async with Workload(running) as workload:
            answer = await workload.get(THEIRS, path=target, host=world.place)
            assert code_of(answer) == "lane-flow-unknown"
        asked = len(others.asked)
        assert asked > 0
        async with Workload(running) as workload:
            assert code_of(await workload.get("", path=target, host=world.place)) == "lane-tag-missing"
        async with Workload(running) as workload:
            assert code_of(await workload.say(b"\x16\x03\x01\r\n\r\n")) == "request-malformed"
        async with Workload(running) as workload:
            workload.writer.write(b"GET http://x/ HTTP/1.1\r\nhost: x\r\n")
            workload.writer.write_eof()
            assert await workload.gone()
        assert len(others.asked) == asked
        reasons = [one[2] for one in outward_records(running)]
        assert reasons == ["lane-flow-unknown", "lane-tag-missing", "request-malformed"]


async def test_own_exchanges_and_other_doors_ask_nobody(tmp_path: Path, model: EchoServer) -> None:
    """Z5: looking costs the outward door alone, and there only who is not known here."""
    async with outside(tmp_path) as world, lab(model.port, model="stepped", alter=world.alter) as running:
        others: Any = Others("raises")
        running.boundary.neighbours = others
        async with Serving(running, model) as flow:
            async with Workload(running) as workload:
                for _ in range(2):  # a head in pieces
                    head = (
                        f"GET http://{world.place}/x HTTP/1.1\r\nhost: {world.place}\r\n{lines_of(flow)}\r\n"
                    )
                    for part in (head[:3], head[3:60], head[60:]):
                        workload.writer.write(part.encode())
                        await asyncio.sleep(0.02)
                    assert await workload.answer() == (200, b'{"told": "all"}')
            async with Workload(running) as workload:
                assert await workload.connect(world.place, flow) == 200
            async with Workload(running, host="127.0.10.1", peer="127.0.10.9") as customer:
                assert (await customer.get("", path="/v1/models"))[0] in (401, 403)
        assert others.asked == []


async def test_a_connection_that_was_given_is_served(tmp_path: Path, model: EchoServer) -> None:
    """Z5: as if it had come here, its caller told by the giver; and it is not given on."""
    async with outside(tmp_path) as world, lab(model.port, model="stepped", alter=world.alter) as running:
        others: Any = Others("owner")
        running.boundary.neighbours = others
        async with Serving(running, model) as flow:
            near, far = socket.socketpair()
            far.setblocking(False)  # noqa: FBT003 - the standard library has it so
            head = f"GET http://{world.place}/x HTTP/1.1\r\nhost: {world.place}\r\n{lines_of(flow)}\r\n"
            take(running.boundary, Handed("zone-out-1", far, ("127.0.30.7", 9), PLAIN, head.encode()[:90]))
            reader, writer = await asyncio.open_connection(sock=near)
            writer.write(head.encode()[90:])
            async with asyncio.timeout(20):
                assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
            writer.close()
        near, far = socket.socketpair()
        far.setblocking(False)  # noqa: FBT003 - as above
        head = f"GET http://{world.place}/x HTTP/1.1\r\nhost: {world.place}\r\n{lines_of(THEIRS)}\r\n"
        take(running.boundary, Handed("zone-out-1", far, ("127.0.30.7", 9), PLAIN, head.encode()))
        reader, writer = await asyncio.open_connection(sock=near)
        async with asyncio.timeout(20):
            assert (await reader.readuntil(b"\r\n\r\n")).startswith((b"HTTP/1.1 403", b"HTTP/1.1 421"))
        writer.close()
        assert others.given == []
        private = [p for _, body, p in running.journal.entries if body.get("kind") == "outward"]
        assert {p["workload.ip"] for p in private} == {"127.0.30.7"}


@pytest.mark.parametrize("route", ["cable-sg-1", "inland-1", "nowhere", ""])
async def test_only_the_outward_door_takes(route: str, tmp_path: Path, model: EchoServer) -> None:
    """Z1, Z7: a connection of another door can't be made to come in by this way; it is closed."""
    async with outside(tmp_path) as world, lab(model.port, model="stepped", alter=world.alter) as running:
        near, far = socket.socketpair()
        with near:
            with pytest.raises(PermissionError):
                take(running.boundary, Handed(route, far, ("127.0.10.9", 9), PLAIN, b""))
            assert far.fileno() == -1
            _, other = socket.socketpair()
            running.core.open = False
            with pytest.raises(PermissionError):
                take(running.boundary, Handed("zone-out-1", other, ("127.0.30.9", 9), PLAIN, b""))
            running.core.open = True
            _.close()


async def test_a_connection_that_did_not_come_as_its_door_demands_is_closed(
    tmp_path: Path, model: EchoServer
) -> None:
    """Z1: TLS that the door does not end, a front that it does not have: nothing is answered."""
    async with outside(tmp_path) as world, lab(model.port, model="stepped", alter=world.alter) as running:
        async with Serving(running, model) as flow:
            head = f"GET http://{world.place}/x HTTP/1.1\r\nhost: {world.place}\r\n{lines_of(flow)}\r\n"
            for arrival in (Arrival(tls="door"), Arrival(front="127.0.30.2")):
                near, far = socket.socketpair()
                far.setblocking(False)  # noqa: FBT003 - the standard library has it so
                take(running.boundary, Handed("zone-out-1", far, ("127.0.30.7", 9), arrival, head.encode()))
                reader, writer = await asyncio.open_connection(sock=near)
                async with asyncio.timeout(20):
                    assert await reader.read() == b""
                writer.close()
        assert outward_records(running) == []
