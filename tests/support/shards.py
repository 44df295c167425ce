"""What the tests of sharded logs share: a folder with its keys at a fixed time, and a log above it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.support.logs import FixedClock, FixedEntropy
from zoneproxy.adapters.keys.keyfolder import KeyFolder
from zoneproxy.adapters.shards.folder import ShardFolder, shard_months
from zoneproxy.adapters.shards.sharded import ShardedLog
from zoneproxy.trace.months import Month

BASE = "zone.example/trace/node-1"
FIRST = Month(2025, 11)
MIDDLE_MS = FIRST.start_ms + 10 * 86_400_000


def make_shards(root: Path, month: Month = FIRST) -> tuple[ShardFolder, KeyFolder]:
    """Make a sharded log with its keys beside it."""
    folder, keys = ShardFolder(root / "log", BASE), KeyFolder(root / "keys")
    keys.make(month)
    signer = keys.load(month, folder.origin(month))
    folder.create(month, signer, FixedClock(month.start_ms), FixedEntropy())
    return folder, keys


def open_shards(root: Path, clock: FixedClock, **settings: Any) -> ShardedLog:
    """Open it without a watching thread: `tick` is called by the test."""
    given: dict[str, Any] = {
        "worker": "w1",
        "check_interval_s": 0,
        "publish_interval_s": 3600.0,
        "low_water_bytes": 0,
    }
    return ShardedLog(
        ShardFolder(root / "log", BASE),
        KeyFolder(root / "keys"),
        clock=clock,
        entropy=FixedEntropy(),
        node="node-1",
        **given | settings,
    )


def newest(log: Path) -> Path:
    """Return the newest shard of a log, or the log itself where it has none."""
    months = shard_months(log)
    return log / str(months[-1]) if months else log
