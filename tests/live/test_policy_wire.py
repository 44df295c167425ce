"""The shipped tests on the wire, through a real boundary on loopback; and that they notice what is broken."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.zone_world import ROOT
from zoneproxy.cli.main import main

pytestmark = pytest.mark.live

POLICIES = ROOT / "policies"
FILES = ("shantou-pilot.wire_test.yaml", "profiles/local-deployment.wire_test.yaml")


@pytest.mark.parametrize("name", FILES)
def test_the_shipped_exchanges_come_out_as_they_should(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Z4-Z11, Z20 and Z10's address, by what a caller sends and gets (both layers in force)."""
    assert main(["policy", "test", str(POLICIES / name)]) == 0, capsys.readouterr().out
    assert " 0 failed, 0 skipped" in capsys.readouterr().out


# Test file, policy, what is broken in it, and what the test says then.
BROKEN = {
    "a lost address": (
        FILES[1],
        "profiles/local-deployment.operator.yaml",
        ', obligations: {local_deployment: "https://jp.models.example/v1"}',
        "",
        "delivered: header `link`: expected",
    ),
    "a lost permission": (
        FILES[0],
        "shantou-pilot.operator.yaml",
        "purpose: [inference, embedding]\n    reason: processed_in_zone",
        "purpose: [embedding]\n    reason: processed_in_zone",
        "status: expected `200`, got `403`",
    ),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_policy_is_noticed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], broken: tuple[str, ...]
) -> None:
    """Planted, so that the tests on the wire are seen to fail."""
    name, file, old, new, noticed = broken
    folder = tmp_path / "policies"
    shutil.copytree(POLICIES, folder)
    text = (folder / file).read_text("utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new), "utf-8")
    assert main(["policy", "test", str(folder / name)]) == 4
    assert noticed in capsys.readouterr().out
