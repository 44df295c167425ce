"""What one worker holds: after many requests, over a soak, with a thousand idle streams and after them.

One process serves and writes the log (`zoneproxy run`, no `--workers`): the most that a worker can hold.
The soak is the mixed crowd of `bench.traffic`: served, streamed, left in the middle, refused, no HTTP.

- `memory.start.mb`, `memory.soak.mb`: resident before the soak and at its end; `memory.soak.most.mb` the most
  that was seen.
- `memory.soak.growth.mb`: how much the second half of the soak grew, by its least squares' line: what a
  process takes once, as it warms up, lies in the first half. `memory.soak.growth.bytes` is the same for each
  exchange.
- `memory.soak.files`, `memory.soak.threads`: how many more were open at the end than before, in a pause.
- `memory.idle.mb`: with 1,000 streams open of which each had one event; `memory.idle.after.mb` once their
  callers have left, `memory.idle.again.mb` once a second thousand has come and gone as well, and
  `memory.idle.second.mb` while it was there; `memory.idle.files` how many files stayed open.
- `memory.idle.share.mb`, `memory.idle.own.mb`: of the first thousand's, the part of pages that are shared
  with other processes counted once among them (PSS), and what no other process has (USS).
- `memory.soak.s`, `memory.exchanges`, `memory.idle.streams`: how much it was.

A minute by default; ten minutes and 100,000 exchanges, whichever is longer, with `ZONE_BENCH_LONG=1`. What
was seen over time stands in `bench/results/soak.json`, and `bench.picture` draws it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.load import LoadError, Target, chat, words
from bench.processes import Holding, holding
from bench.results import LONG, SCRATCH, SOAK, keep
from bench.spread import second_half, slope
from bench.traffic import Line, Traffic, connected
from demo.programs import running
from tests.support.zone_process import make_zone

SOAK_S = 600.0 if LONG else 60.0
EXCHANGES = 100_000 if LONG else 5_000
IDLE_STREAMS = 1_000
CALLERS = 4
_SAMPLES = 240
_SOURCE = "127.0.10.9"
_AT_ONCE = 50
_REST_S = 3.0
_GIVE_UP_S = 60.0
_FILES_EACH = 8
_MEGA = 1e6


class Watch:
    """What one process held, from time to time.

    Args:
        pid: the process.
        traffic: what it is asked meanwhile.
    """

    def __init__(self, pid: int, traffic: Traffic) -> None:
        self._pid, self._traffic = pid, traffic
        self._began_s = time.monotonic()
        self.rows: list[tuple[float, int, Holding]] = []

    def look(self) -> Holding:
        """Note what it holds now."""
        seen = holding(self._pid)
        self.rows.append((time.monotonic() - self._began_s, self._traffic.total, seen))
        return seen

    async def go_on(self, every_s: float) -> None:
        """Look from time to time, until it is cancelled."""
        while True:
            self.look()
            await asyncio.sleep(every_s)

    def growth_mb(self) -> float:
        """Return by how much the second half grew."""
        points = second_half([(seconds, seen.resident_mb) for seconds, _, seen in self.rows])
        return slope(points) * (points[-1][0] - points[0][0])

    def growth_bytes(self) -> float:
        """Return by how much the second half grew for each exchange."""
        points = second_half([(float(count), seen.resident_mb) for _, count, seen in self.rows])
        return slope(points) * _MEGA


async def soak(pid: int, traffic: Traffic) -> Watch:
    """Let the crowd call until the time and the number are full; return what the process held meanwhile."""
    watch, end_s = Watch(pid, traffic), time.monotonic() + SOAK_S
    watching = asyncio.ensure_future(watch.go_on(SOAK_S / _SAMPLES))
    try:
        await traffic.run(CALLERS, lambda: time.monotonic() >= end_s and traffic.total >= EXCHANGES)
    finally:
        watching.cancel()
    return watch


async def idle(pid: int, target: Target, credential: str, files: int) -> tuple[Holding, Holding]:
    """Hold a thousand streams open, then leave them; return what the process holds with them and after.

    Args:
        pid: the process.
        target: where to call.
        credential: what the callers bring.
        files: how many files were open before.

    Raises:
        LoadError: a stream has no first event, or its connections stay open when its caller has left.
    """
    async with contextlib.AsyncExitStack() as stack:

        async def begin(number: int) -> None:
            line: Line = await stack.enter_async_context(connected(target))
            await line.begin(chat(f"idle {words(20, number)}", credential=credential, stream=True))

        for first in range(0, IDLE_STREAMS, _AT_ONCE):
            await asyncio.gather(*map(begin, range(first, min(first + _AT_ONCE, IDLE_STREAMS))))
        await asyncio.sleep(_REST_S)
        held = holding(pid)
    return held, await settled(pid, files)


async def settled(pid: int, files: int) -> Holding:
    """Wait until hardly more files are open than before; return what the process holds then.

    Raises:
        LoadError: they stay open.
    """
    late_s = time.monotonic() + _GIVE_UP_S
    while holding(pid).files > files + _FILES_EACH:
        if time.monotonic() > late_s:
            raise LoadError(f"{holding(pid).files} files are open, {files} were")
        await asyncio.sleep(0.1)
    await asyncio.sleep(_REST_S)
    return holding(pid)


async def measure(pid: int, target: Target, credential: str) -> tuple[Watch, dict[str, float]]:
    """Do all of it; return what was seen over time, and figures."""
    warming = Traffic(target, credential)
    await warming.run(CALLERS, lambda: warming.total >= _AT_ONCE)
    before = await settled(pid, holding(pid).files)
    traffic = Traffic(target, credential)
    watch = await soak(pid, traffic)
    after = await settled(pid, before.files)
    first, left = await idle(pid, target, credential, before.files)
    second, again = await idle(pid, target, credential, before.files)
    return watch, {
        "memory.start.mb": before.resident_mb,
        "memory.soak.mb": after.resident_mb,
        "memory.soak.most.mb": max(seen.resident_mb for _, _, seen in watch.rows),
        "memory.soak.growth.mb": watch.growth_mb(),
        "memory.soak.growth.bytes": watch.growth_bytes(),
        "memory.soak.files": after.files - before.files,
        "memory.soak.threads": after.threads - before.threads,
        "memory.soak.s": watch.rows[-1][0],
        "memory.exchanges": traffic.total,
        "memory.idle.mb": first.resident_mb,
        "memory.idle.share.mb": first.share_mb,
        "memory.idle.own.mb": first.own_mb,
        "memory.idle.second.mb": second.resident_mb,
        "memory.idle.after.mb": left.resident_mb,
        "memory.idle.again.mb": again.resident_mb,
        "memory.idle.files": again.files - before.files,
        "memory.idle.streams": IDLE_STREAMS,
    }


@contextlib.contextmanager
def many_files() -> Iterator[None]:
    """Let this process, and those it starts, open as many files as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def main() -> None:
    """Measure, print and keep."""
    SCRATCH.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        stack.enter_context(many_files())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=SCRATCH)))
        model = [sys.executable, "-m", "bench.model_server"]
        upstream_port = int(stack.enter_context(running(model)).url.rpartition(":")[2])
        zone = make_zone(folder / "zone", upstream_port)
        pid = stack.enter_context(zone.serving()).process.pid
        target = Target("127.0.10.1", zone.port, _SOURCE)
        watch, figures = asyncio.run(measure(pid, target, zone.credentials["toyco-sg"]))
    rows = [
        {
            "s": seconds,
            "exchanges": count,
            "mb": seen.resident_mb,
            "files": seen.files,
            "threads": seen.threads,
        }
        for seconds, count, seen in watch.rows
    ]
    SOAK.parent.mkdir(parents=True, exist_ok=True)
    SOAK.write_text(json.dumps(rows) + "\n", "utf-8")
    keep({}, figures)


if __name__ == "__main__":
    main()
