"""A name of several addresses: all are judged, what may be dialled is recorded, and tried in turn (Z5)."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from demo.echo_server import EchoServer, serving
from tests.support.boundary_lab import Lab, MemoryJournal, lab
from tests.support.outward_lab import (
    ABROAD,
    NAME,
    Outside,
    Serving,
    Workload,
    code_of,
    insist_on_replay,
    opened,
    outside,
    outward_records,
)
from zoneproxy.assembly import Boundary as Core

pytestmark = pytest.mark.live

DEAD, ALSO_DEAD = "127.0.10.78", "127.0.10.79"
HUNG = "127.0.10.80"


@pytest.fixture
def model() -> Iterator[EchoServer]:
    with serving() as server:
        yield server


@contextlib.asynccontextmanager
async def calling(
    folder: Path, model: EchoServer, *addresses: str, alter: Any = None, **more: Any
) -> AsyncIterator[tuple[Outside, Lab, Any]]:
    """Have a name resolve to these addresses, and a customer's exchange under way."""
    async with outside(folder) as world:
        world.resolver.table = {NAME: [addresses]}

        def altered(core: Core) -> None:
            world.alter(core)
            if alter is not None:
                alter(core)

        async with (
            lab(model.port, model="stepped", alter=altered, **more) as running,
            Serving(running, model) as flow,
        ):
            yield world, running, flow


async def called(world: Outside, running: Lab, flow: Any) -> tuple[int, bytes]:
    async with Workload(running) as workload:
        return await workload.get(flow, path=f"http://{world.place}/x", host=world.place)


def private(running: Lab, kind: str, name: str) -> list[Any]:
    """Return a private field of the records of workloads' calls."""
    flows = {body["flow"] for _, body, _ in running.journal.entries if body.get("kind") == "outward"}
    return [p.get(name) for k, body, p in running.journal.entries if k == kind and body["flow"] in flows]


@contextlib.contextmanager
def hung(port: int) -> Iterator[None]:
    """An address at which a connection is never accepted: its queue is full."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind((HUNG, port))
        listener.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)  # noqa: FBT003 - the standard library has it so
            waiting.connect_ex((HUNG, port))
        yield


async def test_the_next_address_is_tried(tmp_path: Path, model: EchoServer) -> None:
    """Z5, Z13: the decision names all that may be dialled, in order; the end names the one that answered."""
    async with calling(tmp_path, model, DEAD, ALSO_DEAD, ABROAD) as (world, running, flow):
        assert await called(world, running, flow) == (200, b'{"told": "all"}')
        assert private(running, "decision", "addresses") == [f"{DEAD} {ALSO_DEAD} {ABROAD}"]
        assert private(running, "decision", "destination.address") == [DEAD]
        assert private(running, "return", "address") == [ABROAD]
        assert world.server.accepted == 1
        insist_on_replay(running)


async def test_an_address_that_hangs_has_its_time(
    tmp_path: Path, model: EchoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Z5, Z22: the next is tried then; where it is the only one, the call ends, recorded."""
    monkeypatch.setattr("addons.dialling.TRY_S", 0.5)
    async with calling(tmp_path, model, HUNG, ABROAD) as (world, running, flow):
        with hung(world.server.port):
            assert await called(world, running, flow) == (200, b'{"told": "all"}')
            world.resolver.table = {NAME: [[HUNG]]}
            assert code_of(await called(world, running, flow)) == "upstream-failed"
        assert private(running, "return", "address") == [ABROAD, None]
        assert [one[:3] for one in outward_records(running)][-1] == ("return", "deny", "upstream-failed")
        insist_on_replay(running)


async def test_a_connection_outlives_the_time_of_its_try(
    tmp_path: Path, model: EchoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Z5: the bound is that of connecting, and not of the call."""
    monkeypatch.setattr("addons.dialling.TRY_S", 0.3)
    async with (
        calling(tmp_path, model, DEAD, ABROAD) as (world, running, flow),
        Workload(running) as workload,
    ):
        target = f"http://{world.place}/x"
        assert (await workload.get(flow, path=target, host=world.place))[0] == 200
        await asyncio.sleep(0.6)
        assert (await workload.get(flow, path=target, host=world.place))[0] == 200


async def test_none_of_them_answers(tmp_path: Path, model: EchoServer) -> None:
    """Z5, Z22: the call ends with a code, recorded; no more than a few are tried."""
    many = [f"127.0.10.{n}" for n in range(100, 110)]
    async with calling(tmp_path, model, *many, ABROAD) as (world, running, flow):
        assert code_of(await called(world, running, flow)) == "upstream-failed"
        assert private(running, "decision", "addresses") == [" ".join(many[:4])]
        assert world.server.accepted == 0


async def test_a_tunnel_keeps_all_of_them(tmp_path: Path, model: EchoServer) -> None:
    """Z5: the call finds the one that answers, and the next begins with it, on the open connection."""
    async with calling(tmp_path, model, DEAD, ABROAD) as (world, running, flow):
        async with Workload(running) as workload:
            await opened(world, workload, flow)
            for _ in range(3):
                assert await workload.get(flow, host=world.place) == (200, b'{"told": "all"}')
        assert private(running, "decision", "addresses") == [
            f"{DEAD} {ABROAD}", f"{DEAD} {ABROAD}", *[f"{ABROAD} {DEAD}"] * 2,
        ]  # fmt: skip
        assert private(running, "return", "address") == [None, ABROAD, ABROAD, ABROAD]
        assert (world.server.accepted, world.resolver.asked) == (1, [NAME])
        insist_on_replay(running)


async def test_who_can_not_prove_himself_ends_the_call(tmp_path: Path, model: EchoServer) -> None:
    """Z5, Z22: an address that answers is the last that is tried, whoever is there."""
    async with outside(tmp_path) as world:
        world.resolver.table = {NAME: [[DEAD, ABROAD, ALSO_DEAD]]}
        alter = partial(world.alter, pin="sha256:" + "ab" * 32)
        async with (
            lab(model.port, model="stepped", alter=alter) as running,
            Serving(running, model) as flow,
        ):
            assert code_of(await called(world, running, flow)) == "upstream-untrusted"
            assert bytes(world.server.plain) == b""


async def test_nothing_is_dialled_before_its_record(tmp_path: Path, model: EchoServer) -> None:
    """Z13: none of them, whichever would answer."""
    journal = MemoryJournal()
    async with calling(tmp_path, model, DEAD, ABROAD, journal=journal) as (world, running, flow):
        journal.fail_after = len(journal.entries)
        status, _ = await called(world, running, flow)
        assert status in (0, 503)
        assert world.server.accepted == 0


async def test_what_is_not_in_the_decision_is_not_dialled(
    tmp_path: Path, model: EchoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Z5, Z13: a dialler that takes another address is stopped by the passage, and the end says so."""

    def planted(*_: object) -> list[str]:
        return [DEAD, ABROAD]

    monkeypatch.setattr("addons.dialling.DiallingHandler._addresses", planted)
    async with calling(tmp_path, model, DEAD) as (world, running, flow):
        assert code_of(await called(world, running, flow)) == "lane-changed"
        assert world.server.accepted == 0
        assert outward_records(running)[-1][:3] == ("return", "deny", "lane-changed")


async def test_a_workload_that_leaves_ends_the_tries(tmp_path: Path, model: EchoServer) -> None:
    """Z22: between two addresses, or while one hangs; no exchange and no connection stays behind."""
    async with calling(tmp_path, model, HUNG, ABROAD) as (world, running, flow):
        with hung(world.server.port):
            for _ in range(2):
                async with Workload(running) as workload:
                    head = f"GET http://{world.place}/x HTTP/1.1\r\nhost: {world.place}\r\n"
                    lines = "".join(f"{name}: {value}\r\n" for name, value in flow.tag.items())
                    workload.writer.write(f"{head}{lines}\r\n".encode())
                    async with asyncio.timeout(20):
                        while len(running.boundary.crossings) < 2:
                            await asyncio.sleep(0.01)
                    await asyncio.sleep(0.1)
                async with asyncio.timeout(20):
                    while len(running.boundary.crossings) > 1:
                        await asyncio.sleep(0.01)
        assert world.server.accepted == 0
