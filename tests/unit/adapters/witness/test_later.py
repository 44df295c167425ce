"""`zoneproxy.adapters.witness.later`: a month that closed without its witnesses becomes final later."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.logs import FixedClock, decision, ending
from tests.support.shards import BASE, FIRST, MIDDLE_MS, make_shards, open_shards
from tests.support.witness_lab import LabWitness, rules, serving
from zoneproxy.adapters.keys.keyfolder import KeyFolder
from zoneproxy.adapters.reading.logfolder import open_log, open_logs
from zoneproxy.adapters.shards.sharded import ShardedLog
from zoneproxy.adapters.witness.folder import add_log, make_witness
from zoneproxy.adapters.witness.panel import WitnessRules
from zoneproxy.replay.audit import audit
from zoneproxy.replay.shardwalk import ChainReport, audit_shards
from zoneproxy.terms.errors import TraceError
from zoneproxy.trace.checkpoint import open_checkpoint

NEXT = FIRST.following
OLD = f"{BASE}/{FIRST}"


@dataclass
class Zone:
    """A log in shards, and where its witness answers now, if it does."""

    root: Path
    clock: FixedClock = field(default_factory=lambda: FixedClock(MIDDLE_MS))
    rules: WitnessRules | None = None

    def open(self) -> ShardedLog:
        return open_shards(self.root, self.clock, per_shard=lambda _: {"witnesses": self.rules})

    @property
    def shard(self) -> Path:
        return self.root / "log" / str(FIRST)

    def judge(self) -> ChainReport:
        trust = None if self.rules is None else self.rules.trust
        return audit_shards(
            open_logs(self.root / "log"), (), lambda one: audit(one, trust=trust, several=True)
        )


@pytest.fixture
def zone(tmp_path: Path) -> Zone:
    make_shards(tmp_path)
    keys = KeyFolder(tmp_path / "keys")
    keys.make(NEXT)
    make_witness(tmp_path / "witness", "regulator.example/w1")
    for month in (FIRST, NEXT):
        add_log(tmp_path / "witness", list(keys.load(month, f"{BASE}/{month}").verifiers))
    return Zone(tmp_path)


@pytest.fixture
def witness(zone: Zone) -> Iterator[LabWitness]:
    with serving(zone.root / "witness", clock=zone.clock) as made:
        zone.rules = rules(made)
        yield made


async def closed_alone(zone: Zone) -> ShardedLog:
    """Close a month while no witness answers."""
    with serving(zone.root / "witness", clock=zone.clock) as witness:
        zone.rules = rules(witness, timeout_s=1.0)
        log = zone.open()
        first = await log.append("decision", decision(1), {})
        assert await log.witness()
        zone.clock.now = NEXT.start_ms
        log.tick()
    await log.append("return", ending(first.index, 1), {})
    log.tick()
    return log


async def test_a_month_that_closed_without_a_quorum(zone: Zone) -> None:
    """It is told as unwitnessed, never as broken; when the witness is back it becomes final (Z14)."""
    log = await closed_alone(zone)
    assert not list((zone.root / "keys").glob(f"{FIRST}*"))  # nobody can sign it any more
    final = audit(open_log(zone.shard)).size
    report = zone.judge()
    assert (report.exit_code, report.links.found) == (3, [])
    assert {flaw.kind.value for flaw in report.shards[0].report.flaws} == {"unwitnessed"}
    assert report.shards[0].close is not None
    assert report.shards[0].report.size > final
    with serving(zone.root / "witness", clock=zone.clock) as witness:
        zone.rules = rules(witness)
        await log.witness()
        note = (zone.shard / "checkpoint").read_bytes()
        checkpoint = open_checkpoint(note, open_log(zone.shard).vkeys)
        assert zone.rules.trust.holds(zone.rules.trust.cosigned_by(note))
        assert checkpoint.size == report.shards[0].report.size
        assert zone.judge().shards[0].report.exit_code == 0
        assert await log.witness() in {True, False}  # nothing is left: the newest shard alone is asked about
        assert not log._later.left
    await log.close()


async def test_a_later_start_takes_it_up(zone: Zone) -> None:
    """What was left before a stop is put before the witnesses by the next start (Z14)."""
    await (await closed_alone(zone)).close()
    with serving(zone.root / "witness", clock=zone.clock) as witness:
        zone.rules = rules(witness)
        log = zone.open()
        assert list(log._later.left) == [zone.shard]
        assert await log.witness()
        assert zone.judge().exit_code == 0
        await log.close()


async def test_what_a_crash_left_is_closed_with_its_witnesses(zone: Zone, witness: LabWitness) -> None:
    """A shard that the next start closes is cosigned too, before it counts as final (Z13, Z14)."""
    log = zone.open()
    await log.append("decision", decision(1), {})
    zone.clock.now = NEXT.start_ms
    log.tick()  # a crash here: the month is over, an exchange is under way
    crashed = zone.root / "crashed"
    for name in ("log", "keys"):
        shutil.copytree(zone.root / name, crashed / name)
    other = Zone(crashed, zone.clock, zone.rules)
    await other.open().close()
    report = other.judge()
    assert (report.exit_code, report.shards[0].close is not None) == (0, True)
    assert report.shards[0].report.cosigned_by
    assert log.closing
    with pytest.raises(TraceError, match="another one signs"):  # it lives on, and is not the one any more
        await log.witness()
    with pytest.raises(TraceError):
        await log.close()


async def test_a_shard_that_was_rolled_back_is_not_closed(zone: Zone, witness: LabWitness) -> None:
    """A witness that has seen more of it stops the start, before anything is written (Z14)."""
    log = zone.open()
    await log.append("decision", decision(1), {})
    zone.clock.now = NEXT.start_ms
    log.tick()
    snapshot = shutil.copytree(zone.root / "log", zone.root / "snapshot")
    keys = shutil.copytree(zone.root / "keys", zone.root / "snapshot-keys")
    zone.clock.mono += 3_600_000
    log.tick()  # closed, cosigned, its keys destroyed
    await log.close()
    for place, back in ((snapshot, "log"), (keys, "keys")):
        shutil.rmtree(zone.root / back)
        shutil.copytree(place, zone.root / back)
    before = {path: path.read_bytes() for path in zone.shard.rglob("*") if path.is_file()}
    with pytest.raises(TraceError, match="rolled back"):
        zone.open()
    assert {path: path.read_bytes() for path in before} == before
