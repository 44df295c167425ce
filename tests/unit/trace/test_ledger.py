"""`zoneproxy.trace.ledger`: the order of writes, publication and recovery."""

from __future__ import annotations

import pytest

from tests.support.crash_files import CrashFiles
from tests.support.logs import ORIGIN, Writer, signer
from tests.support.tree_files import tiles_of
from zoneproxy.terms.errors import ConfigError, VerificationError
from zoneproxy.trace import segments as module
from zoneproxy.trace.checkpoint import open_checkpoint
from zoneproxy.trace.ledger import Ledger, vkey_file
from zoneproxy.trace.merkle import CompactRange, leaf_hash
from zoneproxy.trace.opening_files import decode_openings, open_path
from zoneproxy.trace.wal import Item, read_segment


def made(files: CrashFiles, exchanges: int = 2) -> tuple[Ledger, Writer]:
    writer = Writer()
    ledger = Ledger(files, ORIGIN, signer())
    ledger.create(writer.opening())
    for _ in range(exchanges):
        ledger.append(writer.exchange())
    return ledger, writer


def reopened(files: CrashFiles) -> tuple[Ledger, list[bytes]]:
    ledger, seen = Ledger(files, ORIGIN, signer()), []
    ledger.recover(lambda index, entry, leaf: seen.append(entry))
    return ledger, seen


def image(files: CrashFiles) -> dict[str, bytes]:
    def below(folder: str) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        for name in files.names(folder):
            path = f"{folder}/{name}" if folder else name
            found.update(below(path[:-1]) if name.endswith("/") else {path: files.read(path) or b""})
        return found

    return below("")


def test_one_flush_a_group() -> None:
    """A group costs exactly one flush, however many entries it has (Z13)."""
    files = CrashFiles()
    ledger, writer = made(files, 0)
    files.syncs.clear()
    ledger.append([item for _ in range(50) for item in writer.exchange()])
    assert files.syncs == ["wal/00000000000000000000.wal"]


def test_a_publication_writes_only_what_changed() -> None:
    """A publication of one entry flushes its bundle, its tile, openings, signed state and checkpoint."""
    files = CrashFiles()
    ledger, writer = made(files)
    ledger.publish()
    ledger.append(writer.exchange())
    files.syncs.clear()
    ledger.publish()
    assert len(files.syncs) == 5


def test_files_are_the_implied_ones() -> None:
    """After a publication the implied files lie there, and the checkpoint is that of the entries."""
    files = CrashFiles()
    ledger, _ = made(files, 200)
    ledger.publish()
    for tile in tiles_of(401):
        assert files.read(tile.path) is not None
    head = open_checkpoint(files.read("checkpoint") or b"", signer().verifiers, ORIGIN)
    _, seen = reopened(files)
    edge = CompactRange()
    for entry in seen:
        edge.append(leaf_hash(entry))
    assert (head.size, head.root) == (401, edge.root())
    assert not ledger.grown


def test_recovery_goes_on_where_it_stopped() -> None:
    """What was appended and not published is there after a restart, and is published then (Z13)."""
    files = CrashFiles()
    ledger, writer = made(files, 3)
    ledger.publish()
    items = writer.exchange()
    ledger.append(items)
    again, seen = reopened(files)
    assert seen[-2:] == [item.entry for item in items]
    assert again.grown
    assert again.publish().size == 9
    again.append(writer.exchange())
    assert again.publish().size == 11
    assert len(reopened(files)[1]) == 11


def test_recovery_writes_the_last_group_again() -> None:
    """The last group, which may only have stood in the page cache, is flushed into a new segment (Z13)."""
    files = CrashFiles()
    made(files, 2)
    before = files.names("wal")
    files.syncs.clear()
    reopened(files)
    assert files.names("wal") == [*before, "00000000000000000003.wal"]
    groups, _ = read_segment(files.read("wal/00000000000000000003.wal") or b"")
    assert [group.first for group in groups] == [3]
    assert "state/new" in files.syncs


def test_a_torn_tail_is_dropped_and_overwritten() -> None:
    """A last group that a crash cut is dropped; the log goes on at its place."""
    files = CrashFiles()
    ledger, writer = made(files, 2)
    ledger.publish()
    files.append("wal/00000000000000000000.wal", b"ZPG1 torn")
    again, seen = reopened(files)
    assert len(seen) == 5
    again.append(writer.exchange())
    assert len(reopened(files)[1]) == 7


def test_segments_roll_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """A full segment is followed by another, and a torn one that has no good group is removed."""
    monkeypatch.setattr(module, "SEGMENT_BYTES", 1)
    files = CrashFiles()
    ledger, writer = made(files, 1)
    assert ledger.segment_full
    ledger.roll(writer.chains.snapshot())
    ledger.append(writer.exchange())
    assert files.names("wal") == [f"{first:020d}.wal" for first in (0, 3)]
    files.create("wal/00000000000000000005.wal", private=True)
    files.append("wal/00000000000000000005.wal", b"ZPG1")
    again, seen = reopened(files)
    assert len(seen) == 5
    again.append(writer.exchange())
    assert len(reopened(files)[1]) == 7


def long_log() -> tuple[CrashFiles, Ledger, Writer]:
    """A log of 259 entries in two segments, of which the second begins at 255; published to 253."""
    files = CrashFiles()
    ledger, writer = made(files, 126)
    ledger.publish()
    ledger.append(writer.exchange())
    ledger.roll(writer.chains.snapshot())
    ledger.append(writer.exchange())
    ledger.append(writer.exchange())
    return files, ledger, writer


def test_segments_of_full_bundles_are_deleted() -> None:
    """Segments go once all their entries lie in full, published bundles; the log starts without them."""
    files, ledger, writer = long_log()
    assert len(files.names("wal")) == 2
    ledger.publish()
    assert files.names("wal") == [f"{255:020d}.wal"]
    told: list[tuple[int, bytes]] = []
    again, seen = Ledger(files, ORIGIN, signer()), []
    again.recover(lambda index, entry, leaf: seen.append(index), lambda *start: told.append(start))
    assert seen == [255, 256, 257, 258]
    assert [first for first, _ in told] == [255]
    again.append(writer.exchange())
    assert again.publish().size == 261
    for tile in tiles_of(261):
        assert files.read(tile.path) is not None
    assert len(decode_openings(files.read("open/000") or b"")) == 256
    assert all(decode_openings(files.read("open/000") or b"")[1:])


def test_the_edge_taken_from_files_is_checked() -> None:
    """A start without the first segments refuses a changed or missing public file that it needs (Z14)."""
    files, ledger, _ = long_log()
    ledger.publish()
    whole = image(files)
    for path in ("tile/0/000", "tile/entries/000", f"wal/{255:020d}.wal", "tile/0/001.p/3"):
        flipped = bytearray(whole[path])
        flipped[200 % len(flipped)] ^= 1
        for broken in (
            {**whole, path: bytes(flipped)},
            {name: data for name, data in whole.items() if name != path},
        ):
            disk = CrashFiles(broken)
            with pytest.raises(VerificationError):
                reopened(disk)
            assert image(disk) == broken


def test_a_start_needs_no_segment_before_a_covered_state() -> None:
    """Whichever of the segments to be deleted a crash left, the log starts, and deletes them next time."""
    files, ledger, writer = long_log()
    left = {path: data for path, data in image(files).items() if path.startswith("wal/")}
    ledger.publish()
    disk = CrashFiles(image(files) | left)
    again, seen = reopened(disk)
    assert len(seen) == 4
    again.append(writer.exchange())
    again.publish()
    assert disk.names("wal") == [f"{first:020d}.wal" for first in (255, 257)]


def test_segments_that_are_lost_too_early_are_missed() -> None:
    """A segment that is gone before the public tree covers it refuses the start."""
    files, _, _ = long_log()
    files.remove(f"wal/{0:020d}.wal")
    with pytest.raises(VerificationError, match="gap"):
        reopened(files)


def test_a_segment_without_group_is_forgotten() -> None:
    """A roll that a crash cut off leaves a segment without a group: removed, and never counted on."""
    files, ledger, writer = long_log()
    ledger.roll(writer.chains.snapshot())
    again, seen = reopened(files)
    assert len(seen) == 259
    assert f"{259:020d}.wal" not in files.names("wal")
    for _ in range(130):
        again.append(writer.exchange())
    again.publish()
    # 259 entries and 260 more: the state at 255 is covered, and the reading begins there.
    assert len(reopened(files)[1]) == 264


def test_another_logs_directory_is_refused_unchanged() -> None:
    """A log of another origin, or of another key, is refused and nothing is changed."""
    files = CrashFiles()
    made(files)
    before = image(files)
    for other in (
        Ledger(files, "other.example", signer("other.example")),
        Ledger(files, ORIGIN, signer(ORIGIN, 2)),
    ):
        with pytest.raises(ConfigError, match="not that of"):
            other.recover(lambda index, entry, leaf: None)
    with pytest.raises(ConfigError, match="no log here"):
        Ledger(CrashFiles(), ORIGIN, signer()).recover(lambda index, entry, leaf: None)
    with pytest.raises(ConfigError, match="name is not"):
        Ledger(files, "other.example", signer())
    assert image(files) == before


@pytest.mark.parametrize(
    "path",
    ["checkpoint", "state/signed", "tile/0/000.p/5", "tile/entries/000.p/5", "wal/00000000000000000000.wal"],
)
def test_a_log_that_was_changed_is_refused_unchanged(path: str) -> None:
    """Whatever file of the log was changed or is gone, the start is refused and nothing is changed."""
    files = CrashFiles()
    ledger, _ = made(files)
    ledger.publish()
    whole = image(files)
    flipped = bytearray(whole[path])
    flipped[len(flipped) // 2] ^= 1
    for broken in (
        {**whole, path: bytes(flipped)},
        {name: data for name, data in whole.items() if name != path},
    ):
        disk = CrashFiles(broken)
        with pytest.raises(VerificationError):
            reopened(disk)
        assert image(disk) == broken


def test_an_old_state_put_back_is_refused() -> None:
    """A write-ahead log that is older than what was signed is refused (Z14)."""
    files = CrashFiles()
    ledger, writer = made(files)
    ledger.publish()
    old = image(files)
    ledger.append(writer.exchange())
    ledger.publish()
    new = image(files)
    for paths in (["wal/00000000000000000000.wal"], ["state/signed"]):
        with pytest.raises(VerificationError):
            reopened(CrashFiles({**new, **{path: old[path] for path in paths}}))


@pytest.mark.parametrize("where", ["leaf", "tile", "entry"])
def test_a_slip_in_memory_is_never_signed(where: str) -> None:
    """A bit that flips in memory before publication is found by reading back; nothing is signed (Z14)."""
    files = CrashFiles()
    ledger, writer = made(files)
    ledger.publish()
    signed = files.read("state/signed")
    ledger.append(writer.exchange())
    if where == "leaf":
        waiting = ledger._waiting[0]
        ledger._waiting[0] = type(waiting)(waiting.item, bytes(32))
    elif where == "tile":
        ledger._frontier.levels[0][1] = bytes(32)
    else:
        waiting = ledger._waiting[0]
        ledger._waiting[0] = type(waiting)(Item(waiting.item.entry.replace(b"allow", b"alloy")), waiting.leaf)
    with pytest.raises(VerificationError):
        ledger.publish()
    assert files.read("state/signed") == signed


def test_openings_lie_beside_their_bundle() -> None:
    """Openings are kept by bundle, in the order of the entries (Z17)."""
    files = CrashFiles()
    ledger, _ = made(files, 130)
    ledger.publish()
    assert [len(decode_openings(files.read(open_path(n)) or b"")) for n in (0, 1)] == [256, 5]


def test_vkey_file_name() -> None:
    """The verifier key's file is named after the origin, as a plain name."""
    assert vkey_file(ORIGIN) == "zone.example-trace-node-1.vkey"
    assert vkey_file("///") == "log.vkey"


def test_an_empty_write_ahead_log_is_refused() -> None:
    """A log without any group can't be one."""
    files = CrashFiles()
    made(files)
    disk = image(files) | {"wal/00000000000000000000.wal": b""}
    with pytest.raises(VerificationError, match=r"entries|empty"):
        reopened(CrashFiles(disk))
