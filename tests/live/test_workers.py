"""Workers and their sequencer, each killed under load: nothing unrecorded, nothing lost in a roll (Z13)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from demo.echo_server import EchoServer, serving
from demo.programs import Program, running
from tests.support.zone_process import ZoneFolder, cli, make_zone
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.trace.entry import Entry, parse

pytestmark = [pytest.mark.live, pytest.mark.slow]

CALLERS = 12
DOOR = "127.0.10.1"


def question(zone: ZoneFolder, *, stream: bool) -> bytes:
    messages = [{"role": "user", "content": "one two three four"}]
    body = json.dumps({"model": "zone-llm-02", "stream": stream, "messages": messages}).encode()
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nhost: zone\r\n"
        f"authorization: Bearer {zone.credentials['toyco-sg']}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def answer(reader: asyncio.StreamReader) -> tuple[int, bool]:
    """Read one whole answer; return its status and whether the connection ends with it."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
    if "content-length" in fields:
        await reader.readexactly(int(fields["content-length"]))
    else:
        while size := int(await reader.readline(), 16):
            await reader.readexactly(size + 2)
        await reader.readline()
    return int(head.split(" ", 2)[1]), fields.get("connection") == "close"


@dataclass
class Load:
    """Callers that ask again and again, on kept connections, without ever asking twice for one answer.

    Attributes:
        answered: whole answers with status 200.
        failed: what else became of a request.
    """

    zone: ZoneFolder
    answered: int = 0
    failed: list[str] = field(default_factory=list)
    stop: bool = False

    async def caller(self, number: int) -> None:
        ask = question(self.zone, stream=number % 2 == 0)
        while not self.stop:
            try:
                reader, writer = await asyncio.open_connection(DOOR, self.zone.port)
            except OSError as error:
                self.failed.append(f"not connected: {error}")
                await asyncio.sleep(0.05)
                continue
            try:
                async with asyncio.timeout(30):
                    while not self.stop:
                        writer.write(ask)
                        status, ends = await answer(reader)
                        if status == 200:
                            self.answered += 1
                        else:
                            self.failed.append(f"status {status}")
                        if ends:
                            break
            except (OSError, EOFError, TimeoutError, ValueError) as error:
                self.failed.append(f"broken off: {type(error).__name__} {error}")
            finally:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()

    @contextlib.asynccontextmanager
    async def under_way(self) -> AsyncIterator[None]:
        self.stop = False
        callers = [asyncio.ensure_future(self.caller(number)) for number in range(CALLERS)]
        try:
            yield
        finally:
            self.stop = True
            await asyncio.gather(*callers)

    async def more(self, count: int) -> None:
        """Wait for this many more answers."""
        target = self.answered + count
        async with asyncio.timeout(60):
            while self.answered < target:
                await asyncio.sleep(0.005)


@contextlib.contextmanager
def workers(zone: ZoneFolder, count: int = 2) -> Iterator[Program]:
    command = [sys.executable, "-m", "zoneproxy", "run", "--workers", str(count), str(zone.config)]
    with running(command) as program:
        yield program


def children(program: Program) -> dict[int, str]:
    """The supervisor's processes: `logd` or `worker`."""
    pid = program.process.pid
    found = {}
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        with contextlib.suppress(OSError):
            words = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
            if b"logd" in words or b"--worker" in words:
                found[int(child)] = "logd" if b"logd" in words else "worker"
    return found


def runs(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


async def replaced(program: Program, gone: set[int]) -> None:
    """Wait until none of these is left, and one sequencer and two workers are there."""
    async with asyncio.timeout(90):
        while True:
            now = children(program)
            if not gone & now.keys() and sorted(now.values()) == ["logd", "worker", "worker"]:
                return
            await asyncio.sleep(0.02)


def entries_of(zone: ZoneFolder) -> list[Entry]:
    return [parse(data) for _, data in open_log(zone.shard).entries()]


def insist_on_law(zone: ZoneFolder, upstream: EchoServer) -> list[Entry]:
    """Compare both sides: what the model saw is in the log, admitted; every exchange has one end."""
    seen = [request.headers["zone-flow"] for request in upstream.seen]
    assert len(set(seen)) == len(seen)
    key = ("--opening-key", str(zone.path / "keys/opening.key"))
    for command in (("log", "verify"), ("replay", *key)):
        done = cli(*command, str(zone.log))
        assert done.returncode == 0, done.stdout + done.stderr
    entries = entries_of(zone)
    admitted = {e.body["flow"] for e in entries if e.kind == "decision" and e.body["verdict"] == "allow"}
    ended = [e.body["flow"] for e in entries if e.kind in ("return", "abort")]
    assert set(seen) <= admitted
    assert sorted(ended) == sorted(admitted)
    return entries


def test_workers_and_the_sequencer_are_killed_and_replaced_under_load(tmp_path: Path) -> None:
    """A killed worker, a killed sequencer, a roll, a stop: recorded, revived, without a loss (Z13, Z22)."""
    with serving(pause_seconds=0.001) as upstream:
        zone = make_zone(tmp_path / "zone", upstream.port)
        with workers(zone) as program:

            async def story() -> None:
                load = Load(zone)
                async with load.under_way():
                    await load.more(40)
                    assert load.failed == []
                    for what in ("worker", "logd"):
                        before = children(program)
                        victim = next(pid for pid, role in before.items() if role == what)
                        os.kill(victim, signal.SIGKILL)
                        gone = {victim} if what == "worker" else set(before)
                        await replaced(program, gone)
                        await load.more(40)
                    load.failed.clear()
                    before = children(program)
                    program.process.send_signal(signal.SIGHUP)
                    await replaced(program, {pid for pid, role in before.items() if role == "worker"})
                    await load.more(40)
                    assert load.failed == []
                assert load.failed == []

            asyncio.run(story())
            program.process.terminate()
            assert program.process.wait(30) == 0
        entries = insist_on_law(zone, upstream)
    stops = [entry.body["cause"] for entry in entries if entry.kind == "worker_stop"]
    assert stops.count("lost") == 1  # the killed worker; the killed sequencer could not say so of its own
    served = {entry.header.worker for entry in entries if entry.kind == "return"}
    assert {"w1", "w2"} <= served


def test_a_killed_supervisor_leaves_nobody_behind(tmp_path: Path) -> None:
    """When the supervisor is killed, workers drain and end, then the sequencer; the log is whole (Z13)."""
    with serving(pause_seconds=0.001) as upstream:
        zone = make_zone(tmp_path / "zone", upstream.port)
        with workers(zone) as program:
            left = children(program)

            async def story() -> None:
                load = Load(zone)
                async with load.under_way():
                    await load.more(40)
                    program.process.kill()
                    async with asyncio.timeout(40):
                        while any(map(runs, left)):
                            await asyncio.sleep(0.02)
                # Who was being served was served to the end: all that failed is that nobody listens.
                assert all(told.startswith("not connected") for told in load.failed), load.failed

            asyncio.run(story())
        entries = insist_on_law(zone, upstream)
    stops = [entry.body["cause"] for entry in entries if entry.kind == "worker_stop"]
    assert stops == ["stop"] * 3  # two workers and the sequencer, each by itself
    assert not any(entry.kind == "abort" for entry in entries)
