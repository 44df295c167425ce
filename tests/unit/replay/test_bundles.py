"""`zoneproxy.replay.bundles`: which entries of a bundle can be believed."""

from __future__ import annotations

import pytest

from tests.support.crash_files import CrashFiles
from zoneproxy.replay.bundles import blame, frames, read_bundle
from zoneproxy.replay.flaws import FlawClass, Flaws
from zoneproxy.trace.checkpoint import Checkpoint
from zoneproxy.trace.merkle import leaf_hash, tree_root
from zoneproxy.trace.reader import LogReader
from zoneproxy.trace.tiles import encode_bundle

ENTRIES = [b"one", b"two", b"three"]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]
HEAD = Checkpoint("log", 3, tree_root(LEAVES))


def reader(bundle: bytes | None, tile: bytes | None) -> LogReader:
    disk = {"tile/entries/000.p/3": bundle, "tile/0/000.p/3": tile}
    files = CrashFiles({path: data for path, data in disk.items() if data is not None})
    return LogReader(files.read_limited, (), files.names)


def test_frames() -> None:
    """Entries come with their offsets, up to the first broken frame."""
    assert list(frames(encode_bundle(ENTRIES))) == [(0, b"one"), (5, b"two"), (10, b"three")]
    assert list(frames(b"\x00\x01a\x00\x09b")) == [(0, b"a")]


def test_blame_names_the_changed_entry() -> None:
    """Where the hash tiles have the signed root, they name the entry that was changed."""
    bundle = encode_bundle([b"one", b"twO", b"three"])
    assert blame(reader(bundle, b"".join(LEAVES)), HEAD) == frozenset({1})
    assert blame(reader(bundle, bytes(96)), HEAD) is None


@pytest.mark.parametrize("cut", range(17))
def test_a_cut_bundle_names_its_first_lost_entry(cut: int) -> None:
    """A bundle that is cut names the first entry that is lost; those before it are believed."""
    flaws = Flaws()
    leaves, _ = read_bundle(reader(encode_bundle(ENTRIES)[:cut], b"".join(LEAVES)), 0, 3, (), flaws)
    whole = (cut >= 5) + (cut >= 10)
    assert [flaw.where for flaw in flaws.found] == [f"entry {whole}"]
    assert [leaf.entry for leaf in leaves] == [*ENTRIES[:whole], *[None] * (3 - whole)]
    assert [leaf.hash for leaf in leaves] == LEAVES


def test_a_bundle_that_is_gone() -> None:
    """A bundle that is gone is missing; its hashes stand in, if they are there."""
    flaws = Flaws()
    leaves, data = read_bundle(reader(None, b"".join(LEAVES)), 0, 3, (), flaws)
    assert ([leaf.hash for leaf in leaves], data) == (LEAVES, b"")
    assert flaws.found[0].kind is FlawClass.MISSING
    leaves, _ = read_bundle(reader(None, None), 0, 3, (), Flaws())
    assert [leaf.hash for leaf in leaves] == [None] * 3
