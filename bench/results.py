"""Where the benchmarks keep what they measured: `bench/results/latest.json`.

    {"machine": {"cpu": "...", "cores": 2, "python": "3.13.1"},
     "ratios":  {"boundary.request": 0.95, ...},
     "figures": {"boundary.request.us": 2100.0, ...}}

A ratio compares two ways of doing the same work, measured in turns in one run, so that it outlives the
machine; a figure is true of this machine and hour only, and its name ends with its unit.

`ZONE_BENCH_LONG=1` makes those that take a sample by default take the whole; a figure beside theirs says how
much it was.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "bench" / "results" / "latest.json"
SOAK = FILE.with_name("soak.json")
SCRATCH = ROOT / "var" / "bench"
LONG = bool(os.environ.get("ZONE_BENCH_LONG"))
ROUNDS = 3
_DIGITS = 4


def machine() -> dict[str, Any]:
    """Describe what the figures were measured on."""
    return {"cpu": _cpu_model(), "cores": os.cpu_count(), "python": platform.python_version()}


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, "") or platform.machine()


def read() -> dict[str, Any]:
    """Return what was measured last; empty parts where nothing was."""
    empty: dict[str, Any] = {"machine": machine(), "ratios": {}, "figures": {}}
    return empty | json.loads(FILE.read_text("utf-8")) if FILE.is_file() else empty


def keep(ratios: Mapping[str, float], figures: Mapping[str, float]) -> None:
    """Print what one program measured, and put it in the place of what stood there under its names."""
    kept = read() | {"machine": machine()}
    for part, measured in (("ratios", ratios), ("figures", figures)):
        rounded = {name: float(f"{value:.{_DIGITS}g}") for name, value in measured.items()}
        kept[part] = dict(sorted((kept[part] | rounded).items()))
        for name, value in rounded.items():
            print(f"{part[:-1]:7} {name:36} {value:>12,g}")
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(json.dumps(kept, indent=2) + "\n", "utf-8")


def in_turns(*works: Callable[[], float], rounds: int = ROUNDS) -> list[list[float]]:
    """Do works in turns, and return what each of them measured, round by round.

    A neighbour that takes the processor for a while disturbs a round of each, not one work alone.
    """
    measured: list[list[float]] = [[] for _ in works]
    for _ in range(rounds):
        for work, seen in zip(works, measured, strict=True):
            seen.append(work())
    return measured


def ratio(numerators: Sequence[float], denominators: Sequence[float]) -> float:
    """Return the median of the ratios of each round."""
    return statistics.median(above / below for above, below in zip(numerators, denominators, strict=True))


def cpu_per_call(work: Callable[[], object], calls: int) -> Callable[[], float]:
    """Return a measurement: CPU seconds of this process for each of `calls` calls."""

    def measure() -> float:
        began = time.process_time()
        for _ in range(calls):
            work()
        return (time.process_time() - began) / calls

    return measure
