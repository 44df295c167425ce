"""`zoneproxy.cli.log.operator`: a log is made, renewed, tidied and checked by its operator."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.logs import joint_signer, write_log
from zoneproxy.cli.main import main


@pytest.fixture
def made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    assert main(["log", "init", str(tmp_path / "log"), "--keys", str(tmp_path / "keys")]) == 0
    assert "its first shard is 20" in capsys.readouterr().out
    return tmp_path


def test_init(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was made verifies and its local state holds; a second time is refused."""
    assert main(["log", "verify", str(made / "log")]) == 0
    assert main(["log", "fsck", str(made / "log")]) == 0
    assert capsys.readouterr().out.endswith("the local state holds\n")
    assert main(["log", "init", str(made / "log"), "--keys", str(made / "other")]) == 2
    assert "not empty" in capsys.readouterr().err
    assert main(["log", "init", str(made / "two"), "--keys", str(made / "keys")]) == 2
    assert "holds keys already" in capsys.readouterr().err


def test_rotate(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """New keys lie beside the old ones until the log takes them up; one renewal at a time."""
    words = ["log", "rotate", str(made / "log"), "--keys", str(made / "keys")]
    assert main(words) == 0
    assert len(list((made / "keys").iterdir())) == 4
    assert main(words) == 2
    assert "is under way" in capsys.readouterr().err
    assert main(["log", "rotate", str(made / "log"), "--keys", str(made / "none")]) == 2
    assert main(["log", "rotate", str(made / "keys"), "--keys", str(made / "keys")]) == 2
    assert "no shards are in" in capsys.readouterr().err


def test_gc_and_fsck_of_one_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One log is tidied and checked as well; what does not hold is told, and the exit code is 1."""
    root = write_log(tmp_path / "log", [100, 60], joint_signer())
    (root / "state/lock").touch(mode=0o600)
    assert main(["log", "gc", "-n", str(root)]) == 0
    assert "4 superseded partial tiles could be removed" in capsys.readouterr().out
    assert main(["log", "gc", str(root)]) == 0
    assert "were removed" in capsys.readouterr().out
    assert main(["log", "fsck", str(root), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["size"] == 321
    (root / "state/signed").write_bytes(b"x")
    assert main(["log", "fsck", str(root)]) == 1
    assert capsys.readouterr().out.endswith("the local state does not hold\n")
