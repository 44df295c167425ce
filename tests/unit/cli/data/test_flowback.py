"""`zoneproxy flowback`: the zone closes its days, the domestic side looks texts up."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from zoneproxy.adapters.clock import SystemClock
from zoneproxy.adapters.data.flowback import Collector
from zoneproxy.adapters.keys.keyfiles import make_private_key
from zoneproxy.cli.main import main
from zoneproxy.content.canary import mark
from zoneproxy.content.returned import Returned

TEXT = " ".join(f"{hashlib.sha256(bytes([n])).hexdigest()[:9]} is item {n}," for n in range(90))
SECRET = bytes(range(32))


@pytest.fixture
def zone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A zone that keeps fingerprints, with one answer of today."""
    assert main(["init", str(tmp_path / "zone")]) == 0
    folder = tmp_path / "zone"
    (folder / "runs").mkdir()
    key = folder / "keys" / "flowback.key"
    key.write_bytes(SECRET)
    key.chmod(0o600)
    make_private_key(folder / "keys" / "runs.key")
    config = folder / "zone.yaml"
    part = "flowback: {directory: runs, key: keys/flowback.key, signing_key: keys/runs.key}\n"
    config.write_text(config.read_text("utf-8") + part)
    prints = Returned(SECRET)
    prints.grow((), TEXT)
    Collector(folder / "runs", "w1", 10_000).add(prints.prints(), SystemClock().now_ms())
    monkeypatch.chdir(tmp_path)
    return folder


def lookup(zone: Path, text: str, *more: str) -> int:
    (zone / "text.txt").write_text(text, "utf-8")
    arguments = ["flowback", "lookup", str(zone / "text.txt"), "--runs", str(zone / "runs")]
    keys = ["--key", str(zone / "keys" / "flowback.key"), "--vkey", str(zone / "runs.vkey")]
    return main([*arguments, *keys, *more])


def test_a_returned_result_is_recognised_inland(zone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Z7: built, handed over, looked up; what was not returned is not recognised."""
    config = str(zone / "zone.yaml")
    assert main(["flowback", "vkey", "--config", config]) == 0
    (zone / "runs.vkey").write_text(capsys.readouterr().out.splitlines()[-1] + "\n", "utf-8")
    assert main(["flowback", "build", "--config", config]) == 0
    assert "0 runs closed" in capsys.readouterr().err
    assert main(["flowback", "build", "--config", config, "--today"]) == 0
    told = capsys.readouterr()
    assert "fingerprints of" in told.out
    assert lookup(zone, "somebody wrote: " + TEXT[:1500]) == 1
    assert "shares" in capsys.readouterr().out
    assert lookup(zone, TEXT, "--json") == 1
    assert json.loads(capsys.readouterr().out)["whole"] is True
    assert lookup(zone, "something else altogether") == 0
    assert "not recognised" in capsys.readouterr().err
    assert lookup(zone, f"fine{mark(SECRET, 'toyco-sg', 20_000)}") == 1
    assert "bears the zone's canary" in capsys.readouterr().out


def test_what_can_not_be_used_is_said(zone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A zone without the part, and a text that is not there."""
    config = zone / "zone.yaml"
    config.write_text(config.read_text("utf-8").partition("flowback:")[0], "utf-8")
    assert main(["flowback", "build", "--config", str(config)]) == 2
    assert "keeps no fingerprints" in capsys.readouterr().err
    missing = ["flowback", "lookup", str(zone / "gone"), "--runs", str(zone), "--vkey", str(zone / "v")]
    assert main([*missing, "--key", str(zone / "keys" / "flowback.key")]) == 2
    assert "can't be read" in capsys.readouterr().err
