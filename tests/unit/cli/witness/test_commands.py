"""`zoneproxy witness`: what a regulator types, and reads."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.logs import ORIGIN, FixedClock, joint_signer, write_log
from tests.support.witness_lab import serving
from zoneproxy.adapters.clock import SystemClock
from zoneproxy.adapters.witness.client import WitnessClient
from zoneproxy.adapters.witness.folder import MEMORY_FILE
from zoneproxy.adapters.witness.store import WitnessStore
from zoneproxy.cli.main import main
from zoneproxy.trace.checkpoint import Checkpoint, sign_checkpoint
from zoneproxy.trace.submission import encode_submission

Output = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path, capsys: Output) -> Path:
    """A witness that knows one log, whose two keys lie in `log.vkey` beside it."""
    assert main(["witness", "init", str(tmp_path / "w"), "--name", "w.example/1"]) == 0
    (tmp_path / "log.vkey").write_text("".join(f"{key.vkey}\n" for key in joint_signer().verifiers))
    assert main(["witness", "add-log", str(tmp_path / "w"), str(tmp_path / "log.vkey")]) == 0
    capsys.readouterr()
    return tmp_path / "w"


def submit(url: str, old: int, note: bytes) -> int:
    return WitnessClient(url, 10).add_checkpoint(encode_submission(old, [], note)).status


def note(size: int, root: bytes) -> bytes:
    return sign_checkpoint(Checkpoint(ORIGIN, size, root), [joint_signer()]).data


def test_init_prints_the_keys(tmp_path: Path, capsys: Output) -> None:
    """Verifier keys to stdout, one a line, and what to do next beside them."""
    assert main(["witness", "init", str(tmp_path / "w"), "--name", "w.example/1"]) == 0
    told = capsys.readouterr()
    assert told.out == (tmp_path / "w" / "witness.vkey").read_text()
    assert "zoneproxy witness serve" in told.err
    assert main(["witness", "init", str(tmp_path / "w"), "--name", "w.example/1"]) == 2


def test_status(folder: Path, capsys: Output) -> None:
    """What was cosigned of each log, and which never came."""
    assert main(["witness", "status", str(folder)]) == 0
    assert f"{ORIGIN}: nothing was cosigned yet" in capsys.readouterr().out
    with serving(folder) as witness:
        assert submit(witness.url, 0, note(5, b"r" * 32)) == 200
    assert main(["witness", "status", str(folder)]) == 0
    assert f"{ORIGIN}: 5 entries, cosigned 2026-01-01T00:00:00+00:00" in capsys.readouterr().out
    assert main(["witness", "status", str(folder), "--json"]) == 0
    line = {"origin": ORIGIN, "size": 5, "at": FixedClock().now // 1000, "witnessed": True}
    assert json.loads(capsys.readouterr().out) == line


def test_evidence(folder: Path, tmp_path: Path, capsys: Output) -> None:
    """A split view is written out, and proven to whoever has the log's keys; a suspicion by a copy (Z14)."""
    assert main(["witness", "evidence", str(folder)]) == 0
    assert "no evidence" in capsys.readouterr().out
    root = write_log(tmp_path / "log", [2, 3], joint_signer())
    whole = (root / "checkpoint").read_bytes()
    with serving(folder) as witness:
        assert submit(witness.url, 0, note(5, b"r" * 32)) == 200
        assert submit(witness.url, 5, whole) == 422
    assert main(["witness", "evidence", str(folder)]) == 3
    assert "suspected" in capsys.readouterr().out
    with serving(folder) as witness:
        assert submit(witness.url, 5, note(5, b"x" * 32)) == 422
    assert main(["witness", "evidence", str(folder), "-o", str(tmp_path / "out"), "--json"]) == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["sizes"] for line in lines] == [[5, 11], [5, 5]]
    suspected, proven = (line["file"] for line in lines)
    keys = ["--vkey", str(tmp_path / "log.vkey")]
    assert main(["witness", "check-evidence", proven, *keys]) == 1
    assert "two histories are proven" in capsys.readouterr().out
    assert main(["witness", "check-evidence", suspected, *keys]) == 3
    assert main(["witness", "check-evidence", suspected, *keys, "--log", str(root)]) == 1
    assert "another root at size 5" in capsys.readouterr().out
    assert main(["witness", "check-evidence", proven, "--vkey", str(folder / "witness.vkey")]) == 0
    assert "it proves nothing" in capsys.readouterr().out
    assert main(["witness", "check-evidence", str(tmp_path / "log.vkey")]) == 2


def test_reset_clock(folder: Path, capsys: Output) -> None:
    """A time that lies ahead is forgotten on request; one that does not is left."""
    with serving(folder, clock=FixedClock(SystemClock().now_ms() + 10**9)) as witness:
        assert submit(witness.url, 0, note(5, b"r" * 32)) == 200
    for said in ("it signs again", "nothing was changed"):
        assert main(["witness", "reset-clock", str(folder)]) == 0
        assert said in capsys.readouterr().out
    store = WitnessStore(folder / MEMORY_FILE)
    head = store.head(ORIGIN)
    store.close()
    assert head is not None
