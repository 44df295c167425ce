"""`zoneproxy.adapters.log.tracelog`: durable before it is acknowledged; shut for ever after a failure."""

from __future__ import annotations

import asyncio
import errno
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.support.logs import ORIGIN, FixedClock, FixedEntropy, decision, ending, flow_id, signer, write_log
from zoneproxy.adapters.files.disk import DiskFiles
from zoneproxy.adapters.log import newlog
from zoneproxy.adapters.log.tracelog import TraceLog
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.replay.audit import audit
from zoneproxy.terms.errors import ConfigError, TraceError
from zoneproxy.terms.ports import Receipt
from zoneproxy.trace import segments
from zoneproxy.trace.entry import parse
from zoneproxy.trace.merkle import leaf_hash


class FaultyFiles(DiskFiles):
    """A disk on which the operations named in `broken` fail, and that counts what it is asked."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.broken: dict[str, OSError] = {}
        self.calls: list[tuple[str, str]] = []
        self.published = threading.Event()
        self.free = 1 << 40

    def _call(self, what: str, path: str) -> None:
        self.calls.append((what, path))
        if what in self.broken and (path.startswith("wal/") or what != "append"):
            raise self.broken[what]

    def append(self, path: str, data: bytes) -> None:
        self._call("append", path)
        super().append(path, data)

    def sync(self, path: str) -> None:
        self._call("sync", path)
        super().sync(path)

    def rename(self, old: str, new: str) -> None:
        self._call("rename", new)
        super().rename(old, new)
        if new == "checkpoint":
            self.published.set()

    def free_bytes(self) -> int:
        return self.free


def settings(**more: Any) -> dict[str, Any]:
    base = {"log_origin": ORIGIN, "signer": signer(), "clock": FixedClock(), "entropy": FixedEntropy()}
    return (
        base | {"node": "node-1", "worker": "w1", "publish_interval_s": 3600.0, "low_water_bytes": 0} | more
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = settings()
    newlog.create(
        tmp_path / "log", **{name: made[name] for name in ("log_origin", "signer", "clock", "entropy")}
    )
    return tmp_path / "log"


def kinds(root: Path) -> list[str]:
    return [parse(data).kind for _, data in open_log(root).entries()]


async def test_append_is_durable_before_it_is_acknowledged(root: Path) -> None:
    """A receipt names the index and the hash of an entry that already lies in the write-ahead log (Z13)."""
    log = TraceLog.open(root, **settings())
    receipt = await log.append("decision", decision(7), {"client.ip": "198.51.100.7"})
    wal = b"".join(path.read_bytes() for path in (root / "wal").iterdir())
    assert flow_id(7).encode() in wal
    await log.append("return", ending(receipt.index, 7), {})
    await log.close()
    entry = dict(open_log(root).entries())[receipt.index]
    assert leaf_hash(entry) == receipt.leaf
    assert kinds(root) == ["log_open", "worker_start", "decision", "return", "worker_stop"]
    report = audit(open_log(root))
    assert (report.exit_code, report.opened) == (0, 2)


async def test_concurrent_records_share_flushes(root: Path) -> None:
    """One flush a group, never one an entry; all indexes are given once (Z13)."""
    files = FaultyFiles(root)
    log = TraceLog.open(root, files=files, **settings())
    files.calls.clear()
    receipts = await asyncio.gather(*(log.append("decision", decision(n), {}) for n in range(200)))
    flushes = [path for what, path in files.calls if what == "sync"]
    groups = [path for what, path in files.calls if what == "append"]
    assert len(flushes) == len(groups) < 50
    assert sorted(receipt.index for receipt in receipts) == list(range(2, 202))
    await log.close()


async def test_publisher_publishes_when_grown(root: Path) -> None:
    """What was acknowledged is published without being asked to; nothing new, nothing published."""
    files = FaultyFiles(root)
    log = TraceLog.open(root, files=files, **settings(publish_interval_s=0.01))
    files.published.clear()
    receipt = await log.append("decision", decision(), {})
    assert await asyncio.to_thread(files.published.wait, 10)
    assert open_log(root).checkpoint().size == receipt.index + 1
    assert await log.publish() is None
    await log.close()


async def test_a_crash_is_ended_by_an_abort(root: Path) -> None:
    """The next start ends each exchange that a crash cut off, and goes on with the worker's chain."""
    log = TraceLog.open(root, **settings())
    first = await log.append("decision", decision(1), {})
    await log.append("decision", decision(2, verdict="deny", reason="origin-unknown", by="law"), {})
    log._disk.close()
    log._lock.release()  # what the system does for a process that was killed
    again = TraceLog.open(root, **settings())
    assert again.size == 6
    await again.close()
    last = parse(dict(open_log(root).entries())[5])
    assert (last.kind, last.body["dec"], last.body["cause"]) == ("abort", first.index, "recovery")
    assert audit(open_log(root)).exit_code == 0


async def test_a_long_write_ahead_log_is_cut(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Segments are deleted when the public tree holds them; a start still ends what was under way (Z13)."""
    monkeypatch.setattr(segments, "SEGMENT_BYTES", 20_000)
    log = TraceLog.open(root, **settings())
    first = await log.append("decision", decision(1), {})
    for number in range(150):
        made = await log.append("decision", decision(number + 2), {})
        await log.append("return", ending(made.index, number + 2), {})
    await log.publish()
    assert not (root / "wal" / f"{0:020d}.wal").exists()
    log._disk.close()
    log._lock.release()  # what the system does for a process that was killed
    again = TraceLog.open(root, **settings())
    await again.close()
    entries = dict(open_log(root).entries())
    last = parse(entries[len(entries) - 2])
    assert (last.kind, last.body["dec"], last.body["cause"]) == ("abort", first.index, "recovery")
    report = audit(open_log(root))
    assert (report.exit_code, report.under_way, report.withheld) == (0, {}, 0)


async def test_second_writer_is_refused(root: Path) -> None:
    """One process writes a log; another is told so and changes nothing."""
    log = TraceLog.open(root, **settings())
    with pytest.raises(ConfigError, match="in use"):
        TraceLog.open(root, **settings())
    await log.append("decision", decision(), {})
    await log.close()
    await TraceLog.open(root, **settings()).close()


async def test_a_bad_record_is_refused_alone(root: Path) -> None:
    """A record outside the vocabulary is its caller's error; the log goes on (Z17)."""
    log = TraceLog.open(root, **settings())
    with pytest.raises(ValueError, match="unknown field"):
        await log.append("decision", decision(remark="text"), {})
    layer = decision()["phases"]["collect"]["layers"][0]
    layers = [layer | {"deny": [f"COL-{n}{'x' * 100}" for n in range(64)]}] * 8
    big = decision(phases={"collect": decision()["phases"]["collect"] | {"layers": layers}})
    results = await asyncio.gather(
        log.append("decision", decision(1), {}),
        log.append("decision", big, {}),
        log.append("decision", decision(2), {}),
        return_exceptions=True,
    )
    assert isinstance(results[1], ValueError)
    assert [result.index for result in results if isinstance(result, Receipt)] == [2, 3]
    assert log.writable
    await log.close()
    assert audit(open_log(root)).exit_code == 0


@pytest.mark.parametrize("what", ["append", "sync"])
async def test_a_failed_write_shuts_the_log_for_ever(root: Path, what: str) -> None:
    """After one failed write or flush all waiting records fail, and nothing is tried again (Z13, Z22)."""
    told: list[TraceError] = []
    files = FaultyFiles(root)
    log = TraceLog.open(root, files=files, on_failure=told.append, **settings())
    files.broken[what] = OSError(errno.EIO, "input/output error")
    files.calls.clear()
    results = await asyncio.gather(
        *(log.append("decision", decision(n), {}) for n in range(20)), return_exceptions=True
    )
    assert all(isinstance(result, TraceError) for result in results)
    assert not log.writable
    assert len(told) == 1
    assert [name for name, _ in files.calls].count(what) == 1
    with pytest.raises(TraceError, match="no more"):
        await log.append("decision", decision(), {})
    with pytest.raises(TraceError):
        await log.publish()
    with pytest.raises(TraceError):
        await log.close()
    assert [name for name, _ in files.calls].count(what) == 1
    assert audit(open_log(root)).exit_code == 0
    await TraceLog.open(root, **settings()).close()
    assert audit(open_log(root)).exit_code == 0


async def test_a_failed_publication_shuts_the_log(root: Path) -> None:
    """A publication that fails ends the log; what was acknowledged is there at the next start (Z13)."""
    files, failed = FaultyFiles(root), threading.Event()
    log = TraceLog.open(root, files=files, on_failure=lambda error: failed.set(), **settings())
    receipt = await log.append("decision", decision(), {})
    files.broken["rename"] = OSError(errno.ENOSPC, "no space left on device")
    with pytest.raises(TraceError, match="no space"):
        await log.publish()
    assert failed.is_set()
    with pytest.raises(TraceError):
        await log.append("decision", decision(), {})
    with pytest.raises(TraceError):
        await log.close()
    await TraceLog.open(root, **settings()).close()
    assert leaf_hash(dict(open_log(root).entries())[receipt.index]) == receipt.leaf


async def test_low_disk_stops_the_log_before_it_is_full(root: Path) -> None:
    """Below the low-water mark nothing more is written; at a start below it, nothing at all."""
    files = FaultyFiles(root)
    log = TraceLog.open(root, files=files, **settings(low_water_bytes=1000))
    files.free = 999
    files.calls.clear()
    with pytest.raises(TraceError, match="nearly full"):
        await log.append("decision", decision(), {})
    assert files.calls == []
    with pytest.raises(TraceError):
        await log.close()
    with pytest.raises(TraceError, match="nearly full"):
        TraceLog.open(root, files=files, **settings(low_water_bytes=1000))


async def test_closed_log_takes_nothing(root: Path) -> None:
    """After the close nothing is taken; a second close does nothing."""
    log = TraceLog.open(root, **settings())
    await log.close()
    await log.close()
    assert not log.writable
    with pytest.raises(TraceError, match="closed"):
        await log.append("decision", decision(), {})


async def test_a_caller_that_leaves_does_not_take_its_record_along(root: Path) -> None:
    """A record whose caller was cancelled is written all the same (Z13)."""
    log = TraceLog.open(root, **settings())
    task = asyncio.ensure_future(log.append("decision", decision(5), {}))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await log.append("decision", decision(6), {})
    await log.close()
    flows = [parse(data).body.get("flow") for _, data in open_log(root).entries()]
    assert flow_id(6) in flows
    assert audit(open_log(root)).exit_code == 0


def test_what_is_no_log_of_ours(root: Path, tmp_path: Path) -> None:
    """No log, another zone's log, a log that does not verify: refused with a hint."""
    with pytest.raises(ConfigError, match="no log"):
        TraceLog.open(tmp_path / "nowhere", **settings())
    with pytest.raises(ConfigError, match="not that of"):
        TraceLog.open(root, **settings(signer=signer(ORIGIN, 2)))
    tile = root / "tile/0/000.p/1"
    tile.chmod(0o644)
    tile.write_bytes(bytes(32))
    with pytest.raises(TraceError, match="does not verify") as told:
        TraceLog.open(root, **settings())
    assert "zoneproxy log verify" in told.value.hint


async def test_policies_are_archived(root: Path) -> None:
    """A policy is kept by its digest, once, and found by readers (Z15)."""
    log = TraceLog.open(root, **settings())
    digest = log.archive_policy(b"rules: []\n")
    assert log.archive_policy(b"rules: []\n") == digest
    await log.close()
    assert open_log(root).policy(digest) == b"rules: []\n"


async def test_clock_that_goes_back(root: Path) -> None:
    """Entries never go back in time, whatever the clock does."""
    clock = FixedClock()
    log = TraceLog.open(root, **settings(clock=clock))
    first = await log.append("decision", decision(1), {})
    clock.now -= 1_000_000
    second = await log.append("decision", decision(2), {})
    assert second.ts == first.ts
    await log.close()
    assert audit(open_log(root)).exit_code == 0


async def test_a_long_log_reopens(tmp_path: Path) -> None:
    """A log of several bundles and publications is recovered and goes on."""
    root = write_log(tmp_path / "log", [100, 60])
    log = TraceLog.open(root, **settings())
    await log.append("decision", decision(), {})
    await log.close()
    report = audit(open_log(root))
    assert (report.exit_code, report.size) == (0, 324)


def test_names_that_are_refused(root: Path) -> None:
    """A node or worker that can't stand in an entry is refused at the start."""
    for wrong in ({"node": "Node 1"}, {"worker": ""}):
        with pytest.raises(ConfigError, match="node"):
            TraceLog.open(root, **settings(**wrong))
    assert kinds(root) == ["log_open"]
