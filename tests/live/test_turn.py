"""A month turns under load: real workers at real doors, their sequencer in this process with a clock to move.

Nothing is lost, nobody is refused, and both shards hold (Z13, Z14).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from demo.echo_server import EchoServer, serving
from demo.programs import running
from tests.support.both_sides import DOOR, Load, question
from tests.support.served import served
from tests.support.zone_process import ZoneFolder, cli, make_zone
from zoneproxy.adapters.clock import SystemClock
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.adapters.shards.folder import shard_months
from zoneproxy.assembly import keep_log
from zoneproxy.trace.entry import Entry, parse
from zoneproxy.trace.months import Month

pytestmark = [pytest.mark.live, pytest.mark.slow]


class MovableClock(SystemClock):
    """The system's clock, and what it is ahead."""

    ahead_ms = 0

    def now_ms(self) -> int:
        return super().now_ms() + self.ahead_ms


@contextlib.asynccontextmanager
async def sequencer(zone: ZoneFolder, clock: MovableClock) -> AsyncIterator[None]:
    """Run the zone's sequencer in this process."""
    ready: asyncio.Future[Path] = asyncio.get_running_loop().create_future()
    keeping = asyncio.ensure_future(keep_log(zone.config, ready=ready.set_result, clock=clock))
    either: set[asyncio.Future[Any]] = {ready, keeping}
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    assert ready.done(), keeping.exception()
    try:
        yield
    finally:
        if not keeping.done():
            os.kill(os.getpid(), signal.SIGTERM)
        async with asyncio.timeout(60):
            await keeping


async def shards(zone: ZoneFolder, count: int) -> list[Month]:
    """Wait until the log has so many shards."""
    async with asyncio.timeout(30):
        while len(months := shard_months(zone.log)) < count:
            await asyncio.sleep(0.02)
    return months


async def closed(place: Path) -> None:
    """Wait until a shard is closed for good."""
    async with asyncio.timeout(60):
        while True:
            *_, (_, last) = open_log(place).entries()
            if parse(last).kind == "log_close":
                return
            await asyncio.sleep(0.05)


def ticketed(zone: ZoneFolder) -> dict[str, str]:
    """Ask once and return the answer's head."""
    with socket.create_connection((DOOR, zone.port), timeout=30) as connection:
        connection.sendall(question(zone, 0, stream=False))
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(65536)
    status, *fields = head.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    assert " 200 " in status
    return {name.lower(): value for name, value in (field.split(": ", 1) for field in fields)}


def test_a_month_turns_under_two_workers(tmp_path: Path) -> None:
    """Every answer came, each exchange is whole in its shard; tickets and readers follow (Z13, Z14, Z15)."""
    with serving(pause_seconds=0.001) as upstream:
        zone = make_zone(tmp_path / "zone", upstream.port)
        zone.edit("zone.yaml", "\nroutes:", "\nworkers: {logd: external}\n\nroutes:")
        zone.edit("zone.yaml", "  shards: monthly", "  close_within: 20\n  shards: monthly")

        async def story() -> tuple[list[Month], dict[str, str]]:
            clock = MovableClock()
            async with sequencer(zone, clock):
                # In threads, so that the sequencer goes on meanwhile.
                command = [sys.executable, "-m", "zoneproxy", "run", "--workers", "2", str(zone.config)]
                serving_workers = running(command, timeout_seconds=150)
                await asyncio.to_thread(serving_workers.__enter__)
                try:
                    load = Load(zone)
                    async with load.under_way():
                        await load.more(60)
                        (first,) = await shards(zone, 1)
                        clock.ahead_ms = first.following.start_ms - SystemClock().now_ms()
                        await load.more(60)
                        both = await shards(zone, 2)
                        await load.more(60)
                        await closed(zone.log / str(first))
                        assert load.failed == []
                    ticket = await asyncio.to_thread(ticketed, zone)
                finally:
                    await asyncio.to_thread(serving_workers.__exit__, None, None, None)
            return both, ticket

        both, ticket = asyncio.run(story())
        insist(zone, upstream, both)
        check_ticket(zone, ticket, both[1], tmp_path)


def insist(zone: ZoneFolder, upstream: EchoServer, both: list[Month]) -> None:
    """Both shards and their link hold, by this machine and over HTTP; both sides tell the same exchanges."""
    log, key = zone.log, ("--opening-key", str(zone.path / "keys/opening.key"))
    with served(log) as url:
        for place in (str(log), url):
            for command in (("log", "verify"), ("replay", *key) if place == str(log) else ("log", "examine")):
                done = cli(*command, place)
                assert done.returncode == 0, done.stdout + done.stderr
        done = cli("log", "verify", url, "--json")
        assert json.loads(done.stdout.splitlines()[-1]) == {"closing": None, "shards": 2, "exit_code": 0}
    seen = {request.headers["zone-flow"] for request in upstream.seen}
    ended: set[str] = set()
    for month in both:
        entries = [parse(data) for _, data in open_log(log / str(month)).entries()]
        admitted = flows(entries, "decision")
        assert sorted(admitted) == sorted(flows(entries, "return", "abort"))
        ended |= set(admitted)
        workers_here = {entry.header.worker for entry in entries if entry.kind == "decision"}
        assert workers_here == {"w1", "w2"}
        (tickets,) = {
            tuple(entry.body["keys"])
            for entry in entries
            if entry.kind == "key" and entry.body["role"] == "ticket"
        }
        assert tickets[0] in "".join(path.read_text() for path in (log / str(month)).glob("*ticket.vkey"))
    assert seen == ended
    assert not (zone.path / "keys/log" / f"{both[0]}.key").exists()


def flows(entries: list[Entry], *kinds: str) -> list[str]:
    return [
        entry.body["flow"] for entry in entries
        if entry.kind in kinds and (entry.kind != "decision" or entry.body["verdict"] == "allow")
    ]  # fmt: skip


def check_ticket(zone: ZoneFolder, head: dict[str, str], month: Month, folder: Path) -> None:
    """The ticket names the new shard; the parent, in a folder or served, keeps its promise."""
    log = zone.log
    origin, _, index = head["zone-trace"].partition("#")
    assert origin.endswith(f"/{month}")
    (folder / "ticket").write_text(head["zone-trace-ticket"])
    with served(log) as url:
        for place in (str(log), url):
            done = cli("verify-ticket", str(folder / "ticket"), "--log", place)
            assert done.returncode == 0, done.stdout + done.stderr
            done = cli("log", "prove", place, f"{month}#{index}")
            assert done.stdout.startswith("c2sp.org/tlog-proof"), done.stderr
