"""`zoneproxy.replay.treefiles`: every public file against what the entries make of it."""

from __future__ import annotations

from tests.support.crash_files import CrashFiles
from zoneproxy.replay.flaws import FlawClass, Flaws
from zoneproxy.replay.treefiles import check_other_files, check_tile, list_other_files
from zoneproxy.trace.frontier import Frontier, TileFile
from zoneproxy.trace.merkle import leaf_hash
from zoneproxy.trace.reader import LogReader
from zoneproxy.trace.tiles import Tile, encode_bundle

LEAVES = [leaf_hash(bytes([number])) for number in range(4)]


def reader(**disk: bytes) -> LogReader:
    files = CrashFiles({path.replace("__", "/"): data for path, data in disk.items()})
    return LogReader(files.read_limited, (), files.names)


def check(disk: dict[str, bytes]) -> list[tuple[FlawClass, str]]:
    flaws, files = Flaws(), CrashFiles(disk)
    expected = TileFile(Tile(0, 0, 4), b"".join(LEAVES))
    check_tile(LogReader(files.read_limited, (), files.names), expected, flaws)
    return [(flaw.kind, flaw.where) for flaw in flaws.found]


def test_a_tile_and_its_older_ones() -> None:
    """The tile must be right to the byte, and the narrower ones beside it its beginning."""
    good = {"tile/0/000.p/4": b"".join(LEAVES), "tile/0/000.p/2": b"".join(LEAVES[:2])}
    assert check(good) == []
    assert check(good | {"tile/0/000.p/2": bytes(64)}) == [(FlawClass.INVALID, "tile/0/000.p/2, byte 0")]
    assert check(good | {"tile/0/000.p/4": b"".join(LEAVES)[:-1]}) == [(FlawClass.INVALID, "tile/0/000.p/4")]
    assert check({}) == [(FlawClass.MISSING, "tile/0/000.p/4")]


def test_the_full_tile_stands_in() -> None:
    """Where the partial tile is gone, the full one's beginning is checked."""
    full = b"".join(LEAVES) + bytes(32 * 252)
    assert check({"tile/0/000": full}) == []
    assert check({"tile/0/000": bytes(32 * 256)}) == [(FlawClass.INVALID, "tile/0/000, byte 0")]


def test_files_beyond_the_checkpoint() -> None:
    """Files beyond the checkpoint fit the entries that lie there, or belong to no tree."""
    edge = Frontier()
    for number in range(2):
        edge.append(bytes([number]), LEAVES[number])
    log = reader(
        tile__entries__000__p__4=b"",
        **{"tile/entries/000.p/4": encode_bundle([bytes([n]) for n in range(4)])},
        **{"tile/0/000.p/4": b"".join(LEAVES), "tile/0/000.p/3": b"".join(LEAVES[:3]), "tile/0/009": b"x"},
    )
    paths = list_other_files(log, 2)
    assert paths == [
        "tile/0/000.p/3", "tile/0/000.p/4", "tile/0/009", "tile/entries/000.p/4", "tile/entries/000/p/4"
    ]  # fmt: skip
    flaws = Flaws()
    assert check_other_files(log, edge, paths, flaws) == 2
    assert [flaw.where for flaw in flaws.found] == ["tile/0/009", "tile/entries/000/p/4"]
