"""`zoneproxy.adapters.shards.sharded`: a month turns without a record lost or out of place."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.support.logs import FixedClock, decision, ending, flow_id
from tests.support.shards import BASE, FIRST, MIDDLE_MS, make_shards, open_shards
from zoneproxy.adapters.keys.keyfolder import KeyFolder
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.adapters.shards import sharded as shards
from zoneproxy.replay.audit import audit
from zoneproxy.terms.errors import ConfigError, TraceError
from zoneproxy.trace.entry import Entry, parse

NEXT = FIRST.following


@pytest.fixture
def root(tmp_path: Path) -> Path:
    make_shards(tmp_path)
    return tmp_path


def entries(root: Path, month: object) -> list[Entry]:
    return [parse(data) for _, data in open_log(root / "log" / str(month)).entries()]


def kinds(root: Path, month: object) -> list[str]:
    return [entry.kind for entry in entries(root, month)]


def whole(root: Path) -> None:
    for path in sorted((root / "log").glob("20*")):
        report = audit(open_log(path))
        assert report.flaws == (), (path, report.flaws)


async def admit(log: shards.ShardedLog, number: int) -> int:
    return (await log.append("decision", decision(number), {})).index


async def test_a_month_turns(root: Path) -> None:
    """New exchanges go to the new shard, those under way end in the old one, which is then sealed (Z13)."""
    clock = FixedClock(MIDDLE_MS)
    log = open_shards(root, clock)
    first = await log.append("decision", decision(1), {})
    assert first.origin == f"{BASE}/{FIRST}"
    clock.now = NEXT.start_ms
    log.tick()
    second = await log.append("decision", decision(2), {})
    assert (second.origin, log.origin) == (f"{BASE}/{NEXT}",) * 2
    assert log.closing == f"{BASE}/{FIRST}"
    log.tick()
    assert log.closing  # an exchange is under way in it
    ended = await log.append("return", ending(first.index, 1), {})
    assert ended.origin == first.origin
    log.tick()
    assert log.closing == ""
    await log.append("return", ending(second.index, 2), {})
    await log.close()
    assert kinds(root, FIRST)[-3:] == ["return", "worker_stop", "log_close"]
    new = entries(root, NEXT)
    assert [entry.kind for entry in new] == [
        "log_open", "worker_start", "decision", "log_sealed", "key", "return", "worker_stop",
    ]  # fmt: skip
    final = open_log(root / "log" / str(FIRST)).checkpoint()
    told = {"origin": final.origin, "size": final.size, "root": final.root.hex()}
    assert new[3].body["previous"] == told
    assert new[0].body["previous"]["size"] < final.size
    last = entries(root, FIRST)[-1].body["next"]
    assert last == {"origin": new[0].body["origin"], "keys": new[0].body["keys"]}
    assert (new[4].body["action"], new[4].body["origin"]) == ("destroy", final.origin)
    assert [str(month) for month in KeyFolder(root / "keys").months()] == [str(NEXT)]
    whole(root)


async def test_exchanges_that_do_not_end_are_aborted(root: Path) -> None:
    """After the time set, what is under way in the old shard is aborted; its late end is refused (Z22)."""
    clock = FixedClock(MIDDLE_MS)
    log = open_shards(root, clock, close_within_s=60.0)
    index = await admit(log, 1)
    clock.now = NEXT.start_ms
    log.tick()
    clock.mono += 59_999
    log.tick()
    assert log.closing
    clock.mono += 1
    log.tick()
    assert log.closing == ""
    with pytest.raises(ValueError, match="aborted when its shard was closed"):
        await log.append("return", ending(index, 1), {})
    assert log.writable
    await log.close()
    aborts = [entry.body for entry in entries(root, FIRST) if entry.kind == "abort"]
    assert aborts == [{"flow": flow_id(1), "dec": index, "cause": "turn"}]
    whole(root)


async def test_what_is_in_force_stands_in_each_shard(root: Path) -> None:
    """Policies with their bytes, activation and configuration are recorded again in a new shard (Z15)."""
    clock = FixedClock(MIDDLE_MS)
    log = open_shards(root, clock)
    digest = log.archive_policy(b"rules: 1\n")
    await log.append("policy", {"layer": "operator", "digest": digest, "bytes": 9}, {})
    await log.append(
        "activation", {"cause": "start", "policy": [{"layer": "operator", "digest": digest}]}, {}
    )
    await log.append("config", {"digest": "cd" * 32}, {})
    clock.now = NEXT.start_ms
    log.tick()
    await log.close()
    new = entries(root, NEXT)
    assert [entry.kind for entry in new[2:5]] == ["policy", "activation", "config"]
    assert new[3].body["cause"] == "turn"
    assert open_log(root / "log" / str(NEXT)).policy(digest) == b"rules: 1\n"


async def test_keys_are_made_ahead(root: Path) -> None:
    """A week before the month its keys are made and announced under the keys of this one; once."""
    clock = FixedClock(NEXT.start_ms - 7 * shards.DAY_MS - 1)
    log = open_shards(root, clock)
    keys = KeyFolder(root / "keys")
    log.tick()
    assert keys.renewals(NEXT) == []
    clock.now += 1
    log.tick()
    log.tick()
    assert keys.renewals(NEXT) == [1]
    announced = keys.load(NEXT, f"{BASE}/{NEXT}").verifiers
    clock.now = NEXT.start_ms
    log.tick()
    await log.close()
    bodies = [entry.body for entry in entries(root, FIRST) if entry.kind == "key"]
    assert [body["action"] for body in bodies] == ["announce"]
    assert bodies[0]["keys"] == [key.vkey for key in announced] == entries(root, NEXT)[0].body["keys"]


async def test_a_zone_that_was_down_at_the_turn(root: Path) -> None:
    """A start in a later month turns at once: months without a record have no shard."""
    await open_shards(root, FixedClock(MIDDLE_MS)).close()
    later = NEXT.following.following
    log = open_shards(root, FixedClock(later.start_ms + 1))
    assert (log.origin, log.closing) == (f"{BASE}/{later}", "")
    await log.close()
    assert kinds(root, FIRST)[-1] == "log_close"
    whole(root)


async def test_a_clock_that_goes_back(root: Path) -> None:
    """No shard is made for a month before the newest one."""
    await open_shards(root, FixedClock(NEXT.start_ms)).close()
    log = open_shards(root, FixedClock(MIDDLE_MS))
    log.tick()
    assert log.origin == f"{BASE}/{NEXT}"
    await log.close()
    whole(root)


async def test_two_writers(root: Path) -> None:
    """One process writes a sharded log; the second is refused and changes nothing."""
    log = open_shards(root, FixedClock(MIDDLE_MS))
    with pytest.raises(ConfigError, match="in use by another process"):
        open_shards(root, FixedClock(MIDDLE_MS))
    assert log.writable
    await log.close()
    await log.close()
    assert not log.writable


async def test_another_zones_folder(root: Path) -> None:
    """The base origin is that of the folder; a folder without shards is no log."""
    (root / "log/shards.json").chmod(0o644)
    text = (root / "log/shards.json").read_text()
    (root / "log/shards.json").write_text(text.replace("node-1", "node-2"))
    with pytest.raises(ConfigError, match="is not that of"):
        open_shards(root, FixedClock(MIDDLE_MS))
    (root / "log/shards.json").unlink()
    with pytest.raises(ConfigError, match="there is no log"):
        open_shards(root, FixedClock(MIDDLE_MS))


async def test_keys_that_are_gone(root: Path) -> None:
    """Without its private keys the newest shard is not opened, and the remedy is to restore them."""
    KeyFolder(root / "keys").destroy(FIRST)
    with pytest.raises(ConfigError, match="is missing") as told:
        open_shards(root, FixedClock(MIDDLE_MS))
    assert "restore it" in told.value.hint


async def test_a_key_folder_that_can_not_be_written(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The turn waits, an alarm says so once an hour, and records go on into the shard that there is."""
    clock = FixedClock(MIDDLE_MS)
    log = open_shards(root, clock)
    clock.now = NEXT.start_ms

    def full(*_: Any) -> None:
        raise ConfigError("the key folder can't be written")

    with monkeypatch.context() as patch:
        patch.setattr(KeyFolder, "make", full)
        for _ in range(3):
            log.tick()
    assert (await log.append("decision", decision(1), {})).origin == f"{BASE}/{FIRST}"
    log.tick()
    assert log.origin == f"{BASE}/{NEXT}"
    await log.close()
    alarms = [entry.body["code"] for entry in entries(root, FIRST) if entry.kind == "alarm"]
    assert alarms == ["shard-turn-waits"]
    whole(root)


async def test_a_disk_that_fails_at_the_turn(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failed flush while the new shard is made ends the log; nothing acknowledged is lost (Z13, Z22)."""
    told: list[TraceError] = []
    clock = FixedClock(MIDDLE_MS)
    log = open_shards(root, clock, on_failure=told.append)
    index = await admit(log, 1)
    clock.now = NEXT.start_ms

    def fail(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", fail)
        with pytest.raises(TraceError, match="no space left"):
            log.tick()
    assert len(told) == 1
    assert not log.writable
    with pytest.raises(TraceError, match="takes no more records"):
        await log.append("return", ending(index, 1), {})
    with pytest.raises(TraceError):
        log.tick()
    with pytest.raises(TraceError):
        await log.close()
    log = open_shards(root, clock)
    await log.close()
    assert Counter(kinds(root, FIRST))["abort"] == 1
    whole(root)


async def test_the_watching_thread(root: Path) -> None:
    """In service a thread looks at the clock."""
    clock = FixedClock(MIDDLE_MS)
    log = open_shards(root, clock, check_interval_s=0.01)
    clock.now = NEXT.start_ms
    while log.closing or log.origin != f"{BASE}/{NEXT}":
        await log.publish()
    await log.append("config", {"digest": "cd" * 32}, {})
    assert log.size > 0
    assert log.head("w1")[0] > 0
    await log.close()
    whole(root)


async def test_a_renewal_within_a_shard(root: Path) -> None:
    """New keys sign beside the old ones for a while, then alone; who has the old ones follows (Z14)."""
    clock = FixedClock(MIDDLE_MS)
    log = open_shards(root, clock, overlap_ms=1000)
    keys = KeyFolder(root / "keys")
    shard = root / "log" / str(FIRST)
    old = open_log(shard).vkeys
    keys.make(FIRST, 2)
    new = keys.load(FIRST, log.origin, 2).verifiers
    log.tick()
    await admit(log, 1)
    assert set(open_log(shard).vkeys) == {*old, *new}
    await log.close()
    log = open_shards(root, clock, overlap_ms=1000)  # the overlap outlives the process
    clock.now += 1000
    log.tick()
    assert open_log(shard).vkeys == new
    assert open_log(shard, new).vkeys == new
    assert keys.renewals(FIRST) == [2]
    whole(root)
    clock.now = NEXT.start_ms
    log.tick()
    log.tick()
    await log.close()
    actions = [entry.body["action"] for entry in entries(root, FIRST) if entry.kind == "key"]
    assert actions == ["add", "retire", "destroy", "announce"]
    assert keys.months() == [NEXT]
    whole(root)
