"""Two workers against one: how much CPU a request takes when several processes serve, and where.

The load, the model server and the workers share the machine's cores, so throughput by the clock would measure
the load. CPU does not: n cores that do nothing else serve n / (CPU of a request) requests a second. One zone
runs in one process that writes the log itself; the other has a supervisor, a sequencer that writes the log,
and two workers. Both get the same chat requests of 1 KB in turns, on 16 connections.

- `workers.two`: how many times the throughput of one process's core the workers' two cores give, the
  sequencer on a core of its own: 2 x (CPU of a request in one process) / (CPU of a request in the workers).
- `workers.two.whole`: the same with the sequencer's and the supervisor's CPU on the same two cores.
- `workers.worker.us`, `workers.sequencer.us`, `workers.supervisor.us`: where the CPU of a request goes with
  two workers; `workers.one.us`: with one process.
- `workers.most`: how many workers one sequencer can write for, its core full.
- `workers.worker.mb`, `workers.sequencer.mb`: resident memory of the larger worker, and of the sequencer.
"""

from __future__ import annotations

import contextlib
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.load import LoadError, Target, chat, drive, words
from bench.processes import command_line, holding, own_cpu_seconds, tree
from bench.results import LONG, SCRATCH, keep, ratio
from demo.programs import running
from tests.support.zone_process import ZoneFolder, make_zone

REQUESTS = 2_000 if LONG else 480
ROUNDS = 7 if LONG else 3
WORKERS = 2
_BODY_BYTES = 1024
_WORDS_ASKED = 80
_MICRO = 1e6
_SOURCE = "127.0.10.9"
PARTS = ("supervisor", "sequencer", "worker")


def part_of(words_of_command: Sequence[str]) -> str:
    """Say which part of a zone a process is, by the words that it was started with."""
    if "logd" in words_of_command:
        return "sequencer"
    return "worker" if "--worker" in words_of_command else "supervisor"


@dataclass(frozen=True, slots=True)
class Crew:
    """The processes of a zone that serves.

    Attributes:
        parts: process id to its part.
        target: where it is called.
    """

    parts: Mapping[int, str]
    target: Target

    def cpu(self) -> dict[str, float]:
        """Return the CPU seconds of each part so far."""
        used = dict.fromkeys(PARTS, 0.0)
        for pid, part in self.parts.items():
            used[part] += own_cpu_seconds(pid)
        return used

    def most_mb(self, part: str) -> float:
        """Return the resident memory of the largest process of a part."""
        return max(holding(pid).resident_mb for pid, one in self.parts.items() if one == part)


@contextlib.contextmanager
def served(zone: ZoneFolder, workers: int) -> Iterator[Crew]:
    """Run a zone with so many workers.

    Raises:
        LoadError: it has other processes than are due.
    """
    command = [sys.executable, "-m", "zoneproxy", "run", "--config", str(zone.config)]
    with running([*command, "--workers", str(workers)]) as program:
        parts = {pid: part_of(command_line(pid)) for pid in tree(program.process.pid)}
        if workers > 1 and sorted(parts.values()) != ["sequencer", "supervisor", *["worker"] * workers]:
            raise LoadError(f"the zone runs as {sorted(parts.values())}")
        yield Crew(parts, Target("127.0.10.1", zone.port, _SOURCE))


def cpu_of(crew: Crew, requests: Sequence[bytes]) -> Callable[[], dict[str, float]]:
    """Return a measurement: microseconds of CPU for each request, by part."""

    def measure() -> dict[str, float]:
        before = crew.cpu()
        if len(drive(crew.target, requests)) != len(requests):
            raise LoadError("answers are missing")
        after = crew.cpu()
        return {part: (after[part] - before[part]) * _MICRO / len(requests) for part in PARTS}

    return measure


def main() -> None:
    """Measure, print and keep."""
    SCRATCH.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=SCRATCH)))
        model = [sys.executable, "-m", "bench.model_server"]
        upstream_port = int(stack.enter_context(running(model)).url.rpartition(":")[2])
        measures, crews = [], []
        for workers in (1, WORKERS):
            zone = make_zone(folder / f"zone-{workers}", upstream_port)
            requests = [
                chat(
                    words(_WORDS_ASKED, seed), credential=zone.credentials["toyco-sg"], size_bytes=_BODY_BYTES
                )
                for seed in range(REQUESTS)
            ]
            crew = stack.enter_context(served(zone, workers))
            drive(crew.target, requests[: REQUESTS // 2])
            crews.append(crew)
            measures.append(cpu_of(crew, requests))
        one: list[dict[str, float]] = []
        two: list[dict[str, float]] = []
        for _ in range(ROUNDS):
            one.append(measures[0]())
            two.append(measures[1]())
        memory = {f"workers.{part}.mb": crews[1].most_mb(part) for part in ("worker", "sequencer")}
    alone = [sum(seen.values()) for seen in one]
    spent = {part: statistics.median(seen[part] for seen in two) for part in PARTS}
    keep(
        {
            "workers.two": WORKERS * ratio(alone, [seen["worker"] for seen in two]),
            "workers.two.whole": WORKERS * ratio(alone, [sum(seen.values()) for seen in two]),
        },
        {
            "workers.one.us": statistics.median(alone),
            **{f"workers.{part}.us": cpu for part, cpu in spent.items()},
            "workers.most": spent["worker"] / spent["sequencer"],
            **memory,
        },
    )


if __name__ == "__main__":
    main()
