"""What a process and all its children have used, read from `/proc` (Linux)."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_KIB_PER_MB = 1000 / 1.024
# Fields after the command's closing bracket: utime, stime, and those of children that were waited for.
_FIRST_TIME, _LAST_TIME = 11, 15


@dataclass(frozen=True, slots=True)
class Holding:
    """What one process holds at a moment.

    Attributes:
        resident_mb: memory that is resident.
        files: open file descriptors.
        threads: its threads.
        share_mb: of the resident memory, its share (PSS): a page that several have counts in parts.
        own_mb: of it, what no other process has (USS).
    """

    resident_mb: float
    files: int
    threads: int
    share_mb: float = 0.0
    own_mb: float = 0.0


def tree(pid: int) -> Iterator[int]:
    """Yield a process and everything it started that still runs."""
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in task.read_text("ascii").split():
                yield from tree(int(child))


def command_line(pid: int) -> list[str]:
    """Return the words that a process was started with; none where it is gone."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text("utf-8", "replace").split("\0")[:-1]
    return []


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process tree, user and system, to a hundredth of a second.

    Source: proc_pid_stat(5).
    """
    return sum(own_cpu_seconds(member) for member in tree(pid))


def own_cpu_seconds(pid: int) -> float:
    """Return the CPU time of one process and of its children that have ended; 0 where it is gone."""
    ticks = 0
    with contextlib.suppress(OSError):
        after = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        ticks = sum(map(int, after[_FIRST_TIME:_LAST_TIME]))
    return ticks / _TICKS_PER_SECOND


def resident_mb(pid: int) -> float:
    """Return the resident memory of a process tree in MB; shared pages count for each process."""
    return sum(_status(member, "VmRSS") for member in tree(pid)) / _KIB_PER_MB


def holding(pid: int) -> Holding:
    """Return what one process holds now, without its children.

    Raises:
        OSError: there is no such process, or it is somebody else's.
    """
    files = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    resident, threads = _status(pid, "VmRSS") / _KIB_PER_MB, _status(pid, "Threads")
    share = _kib(pid, "smaps_rollup", "Pss") / _KIB_PER_MB
    own = sum(_kib(pid, "smaps_rollup", name) for name in ("Private_Clean", "Private_Dirty")) / _KIB_PER_MB
    return Holding(resident, files, threads, share, own)


def _status(pid: int, name: str) -> int:
    """Read a number of `/proc/PID/status`; memory is given in KiB."""
    return _kib(pid, "status", name)


def _kib(pid: int, file: str, name: str) -> int:
    """Read a number of one of a process's files; 0 where it is gone."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/{file}").read_text("utf-8").splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1])
    return 0
