"""What a process and all its children have used, read from `/proc` (Linux)."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_KIB_PER_MB = 1000 / 1.024
# Fields after the command's closing bracket: utime, stime, and those of children that were waited for.
_FIRST_TIME, _LAST_TIME = 11, 15


def tree(pid: int) -> Iterator[int]:
    """Yield a process and everything it started that still runs."""
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in task.read_text("ascii").split():
                yield from tree(int(child))


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process tree, user and system, to a hundredth of a second.

    Source: proc_pid_stat(5).
    """
    ticks = 0
    for member in tree(pid):
        with contextlib.suppress(OSError):
            after = Path(f"/proc/{member}/stat").read_text("utf-8").rpartition(")")[2].split()
            ticks += sum(map(int, after[_FIRST_TIME:_LAST_TIME]))
    return ticks / _TICKS_PER_SECOND


def resident_mb(pid: int) -> float:
    """Return the resident memory of a process tree in MB; shared pages count for each process."""
    return sum(_status(member, "VmRSS") for member in tree(pid)) / _KIB_PER_MB


def _status(pid: int, name: str) -> int:
    """Read a field of `/proc/PID/status` that is given in KiB."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text("utf-8").splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1])
    return 0
