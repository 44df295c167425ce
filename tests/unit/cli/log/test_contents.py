"""`zoneproxy.cli.log.contents`: what `log verify` says of a zone log's nodes, and of time tokens."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.logs import ORIGIN, Writer, signer, write_log
from zoneproxy.adapters.files.disk import DiskFiles
from zoneproxy.cli.main import main
from zoneproxy.trace.checkpoint import Checkpoint, sign_checkpoint
from zoneproxy.trace.ledger import Ledger
from zoneproxy.trace.merkle import leaf_hash
from zoneproxy.trace.nodes import body_of

NODE = "zone.example/trace/a"


@pytest.fixture
def zone(tmp_path: Path) -> Path:
    """A zone log with one node, silent for two minutes, then with another history."""
    root = tmp_path / "zone"
    root.mkdir()
    files, writer = DiskFiles(root), Writer()
    ledger = Ledger(files, ORIGIN, signer())
    ledger.create(writer.opening())
    ledger.append(
        [writer.item("node", {"origin": NODE, "keys": [key.vkey for key in signer(NODE).verifiers]})]
    )
    for after_ms, seen, leaf in ((0, "first", b"1"), (120_000, "split", b"2")):
        writer.clock.now += after_ms
        head = Checkpoint(NODE, 1, leaf_hash(leaf))
        note = sign_checkpoint(head, [signer(NODE)]).data
        ledger.append([writer.item("node_checkpoint", body_of(note, head, seen, ()))])
    ledger.publish()
    files.close()
    return root


def test_gaps_and_forks(zone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The log holds, and what it shows does not: exit code 1, both notes, worst first (Z14)."""
    assert main(["log", "verify", str(zone)]) == 1
    out = capsys.readouterr().out
    assert (
        out.index("the log holds") < out.index("two histories were signed") < out.index("nothing was heard")
    )
    assert out.count(f"\n{NODE}\n1\n") == 2
    assert out.endswith("the nodes' histories do not hold, or have gaps\n")


def test_json_and_the_bound(zone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With `--json` each finding is a line; how long silence may last is the reader's choice."""
    assert main(["log", "verify", str(zone), "--json", "--max-silence", "300"]) == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines[-1] == {"node": NODE, "beats": 2, "size": 1, "silent_ms": 0}
    assert [line["class"] for line in lines if "class" in line] == ["invalid"]


def test_time_tokens_that_nobody_checks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Tokens without the authority's certificate are not checked, which is said; a broken list is a flaw."""
    root = write_log(tmp_path / "log", [3])
    (root / "timestamps").mkdir()
    (root / "timestamps/sizes").write_text("7\n")
    assert main(["log", "verify", str(root)]) == 0
    assert "1 time tokens are not checked: give `--tsa-cert FILE`" in capsys.readouterr().err
    (root / "timestamps/sizes").write_text("x\n")
    assert main(["log", "verify", str(root)]) == 1
    assert "invalid: timestamps/sizes" in capsys.readouterr().out
