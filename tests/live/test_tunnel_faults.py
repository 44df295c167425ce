"""Tunnels under resolvers that lie and parts that fail: refused or closed (Z5, Z13, Z22)."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from demo.echo_server import EchoServer, serving
from tests.support.boundary_lab import Lab, lab
from tests.support.outward_lab import (
    ABROAD,
    NAME,
    WORKLOAD,
    Serving,
    Workload,
    code_of,
    lines_of,
    opened,
    outside,
    outward_records,
)
from zoneproxy.adapters.tls.authority import Leafs
from zoneproxy.assembly import Boundary as Core
from zoneproxy.origin.places import Places

pytestmark = pytest.mark.live

RESIDENT_ID = b"11010519491231002X"


@pytest.fixture
def model() -> Iterator[EchoServer]:
    with serving() as server:
        yield server


ANSWERS: dict[str, tuple[tuple[str, ...], str]] = {
    "a domestic address": (("127.0.20.5",), "lane-domestic"),
    "a domestic address behind a good one": ((ABROAD, "127.0.20.5"), "lane-domestic"),
    "a domestic address in IPv6": (("::ffff:127.0.20.5",), "lane-domestic"),
    "a domestic address by a translator": (("64:ff9b::127.0.20.5",), "lane-domestic"),
    "an address of the zone": (("127.0.30.10",), "lane-closed"),
    "the boundary itself": (("127.0.0.1",), "lane-closed"),
    "itself behind a good one": ((ABROAD, "127.0.0.1"), "lane-closed"),
    "a link's own address": (("169.254.169.254",), "lane-closed"),
    "a private address": (("10.0.0.1",), "lane-closed"),
    "no address": ((), "lane-unresolved"),
    "what is no address": ((ABROAD, "x"), "lane-unresolved"),
    "very many": (tuple(f"198.51.100.{n}" for n in range(40)), "lane-unresolved"),
    "an address that the data files call domestic": (("198.51.100.7",), "lane-domestic"),
}


def placed(core: Core) -> None:
    """Have a country database call 198.51.100.7 domestic."""
    places = Places(frozenset({"CN"}), lambda address: "CN" if str(address) == "198.51.100.7" else None)
    core.rules = replace(core.rules, places=places)


@pytest.mark.parametrize(("addresses", "code"), ANSWERS.values(), ids=ANSWERS.keys())
async def test_a_resolver_that_lies_opens_nothing(
    addresses: tuple[str, ...], code: str, tmp_path: Path, model: EchoServer
) -> None:
    """Z5: by every address that a name has, before anything is dialled; in a tunnel and in the clear."""
    async with outside(tmp_path) as world:
        world.resolver.table = {NAME: [addresses]}

        def alter(core: Core) -> None:
            world.alter(core)
            placed(core)

        async with lab(model.port, model="stepped", alter=alter) as running:
            async with Serving(running, model) as flow:
                async with Workload(running) as workload:
                    assert await workload.connect(world.place, flow) in (403, 502)
                    assert code_of(workload.refusal) == code
                async with Workload(running) as workload:
                    answer = await workload.get(flow, path=f"http://{world.place}/x", host=world.place)
                    assert code_of(answer) == code
            assert [one[:3] for one in outward_records(running)] == [("decision", "deny", code)] * 2
        assert world.server.accepted == 0


async def test_a_name_that_is_rebound_changes_no_tunnel(tmp_path: Path, model: EchoServer) -> None:
    """Z5: a tunnel keeps the address that was judged; the next one is judged by the next answer."""
    async with outside(tmp_path) as world, lab(model.port, model="stepped", alter=world.alter) as running:
        world.resolver.table = {NAME: [[ABROAD], ["127.0.20.5"]]}
        async with Serving(running, model) as flow, Workload(running) as workload:
            await opened(world, workload, flow)
            async with Workload(running) as second:
                assert await second.connect(world.place, flow) == 403
                assert code_of(second.refusal) == "lane-domestic"
            for _ in range(2):
                assert (await workload.get(flow, host=world.place))[0] == 200
        assert world.resolver.asked == [NAME, NAME]
        private = [
            private for kind, body, private in running.journal.entries if body.get("kind") == "outward"
        ]
        assert [one.get("destination.address") for one in private] == [ABROAD, "127.0.20.5", ABROAD, ABROAD]


async def test_a_name_that_is_rebound_is_not_called_in_the_clear(tmp_path: Path, model: EchoServer) -> None:
    """Z5: each plain call is judged by its own answer, and dials that address and no other."""
    async with outside(tmp_path) as world, lab(model.port, model="stepped", alter=world.alter) as running:
        world.resolver.table = {NAME: [[ABROAD], ["127.0.20.5"]]}
        async with Serving(running, model) as flow, Workload(running) as workload:
            target = f"http://{world.place}/weather"
            assert await workload.get(flow, path=target, host=world.place) == (200, b'{"told": "all"}')
            assert code_of(await workload.get(flow, path=target, host=world.place)) == "lane-domestic"
        assert world.server.plain.count(b"GET ") == 1


@pytest.mark.parametrize("more", [0, 1])
async def test_a_log_that_takes_no_record_opens_no_tunnel(
    more: int, tmp_path: Path, model: EchoServer
) -> None:
    """Z13: neither before the decision is durable, nor before the tunnel's own end is."""
    async with outside(tmp_path) as world, lab(model.port, model="stepped", alter=world.alter) as running:
        async with Serving(running, model) as flow, Workload(running) as workload:
            running.journal.fail_after = len(running.journal.entries) + more
            assert await workload.connect(world.place, flow) in (0, 503)
            assert await workload.gone()
        assert world.server.accepted == 0


async def test_a_log_that_fails_behind_connect_lets_no_call_pass(tmp_path: Path, model: EchoServer) -> None:
    """Z13: the tunnel is open, and not a byte of the call leaves without its own record."""
    async with outside(tmp_path) as world, lab(model.port, model="stepped", alter=world.alter) as running:
        async with Serving(running, model) as flow, Workload(running) as workload:
            await opened(world, workload, flow)
            running.journal.fail_after = len(running.journal.entries)
            answer = await workload.get(flow, host=world.place)
            assert (answer[0], code_of(answer)) == (503, "trace-unavailable")
        assert world.server.accepted == 0


async def test_a_certificate_that_can_not_be_made_opens_nothing(
    tmp_path: Path, model: EchoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Z22: the tunnel is refused as a fault, its end recorded; nothing of mitmproxy's stands in."""

    def broken(*_: object) -> None:
        raise RuntimeError("planted")

    monkeypatch.setattr(Leafs, "leaf", broken)
    async with outside(tmp_path) as world, lab(model.port, model="stepped", alter=world.alter) as running:
        async with Serving(running, model) as flow, Workload(running) as workload:
            assert await workload.connect(world.place, flow) == 500
            assert code_of(workload.refusal) == "internal-error"
            assert await workload.gone()
        assert [one[:3] for one in outward_records(running)] == [
            ("decision", "allow", ""),
            ("return", "deny", "internal-error"),
        ]
        assert world.server.accepted == 0


def _raise(*_: object, **__: object) -> Any:
    raise RuntimeError("planted")


async def _hang(*_: object, **__: object) -> Any:
    await asyncio.sleep(3600)


FAULTS: dict[str, tuple[str, Callable[..., Any]]] = {
    "a bug where a tunnel is answered": ("addons.tunnel.Opening.answer", _raise),
    "a bug where its head is read": ("addons.tunnel.Opening._read", _raise),
    "a bug in the handshake": ("addons.tunnel.Opening.handshake", _raise),
    "a bug in the lane": ("zoneproxy.passage.outward.lane_facts", _raise),
    "a bug in the law": ("zoneproxy.passage.law.outward_rail", _raise),
    "a step that hangs": ("addons.tunnel.Opening._prepare", _hang),
}


@pytest.mark.parametrize(("place", "fault"), FAULTS.values(), ids=FAULTS.keys())
async def test_a_bug_on_the_way_of_a_tunnel_closes_it(
    place: str, fault: Callable[..., Any], tmp_path: Path, model: EchoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Z22: refused or closed, and no exchange stays open behind it."""
    async with (
        outside(tmp_path) as world,
        lab(model.port, model="stepped", alter=world.alter, hook_deadline_s=1.0) as running,
    ):
        async with Serving(running, model) as flow, Workload(running) as workload:
            before = len(running.boundary.crossings)
            with monkeypatch.context() as planted:
                planted.setattr(place, fault)
                status = await workload.connect(world.place, flow)
                assert status != 200 or "handshake" in place
                assert await workload.gone()
            async with asyncio.timeout(20):
                while len(running.boundary.crossings) > before:
                    await asyncio.sleep(0.02)
        assert world.server.accepted == 0


async def test_a_resolver_that_fails_or_hangs_opens_nothing(
    tmp_path: Path, model: EchoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Z22: a bug in it is a name without addresses; one that hangs is cut by the hook's deadline."""
    monkeypatch.setattr("addons.crossing.RESOLVE_S", 2.0)
    async with (
        outside(tmp_path) as world,
        lab(model.port, model="stepped", alter=world.alter, hook_deadline_s=1.0) as running,
    ):
        async with Serving(running, model) as flow:
            world.resolver.resolve = _raise  # type: ignore[method-assign]
            async with Workload(running) as workload:
                assert await workload.connect(world.place, flow) == 502
                assert code_of(workload.refusal) == "lane-unresolved"
            world.resolver.resolve = _hang  # type: ignore[method-assign]
            async with Workload(running) as workload:
                assert await workload.connect(world.place, flow) == 0
            async with Workload(running) as workload:
                assert (await workload.get(flow, path=f"http://{world.place}/x", host=world.place))[0] == 0
            async with asyncio.timeout(20):
                while len(running.boundary.crossings) > 1:
                    await asyncio.sleep(0.02)
        assert world.server.accepted == 0


async def test_a_workload_that_leaves_leaves_nothing_behind(tmp_path: Path, model: EchoServer) -> None:
    """Z22: at whatever moment it goes, its connection ends and no exchange stays open."""
    async with (
        outside(tmp_path) as world,
        lab(model.port, model="stepped", alter=world.alter, header_timeout_s=1.0) as running,
    ):
        async with Serving(running, model) as flow:
            head = f"CONNECT {world.place} HTTP/1.1\r\nhost: {world.place}\r\n{lines_of(flow)}\r\n".encode()
            for size in (0, 3, len(head) // 2, len(head) - 1, len(head)):
                with socket.create_connection(
                    ("127.0.30.1", running.port), timeout=5, source_address=(WORKLOAD, 0)
                ) as gone:
                    gone.sendall(head[:size])
            async with asyncio.timeout(20):
                while len(running.boundary.crossings) > 1 or len(_connections(running)) > 1:
                    await asyncio.sleep(0.02)
        assert world.server.accepted == 0


def _connections(running: Lab) -> dict[Any, Any]:
    found: dict[Any, Any] = running.master.addons.get("proxyserver").connections
    return found
