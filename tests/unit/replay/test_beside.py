"""`zoneproxy.replay.beside`: what lies beside a tree and says otherwise is named."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.logs import ORIGIN, FixedClock, Writer, signer
from tests.support.shards import FIRST, MIDDLE_MS, make_shards, open_shards
from zoneproxy.adapters.files.disk import DiskFiles
from zoneproxy.adapters.keys.keyfiles import read_vkeys
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.replay.audit import audit
from zoneproxy.replay.desk import Work
from zoneproxy.trace.handover import proof_path, vkeys_path
from zoneproxy.trace.ledger import LOG_FILE, Ledger
from zoneproxy.trace.note import VerifierKey
from zoneproxy.trace.reader import policy_path

DIGEST = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"  # of `foo`
VKEY = "zone.example-trace-node-1-2025-11.vkey"

Change = Callable[[bytes], bytes]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[VerifierKey]]:
    """A shard whose keys were renewed, and the keys that it began with."""
    root = tmp_path_factory.mktemp("beside")
    _, keys = make_shards(root)
    clock = FixedClock(MIDDLE_MS)
    log = open_shards(root, clock, overlap_ms=1000)
    keys.make(FIRST, 2)
    for _ in range(2):
        log.tick()
        clock.now += 1000
    log._close()
    shard = root / "log" / str(FIRST)
    return shard, list(read_vkeys(shard / VKEY))


def judged(root: Path, keys: list[VerifierKey]) -> list[tuple[str, str]]:
    """Class and place of what is wrong for a reader who brings keys of his own."""
    return [(flaw.kind.value, flaw.where) for flaw in audit(open_log(root, keys)).flaws]


def foreign(_: bytes) -> bytes:
    origin = f"{ORIGIN}/{FIRST}"
    return f"{signer(origin, number=9).verifiers[0].vkey}\n".encode()


@pytest.mark.parametrize(
    ("name", "change"),
    [
        (LOG_FILE, lambda data: data.replace(b'"keys":["', b'"keys":["x')),
        (LOG_FILE, lambda data: data.replace(b"node-1", b"node-2")),
        (LOG_FILE, lambda _: b"{}"),
        (LOG_FILE, lambda _: b'{"keys":NaN}'),
        (LOG_FILE, lambda _: b"\xff" * 40),
        (VKEY, foreign),
        (VKEY, lambda data: data[:-9] + b"\n"),
        (VKEY, lambda data: data.replace(b"zone", b"\xffone")),
        (proof_path(1), lambda data: re.sub(rb"\nindex [0-9]+", b"\nindex 0", data)),
        (proof_path(1), lambda data: data.replace(b"extra e", b"extra f")),
        (proof_path(2), lambda _: b""),
        (vkeys_path(1), lambda data: data[: len(data) // 2]),
        (vkeys_path(2), foreign),
    ],
)
def test_what_contradicts_the_entries_is_named(
    written: tuple[Path, list[VerifierKey]], tmp_path: Path, name: str, change: Change
) -> None:
    """Z14: a copy handed on with other keys beside it is caught, also by whoever has the true ones."""
    shard, keys = written
    copy = Path(shutil.copytree(shard, tmp_path / "copy"))
    assert judged(copy, keys) == []
    place = copy / name
    data = place.read_bytes()
    place.chmod(0o600)
    place.write_bytes(change(data))
    assert place.read_bytes() != data
    # A broken handover also keeps a reader from the keys of today.
    assert ("invalid", name) in judged(copy, keys) or name.startswith("handover")
    assert ("invalid", name) in judged(copy, list(read_vkeys(shard / vkeys_path(2))))


@pytest.mark.parametrize(
    ("data", "found"),
    [(b"foo", []), (b"fop", [("invalid", policy_path(DIGEST))]), (None, [("missing", f"policy/{DIGEST}")])],
)
def test_policies_that_entries_name_are_in_the_archive(
    tmp_path: Path, data: bytes | None, found: list[tuple[str, str]]
) -> None:
    """Z15: without the policy of its day a decision can't be judged again, and every audit says so."""
    writer, root = Writer(), tmp_path / "log"
    root.mkdir()
    ledger = Ledger(DiskFiles(root), ORIGIN, signer())
    ledger.create(writer.opening())
    ledger.append([writer.item("policy", {"layer": "operator", "digest": DIGEST, "bytes": 3})])
    ledger.publish()
    if data is not None:
        (root / "policy").mkdir()
        (root / policy_path(DIGEST)).write_bytes(data)
    assert judged(root, list(signer().verifiers)) == found
    for work in (Work(), Work(walk=True)):
        level = audit(open_log(root, signer().verifiers), work=work).levels[4]
        assert level.result == (found[0][0] if found else "holds" if work.walk else "not checked")
