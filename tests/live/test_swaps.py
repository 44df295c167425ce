"""Rules, data and processes are exchanged at 100 requests a second: no request and no record is lost.

Z13, Z22: every request is answered whole by the model that it asked for, each account tells the same
exchanges, and what was exchanged holds on every worker from its acknowledgement on.
"""

from __future__ import annotations

import asyncio
import base64
import random
import signal
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from demo.programs import Program
from tests.support import registered_data
from tests.support.both_sides import (
    DOOR,
    Load,
    ModelServer,
    Told,
    entries_of,
    insist_on_law,
    model_server,
    question,
    read_answer,
)
from tests.support.bundles import name_bundles, pilot_bundle
from tests.support.length import sample
from tests.support.tiny_mmdb import write_mmdb
from tests.support.worker_zone import children, exit_code, replaced, workers
from tests.support.zone_process import ZoneFolder, make_zone
from zoneproxy.adapters.data.registered import revoke_index
from zoneproxy.adapters.workers.control_client import RefusedError, ask
from zoneproxy.terms.errors import ConfigError

pytestmark = [pytest.mark.live, pytest.mark.slow]

RATE_HZ = 100
LEAST = 3 * RATE_HZ
ROLLS = sample(2, 12)
ROW = " ".join(registered_data.ROWS[0][:2])
MOVED = "127.0.10.200"
"""A caller that the second database on countries puts inland."""


def countries(moved: str, epoch: int) -> bytes:
    def place(code: str) -> dict[str, Any]:
        return {"country": {"iso_code": code}}

    return write_mmdb({"127.0.10.0/25": place("SG"), f"{MOVED}/32": place(moved)}, epoch=epoch)


@pytest.fixture
def model(tmp_path: Path) -> Iterator[ModelServer]:
    with model_server(tmp_path) as server:
        yield server


@pytest.fixture
def zone(tmp_path: Path, model: ModelServer) -> ZoneFolder:
    """A zone with signed rules, a registered data set that is revoked, and data on countries."""
    made = make_zone(tmp_path / "zone", model.port)
    name_bundles(made.path)
    index, key = registered_data.make(made.path)
    (made.path / "whole.zri").write_bytes(index.read_bytes())
    revoke_index(index, key, today=registered_data.TODAY, reason="not yet")
    (made.path / "country.mmdb").write_bytes(countries("SG", 1_760_000_000))
    with made.config.open("a") as file:
        file.write(f"\nregistered: [{{index: {index.name}, key: {key.name}}}]\n")
        file.write("address_data: {home: [CN], country_mmdb: country.mmdb, check_every: 0.2}\n")
    return made


def put(zone: ZoneFolder, name: str, data: bytes) -> None:
    """Exchange a file in one step."""
    (zone.path / "new").write_bytes(data)
    (zone.path / "new").rename(zone.path / name)


def register_row(zone: ZoneFolder) -> None:
    (name,) = (path.name for path in zone.path.glob("*.zri") if path.name != "whole.zri")
    put(zone, name, (zone.path / "whole.zri").read_bytes())


async def control(zone: ZoneFolder, verb: str, arguments: dict[str, Any]) -> dict[str, Any]:
    return await asyncio.to_thread(ask, zone.path / "run/control.sock", verb, arguments)


async def activate(zone: ZoneFolder, revision: int) -> dict[str, Any]:
    data = base64.b64encode(pilot_bundle("operator", revision)).decode()
    return await control(
        zone, "activate", {"bundles": [{"file": "offer.zpb", "data": data}], "shadow": False}
    )


async def from_address(zone: ZoneFolder, address: str) -> Told:
    """Ask once as a caller of this address."""
    told = Told(-1)
    reader, writer = await asyncio.open_connection(DOOR, zone.port, local_addr=(address, 0))
    writer.write(question(zone, told.number, stream=False, last=True))
    await read_answer(reader, told)
    writer.close()
    return told


async def everywhere(probe: Callable[[], Awaitable[Told]], code: str, told: list[Told]) -> None:
    """Ask so often that every worker is asked; each must refuse, with this reason."""
    for _ in range(24):
        one = await probe()
        told.append(one)
        assert (one.status, one.code) == (403, code)


def test_everything_is_exchanged_under_traffic(zone: ZoneFolder, model: ModelServer) -> None:
    """Rules, registered data, address data, workers: exchanged in turn, at 100 requests a second (Z13)."""
    load, probes = Load(zone), list[Told]()

    async def acts(program: Program) -> None:
        await load.more(30)
        said = await activate(zone, 2)
        assert [one["in_force"][1]["revision"] for one in said["workers"]] == [2, 2]

        assert (await load.once(text=ROW)).status == 200
        register_row(zone)
        said = await control(zone, "data-reload", {})
        assert [one["sets"][0]["state"] for one in said["workers"]] == ["used", "used"]
        await everywhere(lambda: load.once(text=ROW), "policy-domestic-data-mixed", probes)

        one = await from_address(zone, MOVED)
        assert one.status == 200
        probes.append(one)
        put(zone, "country.mmdb", countries("CN", 1_760_000_001))
        await told_by_all(zone, 1_760_000_001_000)
        await everywhere(lambda: from_address(zone, MOVED), "origin-unknown", probes)

        old = {pid for pid, role in children(program).items() if role == "worker"}
        program.process.send_signal(signal.SIGHUP)
        await replaced(program, old)
        await load.more(60)

    async def story(program: Program) -> None:
        acting = asyncio.ensure_future(acts(program))
        await load.at_rate(RATE_HZ, acting, LEAST)
        await acting
        program.process.terminate()
        assert await exit_code(program) == 0

    with workers(zone) as program:
        asyncio.run(story(program))
    refused = [one for one in probes if one.status != 200]
    lost = [one for one in load.told if not one.served and one not in refused]
    assert lost == []
    accounts = insist_on_law(zone, [*load.told, *probes], model.seen())
    served = [one for one in {id(one): one for one in (*load.told, *probes)}.values() if one.served]
    assert len(served) >= LEAST
    assert len(accounts.admitted) == len(accounts.seen) == len(served)
    assert accounts.count("decision") == len(served) + len(refused)
    assert accounts.count("abort") == 0


async def told_by_all(zone: ZoneFolder, made_ms: int) -> None:
    """Wait until two workers have recorded that they judge by data of this time."""
    async with asyncio.timeout(60):
        while True:
            entries = await asyncio.to_thread(entries_of, zone)
            records = [entry for entry in entries.values() if entry.kind == "config"]
            new = [one for one in records if [data["made"] for data in one.body.get("data", ())] == [made_ms]]
            if {one.header.worker for one in new} == {"w1", "w2"}:
                return
            await asyncio.sleep(0.2)


def test_what_is_exchanged_while_workers_are_replaced_holds_on_all(
    zone: ZoneFolder, model: ModelServer
) -> None:
    """An acknowledged exchange of rules or data holds on a worker that was just being started (Z13, Z22)."""
    load, chance = Load(zone, callers=4), random.Random(3)

    async def roll(program: Program, revision: int) -> None:
        old = {pid for pid, role in children(program).items() if role == "worker"}
        program.process.send_signal(signal.SIGHUP)
        await asyncio.sleep(chance.random() * 3)
        register_row(zone)
        await again(lambda: control(zone, "data-reload", {}))
        await again(lambda: activate(zone, revision))
        probes = [await load.once(text=ROW) for _ in range(8)]
        await replaced(program, old)
        await load.more(20)
        probes += [await load.once(text=ROW) for _ in range(24)]
        assert {one.status for one in probes} == {403}
        said = await control(zone, "policy-status", {})
        assert [one["in_force"][1]["revision"] for one in said["workers"]] == [revision] * 2
        # For the next time: revoked again, on all.
        put(zone, next(zone.path.glob("*patients.zri")).name, revoked)
        await again(lambda: control(zone, "data-reload", {}))

    async def story(program: Program) -> None:
        async with load.under_way():
            await load.more(20)
            for number in range(ROLLS):
                await roll(program, number + 2)
        program.process.terminate()
        assert await exit_code(program) == 0

    revoked = next(zone.path.glob("*patients.zri")).read_bytes()
    with workers(zone) as program:
        asyncio.run(story(program))
    assert {(one.status, one.whole) for one in load.told} == {(200, True), (403, True)}
    accounts = insist_on_law(zone, load.told, model.seen())
    assert len(accounts.seen) == sum(one.served for one in load.told)


async def again(act: Callable[[], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
    """Ask until all workers did it: one that ends meanwhile is told of, and asked for by its successor."""
    async with asyncio.timeout(120):
        while True:
            try:
                return await act()
            except (RefusedError, ConfigError) as error:
                if "ask again" not in error.hint:
                    raise
                await asyncio.sleep(0.05)
