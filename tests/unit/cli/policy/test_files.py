"""Policy files from the disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.small_policy import RULES, text
from zoneproxy.cli.policy.files import load_or_say


def test_layers_that_do_not_fit_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All faults go to stderr, and nothing is loaded."""
    one, two = tmp_path / "one.yaml", tmp_path / "two.yaml"
    one.write_bytes(text())
    two.write_bytes(text(RULES.replace("900", "901")))
    assert load_or_say([str(one), str(two)]) is None
    assert "ZP2030" in capsys.readouterr().err
    loaded = load_or_say([str(one)])
    assert loaded is not None
    assert loaded[0].name == "small"
