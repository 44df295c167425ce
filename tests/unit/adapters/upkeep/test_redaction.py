"""`zoneproxy.adapters.upkeep.redaction`: recorded, then erased; finished whatever cut it off."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.logs import ORIGIN, FixedClock, FixedEntropy, signer
from tests.support.private_log import DAY, KEK, redaction, sealed_log, sealing
from zoneproxy.adapters.files.disk import DiskFiles
from zoneproxy.adapters.log.tracelog import TraceLog
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.adapters.upkeep import redaction as module
from zoneproxy.adapters.upkeep.logport import LogPort
from zoneproxy.adapters.upkeep.redaction import Redactor, has_pending
from zoneproxy.replay.audit import audit
from zoneproxy.terms.errors import TraceError, VerificationError
from zoneproxy.trace.entry import parse
from zoneproxy.trace.erasure import Eraser
from zoneproxy.trace.opening_store import Access
from zoneproxy.trace.wal import read_segment

FIELD = redaction("field", [1], fields=["client.ip"])
RECORD = redaction("record", [3])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "log"
    root.mkdir()
    files = DiskFiles(root)
    sealed_log(files, ["toyco-sg", "toyco-my"])
    files.close()
    return root


def working[T](root: Path, work: Callable[[Redactor], T], *, holders: Any = (KEK,)) -> T:
    """Open the log, do the work on it, close it."""

    async def run() -> T:
        log = TraceLog.open(
            root, log_origin=ORIGIN, signer=signer(), clock=FixedClock(), entropy=FixedEntropy(),
            node="node-1", worker="desk", sealing=sealing(), low_water_bytes=0,
        )  # fmt: skip
        try:
            port = LogPort(log, asyncio.get_running_loop(), origin=ORIGIN, places=lambda: [root])
            return await asyncio.to_thread(work, Redactor(port, holders, sealing()))
        finally:
            if log.writable:
                await log.close()
            else:
                with pytest.raises(TraceError):
                    await log.close()

    return asyncio.run(run())


def redact(root: Path, *bodies: Any, **more: Any) -> list[int]:
    return working(root, lambda made: made.redact(bodies), **more)


def finish(root: Path) -> bool:
    return working(root, Redactor.finish)


def redactions(root: Path) -> list[Any]:
    return [e.body for _, data in open_log(root).entries() if (e := parse(data)).kind == "redaction"]


def check_done(root: Path) -> None:
    """Both redactions are on the record once, carried out, and the log holds."""
    reader = open_log(root, holders=[KEK])
    assert redactions(root) == [FIELD, RECORD]
    assert b"198.51.100.7" not in reader.openings.find(1).record
    assert reader.openings.find(3).access is Access.ABSENT
    assert (audit(reader).flaws, has_pending(root)) == ((), False)


def test_redactions_are_recorded_and_carried_out(root: Path) -> None:
    """Z17: the records are in the log, the values are gone, the tree holds."""
    assert len(redact(root, FIELD, RECORD)) == 2
    check_done(root)
    assert finish(root) is False


def test_what_a_writer_holds_in_memory_is_not_written_again(root: Path) -> None:
    """Z17: what is erased from the bundle that grows stays erased in every later publication."""

    def work(made: Redactor) -> None:
        made.redact([FIELD, RECORD])
        made._port.record([("redaction", redaction("record", [2]))])  # grows the same bundle, and publishes

    working(root, work)
    reader = open_log(root, holders=[KEK])
    assert b"198.51.100.7" not in reader.openings.find(1).record
    assert reader.openings.find(3).access is Access.ABSENT
    for path in (root / "wal").iterdir():
        for group in read_segment(path.read_bytes())[0]:
            for index, item in enumerate(group.items, group.first):
                record = reader.openings.look(index, item.opening).record
                assert (b"198.51.100.7" in record) is False


class Cut(Exception):  # noqa: N818 - it stands for a power loss
    """The process ends here."""


@pytest.mark.parametrize("step", ["write_intent", "record", "erase 1", "erase 2", "remove_intent"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_crash_at_each_step_is_finished(
    root: Path, step: str, *, after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Z17: between record and erasure, or anywhere else: the next run brings it to the same end."""
    with monkeypatch.context() as patch:
        cut_at(patch, step, after=after)
        with pytest.raises(Cut):
            redact(root, FIELD, RECORD)
    finished = finish(root)
    if step == "write_intent" and not after:
        assert (finished, redactions(root)) == (False, [])  # nothing was ordered yet
        redact(root, FIELD, RECORD)
    check_done(root)


def cut_at(patch: pytest.MonkeyPatch, step: str, *, after: bool) -> None:
    name, _, number = step.partition(" ")
    owner: Any = {"record": LogPort, "erase": Eraser}.get(name, module)
    real, calls = getattr(owner, name), []

    def cut(*args: Any) -> Any:
        calls.append(args)
        due = len(calls) == int(number or 1)
        if due and not after:
            raise Cut
        result = real(*args)
        if due:
            raise Cut
        return result

    patch.setattr(owner, name, cut)


def test_what_cannot_be_done_is_told_before_anything_is(root: Path) -> None:
    """No key: nothing is recorded, nothing is ordered, and the log goes on."""
    with pytest.raises(VerificationError, match="a key that is not here"):
        redact(root, FIELD, holders=())
    assert (redactions(root), has_pending(root)) == ([], False)


def test_a_failing_disk_leaves_the_order_and_ends_the_log(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Z22: a failed write is told as the log's failure; the next run finishes."""

    def fail(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Eraser, "erase", fail)
        with pytest.raises(TraceError, match="could not be finished"):
            redact(root, FIELD, RECORD)
    assert has_pending(root)
    assert finish(root)
    check_done(root)
    with monkeypatch.context() as patch:
        patch.setattr(module, "write_intent", fail)
        with pytest.raises(TraceError, match="could not be written"):
            redact(root, redaction("record", [2]))


def test_a_data_key_is_destroyed(root: Path) -> None:
    """Z17: everything under it is gone at once, wherever its sealed bytes lie."""
    key_id = open_log(root, holders=[KEK]).openings.find(1).key_id
    redact(root, redaction("key", keys=[{"id": key_id, "tenant": "toyco-sg", "day": DAY, "class": "record"}]))
    reader = open_log(root, holders=[KEK])
    assert reader.openings.find(1).access is Access.SHREDDED
    assert audit(reader).flaws == ()
