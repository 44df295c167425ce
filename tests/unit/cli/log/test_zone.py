"""`zoneproxy.cli.log.zone`: the zone log and time tokens, by command."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.logs import ORIGIN, joint_signer, write_log
from tests.support.served import scripted
from zoneproxy.cli.main import main


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    root = write_log(tmp_path / "node", [3], joint_signer())
    lines = "".join(f"log {key.vkey} {root}\n" for key in joint_signer().verifiers)
    (tmp_path / "nodes").write_text(f"{lines}quorum none\n")
    key = str(tmp_path / "zone.key")
    return [
        "log",
        "collect",
        str(tmp_path / "zone"),
        "--nodes",
        str(tmp_path / "nodes"),
        "--key",
        key,
        "--once",
    ]


def test_made_and_collected(tmp_path: Path, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A zone log is made once, with its keys; each beat is recorded, and the whole verifies (Z14)."""
    assert main(words) == 2
    assert "`--create`" in capsys.readouterr().err
    assert main([*words, "--create"]) == 0
    assert capsys.readouterr().out == f"{ORIGIN}: heard, 7 entries\n"
    assert main(words) == 0
    assert main([*words, "--create"]) == 2
    capsys.readouterr()
    assert main(["log", "verify", str(tmp_path / "zone")]) == 0
    assert f"node {ORIGIN}: heard 2 times, 7 entries\n" in capsys.readouterr().out
    assert main([*words, "--every", "0"]) == 2


def test_a_node_that_goes_back_or_is_gone(
    tmp_path: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """An old state is told loudly, and found again by `log verify`, with both notes; so is silence (Z14)."""
    assert main([*words, "--create"]) == 0
    shutil.rmtree(tmp_path / "node")
    write_log(tmp_path / "node", [2], joint_signer())
    assert main(words) == 1
    assert "AN OLD STATE: 5 entries" in capsys.readouterr().out
    assert main(["log", "verify", str(tmp_path / "zone")]) == 1
    out = capsys.readouterr().out
    assert "an old state was shown: 5 entries after 7" in out
    assert out.count(f"{ORIGIN}\n") >= 2
    shutil.rmtree(tmp_path / "node")
    assert main(words) == 1
    assert "silent: " in capsys.readouterr().out


def test_an_authority_that_can_not_be_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No certificate, no answer: exit code 2, and nothing is written."""
    root = write_log(tmp_path / "log", [3])
    bad = tmp_path / "bad.pem"
    bad.write_text("x")
    with scripted(lambda _, __: (404, {}, b"")) as (url, asked):
        assert main(["log", "timestamp", str(root), "--tsa", url, "--tsa-cert", str(bad)]) == 2
        assert asked == []
    assert "holds no PEM certificate" in capsys.readouterr().err
    assert not (root / "timestamps").exists()
