"""Floods of strangers at real doors: what is written is bounded, and all that is not is counted (Z13, Z22).

A stranger's refusal is told only with its record; beyond the bound his connection is closed without a byte.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from addons import halting
from demo.echo_server import EchoServer, serving
from tests.support import zone_world
from tests.support.boundary_lab import Lab, MemoryJournal, lab
from tests.support.outward_lab import Serving, Workload, outside
from tests.support.proven_lab import SPIFFE, Customs, call, post
from tests.support.zone_world import CHAT, CREDENTIAL
from zoneproxy.adapters.workers import descriptors
from zoneproxy.assembly import Boundary as Core
from zoneproxy.meter.refusals import MINUTE_MS, Bounds, Flow, Refusals
from zoneproxy.meter.turnstile import Allowance, Turnstile

pytestmark = pytest.mark.live

WIDE = Flow(10**6, 10**6)
FEW = Bounds(Flow(60, 4), Flow(120, 8), Flow(240, 20), Flow(600, 30), told_every_ms=300)
BEARER = f"authorization: Bearer {CREDENTIAL}\r\n"
JSON = "content-type: application/json\r\n"


@pytest.fixture
def llm() -> Iterator[EchoServer]:
    with serving() as server:
        yield server


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look for what is due more often than once a second."""
    monkeypatch.setattr(halting, "SWEEP_S", 0.05)


def bounded(bounds: Bounds) -> Callable[[Core], None]:
    def alter(core: Core) -> None:
        core.refusals = Refusals(bounds)

    return alter


def request(
    line: str = "POST /v1/chat/completions HTTP/1.1",
    more: str = JSON,
    body: bytes = CHAT,
    *,
    close: bool = True,
) -> bytes:
    end = "connection: close\r\n" if close else ""
    length = f"content-length: {len(body)}\r\n" if body else ""
    return f"{line}\r\nhost: zone\r\n{more}{length}{end}\r\n".encode() + body


STRANGERS = {
    "no credential": request(),
    "a foreign credential": request(more=JSON + "authorization: Bearer zp-nobody\r\n"),
    "no http at all": b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
    "an unknown method": request("G@T / HTTP/1.1", body=b""),
    "two hosts": request(more=JSON + "host: other\r\n"),
    "a wrong path": request("POST /v1/nowhere HTTP/1.1"),
    "a tunnel": b"CONNECT tools.invalid:443 HTTP/1.1\r\nhost: tools.invalid:443\r\n\r\n",
    "an upgrade": request(
        "GET /v1/realtime HTTP/1.1", "upgrade: h2c\r\nconnection: upgrade\r\n", b"", close=False
    ),
    "whoever waits for 100": request(more=JSON + "expect: 100-continue\r\n"),
    "absolute form": request("POST http://tools.invalid/ HTTP/1.1"),
    "a forged tag": request(more=JSON + BEARER + "zone-origin: overseas\r\n"),
    "a body in chunks that is broken": request(more=JSON + "transfer-encoding: chunked\r\n", body=b"")
    + b"zz\r\n",
}


def decisions(journal: MemoryJournal) -> list[Any]:
    return [body for kind, body, _ in journal.entries if kind == "decision"]


def denials(journal: MemoryJournal) -> list[Any]:
    return [body for body in decisions(journal) if body["verdict"] == "deny"]


def counted(journal: MemoryJournal) -> Counter[str]:
    """How many were turned away, by reason."""
    sums = Counter[str]()
    for kind, body, _ in journal.entries:
        if kind == "alarm":
            assert sum(body["turned"]["reasons"].values()) == body["count"]
            sums.update(body["turned"]["reasons"])
    return sums


async def told(running: Lab, count: int) -> None:
    """Wait until so many are counted on record."""
    async with asyncio.timeout(20):
        while counted(running.journal).total() < count:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("what", list(STRANGERS), ids=list(STRANGERS))
async def test_beyond_the_bound_a_stranger_is_closed_without_a_byte(what: str, llm: EchoServer) -> None:
    """Z13, Z22: in whatever way he is refused: told with a record, or not told and counted."""
    once = Bounds(Flow(1, 2), WIDE, WIDE, WIDE, told_every_ms=100)
    async with lab(llm.port, alter=bounded(once)) as running:
        answers = [await running.raw(STRANGERS[what]) for _ in range(4)]
        assert [bool(answer) for answer in answers] == [True, True, False, False], answers
        assert all(b"zone-trace: " in answer for answer in answers[:2])
        reasons = {body["reason"] for body in denials(running.journal)}
        assert len(denials(running.journal)) == 2
        await told(running, 2)
        assert counted(running.journal) == dict.fromkeys(reasons, 2)
        # Somebody else is still told, and a tenant is served.
        assert b"zone-trace: " in await running.raw(STRANGERS[what], peer="127.9.9.9")
        assert (await running.raw(request(more=JSON + BEARER))).startswith(b"HTTP/1.1 200 ")
        assert len(llm.seen) == 1
        assert not running.boundary.crossings


async def test_a_flood_is_bounded_while_a_tenant_is_served(llm: EchoServer) -> None:
    """Z13, Z22: many addresses, many ways: what is written is bounded, the tenant is always served."""
    sent, answers = 0, list[bytes]()
    async with lab(llm.port, alter=bounded(FEW)) as running:
        began_s = time.monotonic()

        async def stranger(number: int) -> None:
            nonlocal sent
            ways = list(STRANGERS.values())
            for turn in range(12):
                peer = f"127.{1 + number % 5}.{number}.{1 + turn % 3}"
                sent += 1
                answers.append(await running.raw(ways[(number + turn) % len(ways)], peer=peer))

        async def tenant() -> list[bytes]:
            return [await running.raw(request(more=JSON + BEARER)) for _ in range(25)]

        flood = asyncio.gather(*(stranger(number) for number in range(30)))
        served = await tenant()
        await flood
        assert all(answer.startswith(b"HTTP/1.1 200 ") for answer in served)
        lasted_ms = (time.monotonic() - began_s) * 1000
        recorded = len(denials(running.journal))
        assert 20 <= recorded <= FEW.door.burst + lasted_ms * FEW.door.per_minute / MINUTE_MS + 1
        await told(running, sent - recorded)
        assert recorded + counted(running.journal).total() == sent == 360
        # What was told is what is on record, and nothing else was.
        spoken = [answer for answer in answers if answer]
        assert len(spoken) == recorded
        assert all(b"zone-trace: " in answer for answer in spoken)
        alarms = [body for kind, body, _ in running.journal.entries if kind == "alarm"]
        assert len(alarms) <= 3 + lasted_ms / FEW.told_every_ms
        assert {body["turned"]["whose"] for body in alarms} == {None}
        assert running.core.refusals.remembered <= 200
        assert not running.boundary.crossings


async def test_pipelined_requests_end_with_the_first_that_is_turned_away(llm: EchoServer) -> None:
    """Z13: of what stands behind it on the connection nothing is looked at, nor answered."""
    three = Bounds(Flow(1, 3), WIDE, WIDE, WIDE, told_every_ms=100)
    async with lab(llm.port, alter=bounded(three)) as running:
        refused = request(more=JSON, close=False)
        answer = await running.raw(refused * 6 + request(more=JSON + BEARER))
        assert answer.count(b"HTTP/1.1 ") == answer.count(b"zone-trace: ") == 3
        assert len(decisions(running.journal)) == 3
        await told(running, 1)
        assert counted(running.journal).total() == 1
        assert llm.seen == []


async def test_a_tenant_is_bounded_by_itself_and_harms_nobody(llm: EchoServer) -> None:
    """Z22: one whose own requests are refused too often is counted by its name; what is good still passes."""
    bounds = Bounds(WIDE, WIDE, WIDE, Flow(1, 3), told_every_ms=100)
    bad, good = request("POST /v1/nowhere HTTP/1.1", JSON + BEARER), request(more=JSON + BEARER)
    async with lab(llm.port, alter=bounded(bounds)) as running:
        for number in range(5):
            assert bool(await running.raw(bad)) is (number < 3)
            assert (await running.raw(good)).startswith(b"HTTP/1.1 200 ")
        assert b"zone-trace" in await running.raw(request())
        await told(running, 2)
        (*_, last) = [body for kind, body, _ in running.journal.entries if kind == "alarm"]
        assert last["turned"]["whose"] == "tenant:toyco-sg"
        assert counted(running.journal) == {"content-unknown-endpoint": 2}


async def test_a_tenant_beyond_its_rate_is_bounded_too(llm: EchoServer) -> None:
    """Z22: each refusal of a limit was a record: beyond the bound it is counted, and its place given back."""
    bounds = Bounds(WIDE, WIDE, WIDE, Flow(1, 2), told_every_ms=100)

    def alter(core: Core) -> None:
        bounded(bounds)(core)
        core.turnstile = Turnstile(Allowance(), Allowance(requests_per_minute=1, request_burst=1), {})

    async with lab(llm.port, alter=alter) as running:
        answers = [await running.raw(request(more=JSON + BEARER)) for _ in range(6)]
        assert [answer[9:12] for answer in answers] == [b"200", b"429", b"429", b"", b"", b""]
        await told(running, 3)
        assert counted(running.journal) == {"limit-tenant-requests": 3}
        assert running.core.turnstile.under_way() == 0


async def test_a_body_that_is_refused_is_bounded_and_leaves_nothing(llm: EchoServer) -> None:
    """Z22: what is refused only once its body is read is closed likewise, and counted out."""
    bounds = Bounds(WIDE, WIDE, WIDE, Flow(1, 1), told_every_ms=100)
    async with lab(llm.port, alter=bounded(bounds)) as running:
        answers = [await running.raw(request(more=JSON + BEARER, body=b"{nope")) for _ in range(3)]
        assert [answer[9:12] for answer in answers] == [b"400", b"", b""]
        large = request(more=JSON + BEARER, body=b" " * 70_000)
        assert await running.raw(large) == b""
        await told(running, 3)
        assert running.core.turnstile.under_way() == 0
        assert not running.boundary.crossings


async def test_strangers_at_one_door_leave_the_others_theirs(llm: EchoServer) -> None:
    """Z7, Z22: a flood from overseas does not hide who calls from inland."""
    bounds = Bounds(WIDE, WIDE, Flow(1, 4), WIDE, told_every_ms=100)
    async with lab(llm.port, alter=bounded(bounds)) as running:
        for number in range(8):
            await running.raw(request(), peer=f"127.8.{number}.1")
        answer = await running.raw(request(), host="127.0.20.1", peer="127.0.20.9")
        assert b"origin-domestic" in answer
        await told(running, 4)


async def test_workloads_at_the_outward_door_are_bounded(tmp_path: Any, llm: EchoServer) -> None:
    """Z5, Z22: tunnels and calls of nobody's, and the calls of a workload for a tenant, each by their own."""
    bounds = Bounds(Flow(1, 2), WIDE, WIDE, Flow(1, 2), told_every_ms=100)
    async with outside(tmp_path) as world:

        def alter(core: Core) -> None:
            world.alter(core)
            bounded(bounds)(core)

        async with lab(llm.port, model="stepped", alter=alter) as running, Serving(running, llm) as flow:
            spoken = []
            for _ in range(4):
                async with Workload(running) as workload:
                    status = 0
                    with contextlib.suppress(OSError, EOFError, ValueError, IndexError):
                        status = await workload.connect("elsewhere.invalid:443", flow)
                    spoken.append(status)
            assert [status >= 400 for status in spoken] == [True, True, False, False], spoken
            names = {key.name for key in running.core.refusals.since_start}
            assert names == {"workload:toyco-sg"}
            nobody = b"CONNECT elsewhere.invalid:443 HTTP/1.1\r\nhost: elsewhere.invalid:443\r\n\r\n"
            got = [await running.raw(nobody, host="127.0.30.1", peer="127.0.30.9") for _ in range(4)]
            assert [bool(answer) for answer in got] == [True, True, False, False]


# ---- what else strangers could cost ---------------------------------------------------------------------


async def test_the_body_of_a_request_that_its_head_refused_is_not_kept(llm: EchoServer) -> None:
    """Z22: who has no credential can't fill the memory with bodies; whoever sends his to the end is told."""
    piece = b"x" * 65_536
    head = request(body=b"").replace(b"\r\n\r\n", b"\r\ncontent-length: %d\r\n\r\n" % (64 * len(piece)))
    async with lab(llm.port, max_body_bytes=8 << 20, body_timeout_s=30.0) as running:
        tracemalloc.start()
        writers = []
        for _ in range(10):
            reader, writer = await asyncio.open_connection("127.0.10.1", running.port)
            writers.append((reader, writer))
            writer.write(head)
            for _ in range(63):
                writer.write(piece)
                await writer.drain()
        await asyncio.sleep(0.5)
        held = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        assert held < 8 << 20, held  # forty megabytes were sent
        for reader, writer in writers:
            writer.write(piece)
            answer = await asyncio.wait_for(reader.read(), 10)
            assert b"origin-tenant-unknown" in answer
            assert b"zone-trace: " in answer
            writer.close()


async def test_one_source_takes_few_places_before_a_gate(
    tmp_path: Path, llm: EchoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Z22: connections that say nothing before their handshake leave room for others'."""
    monkeypatch.setattr(descriptors, "WAITING", 16)
    customs = Customs.make(tmp_path)
    caller = customs.client(customs.ca.issue("toyco-sg", uris=(SPIFFE,)))
    async with lab(llm.port, alter=customs.alter, header_timeout_s=8.0) as running:
        silent = [
            await asyncio.open_connection("127.0.10.1", running.port, local_addr=("127.0.10.66", 0))
            for _ in range(20)
        ]
        async with asyncio.timeout(6):
            while sum(reader.at_eof() for reader, _ in silent) < 18:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(asyncio.gather(*(one.read(1) for one, _ in silent)), 0.05)
        answer = await call(running, post(), context=caller)
        assert answer.startswith(b"HTTP/1.1 200 "), answer
        await told(running, 18)
        assert counted(running.journal) == {"no-room": 18}
        for _, writer in silent:
            writer.close()


# ---- planted faults -----------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["admits_stranger", "turn_away"])
async def test_a_fault_in_the_bound_shuts(
    method: str, llm: EchoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Z22: where it can't be told whether a refusal may be recorded, nothing is told and nothing passes."""

    def fail(*_args: Any) -> bool:
        raise RuntimeError("planted")

    monkeypatch.setattr(Refusals, method, fail)
    nothing = Bounds(Flow(1, 1), WIDE, WIDE, WIDE)
    async with lab(llm.port, alter=bounded(nothing)) as running:
        answers = [await running.raw(request()) for _ in range(3)]
        assert answers[1:] == [b"", b""]
        assert len(denials(running.journal)) == (method == "turn_away")
        assert (await running.raw(request(more=JSON + BEARER))).startswith(b"HTTP/1.1 200 ")
        assert not running.boundary.crossings


async def test_a_bound_that_says_yes_to_all_is_seen(llm: EchoServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The flood test can fail: with a bound that bounds nothing, more is recorded than may be."""
    monkeypatch.setattr(Refusals, "admits_stranger", lambda *_args: True)
    async with lab(llm.port, alter=bounded(FEW)) as running:
        for number in range(40):
            await running.raw(request(), peer=f"127.8.{number % 4}.1")
        assert len(denials(running.journal)) == 40


async def test_a_count_that_can_not_be_recorded_shuts_the_zone(llm: EchoServer) -> None:
    """Z13: the record of a count is a record like any other: a log that fails at it takes no more."""
    bounds = Bounds(Flow(1, 1), WIDE, WIDE, WIDE, told_every_ms=100)
    journal = MemoryJournal(fail_after=1)
    async with lab(llm.port, journal=journal, alter=bounded(bounds)) as running:
        await running.raw(request())
        assert await running.raw(request()) == b""
        async with asyncio.timeout(10):
            while journal.writable:
                await asyncio.sleep(0.01)
        assert b"trace-unavailable" in await running.raw(request(more=JSON + BEARER))
        assert llm.seen == []


async def test_what_was_counted_is_recorded_at_the_stop(llm: EchoServer) -> None:
    """Z13: nothing that is still to be told is forgotten when the boundary stops in order."""
    bounds = Bounds(Flow(1, 1), WIDE, WIDE, WIDE, told_every_ms=3_600_000)
    async with lab(llm.port, alter=bounded(bounds)) as running:
        for _ in range(3):
            await running.raw(request())
        await told(running, 1)
        for _ in range(4):
            await running.raw(request())
        before = counted(running.journal).total()
        await running.boundary.stop()
        assert before + 0 < counted(running.journal).total() == 6


async def test_an_honest_operator_gets_his_page(llm: EchoServer) -> None:
    """A probe with no credential is answered by the book: reason, remedy, record; again and again."""
    bounds = Bounds(Flow(120, 240), Flow(240, 480), Flow(360, 720), Flow(3000, 6000))
    async with lab(llm.port, alter=bounded(bounds)) as running:
        for number in range(40):
            answer = await running.raw(request("GET /v1/models HTTP/1.1", "", b""))
            error = json.loads(answer.partition(b"\r\n\r\n")[2])["error"]
            assert error["code"] == "origin-tenant-unknown"
            assert error["trace"] == f"zone.test/log#{number}"
    assert zone_world.CREDENTIAL not in str(running.journal.entries)
