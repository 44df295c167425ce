"""`zoneproxy.trace.durable`: a whole file or none."""

from __future__ import annotations

import pytest

from tests.support.crash_files import CrashFiles, PowerLossError
from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.durable import TEMPORARY, folder_of, put_once, replace


def test_folder_of() -> None:
    """A path's folder is what stands before its last slash."""
    assert (folder_of("a/b/c"), folder_of("c")) == ("a/b", "")


def test_replace_leaves_the_old_or_the_new_file_at_every_crash() -> None:
    """Whenever the power goes, the file is the old or the new one, whole (Z13)."""
    for crash_at in range(7):
        files = CrashFiles({"state/signed": b"old bytes"}, crash_at)
        done = False
        try:
            replace(files, "state/signed", b"new bytes!", private=True)
            done = True
        except PowerLossError:
            pass
        for disk in files.disks():
            assert disk["state/signed"] in ((b"new bytes!",) if done else (b"old bytes", b"new bytes!"))


def test_put_once() -> None:
    """A file that never changes is created, or found identical; other bytes are refused and stay."""
    files = CrashFiles()
    put_once(files, "tile/0/000", b"x")
    put_once(files, "tile/0/000", b"x")
    with pytest.raises(VerificationError, match="never change"):
        put_once(files, "tile/0/000", b"y")
    assert files.read("tile/0/000") == b"x"
    assert files.read(TEMPORARY) is None


def test_a_stray_temporary_file_is_emptied() -> None:
    """What a crash left in the temporary file never reaches the next one."""
    files = CrashFiles({TEMPORARY: b"rubbish"})
    replace(files, "a", b"new")
    assert files.read("a") == b"new"
