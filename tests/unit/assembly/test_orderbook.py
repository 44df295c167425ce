"""`zoneproxy.assembly.orderbook`: the order of keeping, holding and recording, and every fault in between."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.unit.config.test_acts import act, added, stop
from zoneproxy.adapters.state.orderfile import OrderFile
from zoneproxy.assembly import orderbook
from zoneproxy.assembly.orderbook import EMPTY, OrderBook, open_orders, record_of
from zoneproxy.config import Config
from zoneproxy.config.orders import Act, Orders
from zoneproxy.origin.tenants import TenantRegistry
from zoneproxy.route.stops import EVERYTHING, Stops
from zoneproxy.terms.errors import ConfigError, TraceError
from zoneproxy.terms.ports import Receipt
from zoneproxy.trace.entry import draft


class World:
    """What an order book writes to, in the order in which it does; each part can be made to fail.

    Attributes:
        events: what happened.
        holding: the stops that hold now.
    """

    writable = True

    def __init__(self, root: Path, config: Config) -> None:
        self.file, self.config = OrderFile(root), config
        self.events: list[str] = []
        self.holding: Stops | None = None
        self.log_fails = self.disk_fails = False
        self.tenants: TenantRegistry | None = None

    def book(self) -> OrderBook:
        made = OrderBook(self.config, self.file, self, self.hold)
        write = self.file.write

        def kept(value: bytes) -> None:
            if self.disk_fails:
                raise OSError(28, "No space left on device")
            write(value)
            owed = Orders.model_validate_json(value).owed
            self.events.append(f"kept{' owing' if owed else ''}")

        self.file.write = kept  # type: ignore[method-assign]
        return made

    async def hold(self, stops: Stops, tenants: TenantRegistry | None, _orders: Orders) -> int:
        self.holding, self.tenants = stops, tenants or self.tenants
        self.events.append("held")
        return 3

    async def append(self, kind: str, body: Mapping[str, Any], private: Mapping[str, Any]) -> Receipt:
        draft(kind, body, private, bytes(32))
        if self.log_fails:
            raise TraceError("planted")
        self.events.append(f"recorded {body['action']}")
        return Receipt(7, bytes(32), 0)


class Config0:
    """The parts of a configuration that orders are checked against."""

    routes: tuple[Any, ...] = ()
    networks: tuple[Any, ...] = ()
    tenants: tuple[Any, ...] = ()

    def tenant_registry(self, added: Any = ()) -> TenantRegistry:
        del added
        return TenantRegistry([])


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(orderbook, "POLL_S", 0.002)
    monkeypatch.setattr(orderbook, "KEEP_AGAIN_S", 0.004)
    return World(tmp_path / "orders", Config0())  # type: ignore[arg-type]


@contextlib.asynccontextmanager
async def running(world: World) -> AsyncIterator[OrderBook]:
    book = world.book()
    await book.start()
    try:
        yield book
    finally:
        await book.stop()


async def until(condition: Any) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.001)


async def test_what_shuts_is_kept_then_held_then_recorded(world: World) -> None:
    """Z21: a crash after any of these leaves the zone stopped."""
    book = world.book()
    told = await book.do(stop())
    assert world.events == ["kept owing", "held", "recorded stop", "kept"]
    assert told == {"changed": True, "kept": True, "index": 7, "cut": 3, "revision": 1}


async def test_what_opens_is_recorded_then_kept_then_held(world: World) -> None:
    """Z21: nothing opens whose record is not durable."""
    book = world.book()
    await book.do(stop())
    world.events.clear()
    await book.do(stop(action="resume"))
    assert world.events == ["recorded resume", "kept", "held"]


async def test_the_same_act_is_done_once_but_held_by_everybody(world: World) -> None:
    """A second worker that is asked finds the act in the file, holds it, and writes nothing."""
    one = stop()
    await world.book().do(one)
    other = World(world.file.root, world.config)
    book = other.book()
    told = await book.do(one)
    assert other.events == ["held"]
    assert other.holding == Orders.model_validate_json(world.file.read()).stopped()
    assert (told["changed"], told["index"]) == (False, None)


async def test_what_the_watch_cut_is_told_of_the_act(world: World) -> None:
    """A worker that saw the file first has nothing left to cut when it is asked, and says what it cut."""
    async with running(world) as book:
        other, one = World(world.file.root, world.config), stop()
        await other.book().do(one)
        await until(lambda: book.orders.stops)
        assert (await book.do(one))["cut"] >= 3


async def test_a_full_disk_does_not_keep_a_stop_from_holding(world: World) -> None:
    """Z21, Z22: it holds and is recorded, is not acknowledged as kept, and is kept once there is room."""
    async with running(world) as book:
        world.disk_fails = True
        told = await book.do(stop())
        assert (told["kept"], told["changed"], told["index"]) == (False, True, 7)
        assert world.events == ["held", "recorded stop"]
        assert book.orders.stops
        world.disk_fails = False
        await until(lambda: Orders.model_validate_json(world.file.read()).stops)
    assert not open_orders(world.config, world.file)[1]


async def test_a_full_disk_opens_nothing(world: World) -> None:
    """Z22: a lift that can't be kept is refused, and the stop holds on."""
    book = world.book()
    await book.do(stop())
    world.disk_fails = True
    with pytest.raises(ConfigError, match="can't be written"):
        await book.do(stop(action="resume"))
    assert book.orders.stops
    assert world.holding is not None
    assert world.holding.by_scope


async def test_a_dead_log_does_not_keep_a_stop_from_holding(world: World) -> None:
    """Z21: it is kept and held; the next start owes the record and pays it before anything else."""
    book = world.book()
    world.log_fails = True
    told = await book.do(stop())
    assert (told["kept"], told["index"]) == (True, None)
    assert world.events == ["kept owing", "held"]
    with pytest.raises(TraceError):
        await book.do(stop(action="resume"))
    world.log_fails = False
    again = World(world.file.root, world.config)
    async with running(again):
        assert again.events[:2] == ["recorded stop", "kept"]


async def test_a_log_that_is_held_by_another_is_owed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Offline beside a running zone: the act is kept, and that zone records it."""

    async def held(*_: Any) -> Receipt:
        raise ConfigError("the log is in use by another process")

    monkeypatch.setattr(world, "append", held)
    told = await world.book().do(stop())
    assert (told["kept"], told["index"]) == (True, None)


async def test_what_another_process_wrote_holds_here(world: World) -> None:
    """Z21: nobody needs to be asked; the file is watched, and what it owes is recorded once."""
    async with running(world) as book:
        other = World(world.file.root, world.config)
        other.log_fails = True
        await other.book().do(stop())
        await until(lambda: book.orders.stops and world.holding is not None and world.holding.by_scope)
        await until(lambda: "recorded stop" in world.events)
        await until(lambda: not Orders.model_validate_json(world.file.read()).owed)
    assert world.events.count("recorded stop") == 1


@pytest.mark.parametrize("damage", ["torn", "gone", "nonsense", "older", "contradiction"])
async def test_orders_that_can_no_longer_be_believed_stop_everything(world: World, damage: str) -> None:
    """Z22: whatever happens to the file while the zone runs, nothing goes on until a good one is back."""
    async with running(world) as book:
        await book.do(stop())
        good = world.file.read()
        file = OrderFile(world.file.root)
        match damage:
            case "torn":
                file.path.write_bytes(file.path.read_bytes()[:-2])
            case "gone":
                file.path.unlink()
            case "nonsense":
                file.write(b'{"revision": "x"}')
            case "older":
                file.write(EMPTY)
            case _:

                def contradict(_added: Any = ()) -> TenantRegistry:
                    raise ValueError("tenant `acme` is registered twice")

                world.config.tenant_registry = contradict  # type: ignore[method-assign, assignment]
                file.write(added(1).model_copy(update={"revision": 9}).model_dump_json().encode())
        await until(lambda: world.holding is EVERYTHING)
        assert book.flaw
        with pytest.raises(ConfigError):
            await book.do(stop("other"))
        assert world.holding is EVERYTHING
        if damage in ("torn", "gone", "nonsense"):
            file.write(good)
            await until(lambda: world.holding is not EVERYTHING)
            assert not book.flaw


async def test_a_zone_whose_orders_are_lost_can_begin_anew(world: World) -> None:
    """A reset is an act like others: recorded before it opens."""
    book = world.book()
    await book.do(stop())
    world.file.path.write_bytes(b"")
    fresh = World(world.file.root, world.config)
    again = fresh.book()
    assert again.flaw
    with pytest.raises(ConfigError):
        await again.do(stop(action="resume"))
    await again.do(act("reset"))
    assert fresh.events[-3:] == ["recorded reset", "kept", "held"]
    assert not again.flaw


async def test_a_watch_that_fails_stops_everything(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Z22: a fault of ours in the watch shuts; it never just ends."""
    async with running(world):
        monkeypatch.setattr(world.file, "glance", lambda: 1 / 0)
        await until(lambda: world.holding is EVERYTHING)


async def test_what_is_asked_must_be_an_act(world: World) -> None:
    """The socket's question is checked whole."""
    book = world.book()
    for question in ({}, {"act": None}, {"act": {"action": "stop"}}):
        with pytest.raises(ConfigError, match="can't be read"):
            await book.verb(question)
    told = await book.verb({"act": stop().model_dump(mode="json")})
    assert told["changed"]
    listed = await book.listing({})
    assert (listed["flaw"], len(listed["orders"]["stops"])) == ("", 1)


ACTS: list[Act] = [
    stop(),
    stop("", scope="zone"),
    stop(action="resume"),
    act("reset"),
    act("tenant-add", tenant="acme", registration=added(1).tenants[0].registration),
    act("tenant-rotate", tenant="acme", credential=f"sha256:{1:064x}", until_ms=5),
    act("tenant-revoke", tenant="acme", credential=f"sha256:{1:064x}"),
    act("tenant-suspend", tenant="acme"),
    act("tenant-resume", tenant="acme"),
    act("tenant-remove", tenant="acme"),
]


@pytest.mark.parametrize("one", ACTS, ids=lambda one: f"{one.action} {one.scope or ''}")
def test_each_act_can_be_recorded(one: Act) -> None:
    """Z17: who and why are private, and no credential's whole digest is public."""
    kind, body, private = record_of(one)
    draft(kind, body, private, bytes(32))
    assert private == {"by": "ops", "why": "x"}
    assert "ops" not in str(body)
    assert f"{1:064x}" not in str(body)
