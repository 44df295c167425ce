"""`zoneproxy.replay.records`: a log's entries as the walk needs them."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.crash_files import CrashFiles
from tests.support.logs import DIGEST, ORIGIN, Writer, decision, signer
from tests.support.zone_world import ROOT, pilot
from zoneproxy.replay.records import archived_policy, records
from zoneproxy.terms.errors import PolicyError, VerificationError
from zoneproxy.trace.ledger import Ledger
from zoneproxy.trace.opening import parse_opening
from zoneproxy.trace.opening_files import decode_openings, encode_openings, open_path
from zoneproxy.trace.reader import LogReader, policy_path

POLICY = (ROOT / "policies" / "shantou-pilot.regulator.yaml").read_bytes()


@dataclass
class Log:
    """A log's files, of which some may be taken away or replaced."""

    files: CrashFiles
    other: dict[str, bytes | None]

    def reader(self) -> LogReader:
        return LogReader(self._fetch, signer().verifiers)

    def _fetch(self, path: str, limit: int) -> bytes | None:
        return self.other[path] if path in self.other else self.files.read_limited(path, limit)

    def openings(self) -> list[bytes]:
        return decode_openings(self.files.read(open_path(0)) or b"")


@pytest.fixture
def log() -> Log:
    """A log of one exchange and one aborted one."""
    files, writer = CrashFiles(), Writer()
    ledger = Ledger(files, ORIGIN, signer())
    ledger.create(writer.opening())
    ledger.append(writer.exchange())
    ledger.append([writer.item("decision", decision(3), {"client.ip": "198.51.100.9", "detail": "x"})])
    ledger.publish()
    return Log(files, {})


def erased(record: bytes, name: str) -> bytes:
    """The opening record with one field erased: its digest is left, and its value and the seed go."""
    opening = parse_opening(record)
    text = json.dumps([opening.salts[name], name, opening.fields[name]], separators=(",", ":"))
    disclosure = base64.urlsafe_b64encode(text.encode()).rstrip(b"=")
    digest = base64.urlsafe_b64encode(hashlib.sha256(disclosure).digest()).rstrip(b"=").decode()
    left: dict[str, Any] = {
        "fields": {key: value for key, value in opening.fields.items() if key != name},
        "salts": {key: salt for key, salt in opening.salts.items() if key != name},
        "digests": {name: digest},
    }
    return json.dumps(left, separators=(",", ":")).encode()


def test_decisions_and_ends_come_in_the_logs_order(log: Log) -> None:
    """Z15: the walk gets them with their private parts opened, and nothing else of the log."""
    made = list(records(log.reader()))
    assert [(record.index, record.kind) for record in made] == [
        (1, "decision"),
        (2, "return"),
        (3, "decision"),
    ]
    assert [(record.private or {}).get("client.ip") for record in made] == [
        "198.51.100.7",
        None,
        "198.51.100.9",
    ]
    assert made[1].private == {"address": None, "detail": None, "response_sha256": DIGEST}
    assert made[0].ts < made[1].ts < made[2].ts


def test_a_copy_without_the_openings_gives_withheld_private_parts(log: Log) -> None:
    """Z17: the public files alone can be walked; what they don't open counts as withheld."""
    log.other[open_path(0)] = None
    assert [record.private for record in records(log.reader())] == [None, None, None]


def test_an_erased_fact_counts_as_withheld(log: Log) -> None:
    """Z15, Z17: erasing a fact at its retention's end doesn't make its decision look forged."""
    openings = log.openings()
    openings[3] = erased(openings[3], "client.ip")
    log.other[open_path(0)] = encode_openings(openings)
    first, _, last = records(log.reader())
    assert first.private is not None
    assert last.private is None


def test_an_erased_field_that_is_no_fact_hides_nothing_from_the_walk(log: Log) -> None:
    """Z15, Z17: what no rule can see may go without making the decision untellable."""
    openings = log.openings()
    openings[3] = erased(openings[3], "detail")
    log.other[open_path(0)] = encode_openings(openings)
    *_, last = records(log.reader())
    assert last.private is not None
    assert last.private["client.ip"] == "198.51.100.9"
    assert "detail" not in last.private


def test_an_opening_of_another_value_is_not_believed(log: Log) -> None:
    """Z14: whoever holds the openings can't tell another story than the log committed to."""
    openings = log.openings()
    openings[3] = openings[3].replace(b"198.51.100.9", b"198.51.100.8")
    log.other[open_path(0)] = encode_openings(openings)
    with pytest.raises(VerificationError, match="does not match"):
        list(records(log.reader()))


def test_a_policy_is_read_from_the_archive_under_its_digest(log: Log) -> None:
    """Z15: the policy of its day, byte for byte."""
    digest = hashlib.sha256(POLICY).hexdigest()
    log.other[policy_path(digest)] = POLICY
    assert archived_policy(log.reader(), digest).digest == digest == pilot()[0].digest


def test_a_policy_that_is_missing_changed_or_unreadable_is_told_apart(log: Log) -> None:
    """Z14, Z15: none of them passes for the policy of its day."""
    digest = hashlib.sha256(b"kind: Nothing\n").hexdigest()
    with pytest.raises(KeyError):
        archived_policy(log.reader(), digest)
    log.other[policy_path(digest)] = POLICY
    with pytest.raises(VerificationError):
        archived_policy(log.reader(), digest)
    log.other[policy_path(digest)] = b"kind: Nothing\n"
    with pytest.raises(PolicyError):
        archived_policy(log.reader(), digest)
