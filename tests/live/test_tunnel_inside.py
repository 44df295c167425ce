"""What comes by a tunnel is looked into, and judged for itself (Z5, Z9, Z11)."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from demo.echo_server import EchoServer, serving
from tests.support.boundary_lab import lab
from tests.support.outward_lab import (
    NAME,
    Outside,
    Serving,
    Workload,
    code_of,
    last,
    lines_of,
    opened,
    outside,
)
from tests.support.tiny_ca import TinyCa
from zoneproxy.adapters.tls.door import DoorFiles, DoorTls
from zoneproxy.assembly import Boundary as Core
from zoneproxy.origin.tenants import Tenant, TenantRegistry

pytestmark = pytest.mark.live

RESIDENT_ID = b"11010519491231002X"


@pytest.fixture
def model() -> Iterator[EchoServer]:
    with serving() as server:
        yield server


INSTEAD: dict[str, bytes] = {
    "plain HTTP": b"GET / HTTP/1.1\r\nhost: tools.example\r\n\r\n",
    "another CONNECT": b"CONNECT tools.example:443 HTTP/1.1\r\nhost: tools.example:443\r\n\r\n",
    "raw bytes": bytes(range(256)),
    "SSH": b"SSH-2.0-OpenSSH_9.2\r\n",
    "half a handshake": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
}


@pytest.mark.parametrize("data", INSTEAD.values(), ids=INSTEAD.keys())
async def test_nothing_but_tls_is_spoken_in_a_tunnel(data: bytes, tmp_path: Path, model: EchoServer) -> None:
    """Z5: recorded with its reason, and closed; not one byte goes on."""
    async with (
        outside(tmp_path) as world,
        lab(model.port, model="stepped", alter=world.alter, header_timeout_s=1.0) as running,
    ):
        async with Serving(running, model) as flow, Workload(running) as workload:
            assert await workload.connect(world.place, flow) == 200
            workload.writer.write(data)
            assert await workload.gone()
            async with asyncio.timeout(20):
                while last(running)[1] == "allow":
                    await asyncio.sleep(0.01)
        assert last(running) == ("decision", "deny", "lane-handshake")
        assert world.server.accepted == 0


async def test_a_tunnel_that_stays_silent_is_closed(tmp_path: Path, model: EchoServer) -> None:
    """Z22: a handshake has its deadline."""
    async with (
        outside(tmp_path) as world,
        lab(model.port, model="stepped", alter=world.alter, header_timeout_s=0.5) as running,
    ):
        async with Serving(running, model) as flow, Workload(running) as workload:
            assert await workload.connect(world.place, flow) == 200
            assert await workload.gone()
        assert last(running) == ("decision", "deny", "lane-handshake")


@pytest.mark.parametrize("name", ["mail.example", f"a.{NAME}", None])
async def test_another_name_inside_is_refused(name: str | None, tmp_path: Path, model: EchoServer) -> None:
    """Z5: the name asked for in TLS is the tunnel's, or the handshake ends."""
    async with outside(tmp_path) as world, lab(model.port, model="stepped", alter=world.alter) as running:
        async with Serving(running, model) as flow, Workload(running) as workload:
            assert await workload.connect(world.place, flow) == 200
            context = world.trust()
            context.check_hostname = False
            reader, writer = ssl.MemoryBIO(), ssl.MemoryBIO()
            with pytest.raises(ssl.SSLWantReadError):
                context.wrap_bio(reader, writer, server_hostname=name).do_handshake()
            workload.writer.write(writer.read())
            assert await workload.gone()
            async with asyncio.timeout(20):
                while last(running)[1] == "allow":
                    await asyncio.sleep(0.01)
        assert last(running) == ("decision", "deny", "lane-mismatch")
        assert world.server.accepted == 0


INSIDE: dict[str, tuple[str, str]] = {
    "another host": ("GET / HTTP/1.1\r\nhost: mail.example\r\nTAG\r\n", "lane-mismatch"),
    "another port": (f"GET / HTTP/1.1\r\nhost: {NAME}:1\r\nTAG\r\n", "lane-mismatch"),
    "a host without its port": (f"GET / HTTP/1.1\r\nhost: {NAME}\r\nTAG\r\n", "lane-mismatch"),
    "a whole target": ("GET http://mail.example/ HTTP/1.1\r\nhost: PLACE\r\nTAG\r\n", "request-malformed"),
    "two hosts": ("GET / HTTP/1.1\r\nhost: PLACE\r\nhost: mail.example\r\nTAG\r\n", "request-malformed"),
    "a tunnel in the tunnel": ("CONNECT PLACE HTTP/1.1\r\nhost: PLACE\r\nTAG\r\n", "request-malformed"),
    "WebSocket": (
        "GET / HTTP/1.1\r\nhost: PLACE\r\nconnection: upgrade\r\nupgrade: websocket\r\nTAG\r\n",
        "lane-upgrade",
    ),
    "HTTP/2": ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "request-malformed"),
    "an origin of its own": (
        "GET / HTTP/1.1\r\nhost: PLACE\r\nzone-origin: x\r\nTAG\r\n",
        "lane-tag-partial",
    ),
    "a model's file": (
        "POST / HTTP/1.1\r\nhost: PLACE\r\ncontent-length: 72\r\nTAG\r\nGGUF\x03\0\0\0" + "\0" * 64,
        "lane-weights",
    ),
    "domestic data": (
        f"GET /?id={RESIDENT_ID.decode()} HTTP/1.1\r\nhost: PLACE\r\nTAG\r\n",
        "policy-domestic-data-mixed",
    ),
}


@pytest.mark.parametrize(("text", "code"), INSIDE.values(), ids=INSIDE.keys())
async def test_what_comes_inside_is_judged_for_itself(
    text: str, code: str, tmp_path: Path, model: EchoServer
) -> None:
    """Z5, Z9, Z11: a tunnel that is open opens nothing for what comes by it."""
    async with outside(tmp_path) as world, lab(model.port, model="stepped", alter=world.alter) as running:
        async with Serving(running, model) as flow, Workload(running) as workload:
            await opened(world, workload, flow, ("h2",) if "HTTP/2" in text else ("http/1.1",))
            data = text.replace("PLACE", world.place).replace("TAG", lines_of(flow))
            assert code_of(await workload.say(data.encode("latin-1"))) == code
        assert last(running) == ("decision", "deny", code)
        assert bytes(world.server.plain) == b""


async def test_what_is_retrieved_is_looked_into(tmp_path: Path, model: EchoServer) -> None:
    """Z5, Z11: domestic data in what comes back is withheld from the workload, recorded."""
    said = b'{"text": "number 11010519491231002X"}'
    async with outside(tmp_path) as world, lab(model.port, model="stepped", alter=world.alter) as running:
        world.server.answer = (
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s"
            % (len(said), said)
        )
        async with Serving(running, model) as flow, Workload(running) as workload:
            await opened(world, workload, flow)
            answer = await workload.get(flow, host=world.place)
            assert code_of(answer) == "return-mixed"
            assert b"1101051949" not in answer[1]
        assert last(running) == ("return", "deny", "return-mixed")
        record = next(b for _, b, _ in running.journal.entries if b["reason"] == "return-mixed")
        assert {one["segment"] for one in record["findings"]} == {"retrieved"}


async def test_a_callback_goes_to_its_tenants_address_by_a_tunnel(tmp_path: Path, model: EchoServer) -> None:
    """Z5, Z6: the registered path and what lies below it; another tenant's host gets no tunnel at all."""

    def register(core: Core, world: Outside, url: str, owner: str) -> None:
        world.alter(core)
        known = core.rules.tenants.find("toyco-sg")
        assert known is not None
        own, theirs = ((url,), ()) if owner == "toyco-sg" else ((), (url,))
        tenants = [
            replace(known, callbacks=own),
            Tenant("other-sg", "SG", "overseas", (bytes(32),), callbacks=theirs),
        ]
        core.rules = replace(core.rules, tenants=TenantRegistry(tenants))

    async with outside(tmp_path) as world:
        url = f"https://{world.place}/done"
        alter = partial(register, world=world, url=url, owner="toyco-sg")
        async with (
            lab(model.port, model="stepped", alter=alter) as running,
            Serving(running, model) as flow,
            Workload(running) as workload,
        ):
            await opened(world, workload, flow)
            assert (await workload.get(flow, host=world.place, path="/done/1"))[0] == 200
            answer = await workload.get(flow, host=world.place, path="/elsewhere")
            assert code_of(answer) == "lane-callback"
        for name in ("outward.pem", "outward.key"):
            (tmp_path / name).unlink()
        alter = partial(register, world=world, url=url, owner="other-sg")
        async with (
            lab(model.port, model="stepped", alter=alter) as running,
            Serving(running, model) as flow,
            Workload(running) as workload,
        ):
            assert await workload.connect(world.place, flow) == 403
            assert code_of(workload.refusal) == "lane-callback"
        assert world.server.plain.count(b"GET ") == 1


async def test_a_tunnel_through_a_door_with_tls(tmp_path: Path, model: EchoServer) -> None:
    """Z5: TLS to the door, CONNECT, TLS to the destination: each ended where it should be."""
    door_ca = TinyCa("tiny door authority")
    door_ca.issue("door", hosts=("127.0.30.1",), server=True).write(tmp_path, "door")

    def secured(core: Core) -> None:
        world.alter(core)
        files = DoorFiles(tmp_path / "door.pem", tmp_path / "door.key")
        listener = replace(core.listeners["zone-out-1"], tls=DoorTls(files, core.clock.now_ms()))
        core.listeners = {**core.listeners, "zone-out-1": listener}

    async with outside(tmp_path) as world, lab(model.port, model="stepped", alter=secured) as running:
        async with Serving(running, model) as flow, Workload(running) as workload:
            await workload.secure(ssl.create_default_context(cadata=door_ca.pem.decode()), "127.0.30.1")
            await opened(world, workload, flow)
            for _ in range(2):
                assert await workload.get(flow, host=world.place) == (200, b'{"told": "all"}')
        async with Serving(running, model) as flow, Workload(running) as workload:
            await workload.secure(ssl.create_default_context(cadata=door_ca.pem.decode()), "127.0.30.1")
            await workload.connect("elsewhere.example:443", flow)
            assert code_of(workload.refusal) == "lane-closed"


async def test_what_can_not_be_looked_into_is_withheld(tmp_path: Path, model: EchoServer) -> None:
    """Z5, Z22: bytes of an unknown kind, and more bytes than are looked into."""
    big = b"a" * 300_000
    answers = (
        (b"application/zip", b"PK\x03\x04" + bytes(64)),
        (b"text/plain", big),
    )
    async with (
        outside(tmp_path) as world,
        lab(model.port, model="stepped", alter=world.alter) as running,
        Serving(running, model) as flow,
    ):
        for kind, said in answers:
            world.server.answer = (
                b"HTTP/1.1 200 OK\r\ncontent-type: %s\r\ncontent-length: %d\r\n\r\n%s"
                % (kind, len(said), said)
            )  # fmt: skip
            async with Workload(running) as workload:
                await opened(world, workload, flow)
                answer = await workload.get(flow, host=world.place)
                assert (answer[0], code_of(answer)) == (502, "return-unreadable")


@pytest.mark.parametrize("flaw", ["pin", "authority", "name"])
async def test_a_destination_proves_who_it_is(flaw: str, tmp_path: Path, model: EchoServer) -> None:
    """Z5, Z22: with another key, authority or name it gets not one byte, tunnel or not."""

    def pair(ca: Any) -> Any:
        if flaw == "authority":
            return type(ca)("someone else").issue("tools", hosts=(NAME,), server=True)
        return ca.issue("tools", hosts=("mail.example" if flaw == "name" else NAME,), server=True)

    async with outside(tmp_path, pair) as world:
        alter = partial(world.alter, pin="sha256:" + "ab" * 32 if flaw == "pin" else "")
        async with lab(model.port, model="stepped", alter=alter) as running:
            async with Serving(running, model) as flow:
                async with Workload(running) as workload:
                    await opened(world, workload, flow)
                    answer = await workload.get(flow, host=world.place)
                    assert (answer[0], code_of(answer)) == (502, "upstream-untrusted")
                async with Workload(running) as workload:
                    answer = await workload.get(flow, path=f"http://{world.place}/x", host=world.place)
                    assert code_of(answer) == "upstream-untrusted"
            assert last(running) == ("return", "deny", "upstream-untrusted")
        assert bytes(world.server.plain) == b""
