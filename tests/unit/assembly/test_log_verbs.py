"""`zoneproxy.assembly.log_verbs`: what a command may have a running zone do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.logs import ORIGIN, FixedClock, FixedEntropy, decision, signer
from tests.support.private_log import KEK, redaction, sealing
from zoneproxy.adapters.log import newlog
from zoneproxy.adapters.log.tracelog import TraceLog
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.adapters.workers.control import Verb
from zoneproxy.assembly.keeper import Keeper
from zoneproxy.assembly.log_verbs import log_verbs
from zoneproxy.replay.audit import audit
from zoneproxy.terms.errors import ConfigError
from zoneproxy.trace.opening_store import Access
from zoneproxy.trace.retention import RetentionPolicy

DISCLOSURE = {
    "origin": ORIGIN, "to": "ab" * 8, "entries": [1], "fields": ["client.ip"], "digest": "ab" * 32,
    "basis": "audit", "actor": "dpo-1", "approval": None,
}  # fmt: skip


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[TraceLog]:
    who: dict[str, Any] = {
        "log_origin": ORIGIN,
        "signer": signer(),
        "clock": FixedClock(),
        "entropy": FixedEntropy(),
    }
    newlog.create(tmp_path / "log", **who)
    made = TraceLog.open(
        tmp_path / "log", node="node-1", worker="w1", sealing=sealing(), low_water_bytes=0, **who
    )
    yield made
    await made.close()


@pytest.fixture
def verbs(log: TraceLog) -> dict[str, Verb]:
    places = [log.directory]
    keeper = Keeper(log, lambda: places, RetentionPolicy(), FixedClock(), holders=[KEK], sealing=sealing())
    return log_verbs(log, keeper)


async def test_records_are_published(log: TraceLog, verbs: dict[str, Verb]) -> None:
    """The answer comes when everybody can read them."""
    answer = await verbs["record"]({"records": [["disclosure", DISCLOSURE]]})
    assert open_log(log.directory).checkpoint().size == answer["receipts"][0]["index"] + 1


async def test_redactions_are_carried_out(log: TraceLog, verbs: dict[str, Verb]) -> None:
    """Z17: recorded and erased when the answer comes; an empty order finishes what was cut off."""
    first = await log.append("decision", decision(1, verdict="deny"), {"client.ip": "198.51.100.7"})
    answer = await verbs["redact"]({"origin": ORIGIN, "bodies": [redaction("record", [first.index])]})
    assert answer["finished"] is False
    reader = open_log(log.directory, holders=[KEK])
    assert reader.openings.find(first.index).access is Access.ABSENT
    assert audit(reader).flaws == ()
    assert await verbs["redact"]({"origin": ORIGIN, "bodies": []}) == {"indexes": [], "finished": False}


async def test_retention_is_run(verbs: dict[str, Verb]) -> None:
    """What was deleted is told, a shard at a time."""
    answer = await verbs["retain"]({})
    assert [shard["minimum"] for shard in answer["shards"]] == [0]


@pytest.mark.parametrize(
    ("verb", "arguments"),
    [
        ("record", {"records": None}),
        ("record", {"records": [["decision", decision(1)]]}),
        ("record", {"records": [["redaction", redaction("record", [1])]]}),
        ("record", {"records": [["disclosure"]]}),
        ("record", {"records": [["disclosure", 7]]}),
        ("record", {"records": ["disclosure"]}),
        ("record", {"records": [["disclosure", {}]]}),
        ("redact", {"origin": ORIGIN}),
        ("redact", {"bodies": []}),
        ("redact", {"origin": ORIGIN, "bodies": [7]}),
        ("redact", {"origin": ORIGIN, "bodies": [{}]}),
        ("redact", {"origin": ORIGIN, "bodies": [redaction("record", [1], origin="another.example/log")]}),
    ],
    ids=str,
)
async def test_nothing_else_can_be_asked(
    log: TraceLog, verbs: dict[str, Verb], verb: str, arguments: dict[str, Any]
) -> None:
    """Z14: a command can't write decisions, nor what breaks the schema; the log goes on."""
    before = log.size
    with pytest.raises(ConfigError):
        await verbs[verb](arguments)
    assert (log.writable, log.size) == (True, before)
