"""`zoneproxy.trace.unwitnessed`: what waits for witnesses is found, and only what the log's keys signed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.logs import ORIGIN, signer, write_log
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.checkpoint import Checkpoint, sign_checkpoint
from zoneproxy.trace.unwitnessed import find_waiting


@pytest.mark.parametrize(("size", "waits"), [(2, False), (3, False), (4, True)])
def test_what_is_newer_waits(tmp_path: Path, size: int, *, waits: bool) -> None:
    """A checkpoint beyond the presented one; one that was presented since waits no more (Z14)."""
    root = write_log(tmp_path / "log", [1])
    assert find_waiting(open_log(root)) is None
    head = Checkpoint(ORIGIN, size, bytes(32))
    note = sign_checkpoint(head, [signer()]).data
    (root / "unwitnessed").write_bytes(note)
    assert find_waiting(open_log(root)) == ((head, note) if waits else None)


def test_a_strangers_is_refused(tmp_path: Path) -> None:
    """Whoever serves the files can put nothing there that counts (Z14)."""
    root = write_log(tmp_path / "log", [1])
    note = sign_checkpoint(Checkpoint(ORIGIN, 9, bytes(32)), [signer(number=9)]).data
    (root / "unwitnessed").write_bytes(note)
    with pytest.raises(VerificationError):
        find_waiting(open_log(root))
