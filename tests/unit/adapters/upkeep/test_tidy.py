"""`zoneproxy.adapters.upkeep.tidy`: superseded partial tiles go, and the log holds as before."""

from __future__ import annotations

from pathlib import Path

from tests.support.logs import write_log
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.adapters.upkeep.tidy import remove_superseded
from zoneproxy.replay.audit import audit


def test_superseded_files_go(tmp_path: Path) -> None:
    """Only what a full file supersedes goes; the audit finds nothing missing, a second call nothing to do."""
    root = write_log(tmp_path / "log", [10, 30, 88])
    before = {path for path in root.rglob("*") if path.is_file()}
    assert remove_superseded(root, 257, dry=True) == 6
    assert {path for path in root.rglob("*") if path.is_file()} == before
    assert remove_superseded(root, 257) == 6
    gone = before - {path for path in root.rglob("*") if path.is_file()}
    assert {path.parent.name for path in gone} == {"000.p"}
    assert not (root / "tile/0/000.p").exists()
    assert (root / "tile/0/001.p/1").exists()
    assert remove_superseded(root, 257) == 0
    assert audit(open_log(root)).flaws == ()
