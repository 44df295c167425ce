"""`zoneproxy.adapters.logfolder`: a log directory, opened for reading."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.logs import signer, write_log
from zoneproxy.adapters.logfolder import open_log
from zoneproxy.terms.errors import ConfigError


def test_open(tmp_path: Path) -> None:
    """A log opens with the keys in its directory, or with those given."""
    root = write_log(tmp_path / "log", [2])
    assert open_log(root).checkpoint().size == 5
    assert open_log(root, signer().verifiers).checkpoint().size == 5


def test_no_log(tmp_path: Path) -> None:
    """No directory, or no key in it: refused with a hint."""
    with pytest.raises(ConfigError, match="no directory"):
        open_log(tmp_path / "nowhere")
    with pytest.raises(ConfigError, match="no verifier key"):
        open_log(tmp_path)
