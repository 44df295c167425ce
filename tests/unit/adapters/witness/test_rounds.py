"""`zoneproxy.adapters.witness.rounds`: a quorum makes a checkpoint final, and its absence is told."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.logs import ORIGIN, FixedClock, decision, ending, joint_signer
from tests.support.witness_lab import LabWitness, new_log, new_witness, open_log, rules, serving
from zoneproxy.adapters.reading.logfolder import open_log as read_log
from zoneproxy.adapters.witness.panel import WitnessPanel, WitnessRules, make_feeds
from zoneproxy.replay.audit import audit
from zoneproxy.replay.flaws import FlawClass
from zoneproxy.terms.errors import ConfigError, TraceError
from zoneproxy.trace.checkpoint import open_checkpoint
from zoneproxy.trace.entry import parse
from zoneproxy.trace.epoch import UNWITNESSED, epoch_path
from zoneproxy.trace.trust import parse_trust

KEYS = joint_signer().verifiers


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return new_log(tmp_path / "log")


@pytest.fixture
def witness(tmp_path: Path) -> Iterator[LabWitness]:
    new_witness(tmp_path / "witness")
    with serving(tmp_path / "witness") as made:
        yield made


def gone(witness: LabWitness, **more: object) -> WitnessRules:
    """The same witness, at an address where nobody answers."""
    text = f"{witness.trust_lines()}quorum w-a\n".replace(witness.url, "http://127.0.0.1:9")
    return WitnessRules(parse_trust(text.encode()), interval_s=3600, timeout_s=2, **more)  # type: ignore[arg-type]


def contents(root: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}


def kinds(root: Path) -> list[str]:
    return [parse(data).kind for _, data in read_log(root).entries()]


async def test_a_quorum_makes_a_checkpoint_final(root: Path, witness: LabWitness) -> None:
    """Published each second, presented when cosigned: `checkpoint` always bears a quorum (Z14)."""
    asked = rules(witness)
    log = open_log(root, asked)
    first = (root / "checkpoint").read_bytes()
    assert asked.trust.holds(asked.trust.cosigned_by(first))
    receipt = await log.append("decision", decision(1), {})
    published = await log.publish()
    assert published is not None
    assert published.size == receipt.index + 1
    assert (root / "checkpoint").read_bytes() == first
    assert open_checkpoint((root / UNWITNESSED).read_bytes(), KEYS).size == published.size
    assert await log.witness()
    second = (root / "checkpoint").read_bytes()
    assert asked.trust.cosigned_by(second) == {"w0-a", "w0-b"}
    assert open_checkpoint(second, KEYS) == published
    await log.append("return", ending(receipt.index, 1), {})
    await log.close()
    report = audit(read_log(root), trust=asked.trust)
    assert (report.exit_code, report.unsigned) == (0, 0)
    assert kinds(root).count("epoch") == 2


async def test_epochs_bracket_the_time_of_entries(root: Path, witness: LabWitness) -> None:
    """Entries lie between the cosignatures before and after them, proven by archived notes (Z14, Z15)."""
    clock, asked = FixedClock(), rules(witness)
    log = open_log(root, asked, clock=clock)
    for step in range(3):
        clock.now += 10_000
        witness.clock.now += 10_000
        receipt = await log.append("decision", decision(step), {})
        await log.append("return", ending(receipt.index, step), {})
        await log.publish()
        assert await log.witness()
    await log.close()
    report = audit(read_log(root), trust=asked.trust)
    assert (report.exit_code, report.brackets.epochs, report.brackets.proven) == (0, 4, 4)
    start = FixedClock().now // 1000
    entries = [parse(data) for _, data in read_log(root).entries()]
    places = [index for index, entry in enumerate(entries) if entry.kind == "decision"]
    assert [report.brackets.of(index) for index in places] == [
        (start, start + 10), (start + 10, start + 20), (start + 20, start + 30),
    ]  # fmt: skip
    assert report.brackets.widest_s == 10
    assert report.brackets.of(0) == (None, start)
    epoch = next(entry for entry in entries if entry.kind == "epoch")
    assert (root / epoch_path(epoch.body["note"])).is_file()


async def test_a_restored_snapshot_does_not_start(root: Path, witness: LabWitness, tmp_path: Path) -> None:
    """A copy put back after a witness has seen more is refused before anything is written (Z14)."""
    log = open_log(root, rules(witness))
    await log.append("decision", decision(1, verdict="deny", by="law", reason="origin-unknown"), {})
    await log.close()
    shutil.copytree(root, tmp_path / "snapshot")
    log = open_log(root, rules(witness))
    await log.append("decision", decision(2, verdict="deny", by="law", reason="origin-unknown"), {})
    await log.close()
    shutil.rmtree(root)
    shutil.copytree(tmp_path / "snapshot", root)
    before = contents(root)
    with pytest.raises(TraceError, match="this disk was rolled back") as told:
        open_log(root, rules(witness))
    assert witness.url in told.value.hint
    assert contents(root) == before
    open_log(root, None)._close()  # who configures no witness is not protected: this is what they are for


async def test_a_snapshot_that_grew_is_refused_too(root: Path, witness: LabWitness, tmp_path: Path) -> None:
    """A second history, longer than the first, is found when a witness comes back (Z14)."""
    log = open_log(root, rules(witness))
    await log.close()
    shutil.copytree(root, tmp_path / "snapshot")
    log = open_log(root, rules(witness))
    await log.append("decision", decision(1, verdict="deny", by="law", reason="origin-unknown"), {})
    await log.close()
    other = open_log(tmp_path / "snapshot", gone(witness))  # nobody can be asked at this start
    for number in range(9):
        body = decision(number, verdict="deny", by="law", reason="origin-unknown")
        await other.append("decision", body, {})
    await other.publish()
    other._witnessing._panel = WitnessPanel(rules(witness), ORIGIN, joint_signer())  # type: ignore[union-attr]
    with pytest.raises(TraceError, match="rolled back, or another one signs"):
        await other.witness()
    assert not other.writable
    with pytest.raises(TraceError):
        await other.close()
    with pytest.raises(TraceError, match="not those that lie here"):
        open_log(tmp_path / "snapshot", rules(witness))


async def test_without_a_quorum_the_log_goes_on_and_tells(
    root: Path, witness: LabWitness, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing new is presented as final; after the alarm's time a record and a line say so, once."""
    clock = FixedClock()
    before = (root / "checkpoint").read_bytes()
    with caplog.at_level(logging.INFO):
        log = open_log(root, gone(witness, alarm_after_s=60.0), clock=clock)
        for _ in range(4):
            clock.mono += 30_000
            await log.append("decision", decision(1, verdict="deny", by="law", reason="origin-unknown"), {})
            await log.publish()
            assert not await log.witness()
        assert (root / "checkpoint").read_bytes() == before
        await log.close()
    assert [record.levelname for record in caplog.records].count("ERROR") == 1
    assert len([line for line in caplog.messages if "does not cosign" in line]) == 1
    again = open_log(root, rules(witness))  # all of it is cosigned when the witness is there again
    await again.close()
    entries = [parse(data) for _, data in read_log(root).entries()]
    alarms = [entry for entry in entries if entry.kind == "alarm"]
    assert [(entry.body["code"], entry.body["count"]) for entry in alarms] == [("witness-quorum-missing", 3)]
    assert audit(read_log(root), trust=rules(witness).trust).exit_code == 0


async def test_fail_closed_after_max_unwitnessed(root: Path, witness: LabWitness) -> None:
    """So many seconds without a quorum end the log, and it starts again only with one (Z22)."""
    with pytest.raises(TraceError, match="insists"):
        open_log(root, gone(witness, max_unwitnessed_s=100.0))
    with pytest.raises(TraceError, match="insists"):
        open_log(root, gone(witness, insist_at_start=True))
    clock, failures = FixedClock(), list[TraceError]()
    log = open_log(root, rules(witness, max_unwitnessed_s=100.0), clock=clock, on_failure=failures.append)
    (witness.folder / "logs.policy").write_text("quorum none\n")  # the witness does not know the log any more
    for seconds in (0, 99):
        clock.mono = seconds * 1000
        assert not await log.witness()
    clock.mono = 100_000
    with pytest.raises(TraceError, match="no quorum of witnesses cosigned the log for 100 seconds"):
        await log.witness()
    assert (log.writable, len(failures)) == (False, 1)
    with pytest.raises(TraceError):
        await log.close()


async def test_a_quiet_log_is_cosigned_now_and_then(root: Path, witness: LabWitness) -> None:
    """An epoch alone is no growth: nothing is cosigned again before the heartbeat."""
    clock = FixedClock()
    log = open_log(root, rules(witness, heartbeat_s=60.0), clock=clock)
    await log.publish()
    witnessing = log._witnessing
    assert witnessing is not None
    assert not witnessing._due(log.size)
    clock.mono += 60_000
    assert witnessing._due(log.size)
    await log.append("decision", decision(1, verdict="deny", by="law", reason="origin-unknown"), {})
    clock.mono -= 60_000
    assert witnessing._due(log.size)
    await log.close()


async def test_two_witnesses_and_one_is_down(root: Path, witness: LabWitness, tmp_path: Path) -> None:
    """A quorum of some is reached without the others, which get what they missed when they are back."""
    new_witness(tmp_path / "other", "carrier.example/w1")
    with serving(tmp_path / "other") as other:
        asked = rules(witness, other, quorum="2", timeout_s=2.0)
        log = open_log(root, asked)
        assert len(asked.trust.cosigned_by((root / "checkpoint").read_bytes())) == 4
    await log.append("decision", decision(1, verdict="deny", by="law", reason="origin-unknown"), {})
    await log.publish()
    assert await log.witness()
    assert asked.trust.cosigned_by((root / "checkpoint").read_bytes()) == {"w0-a", "w0-b"}
    await log.close()
    assert audit(read_log(root), trust=asked.trust).exit_code == 0


async def test_an_epoch_that_lies_is_found(root: Path, witness: LabWitness) -> None:
    """Without its archived note an epoch is a claim; with a changed one it is refused (Z14)."""
    asked = rules(witness)
    await open_log(root, asked).close()
    entries = [parse(data) for _, data in read_log(root).entries()]
    epoch = next(entry for entry in entries if entry.kind == "epoch")
    path = root / epoch_path(epoch.body["note"])
    data = path.read_bytes()
    path.unlink()
    report = audit(read_log(root), trust=asked.trust)
    assert (report.exit_code, report.flaws[0].kind) == (3, FlawClass.UNWITNESSED)
    assert audit(read_log(root)).exit_code == 0
    path.write_bytes(data.replace(b"\n", b"\n\n", 1))
    report = audit(read_log(root), trust=asked.trust)
    assert (report.exit_code, report.flaws[0].where) == (1, f"entry {entries.index(epoch)}")


def test_addresses_and_quorums_are_checked_first(witness: LabWitness) -> None:
    """A wrong address, or witnesses without addresses, are the operator's mistake."""
    for text, said in [
        (f"{witness.trust_lines()}quorum w-a\n".replace("http:", "ftp:"), "no address"),
        (f"witness w {witness.keys[0].vkey}\nquorum w\n", "no quorum"),
    ]:
        with pytest.raises(ConfigError, match=said):
            make_feeds(WitnessRules(parse_trust(text.encode())), ORIGIN, joint_signer())
    (feed,) = make_feeds(rules(witness), ORIGIN, joint_signer())
    assert feed.name == "w0-a w0-b"  # two keys at one address: one request
    assert json.dumps(feed.url) == f'"{witness.url}"'
