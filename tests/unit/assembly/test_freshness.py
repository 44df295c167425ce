"""Files that are renewed while the zone serves: taken up whole, or the old stays in force and it is told."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support import zone_world
from tests.support.boundary_lab import LabLimits, MemoryJournal
from tests.support.proven_lab import ROUTE, Customs
from tests.support.tiny_ca import TinyCa
from tests.support.tiny_mmdb import write_mmdb
from tests.unit.adapters.data.test_addresses import COUNTRIES, files
from zoneproxy.adapters.clock import SystemClock, SystemEntropy
from zoneproxy.adapters.data.addresses import AddressFiles
from zoneproxy.adapters.tls.door import DoorTls
from zoneproxy.assembly import Boundary, Listener
from zoneproxy.assembly.freshness import (
    BROKEN_DATA,
    BROKEN_TLS,
    Freshness,
    Watched,
    data_record,
    told_old,
)
from zoneproxy.origin.places import DAY_MS
from zoneproxy.terms.errors import TraceError
from zoneproxy.terms.networks import read_address
from zoneproxy.trace.entry import draft

DIGEST = "0" * 64


def boundary(
    journal: MemoryJournal, data: AddressFiles | None = None, tls: DoorTls | None = None
) -> Boundary:
    rules = replace(zone_world.rules(), places=data.read() if data is not None else None)
    listener = Listener(zone_world.DOORS[ROUTE], "127.0.10.1", 1, tls=tls)
    limits: Any = LabLimits()
    doors = {ROUTE: listener}
    return Boundary(rules, limits, doors, journal, SystemClock(), SystemEntropy(), open=True)


def country(core: Boundary, address: str = "203.0.113.9") -> str | None:
    assert core.rules.places is not None
    return core.rules.places.find(read_address(address)).countries.get("geoip")


def renew(folder: Path, data: bytes) -> None:
    """Put a new file in the place of the old, as one should."""
    new = folder / "country.new"
    new.write_bytes(data)
    new.replace(folder / "country.mmdb")


CHANGED = write_mmdb({**COUNTRIES, "203.0.113.0/24": {"country": "SG"}})


async def test_new_data_counts_once_it_is_recorded(tmp_path: Path) -> None:
    """Z15: which files are in force stands in the log before they decide anything."""
    journal, data = MemoryJournal(), files(tmp_path)
    core = boundary(journal, data)
    fresh = Freshness(core, journal, Watched(DIGEST, data, data.marks()))
    before = core.rules
    await fresh.once()
    assert (core.rules, journal.entries) == (before, [])
    renew(tmp_path, CHANGED)
    await fresh.once()
    assert country(core) == "SG"
    assert before.places is not None
    assert before.places.find(read_address("203.0.113.9")).countries["geoip"] == "CN"
    kind, body, _ = journal.entries[0]
    assert (kind, body) == ("config", data_record(DIGEST, core.rules.places))
    assert len(body["data"]) == 3
    await fresh.once()
    assert len(journal.entries) == 1


async def test_broken_data_changes_nothing_and_is_told_once(tmp_path: Path) -> None:
    """Z22: the old files stay in force; the log and the operator learn of the broken one."""
    journal, data = MemoryJournal(), files(tmp_path)
    core = boundary(journal, data)
    fresh = Freshness(core, journal, Watched(DIGEST, data, data.marks()))
    renew(tmp_path, CHANGED[:-70])
    for _ in range(3):
        await fresh.once()
    assert country(core) == "CN"
    assert [(kind, body["code"]) for kind, body, _ in journal.entries] == [("alarm", BROKEN_DATA)]
    assert "country.mmdb" in journal.entries[0][2]["detail"]
    renew(tmp_path, CHANGED)
    await fresh.once()
    assert country(core) == "SG"
    (tmp_path / "country.mmdb").unlink()
    await fresh.once()
    assert country(core) == "SG"
    assert journal.entries[-1][1]["code"] == BROKEN_DATA


async def test_what_can_not_be_recorded_does_not_count(tmp_path: Path) -> None:
    """Z13: with a dead log the old data stays in force."""
    journal, data = MemoryJournal(fail_after=0), files(tmp_path)
    core = boundary(journal, data)
    fresh = Freshness(core, journal, Watched(DIGEST, data, data.marks()))
    renew(tmp_path, CHANGED)
    with pytest.raises(TraceError):
        await fresh.once()
    assert country(core) == "CN"


async def test_a_swap_keeps_other_changes_of_the_rules(tmp_path: Path) -> None:
    """New policies that came while a file was read stay in force."""
    journal, data = MemoryJournal(delay_s=0.05), files(tmp_path)
    core = boundary(journal, data)
    fresh = Freshness(core, journal, Watched(DIGEST, data, data.marks()))
    renew(tmp_path, CHANGED)
    looking = asyncio.create_task(fresh.once())
    await asyncio.sleep(0)
    core.rules = replace(core.rules, log_origin="zone.test/other")
    await looking
    assert (core.rules.log_origin, country(core)) == ("zone.test/other", "SG")


async def test_a_doors_files_are_read_again(tmp_path: Path) -> None:
    """A renewed authority is taken up; a broken one is told, and the old stays."""
    customs, journal = Customs.make(tmp_path), MemoryJournal()
    tls = DoorTls(customs.files(), SystemClock().now_ms())
    fresh = Freshness(boundary(journal, tls=tls), journal, Watched(DIGEST, None))
    before = tls.context
    (tmp_path / "clients.pem").write_bytes(b"broken")
    for _ in range(2):
        await fresh.once()
    assert tls.context is before
    assert [body["code"] for _, body, _ in journal.entries] == [BROKEN_TLS]
    (tmp_path / "clients.pem").write_bytes(TinyCa("another").pem)
    await fresh.once()
    assert tls.context is not before


async def test_it_runs_beside_the_zone(tmp_path: Path) -> None:
    """Started and stopped with the zone; where there is nothing to look at it does not run."""
    journal, data = MemoryJournal(), files(tmp_path)
    core = boundary(journal, data)
    fresh = Freshness(core, journal, Watched(DIGEST, data, data.marks(), every_s=0.01))
    fresh.start()
    renew(tmp_path, CHANGED)
    async with asyncio.timeout(10):
        while country(core) != "SG":
            await asyncio.sleep(0.01)
    await fresh.stop()
    idle = Freshness(boundary(journal), journal, Watched(DIGEST, None))
    idle.start()
    await idle.stop()


def test_records_hold_and_old_files_are_told(tmp_path: Path) -> None:
    """A record of data files is one that the log takes; a file that is old is named."""
    places = files(tmp_path).read()
    draft("config", data_record(DIGEST, places), {}, bytes(32))
    assert data_record(DIGEST, None) == {"digest": DIGEST}
    made_ms = min(file.date_ms for file in places.files)
    newest_ms = max(file.date_ms for file in places.files)
    assert told_old(places, newest_ms, 1000) == []
    notes = told_old(places, made_ms + 46 * DAY_MS, 45)
    assert notes
    assert "was made 46 days ago" in notes[0]


async def test_a_fault_while_files_are_read_is_told_and_the_next_look_comes(tmp_path: Path) -> None:
    """Z22: revocations are read here; what nobody thought of must not end the reading for good."""
    journal, data = MemoryJournal(), files(tmp_path)
    core = boundary(journal, data)

    class Failing:
        def marks(self) -> object:
            return object()

        def read(self) -> None:
            raise OSError(5, "planted")

    broken: Any = Failing()
    fresh = Freshness(core, journal, Watched(DIGEST, broken, data.marks()))
    for _ in range(2):
        await fresh.once()
    assert [(kind, body["code"]) for kind, body, _ in journal.entries] == [("alarm", BROKEN_DATA)]
    assert country(core) == "CN"
