"""`zoneproxy.trace.restore`: the edge of a smaller tree from the files of a larger one."""

from __future__ import annotations

import pytest

from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.frontier import Frontier
from zoneproxy.trace.merkle import leaf_hash
from zoneproxy.trace.restore import edge_at, is_covered


def grown(size: int) -> tuple[Frontier, dict[str, bytes]]:
    edge, files = Frontier(), dict[str, bytes]()
    for number in range(size):
        entry = f"entry {number}".encode()
        files |= {made.tile.path: made.data for made in edge.append(entry, leaf_hash(entry))}
    return edge, files | {made.tile.path: made.data for made in edge.partials()}


@pytest.mark.parametrize(
    ("size", "published", "covered"),
    [
        (0, 1, True), (1, 255, False), (1, 256, True), (255, 256, True), (256, 256, False), (256, 257, True),
        (257, 511, False), (257, 512, True), (512, 512, False),
    ],
)  # fmt: skip
def test_covered(size: int, published: int, covered: bool) -> None:  # noqa: FBT001  # a table's column
    """A size is covered by a larger tree in which all bundles that it touches are full."""
    assert is_covered(size, published) is covered


@pytest.mark.parametrize(
    ("size", "published"), [(1, 256), (255, 256), (256, 300), (300, 512), (511, 70_000), (65_536, 70_000)]
)
def test_the_edge_is_that_of_the_smaller_tree(size: int, published: int) -> None:
    """From the larger tree's files the smaller one's edge is exactly what it was."""
    small, _ = grown(size)
    _, files = grown(published)
    made = edge_at(size, published, files.get)
    assert (made.size, made.entries, made.levels, made.root()) == (
        small.size, small.entries, small.levels, small.root(),
    )  # fmt: skip


def test_files_that_do_not_fit() -> None:
    """Missing and cut tiles, and a bundle that does not fit its tile, are refused."""
    _, files = grown(600)
    for path in ("tile/0/001", "tile/1/000.p/2", "tile/entries/001"):
        with pytest.raises(VerificationError, match="missing"):
            edge_at(300, 600, {name: data for name, data in files.items() if name != path}.get)
        with pytest.raises(VerificationError):
            edge_at(300, 600, {**files, path: files[path][:-1]}.get)
    other = files["tile/entries/001"].replace(b"entry 256", b"entry xxx")
    with pytest.raises(VerificationError, match="does not fit"):
        edge_at(300, 600, {**files, "tile/entries/001": other}.get)
