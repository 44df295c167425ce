"""A zone of several processes under a flood: its log is bounded, whole, and counts the rest (Z13-Z15)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from demo.echo_server import EchoServer, serving
from tests.live.test_kill_switch import entries
from tests.support import zone_world
from tests.support.worker_zone import children, replaced, workers
from tests.support.zone_process import ZoneFolder, cli, make_zone
from zoneproxy.assembly.doctor.refusals import RECORD_BYTES

pytestmark = pytest.mark.live

FEW = (
    "\nlimits: {refusals: {source: {per_minute: 60, at_once: 10}, network: {per_minute: 60, at_once: 20}, "
    "door: {per_minute: 120, at_once: 40}, registered: {per_minute: 60, at_once: 6}, told_every_s: 1}, "
    "drain_idle_s: 0.2}\n"
)
BAD = "POST /v1/nowhere HTTP/1.1"
CHAT = zone_world.CHAT.replace(b"zone-llm-01", b"zone-llm-02")
GOOD = "POST /v1/chat/completions HTTP/1.1"


@pytest.fixture
def llm() -> Iterator[EchoServer]:
    with serving() as server:
        yield server


def flooded(path: Path, llm: EchoServer, limits: str = FEW) -> ZoneFolder:
    zone = make_zone(path / "zone", llm.port)
    with zone.config.open("a") as file:
        file.write(limits)
    return zone


async def say(zone: ZoneFolder, line: str, credential: str = "", peer: str = "127.0.10.9") -> bytes:
    """Send one request and return all that comes back."""
    bearer = f"authorization: Bearer {credential}\r\n" if credential else ""
    head = f"{line}\r\nhost: zone\r\n{bearer}content-type: application/json\r\nconnection: close\r\n"
    got = b""
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        reader, writer = await asyncio.open_connection("127.0.10.1", zone.port, local_addr=(peer, 0))
        try:
            writer.write(head.encode() + b"content-length: %d\r\n\r\n" % len(CHAT) + CHAT)
            while data := await asyncio.wait_for(reader.read(65_536), 30):
                got += data
        finally:
            writer.close()
    return got


def sums(zone: ZoneFolder) -> tuple[int, Counter[str]]:
    """How many refusals are on record, and how many are counted, by whose they are."""
    counted = Counter[str]()
    single = 0
    for entry in entries(zone):
        if entry.kind == "decision" and entry.body["verdict"] == "deny":
            single += 1
        elif entry.kind == "alarm":
            counted[entry.body["turned"]["whose"] or ""] += entry.body["count"]
    return single, counted


def size_of(folder: Path) -> int:
    """How many bytes a folder's files take on the disk."""
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())


def verified(zone: ZoneFolder) -> dict[str, Any]:
    """Verify and replay the log; return what `log verify` says of its newest shard."""
    opener = ("--opening-key", str(next(zone.path.glob("keys/**/opening.key"))))
    checked = cli("log", "verify", str(zone.log), "--json", *opener)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    replayed = cli("replay", str(zone.log), *opener)
    assert replayed.returncode == 0, replayed.stdout + replayed.stderr
    told = [json.loads(line) for line in checked.stdout.splitlines()]
    return next(line for line in told if "turned_away" in line)


def test_a_flood_at_two_workers_is_bounded_counted_and_verified(tmp_path: Path, llm: EchoServer) -> None:
    """Z13, Z14, Z15: bytes of the log are bounded, a tenant is served, a regulator sees the rest counted."""
    zone = flooded(tmp_path, llm)
    sent, spoken = 900, 0

    async def flood(number: int) -> None:
        nonlocal spoken
        for turn in range(sent // 30):
            peer = f"127.{1 + number % 6}.{number}.{1 + turn % 5}"
            answer = await say(zone, (BAD, GOOD, "G@T / HTTP/1.1")[turn % 3], peer=peer)
            spoken += bool(answer)

    async def story() -> None:
        before = size_of(zone.log)
        strangers = asyncio.gather(*(flood(number) for number in range(30)))
        for _ in range(20):
            answer = await say(zone, GOOD, zone.credentials["toyco-sg"])
            assert answer.startswith(b"HTTP/1.1 200 "), answer
        await strangers
        # Two records of each of the tenant's, the strangers', the counts of two workers each second.
        assert size_of(zone.log) - before < 400 * RECORD_BYTES
        said = cli("refusals", "--config", str(zone.config), "--json")
        assert said.returncode == 1, said.stderr
        assert sum(json.loads(line)["count"] for line in said.stdout.splitlines()) == sent - spoken
        doctor = cli("doctor", "--config", str(zone.config), "--no-self-test", "--json")
        found = [json.loads(line) for line in doctor.stdout.splitlines()]
        assert [one["state"] for one in found if one["id"] == "refusals"] == ["advice"]

    with workers(zone) as program:
        asyncio.run(story())
        program.process.send_signal(signal.SIGTERM)
        assert program.process.wait(60) == 0
    single, counted = sums(zone)
    assert single == spoken
    assert counted == {"": sent - spoken}
    assert 10 <= single <= 200
    told = verified(zone)
    assert sum(one["count"] for one in told["turned_away"]) == sent - single
    assert {one["whose"] for one in told["turned_away"]} == {""}
    assert len(llm.seen) == 20


def test_a_restart_and_a_killed_worker_forget_what_was_not_told_and_nothing_else(
    tmp_path: Path, llm: EchoServer
) -> None:
    """Z13: a stop in order loses no count; a kill loses those since the last record, and the log is whole."""
    zone = flooded(tmp_path, llm)

    async def tenant(times: int) -> int:
        answers = [await say(zone, BAD, zone.credentials["toyco-sg"]) for _ in range(times)]
        return sum(not answer for answer in answers)

    async def kill_one() -> None:
        before = children(program)
        victim = next(pid for pid, role in before.items() if role == "worker")
        os.kill(victim, signal.SIGKILL)
        await replaced(program, {victim})

    with workers(zone) as program:
        first = asyncio.run(tenant(30))
        program.process.send_signal(signal.SIGTERM)
        assert program.process.wait(60) == 0
    assert sums(zone)[1] == {"tenant:toyco-sg": first}
    with workers(zone) as program:
        second = asyncio.run(tenant(30))
        asyncio.run(asyncio.sleep(2.5))  # every count is due, and recorded
        asyncio.run(kill_one())
        third = asyncio.run(tenant(30))
        program.process.send_signal(signal.SIGTERM)
        assert program.process.wait(60) == 0
    assert min(first, second, third) > 10
    single, counted = sums(zone)
    assert counted == {"tenant:toyco-sg": first + second + third}
    assert single == 90 - counted.total()
    verified(zone)


def test_the_record_of_a_refusal_is_as_large_as_the_doctor_says(tmp_path: Path, llm: EchoServer) -> None:
    """Z22: what the doctor reckons with is not less than what a record can take, and not much more."""
    wide = "{per_minute: 100000}"
    zone = flooded(
        tmp_path, llm, f"\nlimits: {{refusals: {{source: {wide}, network: {wide}, door: {wide}}}}}\n"
    )
    longest = f"POST /{'v' * 2000} HTTP/1.1\r\nuser-agent: {'u' * 300}\r\nzone-origin: {'t' * 300}"

    async def refused(times: int) -> None:
        wanted = sums(zone)[0] + times
        for _ in range(times // 25):
            await asyncio.gather(*(say(zone, longest) for _ in range(25)))
        async with asyncio.timeout(60):  # all of it is published
            while sums(zone)[0] < wanted:
                await asyncio.sleep(0.5)

    def kept() -> int:
        return size_of(zone.log) - sum(size_of(path) for path in zone.log.glob("*/wal"))

    with zone.serving() as program:
        asyncio.run(refused(100))
        before, first = kept(), sums(zone)[0]
        asyncio.run(refused(2000))
        size, count = kept() - before, sums(zone)[0] - first
        program.process.send_signal(signal.SIGTERM)
        assert program.process.wait(60) == 0
    assert count == 2000
    assert size / count <= RECORD_BYTES <= 1.5 * size / count, size / count
