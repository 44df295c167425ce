"""`zoneproxy.assembly.doctor.refusals`: floods that go on are told, and disks that one could fill (Z22)."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.unit.assembly.test_doctor import edit, made, zone
from zoneproxy.assembly.doctor import refusals as module
from zoneproxy.assembly.doctor.findings import State
from zoneproxy.assembly.doctor.refusals import RECORD_BYTES, check_refusals
from zoneproxy.assembly.logs import Opening
from zoneproxy.assembly.refusals import Turned

__all__ = ["made", "zone"]

FLOOD = Turned("requests-refused", "cable-sg-1", "", 9, 60, {"request-malformed": 9}, {"203.0.113.0/24": 9})


def test_a_zone_that_rests_is_told_what_could_be_written(zone: Path) -> None:
    """Doors, rate and size make gigabytes a day, beside what is free."""
    (found,) = check_refusals(Opening.read(zone / "zone.yaml"), running=False)
    assert (found.id, found.state) in {("refusal-room", State.OK), ("refusal-room", State.ADVICE)}
    assert " GiB a day written, " in found.what


def test_a_disk_that_strangers_could_fill_in_a_day_is_told(
    zone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever allows more than there is room for is told so, at exactly the day's worth."""
    config = Opening.read(zone / "zone.yaml").config
    day = len(config.routes) * config.limits.refusals.door.per_minute * 1440 * RECORD_BYTES
    for free, state in ((day, State.OK), (day - 1, State.ADVICE)):
        monkeypatch.setattr(
            os, "statvfs", lambda _path, free=free: SimpleNamespace(f_bavail=free, f_frsize=1)
        )
        (found,) = check_refusals(Opening.read(zone / "zone.yaml"), running=False)
        assert found.state is state
    edit(zone, "routes:", "limits: {refusals: {door: {per_minute: 64}}}\nroutes:")
    (found,) = check_refusals(Opening.read(zone / "zone.yaml"), running=False)
    assert found.state is State.OK


@pytest.mark.parametrize(
    ("said", "states", "words"),
    [
        ([], [State.OK], "every refusal had a record of its own"),
        ([FLOOD], [State.ADVICE], "9 times `requests-refused` at `cable-sg-1` without a record each"),
        (
            [Turned("requests-refused", "d", "tenant:acme", 9, 60, {}, {})],
            [State.ADVICE],
            "at `d` of the tenant `acme` without a record each",
        ),
        ([Turned("requests-refused", "d", "", 9, 3600, {}, {})], [State.OK], "every refusal had"),
    ],
    ids=["none", "strangers", "a tenant", "long ago"],
)
def test_a_flood_of_the_last_hour_is_told(
    said: list[Turned], states: list[State], words: str, zone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With where it comes from, and what to do."""
    monkeypatch.setattr(module, "ask_turned_away", lambda _opening: said)
    found = list(check_refusals(Opening.read(zone / "zone.yaml"), running=True))[1:]
    assert [one.state for one in found] == states
    assert words in found[0].what
    assert found[0].remedy or found[0].state is State.OK
