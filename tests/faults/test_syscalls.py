"""Each system call that makes things durable fails in turn, or kills: in recovery, append and publication.

A program opens the log, appends, publishes and closes under `strace`, which lets the n-th call of a kind fail
or sends SIGKILL in its place. Afterwards the log must verify, start again, and hold what was acknowledged.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.support.length import sample
from tests.support.logs import ORIGIN, FixedClock, FixedEntropy, signer
from zoneproxy.adapters.log import newlog
from zoneproxy.adapters.log.tracelog import TraceLog
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.replay.audit import audit
from zoneproxy.trace.merkle import leaf_hash

ROOT = Path(__file__).resolve().parents[2]
STEP = sample(4, 1)
"""Every n-th occurrence is tried; all of them in the long run."""

PROGRAM = """
import asyncio, sys
from pathlib import Path
from tests.support.logs import ORIGIN, FixedClock, decision, ending, signer
from zoneproxy.adapters.clock import SystemEntropy
from zoneproxy.adapters.log.tracelog import TraceLog

async def main():
    log = TraceLog.open(Path(sys.argv[1]), log_origin=ORIGIN, signer=signer(), clock=FixedClock(),
        entropy=SystemEntropy(), node="node-1", worker="w1", publish_interval_s=3600.0, low_water_bytes=0)
    for number in range(2):
        first = await log.append("decision", decision(number), {"client.ip": "198.51.100.7"})
        print(first.index, first.leaf.hex(), flush=True)
        await log.publish()
        last = await log.append("return", ending(first.index, number), {})
        print(last.index, last.leaf.hex(), flush=True)
    await log.close()

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def strace() -> str:
    found = shutil.which("strace")
    if found is None:
        pytest.skip("strace is not there: install Debian's strace")
    return found


@pytest.fixture
def root(tmp_path: Path) -> Path:
    newlog.create(
        tmp_path / "log", log_origin=ORIGIN, signer=signer(), clock=FixedClock(), entropy=FixedEntropy()
    )
    return tmp_path / "log"


def run(strace: str, root: Path, *options: str) -> tuple[dict[int, str], str, int]:
    """Run the program under strace; return its receipts, what strace wrote, and the exit code."""
    trace = root.parent / "strace.txt"
    done = subprocess.run(
        [strace, "-f", "-qq", "-o", trace, *options, sys.executable, "-c", PROGRAM, root],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    pairs = (line.split() for line in done.stdout.splitlines())
    return {int(index): leaf for index, leaf in pairs}, trace.read_text(), done.returncode


def check(root: Path, acknowledged: dict[int, str]) -> None:
    """The log verifies, starts again, goes on, and holds what was acknowledged."""
    assert audit(open_log(root)).flaws == ()
    log = TraceLog.open(
        root,
        log_origin=ORIGIN,
        signer=signer(),
        clock=FixedClock(),
        entropy=FixedEntropy(),
        node="node-1",
        worker="w1",
        low_water_bytes=0,
    )
    log._close()
    report = audit(open_log(root))
    assert (report.flaws, report.under_way) == ((), {})
    stored = {index: leaf_hash(data).hex() for index, data in open_log(root).entries()}
    assert acknowledged.items() <= stored.items()


def test_one_flush_a_group_as_the_kernel_counts_them(strace: str, root: Path) -> None:
    """Four records one after the other, the start and the stop: six groups, six flushes of the log (Z13)."""
    acknowledged, trace, code = run(strace, root, "-y", "-e", "trace=fdatasync")
    assert (code, len(acknowledged)) == (0, 4)
    assert trace.count(".wal>") == 6
    check(root, acknowledged)


@pytest.mark.parametrize("fault", ["error=EIO", "error=ENOSPC", "signal=KILL"])
@pytest.mark.parametrize("call", ["fdatasync", "fsync", "renameat", "fallocate"])
def test_each_call_fails_in_turn(strace: str, root: Path, call: str, fault: str) -> None:
    """Whichever call fails, or is the last: nothing acknowledged is lost, the log stands up again (Z13)."""
    whole = root.parent / "whole"
    shutil.copytree(root, whole)
    _, trace, _ = run(strace, root, "-e", f"trace={call}")
    # strace counts by thread: recovery and start run in one, groups in another, publications in others.
    calls = max(Counter(line.split()[0] for line in trace.splitlines() if f"{call}(" in line).values())
    assert calls >= STEP
    hits = 0
    for number in range(1 + len(fault + call) % STEP, calls + 1, STEP):
        shutil.rmtree(root)
        shutil.copytree(whole, root)
        acknowledged, trace, code = run(
            strace, root, "-e", f"trace={call}", "-e", f"inject={call}:{fault}:when={number}"
        )
        # Publications of two threads may fall together, so that a run has fewer calls than the first.
        hit = "(INJECTED)" in trace or "killed by SIGKILL" in trace
        hits += hit
        assert (code != 0) is hit, (call, fault, number)
        check(root, acknowledged)
    assert hits
