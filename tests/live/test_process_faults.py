"""Processes that hang, starve or lose the time: no unrecorded passage, and the zone serves again (Z13, Z22).

Each fault strikes real processes under load. While it lasts the boundary serves correctly or refuses; when
its cause has gone it serves again, by itself or after the start that its last message asks for. In the end
clients, model server and log are compared.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.programs import Program, running
from tests.support import stepped
from tests.support.both_sides import DOOR, Load, ModelServer, insist_on_law, model_server, status_of
from tests.support.worker_zone import (
    HASTE,
    children,
    exit_code,
    kill,
    replaced,
    serves_again,
    stopped,
    workers,
)
from tests.support.zone_process import ZoneFolder, make_zone

pytestmark = [pytest.mark.live, pytest.mark.slow]

HOUR_S, DAY_S = 3600, 86_400


@pytest.fixture
def model(tmp_path: Path) -> Iterator[ModelServer]:
    with model_server(tmp_path) as server:
        yield server


@pytest.fixture
def zone(tmp_path: Path, model: ModelServer) -> ZoneFolder:
    return make_zone(tmp_path / "zone", model.port)


@contextlib.contextmanager
def halted(pid: int) -> Iterator[None]:
    """Have a process stand still: it lives, holds its sockets, and says nothing."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@contextlib.contextmanager
def limited(pid: int, what: int, most: int) -> Iterator[None]:
    """Give a running process less than it has; what it may raise itself stays as it was."""
    soft, hard = resource.prlimit(pid, what)
    resource.prlimit(pid, what, (most, hard))
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(pid, what, (soft, hard))


def one_of(program: Program, role: str) -> int:
    return min(pid for pid, what in children(program).items() if what == role)


# ---- what hangs -----------------------------------------------------------------------------------


def test_a_sequencer_that_hangs(zone: ZoneFolder, model: ModelServer) -> None:
    """Workers give it up and shut; nothing passes; it wakes, and the zone serves by itself (Z13, Z22)."""
    with zone.config.open("a") as file:
        file.write(HASTE.replace("{backoff", "{answer_timeout_s: 4, backoff"))
    load = Load(zone)

    async def story(program: Program) -> None:
        async with load.under_way():
            await load.more(40)
            assert load.failed == []
            old = {pid for pid, role in children(program).items() if role == "worker"}
            with halted(one_of(program, "logd")):
                async with asyncio.timeout(60):
                    while old & children(program).keys():
                        await asyncio.sleep(0.02)
                await load.further(12)  # whatever was on its way has arrived
                served, passed = load.answered, len(model.seen())
                await load.further(20)
                assert (load.answered, len(model.seen())) == (served, passed)
            await load.more(40)
        await stopped(program)

    with workers(zone) as program:
        asyncio.run(story(program))
    accounts = insist_on_law(zone, load.told, model.seen())
    # Those that were under way were ended for their workers, once each.
    assert accounts.count("abort") >= 1


def test_a_model_server_that_hangs(zone: ZoneFolder, model: ModelServer) -> None:
    """It takes connections and says nothing: a recorded end for each caller; it wakes, and serves (Z22)."""
    with zone.config.open("a") as file:
        file.write("\nlimits: {answer_timeout_s: 3}\n")
    load = Load(zone, callers=6)

    async def story(program: Program) -> None:
        async with load.under_way():
            await load.more(30)
            assert load.failed == []
            with halted(model.pid):
                await load.further(24)
            during = [one for one in load.told if one.status >= 400]
            assert during
            assert {(one.status, one.code) for one in during} == {(502, "upstream-failed")}
            assert all("zone-trace" in one.fields for one in during)
            await load.more(30)
            failed = len(load.failed)
            await load.more(12)
            assert len(load.failed) == failed
        await stopped(program)

    with zone.serving() as program:
        asyncio.run(story(program))
    insist_on_law(zone, load.told, model.seen())


def test_a_model_server_that_is_dead(zone: ZoneFolder, model: ModelServer) -> None:
    """Nobody listens: a recorded 502 for each caller; it is back, and so is the service (Z22)."""
    load = Load(zone, callers=6)

    async def story(program: Program) -> None:
        async with load.under_way():
            await load.more(20)
            await asyncio.to_thread(model.kill)
            await load.further(6)  # those that were under way broke off
            before = len(load.told)
            await load.further(20)
            during = [one for one in load.told[before : before + 14] if one.status]
            assert {(one.status, one.code) for one in during} == {(502, "upstream-failed")}
            await asyncio.to_thread(model.start)
            await load.more(30)
        await stopped(program)

    with zone.serving() as program:
        asyncio.run(story(program))
    insist_on_law(zone, load.told, model.seen())


# ---- what starves ---------------------------------------------------------------------------------


def flood(zone: ZoneFolder, count: int, stack: contextlib.ExitStack) -> int:
    """Open connections that begin a request and go no further; return how many."""
    opened = 0
    for _ in range(count):
        with contextlib.suppress(OSError):
            peer = stack.enter_context(socket.create_connection((DOOR, zone.port), timeout=1))
            peer.sendall(b"POST /v1/chat")
            opened += 1
    return opened


def test_connections_do_not_take_the_descriptors_of_the_log(zone: ZoneFolder, model: ModelServer) -> None:
    """More connections than descriptors: strangers are turned away, the log writes on (Z13, Z22)."""
    load = Load(zone, callers=4)
    command = ["prlimit", "--nofile=300:600", sys.executable, "-m", "zoneproxy", "run", str(zone.config)]

    async def story(program: Program) -> None:
        async with load.under_way():
            await load.more(20)
            with contextlib.ExitStack() as stack:
                assert await asyncio.to_thread(flood, zone, 700, stack) > 300
                await load.more(20)  # who was connected is served on
                assert program.process.poll() is None
            await load.more(40)
        await stopped(program)

    with running(command, timeout_seconds=150) as program:
        asyncio.run(story(program))
    insist_on_law(zone, load.told, model.seen())


@pytest.mark.parametrize("role", ["single", "worker", "logd"])
def test_out_of_file_descriptors(zone: ZoneFolder, model: ModelServer, role: str) -> None:
    """None is left from one moment to the next: served or refused, and served again (Z13, Z22)."""
    with zone.config.open("a") as file:
        file.write(HASTE)
    load = Load(zone, callers=9)

    async def story(program: Program) -> None:
        async with load.under_way():
            await load.more(20)
            pid = program.process.pid if role == "single" else one_of(program, role)
            with limited(pid, resource.RLIMIT_NOFILE, 12):
                await load.further(150)
                if role == "single":
                    await exit_code(program)
            if role == "single":
                # Its log can't open a file: it says so and ends; a start is what it asks for.
                assert await exit_code(program) == 2
                return
            await load.more(40)
            assert program.process.poll() is None
        await stopped(program)

    with zone.serving() if role == "single" else workers(zone) as program:
        asyncio.run(story(program))
    serves_again(zone, load)
    insist_on_law(zone, load.told, model.seen())


@pytest.mark.parametrize("role", ["worker", "logd"])
def test_out_of_memory(zone: ZoneFolder, model: ModelServer, role: str) -> None:
    """Every further page is refused: served, refused, or ended and started again; never unrecorded (Z22)."""
    with zone.config.open("a") as file:
        file.write(HASTE)
    load = Load(zone, callers=9)
    large = "word " * 40_000

    async def story(program: Program) -> None:
        async with load.under_way():
            await load.more(20)
            pid = one_of(program, role)
            used = int(status_of(pid, "VmSize").split()[0]) * 1024
            with limited(pid, resource.RLIMIT_AS, used):
                for _ in range(8):
                    await asyncio.gather(*(load.once(text=large) for _ in range(3)))
                await load.further(60)
            await load.more(40)
            # One that lives on in ruins is no use: whoever is there now serves.
            if pid in children(program):
                kill(pid)
                await replaced(program, {pid})
            await load.more(20)
            assert program.process.poll() is None
        await stopped(program)

    with workers(zone) as program:
        asyncio.run(story(program))
    assert load.failed  # it was felt
    insist_on_law(zone, load.told, model.seen())


# ---- what the time is -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "steps", [(3600, -3600), (-3600, 0), (-400 * DAY_S, 0), (40 * DAY_S, 0)],
    ids=["an hour on and two back", "an hour back", "a year back", "a month on and back"],
)  # fmt: skip
def test_the_clock_is_stepped(
    tmp_path: Path,
    zone: ZoneFolder,
    model: ModelServer,
    steps: tuple[int, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The time is set under load, on all processes: the log's time never goes back (Z13, Z14, Z22)."""
    place = tmp_path / "clock"
    place.write_bytes(bytes(8))
    monkeypatch.setenv("ZONE_TEST_CLOCK", str(place))
    monkeypatch.setenv("PYTHONPATH", str(Path(stepped.__path__[0])))
    load = Load(zone)

    def step(seconds: int) -> None:
        with place.open("r+b") as file:
            file.write((seconds * 1_000_000_000).to_bytes(8, "big", signed=True))

    async def story(program: Program) -> None:
        async with load.under_way():
            await load.more(40)
            for seconds in steps:
                step(seconds)
                await load.further(80)
            step(0)
            await load.more(40)
            assert program.process.poll() is None
        await stopped(program)

    with workers(zone) as program:
        asyncio.run(story(program))
    serves_again(zone, load)
    accounts = insist_on_law(zone, load.told, model.seen())
    ahead_ms = max(entry.header.ts for entry in accounts.entries.values()) - time.time_ns() // 1_000_000
    assert ahead_ms > max(steps) * 1000 - HOUR_S * 500  # the log was told the time that was set
    by_shard: dict[str, list[int]] = {}
    for name, entry in accounts.entries.items():
        by_shard.setdefault(name.partition("#")[0], []).append(entry.header.ts)
    assert all(times == sorted(times) for times in by_shard.values())
    assert not [one for one in load.told if one.trouble]
