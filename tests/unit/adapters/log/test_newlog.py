"""`zoneproxy.adapters.log.newlog`: a log is made once, in a directory of its own."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.support.logs import ORIGIN, FixedClock, FixedEntropy, joint_signer, mldsa_signer, signer
from zoneproxy.adapters.files.disk import DiskFiles
from zoneproxy.adapters.log import newlog
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.replay.audit import audit
from zoneproxy.terms.errors import ConfigError, TraceError
from zoneproxy.trace.entry import parse
from zoneproxy.trace.ledger import Ledger


def settings() -> dict[str, Any]:
    return {"log_origin": ORIGIN, "signer": signer(), "clock": FixedClock(), "entropy": FixedEntropy()}


def test_a_new_log_verifies(tmp_path: Path) -> None:
    """A new log holds one entry, its key and its description, and verifies."""
    root = tmp_path / "zone" / "log"
    newlog.create(root, **settings())
    assert audit(open_log(root)).exit_code == 0
    assert [parse(data).kind for _, data in open_log(root).entries()] == ["log_open"]
    assert json.loads((root / "log.json").read_text())["origin"] == ORIGIN
    assert (root / "zone.example-trace-node-1.vkey").read_text() == signer().verifiers[0].vkey + "\n"


def test_a_log_with_two_keys(tmp_path: Path) -> None:
    """Both keys stand in one file, and the log goes on only with both."""
    root, both = tmp_path / "log", joint_signer()
    newlog.create(root, **settings() | {"signer": both})
    text = (root / "zone.example-trace-node-1.vkey").read_text()
    assert text == "".join(f"{key.vkey}\n" for key in both.verifiers)
    reader = open_log(root)
    assert reader.vkeys == both.verifiers
    assert audit(reader).exit_code == 0
    files = DiskFiles(root)
    for other in (signer(), mldsa_signer()):
        with pytest.raises(ConfigError, match=r"not that of|is not here"):
            Ledger(files, ORIGIN, other).recover(lambda index, entry, leaf: None)
    Ledger(files, ORIGIN, both).recover(lambda index, entry, leaf: None)
    files.close()


def test_an_occupied_directory_is_refused(tmp_path: Path) -> None:
    """A directory that holds anything is left as it is."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="not empty"):
        newlog.create(tmp_path, **settings())
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    with pytest.raises(ConfigError, match="can't be made"):
        newlog.create(tmp_path / "file" / "log", **settings())


def test_a_disk_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flush that fails while a log is made leaves no log."""

    def fail(handle: int) -> None:
        raise OSError(5, "input/output error")

    monkeypatch.setattr(os, "fdatasync", fail)
    with pytest.raises(TraceError, match="input/output error"):
        newlog.create(tmp_path / "log", **settings())
    assert not (tmp_path / "log" / "log.json").exists()
