"""The outward door with two workers: a call comes to the worker that serves its exchange (Z2, Z5, Z22)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import ssl
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from demo.programs import Program
from tests.support.ports import free_port
from tests.support.tiny_ca import TinyCa
from tests.support.worker_zone import HASTE, children, kill, replaced, workers
from tests.support.workload_zone import (
    ABROAD,
    World,
    ask,
    decisions,
    insist_on_own_workers,
    open_outward,
    read_answer,
    serving,
)
from tests.support.zone_process import ZoneFolder, cli, make_zone

pytestmark = [pytest.mark.live, pytest.mark.slow]


@contextlib.contextmanager
def running_zone(
    folder: Path, count: int = 2, alter: Callable[[ZoneFolder, World], None] | None = None
) -> Iterator[tuple[ZoneFolder, World, Program]]:
    """Run a zone of several workers whose model server calls outward."""
    world = World(model_port=free_port(), abroad_port=free_port(ABROAD))
    zone = make_zone(folder / "zone", world.model_port)
    world.door_port = zone.port
    open_outward(zone, world.abroad_port)
    with zone.config.open("a") as file:
        file.write(HASTE)
    if alter is not None:
        alter(zone, world)
    with workers(zone, count) as program:
        yield zone, world, program
        program.process.terminate()
        assert program.process.wait(60) == 0
    for command in (("log", "verify"), ("replay", "--opening-key", str(zone.path / "keys/opening.key"))):
        done = cli(*command, str(zone.log))
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


async def many(zone: ZoneFolder, callers: int, each: int) -> Counter[tuple[int, str]]:
    """Ask as several customers at once, each several times; count what they were told."""

    async def caller() -> list[tuple[int, str]]:
        return [await ask(zone) for _ in range(each)]

    told = await asyncio.gather(*(caller() for _ in range(callers)))
    return Counter(one for several in told for one in several)


def test_every_call_comes_to_the_worker_that_serves_its_exchange(tmp_path: Path) -> None:
    """Z2, Z5: under load, short and long ones, each on a connection that the kernel gives to anybody."""
    with running_zone(tmp_path) as (zone, world, _program):

        async def story() -> None:
            world.hold.set()
            async with serving(world):
                assert set(await many(zone, 8, 5)) == {(200, "200 200")}
                world.size = 40_000  # the body is on its way while the head is handed over
                assert set(await many(zone, 4, 3)) == {(200, "200 200")}

        asyncio.run(story())
    assert all(one.status == 200 for one in world.called)
    assert len(world.got) == len(world.called) == 2 * (8 * 5 + 4 * 3)
    assert not any(b"zone-" in head.lower() or b"signature" in head.lower() for head in world.got)
    assert insist_on_own_workers(zone) == len(world.called)
    served = {one.header.worker for one in decisions(zone).values() if one.body["kind"] == "outward"}
    assert served == {"w1", "w2"}


@pytest.mark.parametrize("tunnel", [False, True], ids=["in the clear", "by a tunnel"])
def test_a_door_with_tls_hands_over_what_it_bears(tmp_path: Path, *, tunnel: bool) -> None:
    """Z5: its keys stay with the worker that ended it, which pumps; in the clear, and a tunnel within."""
    ca = TinyCa("tiny authority")
    door = ca.issue("door", hosts=("127.0.30.1",), server=True)
    abroad = ca.issue("abroad", hosts=(ABROAD,), server=True)
    abroad_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    abroad_tls.load_cert_chain(*abroad.write(tmp_path, "abroad"))

    def secure(zone: ZoneFolder, world: World) -> None:
        door.write(zone.path, "door")
        listen = f'listen: "127.0.30.1:{zone.port}"'
        zone.edit("zone.yaml", listen, f"{listen}, tls: {{certificate: door.pem, key: door.key}}")
        world.door_tls = ssl.create_default_context(cadata=ca.pem.decode())
        if not tunnel:
            return
        place = f'host: "{ABROAD}:{world.abroad_port}", side: overseas'
        (zone.path / "abroad-ca.pem").write_bytes(ca.pem)
        proof = f'tls: {{ca: abroad-ca.pem, spki_pin: "{abroad.pin}"}}'
        zone.edit("zone.yaml", place, f"{place}, {proof}")
        with zone.config.open("a") as file:
            file.write("tunnels: {certificate: outward.pem, key: keys/outward.key}\n")
        made = cli("outward", "make", str(zone.config))
        assert made.returncode == 0, made.stderr
        world.tunnel_tls = ssl.create_default_context(cadata=(zone.path / "outward.pem").read_text())

    with running_zone(tmp_path, alter=secure) as (zone, world, _program):

        async def story() -> None:
            world.hold.set()
            world.size = 30_000
            async with serving(world, abroad_tls if tunnel else None):
                assert set(await many(zone, 6, 3)) == {(200, "200 200")}

        asyncio.run(story())
    assert len(world.got) == 36
    assert insist_on_own_workers(zone) == (72 if tunnel else 36)


def test_a_later_call_for_an_exchange_of_another_worker_is_refused(tmp_path: Path) -> None:
    """Z5: a connection stays with its worker: told so with a code of its own, and closed."""
    with running_zone(tmp_path) as (zone, world, _program):

        async def story() -> None:
            async with serving(world):
                asking = [asyncio.ensure_future(ask(zone)) for _ in range(12)]
                async with asyncio.timeout(60):
                    while len(world.waiting) < 12:
                        await asyncio.sleep(0.01)
                codes = Counter[str]()
                first, *others = world.waiting.values()
                for tag in others:
                    async with world.connection() as (reader, writer):
                        writer.write(world.request(first))
                        assert await read_answer(reader) == (200, "")
                        writer.write(world.request(tag))
                        status, code = await read_answer(reader)
                        codes[code] += 1
                        if code:
                            assert status == 421
                            assert await reader.read() == b""  # closed
                assert set(codes) == {"", "lane-flow-elsewhere"}, codes
                world.hold.set()
                await asyncio.gather(*asking)

        asyncio.run(story())


def test_calls_go_on_while_workers_are_replaced(tmp_path: Path) -> None:
    """Z5: a worker that drains still has its exchanges, and their calls come to it."""
    with running_zone(tmp_path) as (zone, world, program):

        async def story() -> None:
            async with serving(world):
                held = [asyncio.ensure_future(ask(zone)) for _ in range(8)]
                async with asyncio.timeout(60):
                    while len(world.waiting) < 8:
                        await asyncio.sleep(0.01)
                before = {pid for pid, role in children(program).items() if role == "worker"}
                program.process.send_signal(signal.SIGHUP)
                async with asyncio.timeout(60):
                    # The successor of the first is there, and the first itself has exchanges under way.
                    while not {pid for pid, role in children(program).items() if role == "worker"} - before:
                        await asyncio.sleep(0.02)
                await asyncio.sleep(0.5)  # it drains: its own door is closed
                world.hold.set()
                assert set(await asyncio.gather(*held)) == {(200, "200 200")}
                load = asyncio.ensure_future(many(zone, 4, 6))
                await replaced(program, before)
                assert set(await load) == {(200, "200 200")}

        asyncio.run(story())
    assert insist_on_own_workers(zone) == len(world.called)


def test_a_killed_owner_takes_its_exchanges_and_nobody_elses(tmp_path: Path) -> None:
    """Z5, Z22: a tag of a worker that died is nobody's; the other's calls go on, and so do new ones."""
    with running_zone(tmp_path) as (zone, world, program):

        async def story() -> None:
            async with serving(world):
                held = [asyncio.ensure_future(ask(zone)) for _ in range(12)]
                async with asyncio.timeout(60):
                    while len(world.waiting) < 12:
                        await asyncio.sleep(0.01)
                tags = dict(world.waiting)
                victim = next(pid for pid, role in children(program).items() if role == "worker")
                kill(victim)
                lost = []
                for _ in range(2):  # at whichever worker it arrives, and while the place is empty
                    told = [await world.call(flow, tag) for flow, tag in tags.items()]
                    lost.append({one.flow for one in told if one.code == "lane-flow-unknown"})
                    assert {one.code for one in told if not one.trouble} <= {"", "lane-flow-unknown"}
                await replaced(program, {victim})
                told = [await world.call(flow, tag) for flow, tag in tags.items()]
                gone = {one.flow for one in told if one.code == "lane-flow-unknown"}
                assert 0 < len(gone) < 12
                assert {one.status for one in told if one.flow not in gone} == {200}
                assert all(some <= gone for some in lost)
                world.hold.set()
                ends = Counter(status for status, _ in await asyncio.gather(*held))
                assert ends == {200: 12 - len(gone), 0: len(gone)}
                world.called.clear()
                assert set(await many(zone, 4, 4)) == {(200, "200 200")}

        asyncio.run(story())
    assert not any(path.name.endswith(".flows.sock") for path in (zone.path / "run").iterdir())


def test_an_owner_that_hangs_is_not_waited_for(tmp_path: Path) -> None:
    """Z22: its calls are refused in time, the other worker's go on."""
    with running_zone(tmp_path) as (zone, world, program):

        async def story() -> None:
            async with serving(world):
                held = [asyncio.ensure_future(ask(zone)) for _ in range(16)]
                async with asyncio.timeout(60):
                    while len(world.waiting) < 16:
                        await asyncio.sleep(0.01)
                tags = dict(world.waiting)
                victim = next(pid for pid, role in children(program).items() if role == "worker")
                os.kill(victim, signal.SIGSTOP)
                try:
                    # Four times each: the kernel must give some to either worker, of the flows of either.
                    calls = [
                        asyncio.ensure_future(world.call(flow, tag)) for flow, tag in [*tags.items()] * 4
                    ]
                    done, pending = await asyncio.wait(calls, timeout=25)
                    codes = Counter(one.result().code for one in done)
                    # What the kernel gave to the one that hangs waits there; nobody else waits for it.
                    assert set(codes) <= {"", "lane-flow-unknown"}
                    assert codes["lane-flow-unknown"] > 0
                    assert codes[""] > 0
                finally:
                    os.kill(victim, signal.SIGCONT)
                await asyncio.gather(*pending)
                world.hold.set()
                assert Counter(status for status, _ in await asyncio.gather(*held)) == {200: 16}

        asyncio.run(story())
