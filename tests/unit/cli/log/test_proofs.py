"""`zoneproxy.cli.log.proofs`: proofs made, checked and refused from the command line."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import pytest

from tests.support.logs import ORIGIN, joint_signer, signer, write_log
from zoneproxy.cli.log import commands as log
from zoneproxy.terms.errors import ConfigError, VerificationError

VKEY = "zone.example-trace-node-1.vkey"


def run(*words: str | Path) -> int:
    parser = argparse.ArgumentParser(prog="zoneproxy")
    log.add_parser(parser.add_subparsers())
    args = parser.parse_args(["log", *map(str, words)])
    code: int = args.func(args)
    return code


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_log(tmp_path / "log", [3], joint_signer())


def test_prove_and_check(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A proof that was written is checked without the log, and shows the entry (Z14)."""
    made = tmp_path / "one.tlog-proof"
    assert run("prove", root, "4", "-o", made) == 0
    shutil.copy(root / VKEY, tmp_path / "log.vkey")
    shutil.rmtree(root)
    assert run("check-proof", made, "--vkey", tmp_path / "log.vkey") == 0
    out = capsys.readouterr().out
    assert f"entry 4 of the log {ORIGIN}, which had 7 entries then" in out
    assert '"t":"return"' in out
    assert out.endswith("the proof holds\n")


def test_prove_to_stdout(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a file the proof goes to stdout, and nothing else does."""
    assert run("prove", root, "0", "--vkey", root / VKEY) == 0
    assert capsys.readouterr().out.startswith("c2sp.org/tlog-proof@v1\nextra ")


def test_what_is_refused(root: Path, tmp_path: Path) -> None:
    """No such entry, a wrong key, another entry, files that are there or are not: each is told."""
    made = tmp_path / "one.tlog-proof"
    with pytest.raises(VerificationError, match="no entry 7 yet"):
        run("prove", root, "7")
    run("prove", root, "4", "-o", made)
    with pytest.raises(ConfigError, match="can't be written"):
        run("prove", root, "4", "-o", made)
    (tmp_path / "wrong.vkey").write_text(signer(ORIGIN, 2).verifiers[0].vkey + "\n")
    with pytest.raises(VerificationError, match="no known key"):
        run("check-proof", made, "--vkey", tmp_path / "wrong.vkey")
    with pytest.raises(SystemExit):
        run("check-proof", made)
    (tmp_path / "entry").write_bytes(b"{}")
    with pytest.raises(VerificationError, match="another root"):
        run("check-proof", made, "--vkey", root / VKEY, "--entry", tmp_path / "entry")
    with pytest.raises(ConfigError, match="can't be read"):
        run("check-proof", tmp_path / "nowhere", "--vkey", root / VKEY)
    (tmp_path / "entry").write_bytes(bytes(70_000))
    with pytest.raises(ConfigError, match="longer"):
        run("check-proof", made, "--vkey", root / VKEY, "--entry", tmp_path / "entry")


def test_consistency(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An older checkpoint of the log is shown to be its beginning; one of another history is not (Z14)."""
    old = write_log(tmp_path / "old", [3], joint_signer())
    new = write_log(tmp_path / "new", [3, 200], joint_signer())
    assert run("consistency", new, old / "checkpoint", "--vkey", old / VKEY) == 0
    told = capsys.readouterr()
    assert told.out.endswith("its first 7 of 407 entries are those of the older checkpoint\n")
    assert told.err == ""
    assert run("consistency", new, new / "checkpoint") == 0
    assert "own directory" in capsys.readouterr().err
    with pytest.raises(VerificationError, match="only 7"):
        run("consistency", old, new / "checkpoint")
