"""SIGKILL in the middle of concurrent records, again and again: nothing acknowledged is lost."""

from __future__ import annotations

import asyncio
import random
import signal
import sys
from pathlib import Path

import pytest

from tests.support.length import sample
from tests.support.logs import ORIGIN, FixedClock, FixedEntropy, signer
from zoneproxy.adapters.log import newlog
from zoneproxy.adapters.log.tracelog import TraceLog
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.replay.audit import audit
from zoneproxy.trace.merkle import leaf_hash

ROUNDS = sample(8, 200)
ROOT = Path(__file__).resolve().parents[2]

# The program that is killed: fifty callers append as fast as they can and print each receipt they get.
PROGRAM = """
import asyncio, sys
from pathlib import Path
from tests.support.logs import ORIGIN, FixedClock, decision, ending, signer
from zoneproxy.adapters.clock import SystemEntropy
from zoneproxy.adapters.log.tracelog import TraceLog

async def caller(log, number):
    for turn in range(10_000):
        flow = number * 10_000 + turn
        first = await log.append("decision", decision(flow), {"client.ip": "198.51.100.7"})
        sys.stdout.write(f"{first.index} {first.leaf.hex()}\\n")
        last = await log.append("return", ending(first.index, flow), {})
        sys.stdout.write(f"{last.index} {last.leaf.hex()}\\n")
        sys.stdout.flush()

async def main():
    log = TraceLog.open(Path(sys.argv[1]), log_origin=ORIGIN, signer=signer(), clock=FixedClock(),
        entropy=SystemEntropy(), node="node-1", worker="w1", publish_interval_s=0.02, low_water_bytes=0)
    await asyncio.gather(*(caller(log, number) for number in range(50)))

asyncio.run(main())
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    newlog.create(
        tmp_path / "log", log_origin=ORIGIN, signer=signer(), clock=FixedClock(), entropy=FixedEntropy()
    )
    return tmp_path / "log"


async def run_and_kill(root: Path, after: int) -> dict[int, str]:
    """Start the program, kill it after so many receipts, return all receipts it told of."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, str(root), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    lines: list[bytes] = []
    while len(lines) < after:
        line = await process.stdout.readline()
        assert line, "the program ended by itself"
        lines.append(line)
    process.send_signal(signal.SIGKILL)
    rest = await process.stdout.read()
    await process.wait()
    whole = b"".join(lines) + rest[: rest.rfind(b"\n") + 1]
    pairs = (line.split() for line in whole.decode().splitlines())
    return {int(index): leaf for index, leaf in pairs}


async def test_kill_under_load(root: Path) -> None:
    """Killed at any moment, the log verifies, goes on, and holds every acknowledged record (Z13)."""
    chance = random.Random(7)
    acknowledged: dict[int, str] = {}
    for _ in range(ROUNDS):
        acknowledged |= await run_and_kill(root, chance.randrange(1, 400))
        assert audit(open_log(root)).flaws == ()
    log = TraceLog.open(
        root,
        log_origin=ORIGIN,
        signer=signer(),
        clock=FixedClock(),
        entropy=FixedEntropy(),
        node="node-1",
        worker="w1",
    )
    await log.close()
    report = audit(open_log(root))
    assert (report.flaws, report.under_way) == ((), {})
    stored = {index: leaf_hash(data).hex() for index, data in open_log(root).entries()}
    assert acknowledged.items() <= stored.items()
    assert len(acknowledged) > ROUNDS
