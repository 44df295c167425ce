"""`zoneproxy.cli.log.verify`: what the verifier prints, and its exit codes."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from tests.support.logs import ORIGIN, Writer, decision, mldsa_signer, signer, write_log
from zoneproxy.adapters.files.disk import DiskFiles
from zoneproxy.cli.log import commands as log
from zoneproxy.terms.errors import ConfigError
from zoneproxy.trace.checkpoint import Checkpoint, sign_checkpoint
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
    flaw, *levels, summary = map(json.loads, capsys.readouterr().out.splitlines())
    assert [level["level"] for level in levels] == [f"L{number}" for number in range(7)]
    assert (levels[1]["result"], levels[1]["flaws"], levels[4]["result"]) == ("invalid", 1, "not checked")
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


def test_levels_are_told(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each level says what was checked and what came of it; what was not checked says so."""
    assert run("verify", str(root)) == 0
    out = capsys.readouterr().out
    assert "L0 signatures     holds: 1 signatures\n" in out
    assert "L3 sequences      holds: 1 workers, 3 ended, 0 under way\n" in out
    assert "L4 decisions      not checked\n" in out
    assert run("verify", str(root), "--public") == 0
    assert "L5 private parts  not checked\n" in capsys.readouterr().out


def test_several_processes(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """However many processes work, what is printed is the same."""
    assert run("verify", str(root)) == 0
    alone = capsys.readouterr().out
    assert run("verify", str(root), "--processes", "2") == 0
    assert capsys.readouterr().out == alone
    with pytest.raises(SystemExit):
        run("verify", str(root), "--processes", "0")


def test_two_views_are_exported(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Z14: both notes of a split view are written where anyone can check them."""
    other = sign_checkpoint(Checkpoint(ORIGIN, 7, bytes(32)), [signer()]).data
    (tmp_path / "kept.note").write_bytes(other)
    evidence = tmp_path / "evidence"
    options = ["--also", str(tmp_path / "kept.note"), "--evidence", str(evidence)]
    assert run("verify", str(root), *options) == 1
    told = capsys.readouterr()
    assert told.out.startswith(f"invalid: {tmp_path}/kept.note: two views: the log's key signed 7 entries")
    assert "2 signed notes are in" in told.err
    assert sorted(path.name for path in evidence.iterdir()) == ["1-note.note", "1-other.note"]
    assert (evidence / "1-note.note").read_bytes() == (root / "checkpoint").read_bytes()
    assert (evidence / "1-other.note").read_bytes() == other
    assert run("verify", str(root), "--also", str(root)) == 0
    assert "of one history with checkpoints of: 7 entries" in capsys.readouterr().out


def test_totals_and_a_bill(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Z19: totals are written as CSV; a bill with other numbers makes the exit code 1, line by line."""
    table = tmp_path / "totals.csv"
    assert run("verify", str(root), "--totals", str(table)) == 0
    assert run("verify", str(root), "--compare", str(table)) == 0
    table.write_text(table.read_text().replace(",9,15,", ",9,16,"))
    capsys.readouterr()
    assert run("verify", str(root), "--compare", str(table)) == 1
    assert capsys.readouterr().out.startswith("differs: 2026-01-01, tenant : completion: log 15, table 16\n")
    assert run("verify", str(root), "--compare", str(table), "--json") == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines[-2]["difference"] == {
        "column": "completion", "day": "2026-01-01", "log": 15, "other": 16, "tenant": "",
    }  # fmt: skip
    assert lines[-1]["exit_code"] == 1


def test_examine(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Z14: the five questions, as words and as JSON, with the exit codes of `verify`."""
    assert run("examine", str(root)) == 0
    out = capsys.readouterr().out
    for question in ("modified? no", "deleted? no", "inserted late? no", "amended? no", "which key when?"):
        assert question in out
    flip(root / "tile/entries/000.p/7", 300)
    assert run("examine", str(root), "--json") == 1
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [answer["question"] for answer in answers] == [
        "modified", "deleted", "inserted", "amended", "keys",
    ]  # fmt: skip
    assert answers[0]["answer"] == "yes"


def test_no_log(tmp_path: Path) -> None:
    """No directory: an error of usage, with a hint."""
    with pytest.raises(ConfigError, match="no directory"):
        run("verify", str(tmp_path / "nowhere"))
