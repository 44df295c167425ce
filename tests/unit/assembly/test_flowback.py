"""`zoneproxy.assembly.flowback`: fingerprints go where the configuration says, or nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from zoneproxy.assembly.flowback import collector
from zoneproxy.assembly.logs import Opening
from zoneproxy.cli.main import main
from zoneproxy.terms.errors import ConfigError


def opening(folder: Path, part: str = "") -> Opening:
    assert main(["init", str(folder)]) == 0
    config = folder / "zone.yaml"
    config.write_text(config.read_text("utf-8") + part, "utf-8")
    return Opening.read(config)


PART = "flowback: {directory: runs, key: keys/f.key, signing_key: keys/s.key}\n"


def test_without_the_part_nothing_is_kept(tmp_path: Path) -> None:
    """There is nothing to call."""
    assert collector(opening(tmp_path / "zone")) is None


def test_each_process_has_a_part_of_its_own(tmp_path: Path) -> None:
    """Eight bytes for a fingerprint, in the configured folder."""
    made = opening(tmp_path / "zone", PART)
    with pytest.raises(ConfigError, match="is missing"):
        collector(made)
    (tmp_path / "zone" / "runs").mkdir()
    keep = collector(made)
    assert keep is not None
    keep(frozenset({1, 2, 3}))
    (part,) = (tmp_path / "zone" / "runs").iterdir()
    assert (part.stat().st_size, part.suffix) == (24, ".part")
