"""The machine and its processes: the clock, and what would write secrets to a disk."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from zoneproxy.adapters.workers.control_client import peer_of
from zoneproxy.assembly.doctor.findings import Finding, advice, fault, ok, unchecked
from zoneproxy.assembly.logs import Opening
from zoneproxy.assembly.orderdesk import control_of

_TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised
_TIMEX_BYTES = 512  # larger than any struct timex


def check_clock() -> Iterator[Finding]:
    """The kernel says that something keeps its clock: records bear its time."""
    try:
        state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    except (OSError, AttributeError):
        state = -1
    if state == _TIME_ERROR:
        yield advice(
            "clock", "nothing keeps this machine's clock: the kernel calls it unsynchronised",
            "run an NTP client (chrony, systemd-timesyncd): windows of validity and records go by this clock",
        )  # fmt: skip
    elif state < 0:
        yield unchecked("clock", "the kernel does not tell whether the clock is kept")
    else:
        yield ok("clock", "the clock is kept by the kernel's word")


def check_process(opening: Opening, *, running: bool) -> Iterator[Finding]:
    """Neither this environment nor the running zone writes keys or memory to a disk, nor drops checks."""
    environment: Mapping[str, str] = os.environ
    core = str(resource.getrlimit(resource.RLIMIT_CORE)[0])
    words: list[bytes] = []
    who = "this shell"
    if running:
        pid = peer_of(control_of(opening))
        with contextlib.suppress(OSError):
            environment = _environment(pid)
            core = _core_limit(pid)
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            who = f"the zone's process {pid}"
    yield from check_environment(environment, core, words, who)


def check_environment(
    environment: Mapping[str, str], core: str, words: list[bytes], who: str
) -> Iterator[Finding]:
    """Judge a process by its environment, its limit of core dumps and its command line.

    Args:
        environment: its variables, as it was started with.
        core: the soft limit, as the system writes it.
        words: the command line; none where it is not known.
        who: what process it is, for people.
    """
    if environment.get("SSLKEYLOGFILE"):
        yield fault(
            "key-log",
            f"SSLKEYLOGFILE was set for {who}: the boundary drops it, other programs write keys down",
            "unset SSLKEYLOGFILE where the zone is started",
        )  # fmt: skip
    else:
        yield ok("key-log", f"no TLS keys are logged by {who}")
    if core == "0":
        yield ok("core-dumps", f"{who} leaves no core dumps")
    else:
        yield advice(
            "core-dumps", f"{who} may leave core dumps, with keys and prompts in them",
            "start the zone with `ulimit -c 0`, or `LimitCORE=0` in its systemd unit",
        )  # fmt: skip
    options = [word for word in words[1:4] if word.startswith(b"-O")]
    if options or environment.get("PYTHONOPTIMIZE") or (not words and sys.flags.optimize):
        yield advice(
            "python-optimised", f"{who} runs with `python -O`: libraries lose the checks that they assert",
            "start it without `-O` and PYTHONOPTIMIZE; the boundary's own checks do not depend on it",
        )  # fmt: skip
    if any(environment.get(name) for name in ("PYTHONASYNCIODEBUG", "PYTHONINSPECT", "PYTHONSTARTUP")):
        yield advice(
            "python-debug", f"{who} has Python's debugging switched on", "unset PYTHON* where it starts"
        )


def _environment(pid: int) -> dict[str, str]:
    data = Path(f"/proc/{pid}/environ").read_bytes()
    pairs = (item.partition(b"=") for item in data.split(b"\0") if item)
    return {name.decode(errors="replace"): value.decode(errors="replace") for name, _, value in pairs}


def _core_limit(pid: int) -> str:
    for line in Path(f"/proc/{pid}/limits").read_text("ascii", "replace").splitlines():
        if line.startswith("Max core file size"):
            return line.split()[4]
    return "unlimited"
