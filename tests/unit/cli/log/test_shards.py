"""`zoneproxy.cli.log.shards`: what a regulator reads of a sharded log."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.support.logs import FixedClock, decision, ending
from tests.support.shards import BASE, FIRST, MIDDLE_MS, make_shards, open_shards
from zoneproxy.cli.main import main

SECOND = FIRST.following


@pytest.fixture
async def log(tmp_path: Path) -> Path:
    """Two shards."""
    make_shards(tmp_path)
    clock = FixedClock(MIDDLE_MS)
    made = open_shards(tmp_path, clock)
    index = (await made.append("decision", decision(1), {})).index
    clock.now = SECOND.start_ms
    made.tick()
    await made.append("return", ending(index, 1), {})
    made.tick()
    await made.close()
    return tmp_path / "log"


def test_verify(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each shard is told with its state, then the verdict; without a key its source is told (Z14)."""
    assert main(["log", "verify", str(log)]) == 0
    told = capsys.readouterr()
    lines = [line for line in told.out.splitlines() if not line.startswith(" ")]
    assert [line.split(":")[0] for line in lines[:2]] == [f"shard {FIRST}", f"shard {SECOND}"]
    assert ("closed" in lines[0], "open" in lines[1], lines[-1]) == (True, True, "the log holds")
    assert "compare it with one from a source you trust" in told.err
    keys = min((log / str(FIRST)).glob("*.vkey"))
    assert main(["log", "verify", str(log), "--vkey", str(keys)]) == 0
    assert "hands over to" in capsys.readouterr().out


def test_a_missing_shard(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first line names the shard that is not here; as JSON too (Z14)."""
    shutil.rmtree(log / str(FIRST))
    assert main(["log", "verify", str(log)]) == 1
    assert capsys.readouterr().out.startswith(f"missing: {BASE}/{FIRST}: the shard before")
    assert main(["log", "verify", str(log), "--json"]) == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (lines[0]["class"], lines[0]["where"], lines[0]["shard"]) == ("missing", f"{BASE}/{FIRST}", None)
    assert lines[-1] == {"closing": None, "shards": 1, "exit_code": 1}


def test_a_changed_byte(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A flaw is told with its shard."""
    tiles = (path for path in (log / str(FIRST) / "tile/0").rglob("*") if path.is_file())
    tile = max(tiles, key=lambda path: path.stat().st_size)
    tile.chmod(0o600)
    tile.write_bytes(bytes(tile.stat().st_size))
    assert main(["log", "verify", str(log)]) == 1
    assert f"{FIRST}: invalid: tile/0/" in capsys.readouterr().out


def test_keys(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every key with its life; of one shard too (who held which key when)."""
    assert main(["log", "keys", str(log)]) == 0
    out = capsys.readouterr().out
    assert f"destroyed  {BASE}/{SECOND}#" in out
    assert out.count("Ed25519, log") == out.count("ML-DSA-44, log") == 2
    assert main(["log", "keys", str(log / str(SECOND)), "--json"]) == 0
    first = json.loads(capsys.readouterr().out.splitlines()[0])
    assert (first["kind"], first["steps"][0]["what"]) == ("Ed25519", "signs")


def test_a_root_without_its_file(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A root key alone says nothing."""
    assert main(["log", "verify", str(log), "--root", "root.vkey"]) == 2
    assert "hint: give it with `--trust FILE`" in capsys.readouterr().err
