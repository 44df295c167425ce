"""`zoneproxy.trace.public_files`: what anyone may have."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.logs import write_log
from zoneproxy.trace.public_files import SIZES, public_file, token_path


@pytest.mark.parametrize(
    ("path", "content_type", "for_ever", "compressible"),
    [
        ("checkpoint", "text/plain; charset=utf-8", False, False),
        ("tile/0/x001/234", "application/octet-stream", True, False),
        ("tile/entries/000.p/7", "application/octet-stream", True, True),
        (f"policy/{'ab' * 32}.yaml", "text/plain; charset=utf-8", True, True),
        (f"policy/{'ab' * 32}.zpb", "application/x-tar", True, True),
        (token_path(17), "application/timestamp-reply", True, False),
        (SIZES, "text/plain; charset=utf-8", False, False),
        ("handover/1.tlog-proof", "text/plain; charset=utf-8", True, True),
        ("handover/12.vkey", "text/plain; charset=utf-8", True, True),
        ("handover/17.vkey", "text/plain; charset=utf-8", True, True),
        ("zone.example.vkey", "text/plain; charset=utf-8", False, False),
        ("log.json", "application/json", False, False),
        ("retention.json", "application/json", False, False),
    ],
)
def test_public(path: str, content_type: str, *, for_ever: bool, compressible: bool) -> None:
    """Each public file has its type; only what never changes is kept for ever (C2SP tlog-tiles)."""
    form = public_file(path)
    assert form is not None
    assert (form.content_type, form.compressible) == (content_type, compressible)
    assert ("immutable" in form.cache_control) is for_ever


@pytest.mark.parametrize(
    "path",
    [
        "", "/", "wal/00000000000000000000.wal", "state/signed", "state/lock", "open/000", "keys/log.key",
        "tile/../state/signed", "tile//0/000", "tile/0/1234", "tile/64/000", "tile/0/000.p/256",
        "checkpoint/", "policy/../zone.yaml", "policy/AB.yaml", ".vkey", "../a.vkey", "a/b.vkey",
        "timestamps/01.tsr",
        "checkpoint\n", "tile/0/000\n", "tile/0/%30%30%30", "tile\\0\\000", "log.json?x",
        "open/keys/2026-11-21/a",
    ],
)  # fmt: skip
def test_everything_else_is_private(path: str) -> None:
    """Nothing but what is listed is given: no private part, no traversal, no other spelling (Z17)."""
    assert public_file(path) is None


def test_a_real_log_has_private_files_only_where_they_are_known(tmp_path: Path) -> None:
    """Of all files of a real log, the public ones are the tree, the keys and the description."""
    root = write_log(tmp_path / "log", [2, 300])
    files = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
    private = {path for path in files if public_file(path) is None}
    assert {path.split("/")[0] for path in private} <= {"wal", "open", "state"}
    assert {"checkpoint", "log.json", "tile/entries/000"} <= files - private
