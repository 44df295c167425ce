"""`zoneproxy.cli.ticket`: each standing has its words and its exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.logs import ORIGIN, START_MS, joint_signer, mldsa_signer, signer, write_log
from tests.support.served import served
from zoneproxy.adapters.clock import SystemClock
from zoneproxy.adapters.keys.ticket import publish_ticket_key
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.cli.main import main
from zoneproxy.trace.omission import read_leaf
from zoneproxy.trace.ticket import PROMISE_MS, Ticket, header_value, key_name, sign_ticket

KEY = signer(key_name(ORIGIN))
EARLY = START_MS - PROMISE_MS


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = write_log(tmp_path / "log", [3], joint_signer())
    publish_ticket_key(made, KEY)
    return made


@pytest.fixture
def vkeys(tmp_path: Path) -> str:
    path = tmp_path / "trusted.vkey"
    keys = (*joint_signer().verifiers, *KEY.verifiers)
    path.write_text("".join(f"{key.vkey}\n" for key in keys))
    return str(path)


def kept(tmp_path: Path, root: Path, index: int, *, leaf: bytes = b"", ms: int = EARLY) -> str:
    """Keep a ticket as a caller does: the value of the header, in a file."""
    leaf = leaf or read_leaf(open_log(root), index)[0]
    path = tmp_path / "ticket"
    path.write_text(header_value(sign_ticket(Ticket(ORIGIN, index, leaf, ms), KEY)) + "\n")
    return str(path)


def test_it_fits(root: Path, tmp_path: Path, vkeys: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A kept promise: exit code 0, from a directory and from an address; own keys are told."""
    ticket = kept(tmp_path, root, 5)
    with served(root) as url:
        for log in (str(root), url):
            assert main(["verify-ticket", ticket, "--log", log]) == 0
            assert "the keys came from the log itself" in capsys.readouterr().out
    assert main(["verify-ticket", ticket, "--log", str(root), "--vkey", vkeys]) == 0
    out = capsys.readouterr().out
    assert out.endswith("fits: the entry stands in the log where the ticket says\n")
    assert out.startswith(f"ticket: entry 5 of the log {ORIGIN}, 2025-12-31T23:59:00+00:00\n")


def test_omitted_and_another(
    root: Path, tmp_path: Path, vkeys: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit codes 4 and 5, and a file that anyone checks without the log (Z14)."""
    for code, index in ((4, 7), (5, 3)):
        ticket, proof = kept(tmp_path, root, index, leaf=bytes(32)), tmp_path / f"{code}.omission"
        words = ["verify-ticket", ticket, "--log", str(root), "--vkey", vkeys]
        assert main([*words, "-o", str(proof)]) == code
        assert f"the proof is in {proof}" in capsys.readouterr().out
        assert main(["verify-ticket", str(proof), "--vkey", vkeys]) == code
        assert main([*words, "-o", str(proof)]) == 2
        assert main(["verify-ticket", str(proof), "--vkey", vkeys, "--json"]) == code
        told = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert (told["exit_code"], told["index"]) == (code, index)
    proof.write_bytes(proof.read_bytes().replace(b"found ", b"found nothing\n", 1))
    assert main(["verify-ticket", str(proof), "--vkey", vkeys]) == 1


def test_not_yet_and_overdue(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 3: time to come, or no proof yet; nothing is written."""
    ticket = kept(tmp_path, root, 7, leaf=bytes(32), ms=START_MS)
    for now, words in (
        (START_MS, "not yet covered: the log has until"),
        (START_MS + PROMISE_MS, "overdue: "),
    ):
        monkeypatch.setattr(SystemClock, "now_ms", lambda _, now=now: now)
        assert main(["verify-ticket", ticket, "--log", str(root), "-o", str(tmp_path / "no")]) == 3
        assert words in capsys.readouterr().out
    assert not (tmp_path / "no").exists()


def test_a_witness_tells_the_time(root: Path, tmp_path: Path) -> None:
    """A cosignature by a trusted witness makes an overdue promise a broken one."""
    witness = mldsa_signer("witness.example", 7, START_MS + PROMISE_MS)
    note = root / "checkpoint"
    text = note.read_text()
    note.chmod(0o644)
    note.write_text(text + witness.sign(text.partition("\n\n")[0] + "\n")[0].line)
    trust = tmp_path / "trust"
    logs = "".join(f"log {key.vkey}\n" for key in joint_signer().verifiers)
    trust.write_text(f"{logs}witness w {witness.verifiers[0].vkey}\nquorum w\n")
    ticket = kept(tmp_path, root, 7, leaf=bytes(32), ms=START_MS)
    assert main(["verify-ticket", ticket, "--log", str(root)]) == 3
    assert main(["verify-ticket", ticket, "--log", str(root), "--policy", str(trust)]) == 4


def test_what_proves_nothing(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A false signature, a log that does not hold, no log, no file: exit codes 1 and 2, with a hint."""
    ticket = kept(tmp_path, root, 5)
    false = Path(ticket)
    false.write_bytes(sign_ticket(Ticket(ORIGIN, 5, bytes(32), 0), KEY).replace(b"\n5\n", b"\n6\n"))
    assert main(["verify-ticket", ticket, "--log", str(root)]) == 1
    assert "does not verify" in capsys.readouterr().err
    assert main(["verify-ticket", ticket]) == 2
    assert "--log DIR" in capsys.readouterr().err
    assert main(["verify-ticket", str(tmp_path / "nowhere"), "--log", str(root)]) == 2
    kept(tmp_path, root, 5, ms=2**63 - 1)
    tile = root / "tile/0/000.p/7"
    tile.chmod(0o644)
    tile.write_bytes(bytes(224))
    assert main(["verify-ticket", ticket, "--log", str(root)]) == 1


def test_a_time_beyond_the_calendar(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A signed number need not be a date."""
    assert main(["verify-ticket", kept(tmp_path, root, 5, ms=2**63 - 1), "--log", str(root)]) == 0
    assert "no date (" in capsys.readouterr().out
