"""The binding stores: one contract for the file and for its stand-in; then what only the file can do."""

from __future__ import annotations

import asyncio
import dataclasses
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.memory_bindings import MemoryBindings
from zoneproxy.adapters.state.bindings import SqliteBindings
from zoneproxy.terms.errors import ConfigError, StoreError
from zoneproxy.terms.objects import Binding, ObjectName
from zoneproxy.terms.ports import Bindings

ROOT = Path(__file__).resolve().parents[4]


def binding(number: int, tenant: str = "toyco-sg", **changes: int | str) -> Binding:
    made = Binding(ObjectName("file", f"f-{number}"), tenant, "cable-sg-1", "overseas", "s", "flow", 0, 1000)
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type]


@pytest.fixture(params=["memory", "file"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bindings]:
    if request.param == "memory":
        yield MemoryBindings()
        return
    made = SqliteBindings(tmp_path / "state" / "bindings.sqlite")
    made.prepare()
    yield made
    made.close()


async def test_what_was_claimed_is_found_and_nothing_else(store: Bindings) -> None:
    """Z6: names come back with their bindings, unknown names are left out."""
    names = [binding(number).name for number in range(1200)]
    assert await store.find(names) == {}
    claimed = [binding(number, model="m", use="batch") for number in range(0, 1200, 2)]
    assert await store.claim(claimed) == {one.name: one for one in claimed}
    assert await store.find(names) == {one.name: one for one in claimed}
    assert await store.find([]) == {}
    assert await store.claim([]) == {}


async def test_the_first_claim_stands(store: Bindings) -> None:
    """Z6: no server can give an object away, and a second claim is told whose it is."""
    await store.claim([binding(1)])
    second = await store.claim([binding(1, "toyco-my"), binding(2, "toyco-my")])
    assert second == {binding(1).name: binding(1), binding(2).name: binding(2, "toyco-my")}


async def test_a_kind_is_part_of_the_name(store: Bindings) -> None:
    """An id is no name: a batch may bear the id of a file."""
    await store.claim([binding(1)])
    assert await store.find([ObjectName("batch", "f-1")]) == {}


async def test_of_claims_at_once_one_stands(store: Bindings) -> None:
    """Z6, Z22: whoever comes second hears of the first, however close they are."""
    tenants = [f"t-{number}" for number in range(20)]
    told = await asyncio.gather(*(store.claim([binding(1, tenant)]) for tenant in tenants))
    assert len({found[binding(1).name].tenant for found in told}) == 1


async def test_a_restart_forgets_nothing(tmp_path: Path) -> None:
    """Z6: what was bound before is bound after; a store that was closed says nothing any more."""
    first = SqliteBindings(tmp_path / "b.sqlite")
    first.prepare()
    await first.claim([binding(1)])
    first.close()
    with pytest.raises(StoreError):
        await first.find([binding(1).name])
    again = SqliteBindings(tmp_path / "b.sqlite")
    again.prepare()
    assert await again.find([binding(1).name]) == {binding(1).name: binding(1)}
    again.close()
    assert (tmp_path / "b.sqlite").stat().st_mode & 0o777 == 0o600


async def test_a_claim_that_returned_is_on_the_disk(tmp_path: Path) -> None:
    """Z13: a process that is killed right after its claim has not lost it."""
    program = (
        "import asyncio, os, pathlib, sys\n"
        "from tests.unit.adapters.state.test_bindings import binding\n"
        "from zoneproxy.adapters.state.bindings import SqliteBindings\n"
        "store = SqliteBindings(pathlib.Path(sys.argv[1]))\n"
        "store.prepare()\n"
        "asyncio.run(store.claim([binding(1)]))\n"
        "os.kill(os.getpid(), 9)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "b.sqlite")]
    done = await asyncio.to_thread(subprocess.run, command, cwd=ROOT, check=False)
    assert done.returncode == -9
    store = SqliteBindings(tmp_path / "b.sqlite")
    assert await store.find([binding(1).name]) == {binding(1).name: binding(1)}
    store.close()


async def test_several_processes_begin_and_share_one_file(tmp_path: Path) -> None:
    """Z6: workers that start at once make one store, and see each other's claims."""
    program = (
        "import asyncio, pathlib, sys\n"
        "from tests.unit.adapters.state.test_bindings import binding\n"
        "from zoneproxy.adapters.state.bindings import SqliteBindings\n"
        "store = SqliteBindings(pathlib.Path(sys.argv[1]))\n"
        "store.prepare()\n"
        "for number in range(20):\n"
        "    asyncio.run(store.claim([binding(number, sys.argv[2])]))\n"
        "store.close()\n"
    )
    path = tmp_path / "b.sqlite"
    running = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", program, str(path), f"t-{n}", cwd=ROOT)
        for n in range(3)
    ]
    assert [await process.wait() for process in running] == [0, 0, 0]
    store = SqliteBindings(path)
    assert len(await store.find([binding(number).name for number in range(20)])) == 20
    store.close()


async def test_what_is_long_over_is_forgotten(tmp_path: Path) -> None:
    """A row is kept for as long again as it lasted, so that its id does not change hands at once."""
    path = tmp_path / "b.sqlite"
    store = SqliteBindings(path)
    store.prepare()
    await store.claim([binding(1)])
    store.close()
    for now_ms, left in ((1999, 1), (2001, 0)):
        store = SqliteBindings(path)
        await store.claim([binding(now_ms, made_ms=now_ms, expires_ms=now_ms + 1000)])
        assert len(await store.find([binding(1).name])) == left
        store.close()


async def test_a_broken_file_is_told_before_anything_starts(tmp_path: Path) -> None:
    """Z22: neither rubbish nor another version is taken for a store; the message says which file."""
    path = tmp_path / "b.sqlite"
    path.write_bytes(b"rubbish" * 2000)
    with pytest.raises(ConfigError, match=r"b\.sqlite"):
        SqliteBindings(path).prepare()
    other = tmp_path / "c.sqlite"
    with sqlite3.connect(other) as db:
        db.execute("PRAGMA user_version = 9")
    db.close()
    with pytest.raises(ConfigError, match="another version"):
        SqliteBindings(other).prepare()
    with pytest.raises(ConfigError):
        SqliteBindings(path / "below" / "d.sqlite").prepare()


async def test_a_store_that_fails_says_so_and_one_that_has_gone_is_not_begun_anew(tmp_path: Path) -> None:
    """Z22: a file that vanished makes no object unknown by silence: the store can't say."""
    path = tmp_path / "b.sqlite"
    store = SqliteBindings(path)
    with pytest.raises(StoreError):
        await store.find([binding(1).name])
    assert not path.exists()
    store.prepare()
    await store.claim([binding(1)])
    with sqlite3.connect(path) as db:
        db.execute("DROP TABLE bindings")
    db.close()
    for ask in (store.find([binding(1).name]), store.claim([binding(2)])):
        with pytest.raises(StoreError, match="can't be used"):
            await ask
    store.close()


@pytest.mark.parametrize("exchanged", [False, True])
async def test_a_file_that_is_taken_away_takes_no_claims(tmp_path: Path, *, exchanged: bool) -> None:
    """Z6, Z22: what has no name any more would be lost with the process; what came in its place counts."""
    path = tmp_path / "state" / "bindings.sqlite"
    store, other = SqliteBindings(path), SqliteBindings(tmp_path / "other.sqlite")
    store.prepare()
    other.prepare()
    await store.claim([binding(1)])
    await other.claim([binding(2)])
    other.close()
    for one in path.parent.glob("bindings.sqlite*"):
        one.unlink()
    with pytest.raises(StoreError, match="can't be used"):
        await store.claim([binding(3)])
    with pytest.raises(StoreError, match="can't be used"):
        await store.find([binding(1).name])
    if exchanged:
        (tmp_path / "other.sqlite").rename(path)
        assert await store.find([binding(1).name, binding(2).name]) == {binding(2).name: binding(2)}
    store.close()
