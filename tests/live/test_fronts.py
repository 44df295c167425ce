"""The PROXY protocol: heard from registered fronts, from nobody else, and only where it is expected (Z1)."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from demo.echo_server import EchoServer, serving
from tests.support.boundary_lab import Lab, lab
from tests.support.proven_lab import (
    CALLER,
    FRONT,
    NAME,
    OTHER,
    SPIFFE,
    Customs,
    call,
    facts,
    front_tls,
    post,
    proxy_header,
    tlv,
)
from zoneproxy.meter.refusals import Bounds, Flow, Refusals

pytestmark = pytest.mark.live

FRONTS = ("127.0.40.0/24",)
V1 = b"PROXY TCP4 127.0.10.77 127.0.10.1 55555 8443\r\n"


@pytest.fixture
def llm() -> Iterator[EchoServer]:
    with serving() as server:
        yield server


@pytest.fixture
def customs(tmp_path: Path) -> Customs:
    return Customs.make(tmp_path)


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


async def recorded(running: Lab, count: int = 1) -> None:
    """Wait until so many records are written."""
    async with asyncio.timeout(5):
        while len(running.journal.entries) < count:
            await asyncio.sleep(0.005)


async def test_the_front_says_who_calls(customs: Customs, llm: EchoServer) -> None:
    """Z1: address, name and certificate that a front passes on are evidence."""
    caller = customs.ca.issue("toyco-sg", uris=(SPIFFE,))
    tlvs = tlv(0x02, NAME.encode()) + front_tls(caller.der, "toyco-sg")
    alter = partial(customs.alter, fronts=FRONTS, tls=False)
    async with lab(llm.port, alter=alter) as running:
        answer = await call(running, post(), preface=proxy_header(tlvs=tlvs), peer=FRONT)
        assert status(answer) == 200, answer
        assert facts(running)["origin.agreeing"] == 4
        assert facts(running)["client.certificate"] == "known"
        assert facts(running)["ingress.tls"] == "front"
        private = running.journal.entries[0][2]
        assert (private["client.ip"], private["peer_port"]) == (CALLER, 55555)
        assert (private["ingress.front"], private["client.authority"]) == (FRONT, NAME)


@pytest.mark.parametrize(
    ("tlvs", "host", "objection"),
    [
        (tlv(0x02, b"other.zone.example"), NAME, "authority"),
        (front_tls(common_name="toyco-sg"), NAME, "certificate"),
        (front_tls(common_name="toyco-sg", verify=18), NAME, "certificate"),
        (b"", NAME, "certificate"),
    ],
    ids=["another name", "an unregistered certificate", "a false certificate", "no certificate"],
)
async def test_what_a_front_says_can_contradict(
    tlvs: bytes, host: str, objection: str, customs: Customs, llm: EchoServer
) -> None:
    """Z1: name, certificate and credential that disagree make the origin unknown."""
    alter = partial(customs.alter, fronts=FRONTS, tls=False)
    async with lab(llm.port, alter=alter) as running:
        answer = await call(running, post(host), preface=proxy_header(tlvs=tlvs), peer=FRONT)
        assert status(answer) == 403
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "origin-unknown"
        assert objection in facts(running)["origin.objections"]
        assert llm.seen == []


async def test_the_callers_network_counts_not_the_fronts(customs: Customs, llm: EchoServer) -> None:
    """Z1: a domestic caller behind the front is domestic evidence at the overseas door."""
    alter = partial(customs.alter, fronts=FRONTS, tls=False)
    async with lab(llm.port, alter=alter) as running:
        answer = await call(running, post(credential=OTHER), preface=proxy_header("127.0.20.9"), peer=FRONT)
        assert status(answer) == 403
        assert running.journal.verdicts() == [("decision", "deny", "origin-unknown")]
        assert facts(running)["client.network"] == "domestic"


BROKEN = {
    "none": b"",
    "version 1": V1,
    "garbage": b"\x00" * 64,
    "too long": proxy_header()[:14] + b"\xff\xff" + b"\x00" * 5000,
    "LOCAL": proxy_header(command=0x20),
    "UDP": proxy_header(family=0x12),
    "an unknown version": proxy_header(command=0x31),
    "a wrong checksum": proxy_header(tlvs=tlv(0x03, b"\x00\x00\x00\x00")),
    "a broken certificate": proxy_header(tlvs=front_tls(b"\x30\x03abc")),
}


@pytest.mark.parametrize("preface", BROKEN.values(), ids=BROKEN.keys())
async def test_what_is_no_header_closes(preface: bytes, customs: Customs, llm: EchoServer) -> None:
    """Z1, Z22: a door behind fronts serves nobody without a header, and records the attempt."""
    alter = partial(customs.alter, fronts=FRONTS, tls=False)
    async with lab(llm.port, alter=alter, header_timeout_s=0.5) as running:
        assert await call(running, post(), preface=preface, peer=FRONT) == b""
        await recorded(running)
        assert running.journal.verdicts() == [("decision", "deny", "origin-front")]
        assert llm.seen == []
        served = await call(running, post(credential=OTHER), preface=proxy_header(), peer=FRONT)
        assert facts(running)["origin.class"] == "overseas", served


@pytest.mark.parametrize("peer", ["127.0.10.9", "127.0.41.1"])
async def test_a_stranger_is_no_front(peer: str, customs: Customs, llm: EchoServer) -> None:
    """Z1: a perfect header from outside the registered prefixes closes the connection, unread."""
    alter = partial(customs.alter, fronts=FRONTS, tls=False)
    async with lab(llm.port, alter=alter) as running:
        assert await call(running, post(), preface=proxy_header(), peer=peer) == b""
        await recorded(running)
        assert running.journal.verdicts() == [("decision", "deny", "origin-front")]
        assert running.journal.entries[0][2]["client.ip"] == peer
        assert running.journal.entries[0][2]["detail"] == "the peer is no front of this route"


@pytest.mark.parametrize("size", [0, 1, 15, 16, 20, 27])
async def test_a_header_that_is_cut_short_closes(size: int, customs: Customs, llm: EchoServer) -> None:
    """Z22: a front that stops in the middle of its header is closed, whichever side ends first."""
    alter = partial(customs.alter, fronts=FRONTS, tls=False)
    async with lab(llm.port, alter=alter, header_timeout_s=0.3) as running:
        assert await call(running, b"", preface=proxy_header()[:size], peer=FRONT) == b""
        await recorded(running)
        assert running.journal.verdicts() == [("decision", "deny", "origin-front")]


async def test_a_slow_header_ends_in_time(customs: Customs, llm: EchoServer) -> None:
    """Z22: byte after byte does not hold a connection beyond its deadline."""
    alter = partial(customs.alter, fronts=FRONTS, tls=False)
    async with lab(llm.port, alter=alter, header_timeout_s=0.4) as running:
        reader, writer = await asyncio.open_connection("127.0.10.1", running.port, local_addr=(FRONT, 0))
        closed = asyncio.ensure_future(reader.read(1))
        for byte in proxy_header():
            writer.write(bytes((byte,)))
            await asyncio.wait({closed}, timeout=0.05)
            if closed.done():
                break
        assert closed.done()
        with contextlib.suppress(ConnectionError):
            assert closed.result() == b""
        await recorded(running)
        assert running.journal.verdicts() == [("decision", "deny", "origin-front")]
        writer.transport.abort()


async def test_a_second_header_is_no_request(customs: Customs, llm: EchoServer) -> None:
    """Z1: what follows the header is HTTP: a second one, from a caller, changes nobody's address."""
    alter = partial(customs.alter, fronts=FRONTS, tls=False)
    async with lab(llm.port, alter=alter) as running:
        answer = await call(running, post(), preface=proxy_header() + proxy_header("127.0.10.5"), peer=FRONT)
        assert status(answer) in (0, 400)
        await recorded(running)
        assert running.journal.verdicts()[0] == ("decision", "deny", "request-malformed")
        assert running.journal.entries[0][2]["client.ip"] in (None, CALLER)
        assert llm.seen == []


@pytest.mark.parametrize("preface", [proxy_header(), V1], ids=["version 2", "version 1"])
async def test_a_door_without_fronts_hears_no_header(preface: bytes, llm: EchoServer) -> None:
    """Z1: where no front is registered, a header is no HTTP."""
    async with lab(llm.port) as running:
        answer = await call(running, post(), preface=preface)
        assert status(answer) in (0, 400)
        await recorded(running)
        assert running.journal.verdicts()[0] == ("decision", "deny", "request-malformed")
        assert llm.seen == []


async def test_headers_that_speak_of_addresses_move_nothing(customs: Customs, llm: EchoServer) -> None:
    """Z1: `X-Forwarded-For` and its kin are the client's words, behind a front or not."""
    claims = "".join(
        f"{name}: 127.0.20.9\r\n"
        for name in ("x-forwarded-for", "x-real-ip", "true-client-ip", "cf-connecting-ip", "forwarded")
    )
    async with lab(llm.port) as running:
        assert status(await call(running, post(more=claims))) == 200
        assert running.journal.entries[0][2]["client.ip"] == "127.0.10.9"
    alter = partial(customs.alter, fronts=FRONTS, tls=False)
    async with lab(llm.port, alter=alter) as running:
        await call(running, post(credential=OTHER, more=claims), preface=proxy_header(), peer=FRONT)
        assert running.journal.entries[0][2]["client.ip"] == CALLER
        assert facts(running)["origin.class"] == "overseas"


async def test_a_front_may_pass_tls_on(customs: Customs, llm: EchoServer) -> None:
    """Z1: header first, then the caller's own handshake with the door; both are evidence."""
    caller = customs.ca.issue("toyco-sg", uris=(SPIFFE,))
    alter = partial(customs.alter, fronts=FRONTS)
    async with lab(llm.port, alter=alter) as running:
        context = customs.client(caller)
        answer = await call(running, post(), context=context, preface=proxy_header(), peer=FRONT)
        assert status(answer) == 200, answer
        assert facts(running)["ingress.tls"] == "door"
        assert running.journal.entries[0][2]["client.ip"] == CALLER
        assert await call(running, post(), context=context, peer=FRONT) == b""
        assert await call(running, post(), preface=proxy_header(), peer=FRONT) == b""


async def test_a_false_certificate_is_worse_than_none(customs: Customs, llm: EchoServer) -> None:
    """Z1: a tenant that needs no certificate is not believed either where the front could not verify one."""
    alter = partial(customs.alter, fronts=FRONTS, tls=False)
    async with lab(llm.port, alter=alter) as running:
        preface = proxy_header(tlvs=front_tls(common_name="toyco-sg", verify=18))
        answer = await call(running, post(credential=OTHER), preface=preface, peer=FRONT)
        assert status(answer) == 403
        assert facts(running)["origin.objections"] == ["certificate"]
        assert llm.seen == []


async def test_front_and_handshake_must_tell_the_same(customs: Customs, llm: EchoServer) -> None:
    """Z1: a front that tells of another name than the handshake with the door makes the origin unknown."""
    caller = customs.ca.issue("toyco-sg", uris=(SPIFFE,))
    alter = partial(customs.alter, fronts=FRONTS)
    async with lab(llm.port, alter=alter) as running:
        for name, expected in ((NAME, 200), ("other.zone.example", 403)):
            preface = proxy_header(tlvs=tlv(0x02, name.encode()))
            answer = await call(running, post(), context=customs.client(caller), preface=preface, peer=FRONT)
            assert status(answer) == expected, answer
        assert facts(running)["origin.objections"] == ["authority"]


async def test_a_flood_at_the_gate_is_summed(customs: Customs, llm: EchoServer) -> None:
    """Z13, Z22: whoever proves nothing can't fill the disk; how many there were is recorded."""
    alter = partial(customs.alter, fronts=FRONTS, tls=False)
    async with lab(llm.port, alter=alter, header_timeout_s=5.0) as running:
        few = Flow(60, 3)
        running.core.refusals = Refusals(Bounds(few, few, few, few, 100))
        for _ in range(12):
            assert await call(running, post(), preface=V1, peer=FRONT) == b""

        def told() -> tuple[int, int]:
            entries = running.journal.entries
            single = sum(kind == "decision" for kind, _, _ in entries)
            summed = [body for kind, body, _ in entries if kind == "alarm"]
            assert {body["code"] for body in summed} <= {"handshakes-refused"}
            return single, sum(body["count"] for body in summed)

        async with asyncio.timeout(10):
            while sum(told()) < 12:
                await asyncio.sleep(0.02)
        single, summed = told()
        assert (single + summed, single < 12) == (12, True)


async def test_header_and_request_may_come_in_any_pieces(customs: Customs, llm: EchoServer) -> None:
    """Nothing behind the header is lost or read as a part of it, however the bytes are cut."""
    data = proxy_header() + post(credential=OTHER)
    alter = partial(customs.alter, fronts=FRONTS, tls=False)
    async with lab(llm.port, alter=alter) as running:
        for cut in (1, 15, 16, 17, 27, 28, 29, 100):
            reader, writer = await asyncio.open_connection("127.0.10.1", running.port, local_addr=(FRONT, 0))
            writer.write(data[:cut])
            await writer.drain()
            await asyncio.sleep(0.01)
            writer.write(data[cut:])
            assert (await asyncio.wait_for(reader.read(), 5)).startswith(b"HTTP/1.1 ")
            assert facts(running)["origin.class"] == "overseas"
            writer.transport.abort()
