"""Power loss at every operation of an erasure, on every disk that it may leave.

The order of a redaction over `CrashFiles`: intent, record, erasure, end. From each disk the log must recover
and verify; whatever was erased on it is covered by a record; and the next run brings each to the same end.
A mutant that erases before it records must be caught.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.crash_files import CrashFiles, PowerLossError
from tests.support.logs import ORIGIN, signer
from tests.support.private_log import DAY, KEK, SealedWriter, reader, redaction, sealed_log, sealing
from zoneproxy.replay.audit import audit
from zoneproxy.trace.chain import Chains
from zoneproxy.trace.entry import parse, peek
from zoneproxy.trace.erasure import Eraser, Intent, read_intent, remove_intent, write_intent
from zoneproxy.trace.ledger import Ledger
from zoneproxy.trace.opening_store import Access

FIELD = redaction("field", [1], fields=["client.ip"])
RECORD = redaction("record", [2])


def base() -> tuple[dict[str, bytes], list[dict[str, object]]]:
    """A log whose last group lies twice in its write-ahead log, and the orders."""
    files = CrashFiles()
    sealed_log(files, ["toyco-sg", "toyco-my"])
    key_id = reader(files, KEK).openings.find(3).key_id
    key = redaction("key", keys=[{"id": key_id, "tenant": "toyco-my", "day": DAY, "class": "record"}])
    recover(files)
    return dict(next(files.disks())), [FIELD, RECORD, key]


def recover(files: CrashFiles) -> tuple[Ledger, Chains]:
    ledger, chains = Ledger(files, ORIGIN, signer()), Chains()
    ledger.recover(lambda index, entry, leaf: _follow(chains, index, entry, leaf))
    return ledger, chains


def _follow(chains: Chains, index: int, entry: bytes, leaf: bytes) -> None:
    assert chains.follow(index, peek(entry), leaf) == []


def record(files: CrashFiles, bodies: list[dict[str, object]]) -> None:
    """Append and publish, as `LogPort.record` does."""
    ledger, chains = recover(files)
    writer = SealedWriter(files)
    writer.chains, writer.count, writer.worker = chains, ledger.size, "desk"
    writer.clock.mono = 1000 * ledger.size
    for body in bodies:
        ledger.append([writer.item("redaction", body)])
    if ledger.grown:
        ledger.publish()


def erase(files: CrashFiles, bodies: list[dict[str, object]]) -> None:
    eraser = Eraser(files, ORIGIN, [KEK], sealing().session(files, ORIGIN))
    for body in bodies:
        eraser.erase(body)


def redact(files: CrashFiles, bodies: list[dict[str, object]]) -> None:
    write_intent(files, Intent(ORIGIN, reader(files).checkpoint().size, tuple(bodies)))
    record(files, bodies)
    erase(files, bodies)
    remove_intent(files)


def redact_running(files: CrashFiles, bodies: list[dict[str, object]]) -> None:
    """The same by the process that writes the log, which then goes on: see `Publisher.quiet`."""
    ledger, chains = recover(files)
    writer = SealedWriter(files)
    writer.chains, writer.count, writer.worker = chains, ledger.size, "w1"
    writer.clock.mono = 1000 * ledger.size
    ledger.append(writer.exchange_of("toyco-sg"))  # durable, and not published yet
    ledger.publish()
    write_intent(files, Intent(ORIGIN, ledger.published, tuple(bodies)))
    for body in bodies:
        ledger.append([writer.item("redaction", body)])
    ledger.publish()
    ledger.roll(writer.chains.snapshot())
    ledger.append(writer.exchange_of("toyco-sg"))  # records go on while the files are held still
    erase(files, bodies)
    remove_intent(files)
    ledger.reload_openings()
    ledger.publish()


def finish(files: CrashFiles) -> None:
    """What the next start does."""
    intent = read_intent(files)
    record(files, [])
    if intent is None:
        return
    written = [parse(data).body for _, data in reader(files).entries(intent.size)]
    record(files, [dict(body) for body in intent.bodies if dict(body) not in written])
    erase(files, [dict(body) for body in intent.bodies])
    remove_intent(files)


def crashes(disk: dict[str, bytes], act: object) -> Iterator[dict[str, bytes]]:
    at = 0
    while True:
        files = CrashFiles(disk, crash_at=at)
        try:
            act(files)  # type: ignore[operator]
        except PowerLossError:
            seen: set[object] = set()
            for left in files.disks():
                key = tuple(sorted((path, hash(data)) for path, data in left.items()))
                if key not in seen and len(seen) < 6:
                    seen.add(key)
                    yield left
            at += 1
            continue
        return


def examine(disk: dict[str, bytes]) -> None:
    """Raise AssertionError where something is gone without a record, or the log does not hold."""
    report = audit(reader(CrashFiles(disk), KEK))
    assert report.flaws == (), report.flaws


@pytest.mark.parametrize("how", [redact, redact_running])
def test_every_crash_is_finished_to_the_same_end(how: Callable[[CrashFiles, Any], None]) -> None:
    """Z13, Z17: nothing is ever gone without its record, and nothing that was ordered is forgotten."""
    disk, bodies = base()
    examined = 0
    for left in crashes(disk, lambda files: how(files, bodies)):
        examine(left)
        ordered = left.get("state/redaction") is not None
        files = CrashFiles(left)
        finish(files)
        examined += 1
        end = CrashFiles(dict(next(files.disks())))
        report = audit(reader(end, KEK))
        assert report.flaws == ()
        recorded = report.kinds.get("redaction", 0)
        assert recorded in ({3} if ordered else {0, 3})
        if recorded:
            store = reader(end, KEK).openings
            assert [store.find(index).access for index in (2, 3, 4)] == [
                Access.ABSENT,
                Access.SHREDDED,
                Access.SHREDDED,
            ]
            assert b"198.51.100.7" not in store.find(1).record
        recover(end)
    assert examined > 100


def test_an_erasure_before_its_record_is_caught() -> None:
    """The same examination finds the wrong order."""
    disk, bodies = base()

    def wrong(files: CrashFiles) -> None:
        erase(files, bodies)
        record(files, bodies)

    def search() -> None:
        for left in crashes(disk, wrong):
            examine(left)

    with pytest.raises(AssertionError, match="without a redaction record"):
        search()


def test_a_writer_that_keeps_what_was_erased_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The openings of the bundle that grows are taken in again; without that they come back."""
    disk, bodies = base()
    for forgotten in (False, True):
        with monkeypatch.context() as patch:
            if forgotten:
                patch.setattr(Ledger, "reload_openings", lambda _: None)
            files = CrashFiles(disk)
            redact_running(files, bodies)
        found = reader(CrashFiles(dict(next(files.disks()))), KEK).openings.find(1).record
        assert (b"198.51.100.7" in found) is forgotten


def test_a_start_between_two_copies_of_a_group_recovers() -> None:
    """An erasure that reached one copy of the last group and not the other leaves a log that starts."""
    disk, bodies = base()
    found = 0
    for left in crashes(disk, lambda files: erase(files, bodies[:2])):
        recover(CrashFiles(left))
        found += 1
    assert found > 5
