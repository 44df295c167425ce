"""`zoneproxy config`: every mistake is told, and nothing is started or changed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.zone_process import ZoneFolder, make_zone
from zoneproxy.cli.main import main


@pytest.fixture(scope="module")
def zone(tmp_path_factory: pytest.TempPathFactory) -> ZoneFolder:
    return make_zone(tmp_path_factory.mktemp("config") / "zone", 9)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_new_zone_would_start(zone: ZoneFolder, capsys: pytest.CaptureFixture[str]) -> None:
    """What `init` makes holds, and checking changes nothing."""
    before = contents(zone.path)
    assert main(["config", "check", str(zone.config)]) == 0
    assert "zone `zone-1` would start, with 4 doors" in capsys.readouterr().out
    assert contents(zone.path) == before


def test_a_mistake_is_told(zone: ZoneFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelt field is named at its line, with exit code 2."""
    wrong = tmp_path / "zone.yaml"
    wrong.write_text(zone.config.read_text("utf-8").replace("node:", "nodes:"), "utf-8")
    assert main(["config", "check", str(wrong)]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "nodes" in told.err
    assert "hint: " in told.err


def test_the_reference_and_the_schema(capsys: pytest.CaptureFixture[str]) -> None:
    """Both are printed whole."""
    assert main(["config", "reference"]) == 0
    assert capsys.readouterr().out.startswith("# `zone.yaml`: reference")
    assert main(["config", "schema"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "Config"


def test_the_tags_public_key_is_that_of_the_file(
    zone: ZoneFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Z2: what `init` published is what the key in force says, so a rotated key can be handed out, too."""
    assert main(["config", "tag-key", str(zone.config)]) == 0
    assert capsys.readouterr().out == (zone.path / "tag.vkey").read_text()
    text = zone.config.read_text()
    start = text.index("tag:")
    bare = tmp_path / "zone.yaml"
    bare.write_text(text[:start] + text[text.index("policies:", start) :])
    assert main(["config", "tag-key", str(bare)]) == 2
    assert "has no key that signs tags" in capsys.readouterr().err
