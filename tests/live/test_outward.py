"""The zone's outward door: a workload's own call, judged with the exchange that it serves (Z5)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from demo.echo_server import EchoServer, serving
from tests.support.boundary_lab import Lab, lab
from tests.support.outward_lab import SIGNER, WORKLOAD, Serving, lines_of, tagged
from zoneproxy.route.lane import DestinationTable, RegisteredDestination
from zoneproxy.terms.phase import Side

pytestmark = pytest.mark.live


@pytest.fixture
def abroad() -> Iterator[EchoServer]:
    """A server overseas that workloads may call."""
    with serving("127.0.10.77") as server:
        yield server


@pytest.fixture
def model() -> Iterator[EchoServer]:
    with serving() as server:
        yield server


def register(running: Lab, host: str, port: int, side: Side) -> None:
    table = DestinationTable([RegisteredDestination(host, port, side)])
    running.core.rules = replace(running.core.rules, destinations=table, tags=SIGNER)


async def outward(
    running: Lab, url: str, flow: str = "", *, body: bytes = b"", peer: str = WORKLOAD
) -> tuple[int, bytes]:
    """Call a URL as a workload does, through the outward door."""
    host = url.split("/")[2]
    method = "POST" if body else "GET"
    length = f"content-length: {len(body)}\r\n" if body else ""
    head = f"{method} {url} HTTP/1.1\r\nhost: {host}\r\n{lines_of(flow)}{length}connection: close\r\n\r\n"
    answer = await running.raw(head.encode() + body, host="127.0.30.1", peer=peer)
    return int(answer.split(b" ", 2)[1]), answer.partition(b"\r\n\r\n")[2]


async def test_a_registered_destination_is_reached_for_the_exchange_it_serves(
    model: EchoServer, abroad: EchoServer
) -> None:
    """The call inherits the exchange's origin and tenant, is recorded, and names its parent."""
    async with lab(model.port, model="stepped") as running:
        register(running, abroad.host, abroad.port, Side.OVERSEAS)
        async with Serving(running, model) as flow:
            status, body = await outward(running, f"{abroad.url}/v1/models", flow)
        assert status == 200
        assert b'"object": "list"' in body
        assert len(abroad.seen) == 1
        assert "zone-flow" not in abroad.seen[0].headers
        decision = next(b for kind, b, _ in running.journal.entries if b.get("kind") == "outward")
        assert decision["parent"] == flow
        assert decision["verdict"] == "allow"
        assert decision["facts"]["tenant.id"] == "toyco-sg"
        assert set(decision["phases"]) == {"process"}


@pytest.mark.parametrize(
    ("side", "flow_named", "code"),
    [
        (Side.DOMESTIC, True, "lane-domestic"),
        (Side.OVERSEAS, False, "lane-tag-missing"),
        (None, True, "lane-closed"),
    ],
)
async def test_what_is_not_open_is_refused(
    *, side: Side | None, flow_named: bool, code: str, model: EchoServer, abroad: EchoServer
) -> None:
    """Domestic, unregistered, or for no exchange: refused, recorded, and never dialled."""
    async with lab(model.port, model="stepped") as running:
        if side is not None:
            register(running, abroad.host, abroad.port, side)
        async with Serving(running, model) as flow:
            status, body = await outward(running, f"{abroad.url}/v1/models", flow if flow_named else "")
        assert status == 403
        assert json.loads(body)["error"]["code"] == code
        assert abroad.seen == []


async def test_an_address_in_disguise_is_still_domestic(model: EchoServer) -> None:
    """`0x7f.20.1`, decimal and octal spellings are read as the address they mean."""
    async with lab(model.port, model="stepped", alter=tagged) as running, Serving(running, model) as flow:
        for host in ("127.0.20.5", "0x7f.0.20.5", "2130711557", "0177.0.024.05"):
            status, body = await outward(running, f"http://{host}:8000/x", flow)
            assert (status, json.loads(body)["error"]["code"]) == (403, "lane-domestic"), host


async def test_model_files_do_not_leave_by_the_outward_door(model: EchoServer, abroad: EchoServer) -> None:
    """Z9: a workload can't post a model's file to a registered destination."""
    async with lab(model.port, model="stepped") as running:
        register(running, abroad.host, abroad.port, Side.OVERSEAS)
        async with Serving(running, model) as flow:
            weights = b"GGUF\x03\x00\x00\x00" + bytes(64)
            status, body = await outward(running, f"{abroad.url}/upload", flow, body=weights)
        assert (status, json.loads(body)["error"]["code"]) == (403, "lane-weights")
        assert abroad.seen == []


async def test_a_stranger_at_the_outward_door_is_refused(model: EchoServer, abroad: EchoServer) -> None:
    """Z1: a caller from overseas at the zone's own door contradicts it."""
    async with lab(model.port, model="stepped") as running:
        register(running, abroad.host, abroad.port, Side.OVERSEAS)
        async with Serving(running, model) as flow:
            status, body = await outward(running, f"{abroad.url}/v1/models", flow, peer="127.0.10.8")
        assert (status, json.loads(body)["error"]["code"]) == (403, "origin-unknown")
