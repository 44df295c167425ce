"""`zoneproxy.trace.partials`: narrower files are beginnings, and go only when nobody needs them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.logs import write_log
from zoneproxy.adapters.files.disk import DiskFiles
from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.frontier import TileFile
from zoneproxy.trace.partials import check_narrower, narrower, superseded
from zoneproxy.trace.tiles import ENTRIES, Tile


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A log of 257 entries: a full tile and bundle with narrower ones beside them, and partial ones."""
    return write_log(tmp_path / "log", [10, 30, 88])


@pytest.mark.parametrize("level", [0, ENTRIES])
def test_narrower_files(root: Path, level: int) -> None:
    """Each narrower file is the beginning of the full one; a changed, cut or longer one is told (Z14)."""
    files, full = DiskFiles(root), Tile(level, 0)
    made = TileFile(full, files.read(full.path) or b"")
    assert sorted(tile.width for tile in narrower(files, full)) == [1, 21, 81]
    check_narrower(files, made)
    path = root / Tile(level, 0, 21).path
    path.chmod(0o600)
    good = path.read_bytes()
    for bad in (good[:-1], good + b"x", good[:-1] + bytes([good[-1] ^ 1]), b"", good[:32]):
        path.write_bytes(bad)
        with pytest.raises(VerificationError, match="superseded"):
            check_narrower(files, made)


def test_what_may_go(root: Path) -> None:
    """Partial files go once the full one lies below the published size, and no others."""
    files = DiskFiles(root)
    assert {tile.path for tile in superseded(files, 257)} == {
        f"tile/{kind}/000.p/{width}" for kind in ("0", "entries") for width in (1, 21, 81)
    }
    assert list(superseded(files, 255)) == []
    (root / "tile/0/000").unlink()
    assert {tile.level for tile in superseded(files, 257)} == {ENTRIES}
