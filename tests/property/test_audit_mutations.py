"""Whatever is done to the files of a log, the audit refuses it with the right class, however it is cut.

Files are flipped, cut, emptied, lengthened, deleted, swapped and doubled, several at once. Two laws are held:
the report of parts that were worked on apart and joined is the report of one pass, and a log of which a file
that counts was changed never holds.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.support.crash_files import CrashFiles
from tests.support.logs import ORIGIN, Writer, signer
from zoneproxy.replay import desk
from zoneproxy.replay.audit import audit
from zoneproxy.replay.desk import Desk, Part, Task, Work
from zoneproxy.replay.flaws import FlawClass
from zoneproxy.replay.report import AuditReport
from zoneproxy.trace.ledger import Ledger
from zoneproxy.trace.reader import LogReader

PUBLIC = ("checkpoint", "tile/")


def written() -> dict[str, bytes]:
    """A log of three bundles in four publications, with the narrower files of each."""
    files, writer = CrashFiles(), Writer()
    ledger = Ledger(files, ORIGIN, signer())
    ledger.create(writer.opening())
    for count in (60, 90, 130, 1):
        for _ in range(count):
            ledger.append(writer.exchange())
        ledger.publish()
    return {
        path: bytes(data)
        for path, data in files._names.items()
        if path.startswith((*PUBLIC, "open/", "policy/"))
    }


LOG = written()
PATHS = sorted(path for path in LOG if path.startswith(PUBLIC))


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "PART_BUNDLES", 1)


def reader_of(disk: dict[str, bytes]) -> LogReader:
    files = CrashFiles(disk)
    return LogReader(files.read_limited, signer().verifiers, files.names)


def both(disk: dict[str, bytes]) -> AuditReport:
    """Audit in one pass and in parts; both say the same."""

    def crew(tasks: Sequence[Task]) -> Iterator[Part]:
        apart = Desk(reader_of(disk), Work())
        return (pickle.loads(pickle.dumps(apart.examine(task))) for task in tasks)

    report = audit(reader_of(disk))
    assert audit(reader_of(disk), crew=crew) == report
    return report


def mutated(data: st.DataObject, disk: dict[str, bytes]) -> FlawClass | None:
    """Change one file; return the class of what that is, or `None` where it can't be said alone."""
    path = data.draw(st.sampled_from([one for one in PATHS if one in disk] or PATHS))
    if path not in disk:
        return None
    old, how = (
        disk[path],
        data.draw(st.sampled_from(["flip", "cut", "empty", "longer", "delete", "swap", "twin"])),
    )
    match how:
        case "flip":
            assume(old)
            place = data.draw(st.integers(0, len(old) - 1))
            disk[path] = (
                old[:place] + bytes([old[place] ^ 1 << data.draw(st.integers(0, 7))]) + old[place + 1 :]
            )
        case "cut":
            assume(old)
            disk[path] = old[: data.draw(st.integers(0, len(old) - 1))]
        case "empty":
            disk[path] = b""
        case "longer":
            disk[path] = old + data.draw(st.binary(min_size=1, max_size=40))
        case "delete":
            del disk[path]
            return FlawClass.MISSING
        case "swap":
            other = data.draw(st.sampled_from(PATHS))
            assume(other in disk and disk[other] != old)
            disk[path], disk[other] = disk[other], old
        case "twin":
            disk[f"{path}x"] = old
            assume(path != "checkpoint")
    return FlawClass.INVALID


def counts(path: str) -> bool:
    """Whether a file is of the checkpoint's own size: older narrower ones may be deleted."""
    return ".p/" not in path or path in {"tile/entries/002.p/51", "tile/0/002.p/51", "tile/1/000.p/2"}


def test_the_log_itself_holds() -> None:
    """What the properties change is a good log, and its last files are those of 563 entries."""
    report = both(LOG)
    assert (report.exit_code, report.size) == (0, 563)
    assert sum(counts(path) for path in PATHS) == 8


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(data=st.data())
def test_one_change_is_refused_with_its_class(data: st.DataObject) -> None:
    """Z14: one file that counts, changed in any way, is refused: gone is missing, anything else invalid."""
    disk = dict(LOG)
    kind = mutated(data, disk)
    changed = [path for path in {*LOG, *disk} if LOG.get(path) != disk.get(path)]
    report = both(disk)
    if kind is FlawClass.MISSING and not counts(changed[0]):
        assert report.exit_code == 0
        return
    assert report.exit_code == 1, changed
    assert report.flaws[0].kind is kind, (changed, report.flaws[:3])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(data=st.data())
def test_many_changes_are_never_taken_for_a_good_log(data: st.DataObject) -> None:
    """Z14: several changes at once can't cover each other, and are told the same however the log is cut."""
    disk = dict(LOG)
    for _ in range(data.draw(st.integers(2, 5))):
        mutated(data, disk)
    report = both(disk)
    damaged = [path for path in PATHS if disk.get(path) != LOG[path] and (counts(path) or path in disk)]
    strange = [path for path in disk if path not in LOG]
    assert (report.exit_code == 1) is bool(damaged or strange)
