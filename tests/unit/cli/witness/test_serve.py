"""`zoneproxy witness serve`: as a regulator starts it, without the proxy, until SIGTERM."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.logs import ORIGIN, joint_signer
from tests.support.witness_lab import new_witness
from zoneproxy.adapters.witness.client import WitnessClient
from zoneproxy.cli.main import main
from zoneproxy.trace.checkpoint import Checkpoint, sign_checkpoint
from zoneproxy.trace.submission import encode_submission

PROGRAM = """
import sys
sys.modules["mitmproxy"] = None  # a regulator has none
from zoneproxy.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


def test_it_serves_until_told_to_stop(tmp_path: Path) -> None:
    """It says where it answers, cosigns, and ends with 0; no proxy is needed."""
    new_witness(tmp_path / "w")
    words = ["witness", "serve", str(tmp_path / "w"), "--listen", "127.0.0.1:0", "--prefix", "/w/1"]
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        ready, url = process.stdout.readline().split()
        assert (ready, url.endswith("/w/1")) == ("ready", True)
        note = sign_checkpoint(Checkpoint(ORIGIN, 1, b"r" * 32), [joint_signer()]).data
        assert WitnessClient(url, 10).add_checkpoint(encode_submission(0, [], note)).status == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--listen", "nowhere"], "`nowhere` is no address"),
        (["--listen", "127.0.0.1:99999"], "is no address"),
        (["--prefix", "w/"], "`w/` is no prefix"),
    ],
)
def test_mistakes(tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str) -> None:
    """An address or prefix that can't be used is told, with exit code 2."""
    new_witness(tmp_path / "w")
    assert main(["witness", "serve", str(tmp_path / "w"), *words]) == 2
    assert said in capsys.readouterr().err


def test_no_witness(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder without a witness is refused, and so is one that lost its memory."""
    assert main(["witness", "serve", str(tmp_path / "none")]) == 2
    new_witness(tmp_path / "w")
    (tmp_path / "w" / "witness.db").unlink()
    assert main(["witness", "serve", str(tmp_path / "w"), "--listen", "127.0.0.1:0"]) == 2
    assert "restore its newest copy" in capsys.readouterr().err
