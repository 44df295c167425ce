"""Tunnels at the outward door: judged before they are answered, or refused (Z5, Z13)."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import shutil
import uuid
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from demo.echo_server import EchoServer, serving
from tests.support.boundary_lab import Lab, MemoryJournal, lab
from tests.support.outward_lab import (
    ABROAD,
    NAME,
    Outside,
    Serving,
    Workload,
    code_of,
    insist_on_replay,
    last,
    lines_of,
    opened,
    outside,
    outward_records,
    tag_of,
)
from zoneproxy.route.lane import RegisteredDestination
from zoneproxy.terms.phase import Side

pytestmark = pytest.mark.live

RESIDENT_ID = b"11010519491231002X"


@pytest.fixture
def model() -> Iterator[EchoServer]:
    with serving() as server:
        yield server


async def test_a_call_in_a_tunnel_is_judged_as_one_in_the_clear(tmp_path: Path, model: EchoServer) -> None:
    """Z5: the tunnel first, then each call; each recorded before it goes on, and derived again by replay."""
    async with outside(tmp_path) as world, lab(model.port, model="stepped", alter=world.alter) as running:
        async with Serving(running, model) as flow, Workload(running) as workload:
            assert await workload.connect(world.place, flow) == 200, workload.refusal
            assert world.server.accepted == 0
            assert [one[:3] for one in outward_records(running)] == [
                ("decision", "allow", ""),
                ("return", "allow", ""),
            ]
            await workload.secure(world.trust())
            for _ in range(2):
                assert await workload.get(flow, host=world.place) == (200, b'{"told": "all"}')
        assert world.server.accepted == 1
        asked = bytes(world.server.plain)
        assert asked.count(b"GET /weather HTTP/1.1\r\nhost: " + world.place.encode()) == 2
        assert b"zone-" not in asked
        records = outward_records(running)
        assert [one[:2] for one in records] == [("decision", "allow"), ("return", "allow")] * 3
        facts = [one[3] for one in records if one[0] == "decision"]
        assert [one["destination.tunnel"] for one in facts] == ["asked", "inside", "inside"]
        assert [one["destination.resolution"] for one in facts] == ["resolved", "pinned", "pinned"]
        assert {one["tenant.id"] for one in facts} == {"toyco-sg"}
        assert world.resolver.asked == [NAME]
        insist_on_replay(running)


async def test_an_ordinary_client_needs_no_more_than_its_settings(tmp_path: Path, model: EchoServer) -> None:
    """Z5: Python's own client, with a proxy, one header and one authority."""

    def call(running: Lab, world: Outside, flow: str) -> tuple[int, bytes]:
        with contextlib.closing(
            http.client.HTTPSConnection("127.0.30.1", running.port, timeout=30, context=world.trust())
        ) as there:
            there.set_tunnel(NAME, world.server.port, headers=tag_of(flow))
            there.request("GET", "/weather", headers=tag_of(flow))
            answer = there.getresponse()
            return answer.status, answer.read()

    async with (
        outside(tmp_path) as world,
        lab(model.port, model="stepped", alter=world.alter) as running,
        Serving(running, model) as flow,
    ):
        assert await asyncio.to_thread(call, running, world, flow) == (200, b'{"told": "all"}')


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not there (Debian: curl)")
async def test_curl_needs_no_more_either(tmp_path: Path, model: EchoServer) -> None:
    """Z5: a client that offers HTTP/2 as well is answered in HTTP/1.1."""
    async with outside(tmp_path) as world, lab(model.port, model="stepped", alter=world.alter) as running:
        async with Serving(running, model) as flow:
            curl = await asyncio.create_subprocess_exec(
                "curl", "-sS", "--max-time", "30", "--proxy", f"http://127.0.30.1:{running.port}",
                *(
                    part
                    for name, value in tag_of(flow).items()
                    for part in ("--proxy-header", f"{name}: {value}", "-H", f"{name}: {value}")
                ),
                "--noproxy", "",
                "--cacert", tmp_path / "outward.pem", f"https://{world.place}/weather",
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            )  # fmt: skip
            said, complaint = await curl.communicate()
        assert (said, complaint) == (b'{"told": "all"}', b"")


async def test_a_client_that_offers_http_2_gets_1_1(tmp_path: Path, model: EchoServer) -> None:
    """Z5: nothing but HTTP/1.1 is agreed on."""
    async with (
        outside(tmp_path) as world,
        lab(model.port, model="stepped", alter=world.alter) as running,
        Serving(running, model) as flow,
        Workload(running) as workload,
    ):
        await opened(world, workload, flow, ("h2", "http/1.1"))
        assert workload.writer.get_extra_info("ssl_object").selected_alpn_protocol() == "http/1.1"
        assert (await workload.get(flow, host=world.place))[0] == 200


ASKED: dict[str, tuple[str, str]] = {
    "a name that nobody registered": ("elsewhere.example:443", "lane-closed"),
    "another port": (f"{NAME}:1", "lane-closed"),
    "its address instead of its name": (f"{ABROAD}:PORT", "lane-closed"),
    "a name below it": (f"a.{NAME}:PORT", "lane-closed"),
    "a domestic name": ("inland.example:443", "lane-domestic"),
    "a domestic address": ("127.0.20.5:443", "lane-domestic"),
    "a domestic address as a number": ("2130711557:443", "lane-domestic"),
    "a domestic address in IPv6": ("[::ffff:127.0.20.5]:443", "lane-domestic"),
    "the boundary itself": ("127.0.0.1:443", "lane-closed"),
    "a destination without TLS": ("plain.example:80", "lane-tunnel"),
    "no port": (NAME, "request-malformed"),
    "a user": (f"user@{NAME}:PORT", "request-malformed"),
    "a path": (f"{NAME}:PORT/x", "request-malformed"),
    "a whole target": (f"https://{NAME}:PORT", "request-malformed"),
    "two readings": (f"{NAME}:0443", "request-malformed"),
}


@pytest.mark.parametrize(("place", "code"), ASKED.values(), ids=ASKED.keys())
async def test_a_tunnel_leads_to_registered_destinations_only(
    place: str, code: str, tmp_path: Path, model: EchoServer
) -> None:
    """Z5: refused and recorded; nobody is dialled, and no name is asked for."""
    more = [
        RegisteredDestination("plain.example", 80, Side.OVERSEAS),
        RegisteredDestination("inland.example", None, Side.DOMESTIC),
    ]
    async with outside(tmp_path) as world:
        async with lab(model.port, model="stepped", alter=partial(world.alter, more=more)) as running:
            async with Serving(running, model) as flow, Workload(running) as workload:
                status = await workload.connect(place.replace("PORT", str(world.server.port)), flow)
                assert status in (400, 403)
                assert code_of(workload.refusal) == code
                assert await workload.gone()
            assert last(running) == ("decision", "deny", code)
        assert world.server.accepted == 0
        assert world.resolver.asked == []


HEADS: dict[str, tuple[str, str]] = {
    "no tag": ("", "lane-tag-missing"),
    "the id of its exchange alone": ("zone-flow: FLOW\r\n", "lane-tag-missing"),
    "two tags": ("TAGTAG", "lane-tag-partial"),
    "the id of another beside it": (f"TAGzone-flow: {uuid.UUID(int=9)}\r\n", "lane-tag-altered"),
    "a tag that is none": (
        "zone-origin: x\r\nsignature: zone=x\r\nsignature-input: zone=x\r\n",
        "lane-tag-altered",
    ),
    "an origin alone": ("zone-origin: overseas\r\n", "lane-tag-partial"),
    "a spelling that servers take for it": ("TAGzone_origin: overseas\r\n", "origin-tag-forged"),
    "another header of the boundary's": ("TAGzone-trace: x\r\n", "origin-tag-forged"),
    "a body": ("TAGcontent-length: 5\r\n", "request-malformed"),
    "chunks": ("TAGtransfer-encoding: chunked\r\n", "request-malformed"),
    "an upgrade": ("TAGupgrade: h2c\r\n", "lane-upgrade"),
}


@pytest.mark.parametrize(("fields", "code"), HEADS.values(), ids=HEADS.keys())
async def test_a_tunnel_works_for_an_exchange_under_way(
    fields: str, code: str, tmp_path: Path, model: EchoServer
) -> None:
    """Z2, Z5: a tag that is missing, foreign or forged opens nothing, and nothing is hidden in the head."""
    async with outside(tmp_path) as world, lab(model.port, model="stepped", alter=world.alter) as running:
        async with Serving(running, model) as flow, Workload(running) as workload:
            head = f"CONNECT {world.place} HTTP/1.1\r\nhost: {world.place}\r\n{fields}\r\n"
            assert (
                code_of(
                    await workload.say(head.replace("TAG", lines_of(flow)).replace("FLOW", flow).encode())
                )
                == code
            )
            assert await workload.gone()
        assert last(running) == ("decision", "deny", code)
        assert (world.server.accepted, world.resolver.asked) == (0, [])


async def test_a_tag_is_over_with_its_exchange(tmp_path: Path, model: EchoServer) -> None:
    """Z5: what worked while the customer was served is refused afterwards, tunnel and call alike."""
    async with outside(tmp_path) as world, lab(model.port, model="stepped", alter=world.alter) as running:
        async with Workload(running) as workload:
            async with Serving(running, model) as flow:
                await opened(world, workload, flow)
            async with asyncio.timeout(20):
                while running.boundary.crossings:
                    await asyncio.sleep(0.01)
            assert code_of(await workload.get(flow, host=world.place)) == "lane-flow-unknown"
            async with Workload(running) as later:
                await later.connect(world.place, flow)
                assert code_of(later.refusal) == "lane-flow-unknown"
        assert world.server.accepted == 0


async def test_a_call_works_for_the_exchange_of_its_tunnel(tmp_path: Path, model: EchoServer) -> None:
    """Z5: another customer's tag, or none, is refused inside, though that customer is served as well."""
    async with outside(tmp_path) as world, lab(model.port, model="stepped", alter=world.alter) as running:
        async with Serving(running, model) as flow, Serving(running, model, steps=4) as other:
            for tag, code in ((other, "lane-tag-other"), ("", "lane-tag-missing")):
                async with Workload(running) as workload:
                    await opened(world, workload, flow)
                    assert code_of(await workload.get(tag, host=world.place)) == code
                assert last(running) == ("decision", "deny", code)
        assert world.server.accepted == 0


async def test_bytes_that_come_with_connect_are_no_part_of_the_tunnel(
    tmp_path: Path, model: EchoServer
) -> None:
    """Z5: neither a request nor the beginning of a handshake may stand behind CONNECT."""
    hello = b"\x16\x03\x01\x00\x05hello"
    async with outside(tmp_path) as world, lab(model.port, model="stepped", alter=world.alter) as running:
        async with Serving(running, model) as flow:
            for behind in (b"GET / HTTP/1.1\r\nhost: x\r\n\r\n", hello, b"x"):
                async with Workload(running) as workload:
                    assert await workload.connect(world.place, flow, behind=behind) == 400
                    assert code_of(workload.refusal) == "request-malformed"
                    assert await workload.gone()
        assert [one[:3] for one in outward_records(running)] == [
            ("decision", "deny", "request-malformed")
        ] * 3
        assert world.server.accepted == 0


async def test_bytes_that_come_while_it_is_judged_are_none_either(tmp_path: Path, model: EchoServer) -> None:
    """Z5: what was sent before the answer is for somebody else: recorded, and the tunnel closed."""
    journal = MemoryJournal(delay_s=0.3)
    async with (
        outside(tmp_path) as world,
        lab(model.port, model="stepped", alter=world.alter, journal=journal) as running,
    ):
        async with Serving(running, model) as flow, Workload(running) as workload:
            head = f"CONNECT {world.place} HTTP/1.1\r\nhost: {world.place}\r\n{lines_of(flow)}\r\n"
            workload.writer.write(head.encode())
            await asyncio.sleep(0.2)
            workload.writer.write(b"\x16\x03\x01\x00\x05hello")
            assert code_of(await workload.answer()) == "request-malformed"
            assert await workload.gone()
        assert last(running) == ("decision", "deny", "request-malformed")


async def test_no_tunnel_is_open_at_another_door(tmp_path: Path, model: EchoServer) -> None:
    """Z5, Z7: customers and domestic callers get none, whatever they name."""
    async with outside(tmp_path) as world, lab(model.port, model="stepped", alter=world.alter) as running:
        async with Serving(running, model) as flow:
            for host, peer in (("127.0.10.1", "127.0.10.9"), ("127.0.20.1", "127.0.20.9")):
                async with Workload(running, host=host, peer=peer) as caller:
                    assert await caller.connect(world.place, flow) == 400
                    assert code_of(caller.refusal) == "request-malformed"
                    assert await caller.gone()
                assert running.journal.verdicts()[-1] == ("decision", "deny", "request-malformed")
        assert world.server.accepted == 0


async def test_a_tunnel_is_asked_for_first_or_not_at_all(tmp_path: Path, model: EchoServer) -> None:
    """Z5: behind another request on the connection, or where no authority is, CONNECT is refused as ever."""
    async with outside(tmp_path) as world:
        alter = world.alter
        async with (
            lab(model.port, model="stepped", alter=alter) as running,
            Serving(running, model) as flow,
            Workload(running) as workload,
        ):
            first = await workload.get(flow, path="http://nobody.example/")
            assert code_of(first) == "lane-closed"
            assert await workload.connect(world.place, flow) == 403
            assert code_of(workload.refusal) == "lane-tunnel"
            assert await workload.gone()
        for name in ("outward.pem", "outward.key"):
            (tmp_path / name).unlink()
        async with (
            lab(model.port, model="stepped", alter=partial(alter, tunnels=False)) as running,
            Serving(running, model) as flow,
            Workload(running) as workload,
        ):
            assert await workload.connect(world.place, flow) == 403
            assert code_of(workload.refusal) == "lane-tunnel"
        assert world.server.accepted == 0


async def test_a_stranger_gets_no_tunnel(tmp_path: Path, model: EchoServer) -> None:
    """Z1: who calls from overseas at the zone's own door contradicts it, with a tag or without."""
    async with (
        outside(tmp_path) as world,
        lab(model.port, model="stepped", alter=world.alter) as running,
        Serving(running, model) as flow,
        Workload(running, peer="127.0.10.8") as stranger,
    ):
        assert await stranger.connect(world.place, flow) == 403
        assert code_of(stranger.refusal) == "origin-unknown"


async def test_a_connect_names_its_host_twice_alike(tmp_path: Path, model: EchoServer) -> None:
    """Z5: target and `Host` are one, or the call is for somebody else."""
    async with (
        outside(tmp_path) as world,
        lab(model.port, model="stepped", alter=world.alter) as running,
        Serving(running, model) as flow,
    ):
        for host in ("mail.example", f"{NAME}:1"):
            async with Workload(running) as workload:
                assert await workload.connect(world.place, flow, host=host) == 403
                assert code_of(workload.refusal) == "lane-mismatch"
