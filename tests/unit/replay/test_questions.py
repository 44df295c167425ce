"""`zoneproxy.replay.questions`: each of the five, on a log where it happened and on one where it did not."""

from __future__ import annotations

import pytest

from tests.support.crash_files import CrashFiles
from tests.support.logs import ORIGIN, START_MS, Writer, decision, flow_id, signer
from zoneproxy.replay.audit import audit
from zoneproxy.replay.questions import Answer, questions
from zoneproxy.trace.ledger import Ledger
from zoneproxy.trace.reader import LogReader
from zoneproxy.trace.wal import Item


def snapshot(files: CrashFiles) -> dict[str, bytes]:
    return {path: bytes(data) for path, data in files._names.items()}


def written(items: list[Item]) -> dict[str, bytes]:
    files = CrashFiles()
    ledger = Ledger(files, ORIGIN, signer())
    ledger.create(Writer().opening())
    if items:
        ledger.append(items)
        ledger.publish()
    return snapshot(files)


def writer() -> Writer:
    made = Writer()
    made.opening()
    return made


def asked(disk: dict[str, bytes]) -> dict[str, Answer]:
    files = CrashFiles(disk)
    reader = LogReader(files.read_limited, signer().verifiers, files.names)
    return {answer.question: answer for answer in questions(audit(reader))}


def verdicts(disk: dict[str, bytes]) -> dict[str, str]:
    return {name: answer.verdict for name, answer in asked(disk).items()}


@pytest.fixture
def good() -> dict[str, bytes]:
    return written(writer().exchange())


def test_nothing_happened(good: dict[str, bytes]) -> None:
    """Z14: four times no, each with what it rests on, and whose key it was."""
    answers = asked(good)
    assert [answer.verdict for answer in answers.values()] == ["no", "no", "no", "no", "shown"]
    assert all(answer.evidence for answer in answers.values())
    assert "3 entries make the root" in answers["modified"].evidence[0]
    assert "no other checkpoint was compared" in answers["deleted"].evidence[-1]
    key = f"{ORIGIN}+{signer().verifiers[0].key_id.hex()}"
    assert answers["keys"].evidence[0].startswith(f"log key {key} (Ed25519): signs from entry 0 (2026-01-01T")
    assert answers["keys"].evidence[-1] == f"{key} signed the checkpoint of 3 entries"


def test_modified(good: dict[str, bytes]) -> None:
    """Z14: an entry that was changed is named with its hash as it is and as it was signed."""
    data = good["tile/entries/000.p/3"]
    place = data.rindex(b'"status":200') + 9
    answers = asked({**good, "tile/entries/000.p/3": data[:place] + b"5" + data[place + 1 :]})
    assert answers["modified"].verdict == "yes"
    assert (
        answers["modified"].evidence[0].startswith("entry 2: it was changed: `tile/entries/000.p/3`, byte ")
    )
    assert "; found " in answers["modified"].evidence[0]
    assert "; signed " in answers["modified"].evidence[0]
    assert answers["deleted"].verdict == "no"


def test_deleted_file(good: dict[str, bytes]) -> None:
    """Z14: entries that were signed and are not there were deleted."""
    gone = {path: data for path, data in good.items() if path != "tile/entries/000.p/3"}
    answer = asked(gone)["deleted"]
    assert (answer.verdict, answer.evidence[0]) == ("yes", "tile/entries/000.p/3: entries 0 to 2 are gone")


def test_deleted_before_it_was_signed() -> None:
    """Z14: an entry that the sequencer left out shows in the count of the worker that wrote it."""
    stamped = writer()
    stamped.exchange()
    kept = stamped.exchange()
    found = verdicts(written(kept))
    assert (found["deleted"], found["inserted"], found["modified"]) == ("yes", "no", "no")


def test_inserted_late_by_time() -> None:
    """Z14: an entry that is older than the one before it was put in late."""
    early, late = writer(), Writer(worker="w2")
    late.clock.now = START_MS - 3_600_000
    alarm = {"code": "disk-low", "flow": None, "count": 1}
    answer = asked(written([early.item("alarm", alarm), late.item("alarm", alarm)]))["inserted"]
    assert answer.verdict == "yes"
    assert answer.evidence == ("entry 2: time goes back by 3600007 ms",)


def test_inserted_late_by_count() -> None:
    """Z14: a second entry with a count that a worker has used shows that something was put between."""
    one, twin = writer(), writer()
    alarm = {"code": "disk-low", "flow": None, "count": 1}
    first = one.item("alarm", alarm)
    twin.clock.now += 100
    again = twin.item("alarm", alarm | {"count": 2})
    found = asked(written([first, again]))
    assert (found["inserted"].verdict, found["deleted"].verdict) == ("yes", "no")
    assert "the chain of worker `w1` is broken: count 1, not 2" in found["inserted"].evidence[0]


def test_amended() -> None:
    """Z17: what a later entry takes away or ends is told with both indexes."""
    stamped = writer()
    items = [
        stamped.item("decision", decision(1)),
        stamped.item("abort", {"flow": flow_id(1), "dec": 1, "cause": "recovery"}),
    ]
    answer = asked(written(items))["amended"]
    assert answer.verdict == "yes"
    assert answer.evidence[0].endswith("ends entry 1 without a return: cause recovery")


def test_who_held_which_key() -> None:
    """Z14: keys that were added and retired are told with entry and time."""
    stamped = writer()
    vkey = signer(number=2).verifiers[0].vkey
    body = {"role": "log", "origin": ORIGIN, "keys": [vkey], "by": "log", "trust": None}
    items = [stamped.item("key", body | {"action": action}) for action in ("announce", "destroy")]
    lines = asked(written(items))["keys"].evidence
    assert "announced from entry 1" in lines[1]
    assert "destroyed from entry 2" in lines[1]


def test_without_a_checkpoint_nothing_can_be_told(good: dict[str, bytes]) -> None:
    """Where no checkpoint verifies the answer is neither yes nor no."""
    found = asked({**good, "checkpoint": good["checkpoint"].replace(b"\n3\n", b"\n2\n")})
    assert {answer.verdict for answer in found.values()} == {"unknown"}
    assert all(answer.evidence for answer in found.values())
