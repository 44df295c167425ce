"""`zoneproxy.assembly.keeper`: what is over goes, what is ordered goes, and neither stops the zone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.logs import ORIGIN, FixedClock, FixedEntropy, decision, ending, signer
from tests.support.private_log import KEK, redaction, sealing
from tests.support.shards import BASE, FIRST, MIDDLE_MS, make_shards, open_shards
from zoneproxy.adapters.log import newlog
from zoneproxy.adapters.log.tracelog import TraceLog
from zoneproxy.adapters.reading.logfolder import open_log, open_logs
from zoneproxy.adapters.shards.folder import shard_months
from zoneproxy.adapters.shards.sharded import ShardedLog
from zoneproxy.adapters.upkeep.fsck import check_local_state
from zoneproxy.assembly.keeper import Keeper
from zoneproxy.replay.audit import audit
from zoneproxy.replay.shardwalk import ChainReport, audit_shards
from zoneproxy.terms.errors import ConfigError, TraceError
from zoneproxy.trace.erasure import INTENT
from zoneproxy.trace.opening_store import Access
from zoneproxy.trace.retention import RetentionPolicy

DAY_MS = 86_400_000


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
async def log(tmp_path: Path, clock: FixedClock) -> AsyncIterator[TraceLog]:
    who: dict[str, Any] = {
        "log_origin": ORIGIN,
        "signer": signer(),
        "clock": clock,
        "entropy": FixedEntropy(),
    }
    newlog.create(tmp_path / "log", **who)
    made = TraceLog.open(
        tmp_path / "log", node="node-1", worker="w1", sealing=sealing(), low_water_bytes=0, **who
    )
    yield made
    await made.close()


def keeper_of(log: TraceLog | ShardedLog, clock: FixedClock, *, held: bool = False) -> Keeper:
    def places() -> list[Path]:
        if isinstance(log, ShardedLog):
            return [log.folder.path(month) for month in shard_months(log.folder.root)]
        return [log.directory]

    return Keeper(log, places, RetentionPolicy(), clock, holders=[KEK], sealing=sealing(), held=held)


async def test_old_keys_go_while_the_log_runs(log: TraceLog, clock: FixedClock) -> None:
    """Z17: after the class's days the private part is beyond everyone, on the record; the log goes on."""
    old = await log.append("decision", decision(1, verdict="deny"), {"client.ip": "198.51.100.7"})
    keeper = keeper_of(log, clock)
    (due,) = await keeper.retain()
    assert due.nothing
    clock.now += 1098 * DAY_MS
    new = await log.append("decision", decision(2, verdict="deny"), {"client.ip": "198.51.100.8"})
    (due,) = await keeper.retain()
    assert len(due.keys["record"]) == 1
    reader = open_log(log.directory, holders=[KEK])
    found = [reader.openings.find(receipt.index).access for receipt in (old, new)]
    assert found == [Access.SHREDDED, Access.OPEN]
    assert audit(reader).flaws == ()


async def test_a_legal_hold_keeps_everything(log: TraceLog, clock: FixedClock) -> None:
    """Z17: while it is on neither age nor an order erases anything, and the refusal says who can lift it."""
    old = await log.append("decision", decision(1, verdict="deny"), {"client.ip": "198.51.100.7"})
    keeper = keeper_of(log, clock, held=True)
    clock.now += 2000 * DAY_MS
    assert await keeper.retain() == []
    with pytest.raises(ConfigError, match="legal hold"):
        await keeper.redact(ORIGIN, [redaction("field", [old.index], fields=["client.ip"])])
    await log.publish()
    assert open_log(log.directory, holders=[KEK]).openings.find(old.index).access is Access.OPEN


async def test_fields_go_while_the_log_runs(log: TraceLog, clock: FixedClock) -> None:
    """Z17: also those of the bundle that the writer holds in memory; nothing brings them back."""
    first = await log.append("decision", decision(1, verdict="deny"), {"client.ip": "198.51.100.7"})
    keeper = keeper_of(log, clock)
    body = redaction("field", [first.index], fields=["client.ip"])
    indexes, finished = await keeper.redact(ORIGIN, [body])
    assert (len(indexes), finished) == (1, False)
    await log.append("decision", decision(2, verdict="deny"), {"client.ip": "198.51.100.8"})
    await log.publish()
    reader = open_log(log.directory, holders=[KEK])
    assert b"198.51.100.7" not in reader.openings.find(first.index).record
    assert audit(reader).flaws == ()


async def test_an_order_that_was_cut_off_is_finished(
    log: TraceLog, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Z17: what a crash left is carried out at the next start, or before the next order."""
    first = await log.append("decision", decision(1, verdict="deny"), {"client.ip": "198.51.100.7"})
    keeper = keeper_of(log, clock)

    class CutError(Exception):
        pass

    def cut(*_: object) -> None:
        raise CutError

    with monkeypatch.context() as patch:
        patch.setattr("zoneproxy.adapters.upkeep.redaction.remove_intent", cut)
        with pytest.raises(CutError):
            await keeper.redact(ORIGIN, [redaction("record", [first.index])])
    assert (log.directory / INTENT).exists()
    assert await keeper.finish()
    assert not await keeper.finish()
    report = audit(open_log(log.directory, holders=[KEK]))
    assert (report.flaws, report.kinds["redaction"]) == ((), 1)


async def test_it_runs_by_itself_and_stops(log: TraceLog, clock: FixedClock) -> None:
    """The first run comes at once, later ones after the interval; stopping twice does nothing."""
    runs = asyncio.Event()

    class Watched(Keeper):
        async def retain(self) -> Any:
            runs.set()

    keeper = Watched(log, lambda: [log.directory], RetentionPolicy(), clock, interval_s=3600)
    keeper.start()
    await asyncio.wait_for(runs.wait(), 10)
    await keeper.stop()
    await keeper.stop()


async def test_a_failure_is_told_and_the_zone_goes_on(
    log: TraceLog, clock: FixedClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Z22: what can't be deleted now stays, is told, and is tried again."""
    keeper = Keeper(log, lambda: [log.directory], RetentionPolicy(), clock, interval_s=3600)
    (log.directory / "retention.json").write_text("{}\n")
    keeper.start()
    async with asyncio.timeout(10):
        while "retention failed" not in caplog.text:
            await asyncio.sleep(0.01)
    await keeper.stop()
    assert log.writable


async def test_a_failure_of_the_log_is_left_to_the_log(log: TraceLog, clock: FixedClock) -> None:
    """Z22: the keeper ends with the log, quietly: whoever runs the zone is told by the log itself."""

    class Failing(Keeper):
        async def retain(self) -> Any:
            raise TraceError("the log failed")

    keeper = Failing(log, lambda: [log.directory], RetentionPolicy(), clock)
    keeper.start()
    assert keeper._beside.task is not None
    await asyncio.wait_for(keeper._beside.task, 10)


def judge(root: Path) -> ChainReport:
    return audit_shards(open_logs(root / "log", holders=[KEK]), (), lambda one: audit(one, several=True))


async def test_of_shards_each_is_kept(tmp_path: Path) -> None:
    """Z17: closed shards too lose what is over and what is ordered; the newest one says so, and all holds."""
    make_shards(tmp_path)
    clock = FixedClock(MIDDLE_MS)
    log = open_shards(tmp_path, clock, sealing=sealing())
    first = await log.append("decision", decision(1), {"client.ip": "198.51.100.7", "user_agent": "a"})
    await log.append("return", ending(first.index, 1), {"response_sha256": "cd" * 32})
    clock.now = FIRST.following.start_ms
    log.tick()
    log.tick()
    second = await log.append("decision", decision(2, verdict="deny"), {"client.ip": "198.51.100.8"})
    keeper = keeper_of(log, clock)
    old = f"{BASE}/{FIRST}"
    body = redaction("field", [first.index], fields=["client.ip"], origin=old)
    await keeper.redact(old, [body])
    await log.publish()
    closed = open_log(log.folder.path(FIRST), holders=[KEK])
    assert b"198.51.100.7" not in closed.openings.find(first.index).record
    assert judge(tmp_path).exit_code == 0
    # The closed shard alone can't show the record, and says so.
    alone = audit(closed)
    assert [flaw.kind.value for flaw in alone.flaws] == ["withheld"]
    assert "in the shards that were looked at" in alone.flaws[0].message
    # In an emergency the public bytes of a closed shard's last bundle can go too; the rest of it holds.
    await keeper.redact(old, [redaction("entry", [first.index], origin=old)])
    shards = open_logs(tmp_path / "log", holders=[KEK], allow_withheld=True)
    withheld = audit_shards(shards, (), lambda one: audit(one, several=True))
    assert [(flaw.kind.value, flaw.where) for flaw in withheld.shards[0].report.flaws] == [
        ("withheld", f"entry {first.index}")
    ]
    assert judge(tmp_path).exit_code == 1  # whoever does not ask for it is told that it is missing
    state = check_local_state(log.folder.path(FIRST))
    assert (state.closed, state.problems) == (True, ())
    clock.now = FIRST.start_ms + 1130 * DAY_MS  # three years on, in a month of its own
    log.tick()
    log.tick()
    await keeper.retain()
    await keeper.retain()  # once more: nothing is left, nothing is recorded twice
    await log.publish()
    report = judge(tmp_path)
    assert (report.exit_code, [one.report.flaws for one in report.shards]) == (0, [(), (), ()])
    assert open_log(log.folder.path(FIRST), holders=[KEK]).openings.find(1).access is not Access.OPEN
    origins = [entry.body["origin"] for entry in report.shards[-1].report.covering]
    assert sorted(set(origins)) == [old, second.origin]
    await log.close()
