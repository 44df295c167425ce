"""`zoneproxy.replay.openings`: what is gone must be covered by a record."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.crash_files import CrashFiles
from tests.support.logs import ORIGIN, START_MS
from tests.support.private_log import DAY, KEK, reader, redaction, sealed_log, sealing
from zoneproxy.replay.audit import audit
from zoneproxy.replay.flaws import FlawClass
from zoneproxy.replay.report import AuditReport
from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.erasure import Eraser

KEY = {"tenant": "toyco-sg", "day": DAY, "class": "record"}


class Log:
    """A sealed log that can be written on."""

    def __init__(self) -> None:
        self.files = CrashFiles()
        self.ledger, self.writer = sealed_log(self.files, ["toyco-sg", "toyco-my"])

    def record(self, kind: str, body: dict[str, Any]) -> None:
        self.ledger.append([self.writer.item(kind, body)])
        self.ledger.publish()

    def erase(self, body: dict[str, Any]) -> None:
        Eraser(self.files, ORIGIN, [KEK], sealing().session(self.files, ORIGIN)).erase(body)

    def audit(self, *holders: object) -> AuditReport:
        return audit(reader(self.files, *holders))


@pytest.fixture
def log() -> Log:
    return Log()


def retention(**changes: Any) -> dict[str, Any]:
    body = {
        "origin": ORIGIN,
        "class": "record",
        "kinds": ["abort", "decision", "return"],
        "policy": "ab" * 32,
    }
    return body | {"before": START_MS + 86_400_000, "end": 5, "minimum": None, "keys": 1} | changes


def test_a_whole_log_with_and_without_keys(log: Log) -> None:
    """Z17: with keys everything opens; without, everything is sealed, which is no flaw."""
    assert (log.audit(KEK).openings.opened, log.audit(KEK).exit_code) == (4, 0)
    report = log.audit()
    assert (report.openings.sealed, report.openings.opened, report.flaws) == (4, 0, ())


def test_a_redaction_without_a_record_is_told(log: Log) -> None:
    """Z14, Z17: a field, a record or a key that went without a record each make the log incomplete."""
    key_id = reader(log.files, KEK).openings.find(3).key_id
    log.erase(redaction("field", [2], fields=["detail"]))
    log.erase(redaction("record", [1]))
    log.erase(redaction("key", keys=[KEY | {"id": key_id}]))
    report = log.audit(KEK)
    assert report.exit_code == 3
    assert {flaw.kind for flaw in report.flaws} == {FlawClass.WITHHELD}
    assert [flaw.message for flaw in report.flaws] == [
        "3 openings are withheld without a redaction record, this one first",
        "1 openings lack fields without a redaction record, this one first",
    ]
    assert report.openings.uncovered == 4


def test_a_redaction_on_the_record_is_in_order(log: Log) -> None:
    """Z17: what a record covers is counted, and the log holds."""
    key_id = reader(log.files, KEK).openings.find(3).key_id
    bodies = [
        redaction("field", [2], fields=["detail"]),
        redaction("record", [1]),
        redaction("key", keys=[KEY | {"id": key_id}]),
    ]
    for body in bodies:
        log.record("redaction", body)
    for body in bodies:
        log.erase(body)
    for report in (log.audit(KEK), log.audit()):
        assert (report.flaws, report.exit_code, report.openings.withheld) == ((), 0, 3)
    assert log.audit(KEK).openings.erased == 1


@pytest.mark.parametrize(
    "body",
    [
        redaction("field", [1], fields=["client.ip"]),
        redaction("record", [2]),
        redaction("record", [1], origin="other.example"),
        redaction("key", keys=[KEY | {"id": "0" * 32}]),
    ],
    ids=["a field only", "another entry", "another log", "another key"],
)
def test_another_record_does_not_cover_it(log: Log, body: dict[str, Any]) -> None:
    """Z14: a record covers what it names and nothing else."""
    log.record("redaction", body)
    log.erase(redaction("record", [1]))
    assert log.audit(KEK).exit_code == 3


def test_retention_covers_by_kind_and_time(log: Log) -> None:
    """Z17: what is over is covered, once a record says so."""
    for key_id in {reader(log.files, KEK).openings.find(i).key_id for i in (1, 3)}:
        log.erase(redaction("key", keys=[KEY | {"id": key_id}]))
    assert log.audit().exit_code == 3
    for changes in ({"kinds": ["alarm"]}, {"before": START_MS}, {"end": 1}, {"origin": "other.example"}):
        log.record("retention", retention(**changes))
        assert log.audit().exit_code == 3
    log.record("retention", retention())
    assert (log.audit().flaws, log.audit(KEK).exit_code) == ((), 0)


def test_a_minimum_index_without_a_record_is_told(log: Log) -> None:
    """Z14: a policy file alone lets no entry go."""
    policy = b'{"minimum":256}\n'
    log.files.create("retention.json", private=False)
    log.files.append("retention.json", policy)
    report = log.audit()
    assert (report.exit_code, report.flaws[0].kind) == (1, FlawClass.MISSING)
    log.record("retention", retention(**{"class": "entries", "kinds": [], "minimum": 256}))
    assert log.audit().flaws == ()


def test_a_changed_opening_is_invalid(log: Log) -> None:
    """Z14: with the key at hand it is told which entry's."""
    data = bytearray(log.files.read("open/000") or b"")
    data[100] ^= 1
    log.files.create("open/000", private=True)
    log.files.append("open/000", bytes(data))
    report = log.audit(KEK)
    assert (report.exit_code, report.flaws[0].where) == (1, "opening of entry 1")
    with pytest.raises(VerificationError):
        reader(log.files, KEK).opening(1)
