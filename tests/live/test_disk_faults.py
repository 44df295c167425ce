"""Disks and state that fail under load: no unrecorded passage, a refusal, and service when it is mended.

Z13, Z22. The log's disk fills up, cuts a write short, fails; the binding store is locked, torn, gone; the
orders and the memory of policies can't be read. In the end clients, model server and log are compared.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import resource
import shutil
import sqlite3
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from demo.programs import Program
from tests.support import storing_zone
from tests.support.both_sides import DOOR, Load, ModelServer, insist_on_law, model_server
from tests.support.bundles import name_bundles, pilot_bundle
from tests.support.small_disk import missing, small_disk
from tests.support.stored_server import StoredServer, serving
from tests.support.worker_zone import HASTE, children, exit_code, serves_again, stopped, workers
from tests.support.zone_process import ZoneFolder, cli, make_zone

pytestmark = [pytest.mark.live, pytest.mark.slow]

MIB = 1024 * 1024
STORE = "state/bindings.sqlite"
LINE = json.dumps(
    {
        "custom_id": "a",
        "method": "POST",
        "url": "/v1/chat/completions",
        "body": {"model": "zone-llm-01", "messages": [{"role": "user", "content": "hello"}]},
    }
).encode()


@pytest.fixture
def model(tmp_path: Path) -> Iterator[ModelServer]:
    with model_server(tmp_path) as server:
        yield server


@pytest.fixture
def zone(tmp_path: Path, model: ModelServer) -> ZoneFolder:
    made = make_zone(tmp_path / "zone", model.port)
    with made.config.open("a") as file:
        file.write(HASTE)
    return made


@pytest.fixture
def _root() -> None:
    if said := missing():
        pytest.skip(said)


def refused_start(zone: ZoneFolder) -> str:
    """Try to start the zone, which says why it does not; return that."""
    ended = cli("run", "--config", str(zone.config))
    assert ended.returncode == 2, ended.stderr
    assert "hint: " in ended.stderr
    return ended.stderr


# ---- the log's disk -------------------------------------------------------------------------------


@pytest.mark.usefixtures("_root")
def test_a_full_disk_shuts_the_zone(zone: ZoneFolder, model: ModelServer) -> None:
    """A single process ends and says how much room it needs; with room it serves (Z13, Z22)."""
    load = Load(zone)

    async def story(program: Program, fill: Callable[[int], Path]) -> Path:
        async with load.under_way():
            await load.more(40)
            filler = await asyncio.to_thread(fill, 20 * MIB)
            assert await exit_code(program) == 2
            await load.further(12)
        return filler

    with small_disk(zone.log, 160 * MIB) as disk:
        with zone.serving() as program:
            filler = asyncio.run(story(program, disk.fill))
        assert "disk is nearly full" in refused_start(zone)
        filler.unlink()
        serves_again(zone, load)
        accounts = insist_on_law(zone, load.told, model.seen())
    assert len(accounts.seen) >= 60


@pytest.mark.usefixtures("_root")
def test_several_processes_wait_for_room(zone: ZoneFolder, model: ModelServer) -> None:
    """The sequencer is started again until there is room; then all serve by themselves (Z13, Z22)."""
    load = Load(zone)

    async def story(program: Program, fill: Callable[[int], Path]) -> None:
        async with load.under_way():
            await load.more(40)
            old = set(children(program))
            filler = await asyncio.to_thread(fill, 20 * MIB)
            async with asyncio.timeout(60):
                while old & children(program).keys():
                    await asyncio.sleep(0.02)
            await load.further(12)  # whatever was on its way has arrived
            served, passed = load.answered, len(model.seen())
            await load.further(40)
            assert (load.answered, len(model.seen())) == (served, passed)
            filler.unlink()
            await load.more(40)
        await stopped(program)

    with small_disk(zone.log, 160 * MIB) as disk:
        with workers(zone) as program:
            asyncio.run(story(program, disk.fill))
        insist_on_law(zone, load.told, model.seen())


@pytest.mark.parametrize("role", ["single", "logd"])
def test_a_write_that_is_cut_short(zone: ZoneFolder, model: ModelServer, role: str) -> None:
    """A file that may grow no further takes half a record: it is found and left out (Z13, Z14)."""
    load = Load(zone)

    async def story(program: Program) -> None:
        async with load.under_way():
            await load.more(40)
            pid = program.process.pid
            if role == "logd":
                pid = next(pid for pid, what in children(program).items() if what == "logd")
            largest = max(path.stat().st_size for path in (zone.shard / "wal").iterdir())
            _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (largest + 7_777, hard))
            if role == "single":
                assert await exit_code(program) == 2
                await load.further(12)
                return
            async with asyncio.timeout(60):
                while pid in children(program):
                    await asyncio.sleep(0.02)
            await load.more(40)  # by a sequencer that is limited no more
        await stopped(program)

    with zone.serving() if role == "single" else workers(zone) as program:
        asyncio.run(story(program))
    serves_again(zone, load)
    insist_on_law(zone, load.told, model.seen())


@pytest.mark.usefixtures("_root")
@pytest.mark.parametrize("role", ["single", "workers"])
def test_a_disk_that_fails_and_takes_no_more(zone: ZoneFolder, model: ModelServer, role: str) -> None:
    """The log's disk turns read-only in the middle of everything, and is mended later (Z13, Z14, Z22)."""
    load = Load(zone)

    async def story(program: Program, fail: Callable[[], None]) -> None:
        async with load.under_way():
            await load.more(40)
            old = set(children(program))
            await asyncio.to_thread(fail)
            if role == "single":
                assert await exit_code(program) == 2
            else:
                async with asyncio.timeout(60):
                    while old & children(program).keys():
                        await asyncio.sleep(0.02)
            await load.further(12)  # whatever was on its way has arrived
            served, passed = load.answered, len(model.seen())
            await load.further(20)
            assert (load.answered, len(model.seen())) == (served, passed)
        if role == "workers":
            program.process.terminate()
            await exit_code(program)

    with small_disk(zone.log, 160 * MIB) as disk:
        with zone.serving() if role == "single" else workers(zone) as program:
            asyncio.run(story(program, disk.fail))
        said = refused_start(zone)
        assert "read-only file system" in said
        assert "mend it" in said
        disk.mend()
        serves_again(zone, load)
        insist_on_law(zone, load.told, model.seen())


# ---- whose the stored objects are -----------------------------------------------------------------


@pytest.fixture
def storing(tmp_path: Path) -> Iterator[tuple[ZoneFolder, StoredServer]]:
    """A zone whose policy lets files be stored, and the server that stores them."""
    server = StoredServer()
    with serving(server) as port:
        made = make_zone(tmp_path / "storing", port)
        for layer in ("regulator", "operator"):
            path = made.path / f"policies/shantou-pilot.{layer}.yaml"
            text = path.read_text("utf-8")
            for before, after in storing_zone._CHANGES:
                if "cable-sg-2" not in after:
                    text = text.replace(before, after)
            path.write_text(text, "utf-8")
        yield made, server


def send(zone: ZoneFolder, method: str, path: str, body: bytes = b"", kind: str = "") -> tuple[int, Any]:
    """Ask for a stored object; return the status and the body's JSON object."""
    headers = {"authorization": f"Bearer {zone.credentials['toyco-sg']}"}
    if kind:
        headers["content-type"] = kind
    url = f"http://{DOOR}:{zone.port}/v1/{path}"
    request = urllib.request.Request(url, body or None, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)["error"]["code"]


def upload(zone: ZoneFolder) -> tuple[int, Any]:
    fields = (b'name="purpose"\r\n\r\nbatch', b'name="file"; filename="f.jsonl"\r\n\r\n' + LINE)
    parts = b"".join(b"--zz\r\ncontent-disposition: form-data; " + part + b"\r\n" for part in fields)
    return send(zone, "POST", "files", parts + b"--zz--\r\n", "multipart/form-data; boundary=zz")


UNAVAILABLE = (503, "binding-unavailable")


def test_a_binding_store_that_is_locked(storing: tuple[ZoneFolder, StoredServer]) -> None:
    """Nobody can say whose an object is: nothing that is stored passes, until it can be said (Z6, Z22)."""
    zone, _ = storing
    with zone.serving():
        status, made = upload(zone)
        assert status == 200, made
        with contextlib.closing(sqlite3.connect(zone.path / STORE, autocommit=True)) as other:
            other.execute("BEGIN EXCLUSIVE")
            status, said = upload(zone)
            assert (status, said) == UNAVAILABLE
            other.execute("ROLLBACK")
        assert send(zone, "GET", f"files/{made['id']}")[0] == 200
        assert upload(zone)[0] == 200


def torn(path: Path) -> None:
    """Write over the middle of the file, its journal included."""
    for one in path.parent.glob(f"{path.name}*"):
        if not one.name.endswith("-shm"):
            with one.open("r+b") as file:
                file.write(b"\xff" * one.stat().st_size)


def gone(path: Path) -> None:
    for one in path.parent.glob(f"{path.name}*"):
        one.unlink()


@pytest.mark.parametrize("fault", [torn, gone])
def test_a_binding_store_that_is_lost(
    storing: tuple[ZoneFolder, StoredServer], fault: Callable[[Path], None], tmp_path: Path
) -> None:
    """Torn or gone while the zone serves: refused, also to its owner; put back, it is his again (Z6, Z22)."""
    zone, _ = storing
    store, copy = zone.path / STORE, tmp_path / "copy"
    with zone.serving():
        status, made = upload(zone)
        assert status == 200, made
    shutil.copytree(store.parent, copy)
    with zone.serving():
        assert send(zone, "GET", f"files/{made['id']}")[0] == 200
        fault(store)
        assert upload(zone) == UNAVAILABLE
        assert send(zone, "GET", f"files/{made['id']}") == UNAVAILABLE
    if fault is torn:
        assert "the binding store" in refused_start(zone)
    else:  # begun anew: what was made before is nobody's
        with zone.serving():
            assert send(zone, "GET", f"files/{made['id']}") == (404, "binding-unknown")
    gone(store)
    shutil.copytree(copy, store.parent, dirs_exist_ok=True)
    with zone.serving():
        assert send(zone, "GET", f"files/{made['id']}")[0] == 200
    assert cli("log", "verify", str(zone.log)).returncode == 0


# ---- orders, and the memory of policies -----------------------------------------------------------


@pytest.mark.parametrize("fault", ["gone", "torn", "older"])
def test_orders_that_cannot_be_read(zone: ZoneFolder, model: ModelServer, fault: str) -> None:
    """Nobody knows what is stopped, so everything is, on all workers; put back, all serve (Z21, Z22)."""
    load, orders = Load(zone), zone.path / "state/orders/orders"

    async def story(program: Program) -> None:
        async with load.under_way():
            await load.more(30)
            older = orders.read_bytes()
            for verb in ("stop", "resume"):
                given = ("tenant", "toyco-my", "--by", "me", "--why", "a test", "--config", str(zone.config))
                done = await asyncio.to_thread(cli, verb, *given)
                assert done.returncode == 0, done.stderr
            whole = orders.read_bytes()
            with contextlib.suppress(FileNotFoundError):
                orders.unlink()
            if fault != "gone":
                (orders.parent / "new").write_bytes(older if fault == "older" else whole[:-9])
                (orders.parent / "new").rename(orders)
            async with asyncio.timeout(60):
                while not (refused := [one for one in load.told if one.whole and one.status >= 400]):
                    await asyncio.sleep(0.02)
            await load.further(60)
            refused = [one for one in load.told if one.whole and one.status >= 400]
            assert {(one.status, one.code) for one in refused} == {(503, "control-unreadable")}
            (orders.parent / "new").write_bytes(whole)
            (orders.parent / "new").rename(orders)
            await load.more(40)
            failed = len(load.failed)
            await load.more(40)
            assert len(load.failed) == failed
        await stopped(program)

    with workers(zone) as program:
        asyncio.run(story(program))
    insist_on_law(zone, load.told, model.seen())


def test_a_memory_of_policies_that_cannot_be_read(zone: ZoneFolder, model: ModelServer) -> None:
    """What is in force goes on; nothing new is put in force, no start without it (Z15, Z22)."""
    name_bundles(zone.path)
    load, state = Load(zone), zone.path / "state/policies/in-force.json"
    offer = zone.path / "two.zpb"
    offer.write_bytes(pilot_bundle("operator", 2))
    activate = ("policy", "activate", str(offer), "--config", str(zone.config))

    async def story(program: Program) -> bytes:
        async with load.under_way():
            await load.more(20)
            whole = state.read_bytes()
            state.write_bytes(whole[:-5])
            done = await asyncio.to_thread(cli, *activate)
            assert done.returncode == 2
            assert "hint: put it back" in done.stderr
            await load.more(20)
            assert load.failed == []
        await stopped(program)
        return whole

    with zone.serving() as program:
        whole = asyncio.run(story(program))
    assert "in-force.json" in refused_start(zone)
    state.write_bytes(whole)
    serves_again(zone, load)
    insist_on_law(zone, load.told, model.seen())


@pytest.mark.usefixtures("_root")
def test_a_full_disk_of_the_state(zone: ZoneFolder, model: ModelServer) -> None:
    """A stop that can't be kept holds all the same, and is told; an opening is refused (Z21, Z22)."""
    load = Load(zone)
    who = ("--by", "me", "--why", "a test", "--config", str(zone.config))

    async def story(program: Program, fill: Callable[[], Path]) -> None:
        async with load.under_way():
            await load.more(20)
            filler = await asyncio.to_thread(fill)
            done = await asyncio.to_thread(cli, "stop", "tenant", "toyco-sg", *who)
            assert done.returncode == 2, done.stdout + done.stderr
            await load.further(12)  # whatever was on its way has arrived
            served, passed = load.answered, len(model.seen())
            await load.further(40)
            assert (load.answered, len(model.seen())) == (served, passed)
            refused = [one for one in load.told if one.whole and one.status >= 400]
            assert {one.code for one in refused} == {"control-tenant-stopped"}
            done = await asyncio.to_thread(cli, "resume", "tenant", "toyco-sg", *who)
            assert done.returncode == 2, done.stdout + done.stderr
            filler.unlink()
            async with asyncio.timeout(60):
                while (await asyncio.to_thread(cli, "resume", "tenant", "toyco-sg", *who)).returncode:
                    await asyncio.sleep(0.2)
            await load.more(40)
        await stopped(program)

    (zone.path / "state").mkdir(exist_ok=True, mode=0o700)
    with small_disk(zone.path / "state", 4 * MIB, memory=True) as disk:
        with zone.serving() as program:
            asyncio.run(story(program, disk.fill_up))
        insist_on_law(zone, load.told, model.seen())
