"""`zoneproxy.replay.audit`: every changed byte is named, at its place, with its class."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.crash_files import CrashFiles
from tests.support.logs import (
    ORIGIN,
    Writer,
    decision,
    ending,
    joint_signer,
    mldsa_signer,
    signer,
    write_log,
)
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.replay.audit import audit
from zoneproxy.replay.flaws import FlawClass
from zoneproxy.replay.report import AuditReport
from zoneproxy.trace.durable import replace
from zoneproxy.trace.ledger import Ledger
from zoneproxy.trace.note import Signer
from zoneproxy.trace.reader import LogReader
from zoneproxy.trace.wal import Item


def snapshot(files: CrashFiles, folder: str = "") -> Iterator[tuple[str, bytes]]:
    for name in files.names(folder):
        path = f"{folder}/{name}" if folder else name
        if name.endswith("/"):
            yield from snapshot(files, path[:-1])
        else:
            yield path, files.read(path) or b""


def log_of(*batches: int, items: list[Item] | None = None, key: Signer | None = None) -> dict[str, bytes]:
    """A log's files: one publication for each number of exchanges."""
    files, writer = CrashFiles(), Writer()
    ledger = Ledger(files, ORIGIN, key or signer())
    ledger.create(writer.opening(key))
    for count in batches:
        for _ in range(count):
            ledger.append(writer.exchange())
        ledger.publish()
    if items:
        ledger.append(items)
        ledger.publish()
    return dict(snapshot(files))


def judge(disk: dict[str, bytes], key: Signer | None = None) -> AuditReport:
    files = CrashFiles(disk)
    return audit(LogReader(files.read_limited, (key or signer()).verifiers, files.names))


def flipped(disk: dict[str, bytes], path: str, place: int, bit: int = 0) -> dict[str, bytes]:
    data = bytearray(disk[path])
    data[place] ^= 1 << bit
    return {**disk, path: bytes(data)}


def entry_at(disk: dict[str, bytes], path: str, place: int) -> int:
    """The index within its bundle of the entry that a byte belongs to."""
    data, at, number = disk[path], 0, 0
    while at + 2 + int.from_bytes(data[at : at + 2], "big") <= place:
        at += 2 + int.from_bytes(data[at : at + 2], "big")
        number += 1
    return number


@pytest.fixture(scope="module")
def small() -> dict[str, bytes]:
    return log_of(1, 2)


@pytest.fixture(scope="module")
def tiny() -> dict[str, bytes]:
    """Short entries of several kinds, in three publications: few bytes, so that each can be flipped."""
    files, writer = CrashFiles(), Writer()
    ledger = Ledger(files, ORIGIN, signer())
    ledger.create(writer.opening())
    start = {"version": "0.1.0", "python": "3.13.0", "assurance": "dev", "config": None}
    for items in (
        [writer.item("worker_start", start)],
        [
            writer.item("alarm", {"code": "x", "flow": None, "count": 1}),
            writer.item("worker_stop", {"cause": "stop"}),
        ],
    ):
        ledger.append(items)
        ledger.publish()
    return dict(snapshot(files))


@pytest.fixture(scope="module")
def large() -> dict[str, bytes]:
    return log_of(100, 60)


def test_a_good_log_holds(small: dict[str, bytes], large: dict[str, bytes]) -> None:
    """A log as it was written has no flaw, and the report counts what it holds (Z14)."""
    report = judge(small)
    assert (report.flaws, report.exit_code, report.size, report.origin) == ((), 0, 7, ORIGIN)
    assert report.kinds == {"decision": 3, "log_open": 1, "return": 3}
    assert (report.opened, report.withheld, report.under_way, report.unsigned) == (6, 0, {}, 0)
    assert report.first_ts < report.last_ts
    assert judge(large).flaws == ()


def test_every_byte_of_the_checkpoint(small: dict[str, bytes]) -> None:
    """A flip of any byte of the checkpoint is named as the checkpoint's (Z14)."""
    for place in range(len(small["checkpoint"])):
        report = judge(flipped(small, "checkpoint", place, place % 8))
        assert report.exit_code == 1, place
        assert report.flaws[0].kind is FlawClass.INVALID
        assert report.flaws[0].where.startswith("checkpoint"), place


def test_every_byte_of_a_checkpoint_signed_twice() -> None:
    """With both keys trusted, a flip of any byte of either signature is refused too (Z14)."""
    key = joint_signer()
    disk = log_of(key=key)
    assert judge(disk, key).flaws == ()
    for place in range(len(disk["checkpoint"])):
        report = judge(flipped(disk, "checkpoint", place, place % 8), key)
        assert report.exit_code == 1, place
        assert report.flaws[0].where.startswith("checkpoint"), place


def test_one_of_two_signatures_is_not_enough() -> None:
    """Who trusts both keys demands both signatures; who trusts one is content with it (Z14)."""
    disk = log_of(1, key=joint_signer())
    lines = disk["checkpoint"].splitlines(keepends=True)
    for kept in (lines[4], lines[5]):
        half = {**disk, "checkpoint": b"".join([*lines[:4], kept])}
        assert judge(half, joint_signer()).exit_code == 1
    for trusted in (signer(), mldsa_signer()):
        assert judge(disk, trusted).exit_code == 0


def test_every_byte_of_every_tile(small: dict[str, bytes]) -> None:
    """A flip of any byte of any hash tile, older ones too, is named to the byte, and only that (Z14)."""
    for path, data in small.items():
        if path.startswith("tile/0/"):
            for place in range(len(data)):
                report = judge(flipped(small, path, place))
                assert [(flaw.kind, flaw.where) for flaw in report.flaws] == [
                    (FlawClass.INVALID, f"{path}, byte {place}")
                ]


def test_every_byte_of_every_bundle(tiny: dict[str, bytes]) -> None:
    """A flip of any byte of any entry bundle, older ones too, is named by the entry's index (Z14)."""
    for path, data in tiny.items():
        if path.startswith("tile/entries/"):
            for place in range(len(data)):
                report = judge(flipped(tiny, path, place))
                assert report.exit_code == 1
                assert report.flaws[0].where == f"entry {entry_at(tiny, path, place)}", (path, place)
                assert report.flaws[0].kind is FlawClass.INVALID
                assert {flaw.where for flaw in report.flaws} == {report.flaws[0].where}


@pytest.mark.parametrize(
    "path", ["tile/entries/000", "tile/entries/001.p/65", "tile/0/000", "tile/0/001.p/65", "tile/1/000.p/1"]
)
def test_flips_in_a_log_of_several_tiles(large: dict[str, bytes], path: str) -> None:
    """In a log of several bundles and levels the flipped place is named, and no other (Z14)."""
    for place in range(0, len(large[path]), max(1, len(large[path]) // 23)):
        report = judge(flipped(large, path, place, place % 8))
        places = {flaw.where for flaw in report.flaws}
        if path.startswith("tile/entries"):
            first = 256 * (path == "tile/entries/001.p/65")
            assert places == {f"entry {first + entry_at(large, path, place)}"}
        else:
            assert places == {f"{path}, byte {place}"}


@pytest.mark.parametrize(
    "path", ["tile/entries/000", "tile/entries/001.p/65", "tile/0/000", "tile/0/001.p/65", "tile/1/000.p/1"]
)
def test_a_missing_file_is_missing(large: dict[str, bytes], path: str) -> None:
    """A file that is gone is missing, not invalid, and nothing else is blamed (Z14)."""
    report = judge({name: data for name, data in large.items() if name != path})
    assert [(flaw.kind, flaw.where) for flaw in report.flaws] == [(FlawClass.MISSING, path)]
    assert report.exit_code == 1


def test_missing_checkpoint_and_missing_twins(large: dict[str, bytes]) -> None:
    """Without checkpoint nothing can be said; without a bundle and its tile, the root can't be computed."""
    report = judge({name: data for name, data in large.items() if name != "checkpoint"})
    assert [flaw.kind for flaw in report.flaws] == [FlawClass.MISSING]
    report = judge(
        {name: data for name, data in large.items() if name not in {"tile/entries/000", "tile/0/000"}}
    )
    assert report.flaws[0].where == "tile/entries/000"
    assert {flaw.kind for flaw in report.flaws} == {FlawClass.MISSING}


@pytest.mark.parametrize(
    "change",
    [lambda data: data[:-1], lambda data: data + b"x", lambda data: b"", lambda data: data + data],
    ids=["cut", "overlong", "empty", "doubled"],
)
def test_cut_and_overlong_files(large: dict[str, bytes], change: Callable[[bytes], bytes]) -> None:
    """A file that is cut, emptied, or has something behind it, is named (Z14)."""
    for path, data in large.items():
        if path.startswith("tile/") or path == "checkpoint":
            report = judge({**large, path: change(data)})
            assert report.exit_code == 1, path
            assert report.flaws[0].where.startswith((path, "entry ")), (path, report.flaws[0])


def test_swapped_and_duplicated_files(large: dict[str, bytes]) -> None:
    """Two files swapped, or one put a second time where no file belongs, are named (Z14)."""
    bundles = ("tile/entries/000", "tile/entries/001.p/65")
    report = judge({**large, bundles[0]: large[bundles[1]], bundles[1]: large[bundles[0]]})
    assert report.flaws[0].kind is FlawClass.INVALID
    for stray in (
        "tile/0/002",
        "tile/0/000.p/300",
        "tile/entries/002",
        "tile/7/000",
        "tile/readme",
        "tile/entries/001.p/66",
        "tile/1/000.p/2",
    ):
        twin = large["tile/0/000" if "entries" not in stray else "tile/entries/000"]
        report = judge({**large, stray: twin})
        assert [flaw.where for flaw in report.flaws] == [stray]


def test_a_publication_cut_short_is_no_flaw(large: dict[str, bytes]) -> None:
    """Files of entries that lie there but are not signed yet are counted, and fit (Z13)."""
    later = log_of(100, 60, 200)
    ahead = {**later, "checkpoint": large["checkpoint"]}
    report = judge(ahead)
    assert (report.flaws, report.unsigned, report.size) == ((), 400, 321)
    for path in ("tile/entries/002.p/209", "tile/0/001", "tile/1/000.p/2", "tile/entries/001"):
        assert judge(flipped(ahead, path, 40)).exit_code == 1


def test_an_entry_that_was_never_an_entry() -> None:
    """A log whose owner signed something else than entries is invalid where it does (Z14)."""
    report = judge(log_of(1, items=[Item(b'{"a": 1}')]))
    assert [(flaw.where, flaw.kind) for flaw in report.flaws] == [("entry 3", FlawClass.INVALID)]


def test_chains_and_pairs_are_checked() -> None:
    """A dropped entry, an end without a decision and a second opening show (Z14)."""
    writer = Writer()
    writer.opening()
    dropped = writer.exchange()
    kept = writer.exchange()
    report = judge(log_of(items=kept))
    assert report.flaws[0].where == "entry 1"
    assert "chain of worker" in report.flaws[0].message
    assert dropped != kept
    writer = Writer()
    writer.opening()
    report = judge(log_of(items=[writer.item("return", ending(9)), writer.opening()]))
    assert [flaw.where for flaw in report.flaws] == ["entry 1", "entry 2"]


def test_under_way_is_listed_not_blamed() -> None:
    """An allowed decision without an end is listed; it is no flaw while it may still end."""
    writer = Writer()
    writer.opening()
    report = judge(log_of(items=[writer.item("decision", decision(1))]))
    assert (report.exit_code, list(report.under_way)) == (0, [1])


def test_an_end_that_can_not_come_any_more_is_missing() -> None:
    """Z14: leaving out how an exchange ended is told once its worker has begun anew."""
    writer = Writer()
    writer.opening()
    start = {"version": "0", "python": "3.13", "assurance": "production", "config": None}
    items = [writer.item("decision", decision(1)), writer.item("worker_start", start)]
    report = judge(log_of(items=items))
    assert [(flaw.where, flaw.kind) for flaw in report.flaws] == [("entry 1", FlawClass.MISSING)]


def test_records_of_a_developers_door_prove_nothing() -> None:
    """Z14: a log that was written behind a door which may fail open does not hold as one that was not."""
    writer = Writer()
    writer.opening()
    start = {"version": "0", "python": "3.13", "assurance": "dev", "config": None}
    items = [
        writer.item("worker_start", start),
        writer.item("decision", decision(1, assurance="dev")),
        writer.item("return", ending(2, 1)),
    ]
    report = judge(log_of(items=items))
    assert report.exit_code == 3
    assert [(flaw.kind, flaw.message[:1]) for flaw in report.flaws] == [(FlawClass.UNASSURED, "2")]


def test_openings(small: dict[str, bytes]) -> None:
    """Openings that do not fit are invalid; a copy without any is a public one, and holds."""
    report = judge(flipped(small, "open/000", 40))
    assert report.exit_code == 1
    assert report.flaws[0].where.startswith("opening of entry")
    public = {path: data for path, data in small.items() if not path.startswith(("open/", "wal/", "state/"))}
    report = judge(public)
    assert (report.exit_code, report.withheld, report.opened) == (0, 6, 0)
    files = CrashFiles(small)
    replace(files, "open/000", b"\x00\x00\x00\x00" * 3 + small["open/000"][4 + 4 :], private=True)
    assert judge(dict(snapshot(files))).exit_code in {1, 3}


def test_withheld_openings_make_it_incomplete(large: dict[str, bytes]) -> None:
    """Where some openings are there and others not, the log is incomplete: exit code 3 (Z17)."""
    report = judge({path: data for path, data in large.items() if path != "open/001"})
    assert [(flaw.kind, flaw.where) for flaw in report.flaws] == [(FlawClass.WITHHELD, "entry 256")]
    assert report.exit_code == 3


def test_a_resigned_log_with_another_root() -> None:
    """A checkpoint that the log's key signed over another tree is refused (Z14)."""
    one, other = log_of(3), log_of(items=[Item(b"x")] * 6)
    report = judge({**one, "checkpoint": other["checkpoint"]})
    assert report.exit_code == 1
    assert "checkpoint" in {flaw.where for flaw in report.flaws}


def test_progress_and_other_opening(tmp_path: Path, large: dict[str, bytes]) -> None:
    """Progress is told; a log of another origin than its checkpoint's is refused."""
    told: list[tuple[int, int]] = []
    root = write_log(tmp_path / "log", [140])
    assert audit(open_log(root), lambda done, total: told.append((done, total))).exit_code == 0
    assert told == [(281, 281)]
    copied = shutil.copytree(root, tmp_path / "copy")
    (copied / "tile" / "0" / "link").symlink_to("/etc/hostname")
    assert audit(open_log(copied)).exit_code == 1


def test_a_file_of_gigabytes_is_not_read(tmp_path: Path) -> None:
    """A file longer than it can be is refused by its length, before it is read."""
    root = write_log(tmp_path / "log", [1])
    tile = root / "tile/0/000.p/3"
    tile.chmod(0o644)
    with tile.open("r+b") as file:
        file.truncate(1 << 33)
    report = audit(open_log(root))
    assert [flaw.where for flaw in report.flaws] == ["tile/0/000.p/3"]
