"""`zoneproxy.cli.log`: what the verifier prints, and its exit codes."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from tests.support.logs import ORIGIN, Writer, decision, mldsa_signer, signer, write_log
from zoneproxy.adapters.disk import DiskFiles
from zoneproxy.cli import log
from zoneproxy.terms.errors import ConfigError
from zoneproxy.trace.ledger import Ledger
from zoneproxy.trace.note import Signature


def run(*words: str) -> int:
    parser = argparse.ArgumentParser(prog="zoneproxy")
    log.add_parser(parser.add_subparsers())
    args = parser.parse_args(["log", *words])
    code: int = args.func(args)
    return code


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_log(tmp_path / "log", [3])


def flip(path: Path, place: int) -> None:
    path.chmod(0o644)
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


def test_a_log_that_holds(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A good log: exit code 0, the counts on stdout, and where the key came from on stderr."""
    assert run("verify", str(root)) == 0
    told = capsys.readouterr()
    assert told.out.endswith("the log holds\n")
    assert f"log {ORIGIN}: 7 entries" in told.out
    assert "own directory" in told.err


def test_a_trusted_key(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With a key from elsewhere nothing warns; with a wrong one the checkpoint is refused."""
    (tmp_path / "good.vkey").write_text(signer().verifiers[0].vkey + "\n")
    (tmp_path / "wrong.vkey").write_text(signer(ORIGIN, 2).verifiers[0].vkey + "\n")
    assert run("verify", str(root), "--vkey", str(tmp_path / "good.vkey")) == 0
    assert capsys.readouterr().err == ""
    assert run("verify", str(root), "--vkey", str(tmp_path / "wrong.vkey")) == 1
    assert capsys.readouterr().out.startswith("invalid: checkpoint")


def test_a_quorum_of_witnesses(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without the witnesses that the trust file asks for the exit code is 3; with them it is 0."""
    witness, trust = mldsa_signer("witness.example", 7), tmp_path / "trust"
    log_line = f"log {signer().verifiers[0].vkey}\n"
    trust.write_text(f"{log_line}witness w {witness.verifiers[0].vkey}\nquorum w\n")
    assert run("verify", str(root), "--policy", str(trust)) == 3
    assert capsys.readouterr().out.startswith("unwitnessed: checkpoint: 0 of 1 known witnesses")
    note = root / "checkpoint"
    note.chmod(0o644)
    line = witness.sign(note.read_text().partition("\n\n")[0] + "\n")[0]
    whole = note.read_text() + line.line
    note.write_text(whole)
    assert run("verify", str(root), "--policy", str(trust)) == 0
    assert capsys.readouterr().err == ""
    false = Signature(line.name, line.key_id, line.blob[:-1] + bytes([line.blob[-1] ^ 1]))
    note.write_text(whole.replace(line.line, false.line))
    assert run("verify", str(root), "--policy", str(trust)) == 1
    trust.write_text("quorum w\n")
    with pytest.raises(ConfigError, match=r"before it is defined \(trust file, line 1\)"):
        run("verify", str(root), "--policy", str(trust))
    with pytest.raises(ConfigError, match="can't be read"):
        run("verify", str(root), "--policy", str(tmp_path / "nowhere"))


def test_a_flipped_byte_is_named(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One flipped byte: exit code 1, and the entry's index is the first thing printed (Z14)."""
    bundle = root / "tile/entries/000.p/7"
    flip(bundle, len(bundle.read_bytes()) - 3)
    assert run("verify", str(root)) == 1
    out = capsys.readouterr().out
    assert out.startswith("invalid: entry 6: it was changed")
    assert out.endswith("the log does not hold\n")


def test_json(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With `--json` each line is one object: flaws, then the summary."""
    flip(root / "tile/0/000.p/7", 33)
    assert run("verify", str(root), "--json") == 1
    flaw, summary = map(json.loads, capsys.readouterr().out.splitlines())
    assert (flaw["class"], flaw["where"]) == ("invalid", "tile/0/000.p/7, byte 33")
    assert (summary["exit_code"], summary["flaws"], summary["size"]) == (1, 1, 7)


def test_incomplete(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where some openings are withheld the exit code is 3."""
    root = write_log(tmp_path / "log", [140])
    (root / "open/001").unlink()
    assert run("verify", str(root)) == 3
    assert capsys.readouterr().out.endswith("as far as it can be seen\n")


def test_under_way_and_unsigned(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exchanges without an end, and entries not signed yet, are told."""
    root = tmp_path / "log"
    root.mkdir()
    files, writer = DiskFiles(root), Writer()
    ledger = Ledger(files, ORIGIN, signer())
    ledger.create(writer.opening())
    ledger.append([writer.item("decision", decision(1))])
    ledger.publish()
    note = (root / "checkpoint").read_bytes()
    ledger.append(writer.exchange())
    ledger.publish()
    (root / "checkpoint").unlink()
    (root / "checkpoint").write_bytes(note)
    assert run("verify", str(root)) == 0
    out = capsys.readouterr().out
    assert "under way: 1 exchanges without an end (entries 1)" in out
    assert "not signed yet: 2 entries after the checkpoint" in out


def test_many_flaws_and_progress(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal progress is told on stderr; proofs are printed, and a thousand flaws at most."""
    root = write_log(tmp_path / "log", [2])
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    flip(root / "tile/0/000.p/5", 0)
    for number in range(1001):
        (root / f"tile/stray{number}").write_bytes(b"")
    assert run("verify", str(root)) == 1
    told = capsys.readouterr()
    assert "    computed: " in told.out
    assert "and 2 more" in told.out
    assert "5 of 5 entries" in told.err


def test_no_log(tmp_path: Path) -> None:
    """No directory: an error of usage, with a hint."""
    with pytest.raises(ConfigError, match="no directory"):
        run("verify", str(tmp_path / "nowhere"))
