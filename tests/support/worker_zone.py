"""A zone of several processes, as `zoneproxy run --workers N` keeps it: who is there, and who comes back."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

from demo.programs import Program, running
from tests.support.both_sides import Load
from tests.support.zone_process import ZoneFolder

HASTE = (
    "\nworkers: {backoff_first_s: 0.05, backoff_most_s: 0.2, crash_limit: 100, crash_window_s: 5}\n"
    "limits: {drain_timeout_s: 8, drain_idle_s: 0.2}\n"
)
"""For zones that are killed again and again: what dies is started again at once, and drains quickly."""


@contextlib.contextmanager
def workers(zone: ZoneFolder, count: int = 2) -> Iterator[Program]:
    """Run the zone in several processes."""
    command = [sys.executable, "-m", "zoneproxy", "run", "--workers", str(count), str(zone.config)]
    with running(command, timeout_seconds=150) as program:
        yield program


def children(program: Program) -> dict[int, str]:
    """Return the supervisor's processes: `logd` or `worker`."""
    pid = program.process.pid
    found = {}
    with contextlib.suppress(OSError):  # it is gone itself
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            with contextlib.suppress(OSError):
                words = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
                if (b"logd" in words or b"--worker" in words) and runs(int(child)):
                    found[int(child)] = "logd" if b"logd" in words else "worker"
    return found


def runs(pid: int) -> bool:
    """Tell whether a process still does anything."""
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


async def replaced(program: Program, gone: set[int], count: int = 2) -> None:
    """Wait until none of these is left, and one sequencer and all workers are there."""
    wanted = ["logd", *["worker"] * count]
    async with asyncio.timeout(120):
        while True:
            now = children(program)
            if not gone & now.keys() and sorted(now.values()) == wanted:
                return
            await asyncio.sleep(0.02)


async def ended(pids: set[int]) -> None:
    """Wait until none of these processes is left."""
    async with asyncio.timeout(120):
        while any(map(runs, pids)):
            await asyncio.sleep(0.02)


async def exit_code(program: Program) -> int:
    """Wait until a program has ended; return its exit code."""
    return await asyncio.to_thread(program.process.wait, 120)


def kill(pid: int) -> None:
    """End a process without a word, if it is there."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


async def stopped(program: Program) -> None:
    """Stop a zone; it ends in order."""
    program.process.terminate()
    assert await exit_code(program) == 0


def serves_again(zone: ZoneFolder, load: Load) -> None:
    """Start the zone, in one process, and have it serve without a fault."""

    async def story(program: Program) -> None:
        failed = len(load.failed)
        async with load.under_way():
            await load.more(20)
        assert len(load.failed) == failed
        await stopped(program)

    with zone.serving() as program:
        asyncio.run(story(program))
