"""`zoneproxy.adapters.workers.supervisor`: what it does when its processes die, drain, or don't get ready."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.ports import free_port
from zoneproxy.adapters.workers.backoff import BackOffRules
from zoneproxy.adapters.workers.child import ChildError
from zoneproxy.adapters.workers.control_client import ask
from zoneproxy.adapters.workers.supervisor import CrashLoopError, Patience, Programs, Supervisor
from zoneproxy.terms.errors import ConfigError

# A worker answers each connection with its process id, and ends as its folder's files tell it to.
WORKER = """
import os, signal, socket, sys, threading
folder, fd, broken = sys.argv[1], int(sys.argv[2]), sys.argv[3]
if os.path.exists(folder + "/" + broken):
    raise SystemExit(2)
door = socket.socket(fileno=fd)
door.listen()
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
print("ready", flush=True)
door.settimeout(0.05)
while not stop.is_set():
    try:
        peer, _ = door.accept()
    except TimeoutError:
        continue
    peer.sendall(b"%d" % os.getpid())
    peer.close()
"""
LOGD = """
import os, signal, sys, threading
if os.path.exists(sys.argv[1] + "/logd-broken"):
    raise SystemExit(2)
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
print("ready", os.getpid(), flush=True)
stop.wait()
"""
RULES = BackOffRules(first_s=0.01, most_s=0.05, limit=3)


@dataclass
class Run:
    """A supervisor under way."""

    folder: Path
    port: int
    supervisor: Supervisor
    task: asyncio.Task[None]
    doors: list[str] = field(default_factory=list)

    async def who(self) -> int:
        """Ask the door who serves it."""
        async with asyncio.timeout(20):
            while True:
                with contextlib.suppress(OSError):
                    reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                    told = await reader.read()
                    writer.close()
                    if told:
                        return int(told)
                await asyncio.sleep(0.01)

    async def others_than(self, gone: set[int], count: int) -> set[int]:
        """Wait until so many workers serve, none of them one of these."""
        async with asyncio.timeout(20):
            while True:
                now = {place.child.pid for place in self.supervisor._places if place.child}
                if len(now) == count and not now & gone:
                    return now
                await asyncio.sleep(0.01)

    @property
    def pids(self) -> set[int]:
        return {place.child.pid for place in self.supervisor._places if place.child}


@contextlib.asynccontextmanager
async def supervised(folder: Path, *, count: int = 2, logd: bool = True) -> AsyncIterator[Run]:
    port = free_port()

    def worker(doors: Mapping[str, int], control: Path) -> list[str]:
        assert control.parent == folder / "run"
        return [sys.executable, "-c", WORKER, str(folder), str(doors["cable-sg-1"]), "broken"]

    programs = Programs(
        logd=[sys.executable, "-c", LOGD, str(folder)] if logd else None,
        worker=worker,
        doors={"cable-sg-1": ("127.0.0.1", port)},
        control=folder / "run" / "control.sock",
    )
    supervisor = Supervisor(programs, count=count, patience=Patience(20, 5, RULES))
    ready: asyncio.Future[list[str]] = asyncio.get_running_loop().create_future()
    task = asyncio.ensure_future(supervisor.run(ready.set_result))
    both: list[asyncio.Future[None] | asyncio.Future[list[str]]] = [task, ready]
    await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    run = Run(folder, port, supervisor, task, ready.result() if ready.done() else [])
    ready.cancel()
    try:
        yield run
    finally:
        supervisor._stop.set()
        await asyncio.wait([task])
        assert not supervisor._children


async def test_it_starts_serves_and_drains(tmp_path: Path) -> None:
    """Both workers serve one door; SIGTERM ends them all, and the door with them."""
    async with supervised(tmp_path) as run:
        assert run.doors == [f"127.0.0.1:{run.port}"]
        served = set[int]()
        async with asyncio.timeout(20):
            while served != run.pids:
                served.add(await run.who())
        os.kill(os.getpid(), signal.SIGTERM)
        await run.task
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", run.port)
    assert not (tmp_path / "run" / "control.sock").exists()


async def test_a_worker_that_dies_is_started_again(tmp_path: Path) -> None:
    """Another one takes the place; the others go on, and the door never closes."""
    async with supervised(tmp_path) as run:
        before = run.pids
        victim = min(before)
        os.kill(victim, signal.SIGKILL)
        after = await run.others_than({victim}, 2)
        assert before - {victim} < after
        assert await run.who() in after


async def test_the_sequencer_dies(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Every worker is ended and the doors close; sequencer and workers are started again in that order."""
    async with supervised(tmp_path) as run:
        before, logd = run.pids, run.supervisor._logd
        assert logd is not None
        (tmp_path / "logd-broken").touch()
        os.kill(logd.pid, signal.SIGKILL)
        async with asyncio.timeout(20):
            while "sequencer ended with exit code 2" not in caplog.text:
                await asyncio.sleep(0.005)
        assert not run.pids & before
        assert not any(place.sockets for place in run.supervisor._places)
        (tmp_path / "logd-broken").unlink()
        await run.others_than(before, 2)
        assert run.supervisor._logd is not logd
    assert "the sequencer was ended by SIGKILL: every worker shuts" in caplog.text


@pytest.mark.parametrize("what", ["broken", "logd-broken"])
async def test_a_crash_loop_closes_the_doors(tmp_path: Path, what: str) -> None:
    """One that dies again and again ends the zone: nothing listens, and the exit code says why (Z22)."""
    async with supervised(tmp_path) as run:
        (tmp_path / what).touch()
        logd = run.supervisor._logd
        assert logd is not None
        os.kill(min(run.pids) if what == "broken" else logd.pid, signal.SIGKILL)
        with pytest.raises(CrashLoopError, match="once too often: the doors are shut") as caught:
            await run.task
        assert caught.value.exit_code == 2
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", run.port))


async def test_workers_are_replaced_one_after_another(tmp_path: Path) -> None:
    """SIGHUP replaces all, and somebody answers every connection meanwhile."""
    async with supervised(tmp_path) as run:
        before = run.pids
        os.kill(os.getpid(), signal.SIGHUP)
        async with asyncio.timeout(20):
            while run.pids & before:
                reader, writer = await asyncio.open_connection("127.0.0.1", run.port)
                assert await reader.read()
                writer.close()
        after = await run.others_than(before, 2)
        async with asyncio.timeout(20):
            while await run.who() not in after:  # the last one that was replaced still drains
                pass


async def test_what_changes_the_rules_waits_for_a_start(tmp_path: Path) -> None:
    """A worker that is being started reads the rules: nobody changes them meanwhile."""
    async with supervised(tmp_path) as run:
        before = run.pids
        async with run.supervisor._starting:  # as a relayed command holds it
            os.kill(min(before), signal.SIGKILL)
            async with asyncio.timeout(20):
                while len(run.pids) == len(before):
                    await asyncio.sleep(0.005)
            await asyncio.sleep(0.1)
            assert len(run.supervisor._children) == 2  # the sequencer, and the one that lives
        await run.others_than({min(before)}, 2)


async def test_a_successor_that_does_not_get_ready(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The old workers stay where a new one can't start: a bad configuration takes nothing down."""
    async with supervised(tmp_path) as run:
        before = run.pids
        (tmp_path / "broken").touch()
        os.kill(os.getpid(), signal.SIGHUP)
        async with asyncio.timeout(20):
            while "worker 1 is not replaced, and the workers after it are not" not in caplog.text:
                await asyncio.sleep(0.005)
        assert run.pids == before
        assert await run.who() in before


@pytest.mark.parametrize("what", ["broken", "logd-broken"])
async def test_a_start_that_fails_leaves_nothing(tmp_path: Path, what: str) -> None:
    """Whatever does not get ready at the start ends the start, with its exit code."""
    (tmp_path / what).touch()
    async with supervised(tmp_path) as run:
        with pytest.raises(ChildError, match="ended with exit code 2") as caught:
            await run.task
        assert caught.value.exit_code == 2


async def test_commands_without_a_worker(tmp_path: Path) -> None:
    """The zone's control socket is the supervisor's; a command that nobody can do is refused."""
    async with supervised(tmp_path, count=1, logd=False) as run:
        with pytest.raises(ConfigError, match="no boundary listens"):
            await asyncio.to_thread(ask, tmp_path / "run" / "control.1.sock", "status", {})
        place = run.supervisor._places[0]
        assert place.control == tmp_path / "run" / "control.1.sock"
        assert (tmp_path / "run" / "control.sock").exists()
