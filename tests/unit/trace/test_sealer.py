"""`zoneproxy.trace.sealer`: a key for each tenant, day and class in a session, durable before use."""

from __future__ import annotations

import pytest

from tests.support.crash_files import CrashFiles
from tests.support.logs import ORIGIN, START_MS
from tests.support.private_log import DAY, KEK, SealedWriter, memory_log, reader, sealing
from zoneproxy.trace.datakey import read_label
from zoneproxy.trace.opening_store import list_keys
from zoneproxy.trace.sealed import NONCE_BYTES, key_id_of
from zoneproxy.trace.sealer import MOST_KEYS, day_of, sealed


def labels(files: CrashFiles) -> list[tuple[str, str, str]]:
    found = [read_label(files.read(path) or b"") for _, path in list_keys(files.names)]
    return sorted((one.tenant, one.day, one.retention) for one in found)


def test_a_key_for_each_tenant_day_and_class() -> None:
    """Z17: what must go together lies under one key; the end of an exchange lies under its tenant's."""
    files = memory_log(["toyco-sg", "toyco-my", "toyco-sg"])
    assert labels(files) == [("toyco-my", DAY, "record"), ("toyco-sg", DAY, "record")]
    store = reader(files).openings
    ids = [key_id_of(store.raw(index)) for index in range(1, 7)]
    assert ids[0] == ids[1] == ids[4] == ids[5] != ids[2] == ids[3]


def test_other_kinds_and_days_have_other_keys() -> None:
    """Z17: an alarm is operational and nobody's; the next day has keys of its own."""
    files = CrashFiles()
    writer = SealedWriter(files)
    writer.item("alarm", {"code": "x", "flow": None, "count": 1}, {"detail": "y"})
    writer.clock.now += 86_400_000
    writer.item("alarm", {"code": "x", "flow": None, "count": 1}, {"detail": "y"})
    assert labels(files) == [("-", DAY, "operational"), ("-", "2026-01-02", "operational")]


def test_classes_can_be_set() -> None:
    """The operator's configuration may put a kind into another class."""
    files = CrashFiles()
    SealedWriter(files, sealing(alarm="record")).item("alarm", {"code": "x", "flow": None, "count": 1})
    assert labels(files) == [("-", DAY, "record")]


def test_nonces_only_grow_and_no_key_is_taken_up_again() -> None:
    """Z17: under one key no nonce comes twice, and a new session begins with new keys."""
    files = CrashFiles()
    seen = set()
    for _ in range(3):
        session = sealing().session(files, ORIGIN)
        for _ in range(5):  # the same index and the same text, again and again
            made = session.seal_for("t", DAY, "record", 1, b"{}")
            seen.add((key_id_of(made), made[20 : 20 + NONCE_BYTES]))
        session.forget()
    assert len(seen) == 15
    assert len({key_id for key_id, _ in seen}) == 3


def test_too_many_keys_are_drawn_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory stays bounded; a dropped key is never used again."""
    assert MOST_KEYS > 2
    monkeypatch.setattr("zoneproxy.trace.sealer.MOST_KEYS", 2)
    session = sealing().session(CrashFiles(), ORIGIN)
    ids = [key_id_of(session.seal_for(tenant, DAY, "record", 1, b"{}")) for tenant in "abca"]
    assert len(set(ids)) == 4


def test_the_key_is_durable_before_it_is_used() -> None:
    """Z13, Z17: an opening whose key is not on the disk could never be opened."""
    files = CrashFiles()
    sealing().session(files, ORIGIN).seal_for("t", DAY, "record", 1, b"{}")
    for disk in files.disks():
        assert any(path.startswith(f"open/keys/{DAY}/") for path in disk)


def test_nothing_private_lies_in_the_clear() -> None:
    """Z17: neither the write-ahead log nor any other file holds a private value."""
    files = memory_log(["toyco-sg"])
    for disk in files.disks():
        assert not [path for path, data in disk.items() if b"198.51.100.7" in data or b"curl/8" in data]
    assert b"198.51.100.7" in (reader(files, KEK).opening(1) or b"")


def test_without_a_sealer_and_without_an_opening() -> None:
    """A log without a key holds plain openings; nothing remains nothing."""
    writer = SealedWriter(CrashFiles())
    made = writer.item("worker_stop", {"cause": "stop"})
    assert made.opening == b""
    assert sealed(None, 1, _Draft(), 0) == b"{}"  # type: ignore[arg-type]


class _Draft:
    opening = b"{}"


def test_days_are_those_of_utc() -> None:
    """A day ends at midnight UTC."""
    assert (day_of(START_MS), day_of(START_MS - 1)) == (DAY, "2025-12-31")
