"""`zoneproxy.trace.handover`: from the keys that a reader trusts to those that sign now, never by one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.logs import FixedClock
from tests.support.shards import FIRST, MIDDLE_MS, make_shards, open_shards
from zoneproxy.adapters.files.disk import DiskFiles
from zoneproxy.adapters.keys.keyfiles import read_vkeys
from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.checkpoint import open_checkpoint
from zoneproxy.trace.handover import follow_keys, proof_path, vkeys_path
from zoneproxy.trace.note import VerifierKey
from zoneproxy.trace.reader import LogReader


@pytest.fixture(scope="module")
def handed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[list[VerifierKey]]]:
    """A shard whose keys were renewed twice, and its keys of each time."""
    root = tmp_path_factory.mktemp("handed")
    _, keys = make_shards(root)
    clock = FixedClock(MIDDLE_MS)
    log = open_shards(root, clock, overlap_ms=1000)
    times = [list(keys.load(FIRST, log.origin).verifiers)]
    for renewal in (2, 3):
        keys.make(FIRST, renewal)
        times.append(list(keys.load(FIRST, log.origin, renewal).verifiers))
        log.tick()
        clock.now += 1000
        log.tick()
    log._close()
    return root / "log" / str(FIRST), times


def reader(shard: Path, keys: list[VerifierKey]) -> LogReader:
    return LogReader(DiskFiles(shard).read_limited, keys)


def test_every_time_leads_to_now(handed: tuple[Path, list[list[VerifierKey]]]) -> None:
    """Whoever has the keys of any time comes to those that sign now, and they signed (Z14)."""
    shard, times = handed
    for keys in times:
        found = follow_keys(reader(shard, keys))
        assert list(found) == times[2]
        open_checkpoint((shard / "checkpoint").read_bytes(), found)
    for one in times[0]:  # a reader of one kind of key comes to both
        assert set(follow_keys(reader(shard, [one]))) == set(times[2])
    assert read_vkeys(shard / vkeys_path(4)) == times[2]


def test_keys_of_other_logs_stay(handed: tuple[Path, list[list[VerifierKey]]]) -> None:
    """Other logs' keys are passed through, and alone lead nowhere."""
    shard, times = handed
    other = VerifierKey("another.example/log", 1, times[0][0].public)
    assert follow_keys(reader(shard, [other])) == (other,)
    assert set(follow_keys(reader(shard, [other, *times[0]]))) == {other, *times[2]}


def test_a_changed_handover(handed: tuple[Path, list[list[VerifierKey]]]) -> None:
    """A handover with a flipped byte, or of another place, is refused or leads nowhere new."""
    shard, times = handed
    first = (shard / proof_path(1)).read_bytes()
    fetch = DiskFiles(shard).read_limited
    believed = {key for keys in times for key in keys}
    for place in range(0, len(first), len(first) // 40):
        broken = bytearray(first)
        broken[place] ^= 1

        def lie(path: str, limit: int, data: bytes = bytes(broken)) -> bytes | None:
            return data if path == proof_path(1) else fetch(path, limit)

        try:
            found = follow_keys(LogReader(lie, times[0]))
        except VerificationError:
            continue
        assert set(found) <= believed


def test_one_signature_of_two_is_not_enough(handed: tuple[Path, list[list[VerifierKey]]]) -> None:
    """A handover that one of the two trusted keys did not sign is refused: no downgrade to one (Z14)."""
    shard, times = handed
    lines = (shard / proof_path(1)).read_bytes().split(b"\n")
    fetch = DiskFiles(shard).read_limited
    signatures = [number for number, line in enumerate(lines) if line.startswith("—".encode())]
    data = b"\n".join(line for number, line in enumerate(lines) if number != signatures[1])

    def lie(path: str, limit: int) -> bytes | None:
        return data if path == proof_path(1) else fetch(path, limit)

    with pytest.raises(VerificationError, match="did not sign"):
        follow_keys(LogReader(lie, times[0]))
