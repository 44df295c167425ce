"""What owners registered, in a zone: read at the start, recorded, read again when asked."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support import registered_data
from tests.support.ports import free_port
from zoneproxy.adapters.data.registered import revoke_index
from zoneproxy.assembly import Zone, assemble
from zoneproxy.cli.main import main
from zoneproxy.terms.errors import ConfigError, ZoneError

NAMED = "registered:\n  - {index: harbour-patients.zri, key: harbour-patients.key}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "zone"
    assert main(["init", str(folder), "--port", str(free_port())]) == 0
    registered_data.make(folder)
    config = folder / "zone.yaml"
    config.write_text(config.read_text("utf-8") + NAMED, "utf-8")
    return folder


def opened(folder: Path) -> Zone:
    return assemble(folder / "zone.yaml", assurance="production")


async def told(zone: Zone, *acts: Any) -> list[Mapping[str, Any]]:
    """Start a zone, do something, close it; return the bodies of its `registered` records."""
    seen: list[Mapping[str, Any]] = []
    append = zone.log.append

    async def remember(kind: str, body: Mapping[str, Any], private: Mapping[str, Any]) -> Any:
        if kind == "registered":
            seen.append(body)
        return await append(kind, body, private)

    object.__setattr__(zone.log, "append", remember)
    try:
        await zone.start()
        for act in acts:
            await act(zone)
    finally:
        await zone.close()
    return seen


def test_what_is_looked_for_is_in_the_log(folder: Path) -> None:
    """Z12, Z15: the start records each index by its digest; the rules look for it."""
    zone = opened(folder)
    assert [one.header.id for one in zone.boundary.rules.scan.registered] == [registered_data.ID]
    (start,) = asyncio.run(told(zone))
    (only,) = start["sets"]
    assert start["cause"] == "start"
    assert (only["id"], only["state"], only["cells"]) == (registered_data.ID, "used", 15)


def test_a_revoked_index_is_not_used_and_that_is_recorded(folder: Path) -> None:
    """Z12: the next start goes without it, and says so in the log."""
    revoke_index(
        folder / "harbour-patients.zri", folder / "harbour-patients.key", today="2026-12-01", reason=""
    )
    zone = opened(folder)
    assert zone.boundary.rules.scan.registered == ()
    (start,) = asyncio.run(told(zone))
    assert start["sets"][0]["state"] == "revoked"


def test_a_zone_reads_its_indexes_again(folder: Path) -> None:
    """Z12, Z21: revoked while traffic flows: asked once, recorded, then no more looked for."""

    async def act(zone: Zone) -> None:
        revoke_index(
            folder / "harbour-patients.zri", folder / "harbour-patients.key", today="2026-12-01", reason=""
        )
        before = zone.boundary.rules
        answer = await zone.verbs["data-reload"]({})
        assert answer["sets"][0]["state"] == "revoked"
        assert zone.boundary.rules.scan.registered == ()
        assert before.scan.registered

    assert [body["cause"] for body in asyncio.run(told(opened(folder), act))] == ["start", "reload"]


def test_a_reload_that_fails_changes_nothing(folder: Path) -> None:
    """Z22: a broken index leaves the old one in use; a zone that does not serve reads nothing."""

    async def act(zone: Zone) -> None:
        (folder / "harbour-patients.zri").rename(folder / "aside")
        with pytest.raises(ConfigError, match="can't be read"):
            await zone.verbs["data-reload"]({})
        assert zone.boundary.rules.scan.registered
        zone.shut()
        with pytest.raises(ConfigError, match="does not serve"):
            await zone.verbs["data-reload"]({})

    assert [body["cause"] for body in asyncio.run(told(opened(folder), act))] == ["start"]


@pytest.mark.parametrize("fault", ["missing", "altered", "key", "twice"])
def test_what_can_not_be_used_refuses_the_start(folder: Path, fault: str) -> None:
    """Z22: a missing, altered or foreign index, or two of one set: nothing is started."""
    index, key = folder / "harbour-patients.zri", folder / "harbour-patients.key"
    if fault == "missing":
        index.unlink()
    elif fault == "altered":
        data = bytearray(index.read_bytes())
        data[-20] ^= 1
        index.write_bytes(data)
    elif fault == "key":
        key.write_bytes(bytes(32))
    else:
        config = folder / "zone.yaml"
        config.write_text(config.read_text("utf-8") + NAMED.partition("\n")[2], "utf-8")
    with pytest.raises(ZoneError):
        opened(folder)


def test_a_zone_without_registered_data_records_nothing(folder: Path) -> None:
    """There is no record about nothing."""
    config = folder / "zone.yaml"
    config.write_text(config.read_text("utf-8").replace(NAMED, ""), "utf-8")
    assert asyncio.run(told(opened(folder))) == []
