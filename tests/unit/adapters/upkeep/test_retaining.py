"""`zoneproxy.adapters.upkeep.retaining`: what is over goes, after a record of it, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.support.crash_files import CrashFiles
from tests.support.logs import ORIGIN, signer
from tests.support.private_log import KEK, reader, sealed_log
from zoneproxy.adapters.upkeep.retaining import Retainer
from zoneproxy.replay.audit import audit
from zoneproxy.replay.flaws import FlawClass
from zoneproxy.trace.entry import parse
from zoneproxy.trace.ledger import Ledger
from zoneproxy.trace.opening_store import Access, list_keys
from zoneproxy.trace.retention import RetentionPolicy

DAY_MS = 86_400_000


class Log:
    """A log of 300 exchanges on one day and 300 on a day a year later."""

    def __init__(self) -> None:
        self.files = CrashFiles()
        self.ledger, self.writer = sealed_log(self.files, [])
        self.write(300)
        self.writer.clock.now += 365 * DAY_MS
        self.write(300)

    def write(self, count: int) -> None:
        items = [item for _ in range(count) for item in self.writer.exchange_of("toyco-sg")]
        self.ledger.append(items)
        self.ledger.publish()

    async def append(self, kind: str, body: Mapping[str, Any]) -> None:
        self.ledger.append([self.writer.item(kind, dict(body))])

    async def publish(self) -> None:
        if self.ledger.grown:
            self.ledger.publish()

    def retainer(self, **days: int) -> Retainer:
        policy = RetentionPolicy({"record": days["record"], "operational": 183}, {}, days["entries"])
        return Retainer(self.files, ORIGIN, signer().verifiers, policy)

    @property
    def now(self) -> int:
        return self.writer.clock.now

    def records(self) -> list[dict[str, Any]]:
        entries = (parse(data) for _, data in reader(self.files).entries())
        return [dict(entry.body) for entry in entries if entry.kind == "retention"]


@pytest.fixture
def log() -> Log:
    return Log()


async def test_nothing_is_over(log: Log) -> None:
    """A young log loses nothing; its policy is published all the same."""
    due = await log.retainer(record=1096, entries=1096).retain(log.now, log.append, log.publish)
    assert (due.nothing, log.records()) == (True, [])
    assert b'"minimum":0' in (log.files.read("retention.json") or b"")
    assert audit(reader(log.files, KEK)).flaws == ()


async def test_old_openings_go_and_the_log_holds(log: Log) -> None:
    """Z17: the old day's key and openings are gone, the new day's open, and a record covers it."""
    retainer = log.retainer(record=200, entries=1096)
    await retainer.retain(log.now, log.append, log.publish)
    assert len(list_keys(log.files.names)) == 1
    assert [body["class"] for body in log.records()] == ["operational", "record"]
    report = audit(reader(log.files, KEK))
    assert (report.flaws, report.openings.opened, report.openings.withheld) == ((), 600, 600)
    store = reader(log.files, KEK).openings
    assert store.find(1).access is Access.ABSENT  # whole bundles go; the mixed one keeps its sealed bytes
    assert store.find(599).access is Access.SHREDDED
    due = await retainer.retain(log.now, log.append, log.publish)
    assert (due.nothing, len(log.records())) == (True, 2)


async def test_old_entries_go_and_the_log_holds(log: Log) -> None:
    """Z14: with a record and the published minimum index old bundles may be gone; old proofs verify."""
    before = reader(log.files).note()
    await log.retainer(record=200, entries=300).retain(log.now, log.append, log.publish)
    assert log.files.read("tile/entries/000") is None
    assert log.files.read("tile/entries/001") is None
    assert log.files.read("tile/0/000") is not None
    assert reader(log.files).minimum == 512
    assert next(index for index, _ in reader(log.files).entries()) == 512
    report = audit(reader(log.files, KEK))
    assert [flaw for flaw in report.flaws if flaw.kind is not FlawClass.WITHHELD] == []
    assert report.exit_code == 0
    assert before != reader(log.files).note()


async def test_the_log_starts_again_after_it(log: Log) -> None:
    """A writer that recovers needs no bundle that is gone."""
    log.ledger.roll(log.writer.chains.snapshot())
    log.write(300)
    await log.retainer(record=200, entries=300).retain(log.now, log.append, log.publish)
    again = Ledger(CrashFiles(dict(next(log.files.disks()))), ORIGIN, signer())
    again.recover(lambda index, entry, leaf: None, lambda index, state: None)
    assert again.size == log.ledger.size


async def test_a_crash_after_the_record_is_taken_up(log: Log) -> None:
    """Z17: the record stands, the files are still there; the next run deletes them."""
    retainer = log.retainer(record=200, entries=300)

    async def cut() -> None:
        if log.ledger.grown:
            log.ledger.publish()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await retainer.retain(log.now, log.append, cut)
    assert len(list_keys(log.files.names)) == 2
    assert audit(reader(log.files, KEK)).flaws == ()
    await retainer.retain(log.now, log.append, log.publish)
    assert len(list_keys(log.files.names)) == 1
    assert audit(reader(log.files, KEK)).exit_code == 0


async def test_a_deletion_without_its_record_is_told(log: Log) -> None:
    """Z14: a retainer that forgets the record leaves a log that is not whole."""

    async def forget(kind: str, body: Mapping[str, Any]) -> None:
        del kind, body

    async def unpublished() -> None:
        return

    await log.retainer(record=200, entries=300).retain(log.now, forget, unpublished)
    report = audit(reader(log.files, KEK))
    assert {flaw.kind for flaw in report.flaws} >= {FlawClass.MISSING, FlawClass.WITHHELD}
