"""The turn of a month is killed before each step that makes something durable.

No record is lost, and the next start brings the turn to its end (Z13).
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support.length import sample
from tests.support.logs import FixedClock, FixedEntropy, decision, ending
from tests.support.shards import BASE, FIRST, MIDDLE_MS, make_shards, open_shards
from zoneproxy.adapters.keys.keyfolder import KeyFolder
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.adapters.sequencer.client import RemoteLog
from zoneproxy.adapters.sequencer.server import SequencerServer
from zoneproxy.adapters.sequencer.socket import open_listener
from zoneproxy.adapters.shards.folder import shard_months
from zoneproxy.adapters.shards.sharded import ShardedLog
from zoneproxy.replay.audit import audit
from zoneproxy.replay.shardwalk import ChainReport, audit_shards
from zoneproxy.terms.ports import Receipt
from zoneproxy.trace.entry import parse
from zoneproxy.trace.merkle import leaf_hash

STEP = sample(5, 1)
"""Every n-th call is the last one; each of them in the long run."""

CALLS = ("fsync", "fdatasync", "rename", "link", "unlink", "mkdir")
_KILLED = 9
NEXT = FIRST.following


def die_at(number: int) -> Callable[[], int]:
    """Let the process die in place of the n-th of these calls; return what tells how many there were."""
    count = 0

    def wrap(call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*given: Any, **named: Any) -> Any:
            nonlocal count
            count += 1
            if count == number:
                os._exit(_KILLED)
            return call(*given, **named)

        return counted

    for name in CALLS:
        setattr(os, name, wrap(getattr(os, name)))
    return lambda: count


Teller = Callable[[str, dict[str, Any]], Awaitable[Receipt]]


async def turn(root: Path, told: int) -> None:
    """Play the turn in the process that writes the log."""
    clock = FixedClock(MIDDLE_MS)
    log = open_shards(root, clock)
    await play(log, clock, told, [lambda kind, body: log.append(kind, body, {})] * 2)
    await log.close()


async def turn_of_workers(root: Path, told: int) -> None:
    """Play the turn behind a sequencer that two workers write through."""
    clock = FixedClock(MIDDLE_MS)
    log = open_shards(root, clock, worker="logd")
    server = SequencerServer(
        log, origin=BASE, node="node-1", clock=clock, entropy=FixedEntropy(), users=[os.geteuid()]
    )
    place = root / "run" / "logd.sock"
    await server.serve(open_listener(place))
    workers = [
        await RemoteLog.open(
            place, log_origin=BASE, clock=FixedClock(), entropy=FixedEntropy(), server_uid=os.geteuid()
        )
        for _ in range(2)
    ]
    await play(log, clock, told, [partial(one.append, private={}) for one in workers])
    for worker in workers:
        await worker.close()
    await server.stop(5.0)
    await log.close()


async def play(log: ShardedLog, clock: FixedClock, told: int, tellers: Sequence[Teller]) -> None:
    """Admit two exchanges, turn the month, end one of each shard, and finish; tell each receipt."""

    async def append(kind: str, body: dict[str, Any], worker: int = 0) -> int:
        receipt = await tellers[worker](kind, body)
        os.write(told, f"{receipt.origin} {receipt.index} {receipt.leaf.hex()}\n".encode())
        return receipt.index

    first = await append("decision", decision(1))
    await append("decision", decision(2), 1)
    clock.now = NEXT.start_ms
    log.tick()
    third = await append("decision", decision(3), 1)
    await append("return", ending(first, 1))
    clock.mono += 3_600_000
    log.tick()
    await append("return", ending(third, 3), 1)


Story = Callable[[Path, int], Coroutine[Any, Any, None]]


def run(root: Path, number: int, story: Story = turn) -> tuple[dict[tuple[str, int], str], int]:
    """Play the turn in a child that dies at the n-th call; return its receipts and count of calls."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover - another process
        calls = die_at(number)
        try:
            asyncio.run(story(root, writer))
            os.write(writer, f"calls {calls()} -\n".encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        lines = [line.split() for line in pipe.read().decode().splitlines()]
    _, status = os.waitpid(child, 0)
    counted = [int(line[1]) for line in lines if line[0] == "calls"]
    assert bool(counted) is (os.waitstatus_to_exitcode(status) == 0)
    receipts = {(line[0], int(line[1])): line[2] for line in lines if line[0] != "calls"}
    return receipts, counted[0] if counted else 0


def judge(root: Path) -> ChainReport:
    months = shard_months(root / "log")
    return audit_shards([(str(m), partial(open_log, root / "log" / str(m))) for m in months], (), audit)


async def check(root: Path, receipts: dict[tuple[str, int], str], number: int) -> None:
    """What the crash left holds; a start finishes the turn, and holds all that was acknowledged."""
    left = judge(root)
    assert (left.links.found, [one.report.flaws for one in left.shards if one.report.flaws]) == ([], []), (
        number
    )
    log = open_shards(root, FixedClock(NEXT.start_ms))
    assert (log.origin, log.closing) == (f"{BASE}/{NEXT}", "")
    await log.close()
    report = judge(root)
    assert (report.exit_code, report.links.found, report.closing) == (0, [], ""), number
    assert [one.close is not None for one in report.shards] == [True, False]
    assert [dict(one.report.under_way) for one in report.shards] == [{}, {}]
    stored = {
        (f"{BASE}/{month}", index): leaf_hash(data).hex()
        for month in shard_months(root / "log")
        for index, data in open_log(root / "log" / str(month)).entries()
    }
    assert receipts.items() <= stored.items(), number
    assert KeyFolder(root / "keys").months() == [NEXT], number
    acts = [entry.body["action"] for _, entry in report.shards[1].acts if entry.kind == "key"]
    assert "destroy" in acts


@pytest.mark.parametrize(("story", "step"), [(turn, STEP), (turn_of_workers, 2 * STEP - 1)])
async def test_killed_at_each_step_of_the_turn(tmp_path: Path, story: Story, step: int) -> None:
    """Whichever durable step is the last one, the next start ends the turn and nothing is lost (Z13)."""
    whole = tmp_path / "whole"
    whole.mkdir()
    make_shards(whole)

    def fresh() -> Path:
        root = tmp_path / "zone"
        shutil.rmtree(root, ignore_errors=True)
        return Path(shutil.copytree(whole, root))

    root = fresh()
    receipts, calls = run(root, 0, story)
    assert (len(receipts), calls > 50) == (5, True)
    await check(root, receipts, 0)
    for number in range(1, calls + 1, step):
        root = fresh()
        receipts, _ = run(root, number, story)
        await check(root, receipts, number)


@pytest.mark.parametrize("step", ["make", "destroy"])
async def test_killed_while_keys_are_made_or_destroyed(tmp_path: Path, step: str) -> None:
    """Half a pair of keys, made or destroyed, is brought to its end by the next start."""
    make_shards(tmp_path)
    keys = KeyFolder(tmp_path / "keys")
    if step == "make":
        keys.make(NEXT)
        keys.file(NEXT).unlink()  # the second key of a pair is made first
    else:
        (tmp_path / "keys/.2025-10.key.destroy").write_bytes(b"half of it")
        (tmp_path / "keys/2025-10-mldsa.key").write_bytes(b"a key that was")
    log = open_shards(tmp_path, FixedClock(NEXT.start_ms))
    await log.close()
    await check_kinds(tmp_path, keys)


async def check_kinds(root: Path, keys: KeyFolder) -> None:
    assert keys.months() == [NEXT]
    assert sorted(path.name for path in keys.path.iterdir()) == [f"{NEXT}-mldsa.key", f"{NEXT}.key"]
    assert judge(root).exit_code == 0
    kinds = [parse(data).kind for _, data in open_log(root / "log" / str(NEXT)).entries()]
    assert kinds[0] == "log_open"
