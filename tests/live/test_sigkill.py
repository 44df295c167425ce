"""SIGKILL at any moment leaves no unrecorded passage and a log that verifies (Z13, Z14)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
from pathlib import Path

import pytest

from demo.echo_server import EchoServer, serving
from tests.support.length import sample
from tests.support.zone_process import ZoneFolder, cli, make_zone
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.trace.entry import parse

pytestmark = [pytest.mark.live, pytest.mark.slow]

KILLS = sample(20, 200)
CONCURRENT = 50


async def ask(zone: ZoneFolder, model: str) -> None:
    """Ask one streamed question; whatever happens to the connection is part of the test."""
    body = json.dumps(
        {"model": model, "stream": True, "messages": [{"role": "user", "content": "one two three four"}]}
    ).encode()
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nhost: zone\r\nconnection: close\r\n"
        f"authorization: Bearer {zone.credentials['toyco-sg']}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    try:
        reader, writer = await asyncio.open_connection("127.0.10.1", zone.port)
    except OSError:
        return
    try:
        writer.write(head.encode() + body)
        while await reader.read(65_536):
            pass
    except OSError:
        pass
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def load_until_killed(zone: ZoneFolder, pid: int, upstream: EchoServer, after: int) -> None:
    """Keep 50 questions under way; kill the boundary once `after` more requests reached the model."""

    async def caller() -> None:
        for _ in range(10):
            await ask(zone, "zone-llm-02")

    callers = [asyncio.ensure_future(caller()) for _ in range(CONCURRENT)]
    target = len(upstream.seen) + after
    async with asyncio.timeout(60):
        while len(upstream.seen) < target and not all(task.done() for task in callers):
            await asyncio.sleep(0.001)
    os.kill(pid, signal.SIGKILL)
    await asyncio.gather(*callers)


def test_no_request_reaches_the_model_that_is_not_in_the_log(tmp_path: Path) -> None:
    """Twenty kills in the middle of fifty concurrent requests; both sides are compared."""
    chance = random.Random(20)
    with serving(pause_seconds=0.002) as upstream:
        zone = make_zone(tmp_path / "zone", upstream.port)
        for _ in range(KILLS):
            with zone.serving() as program:
                pid = program.process.pid
                asyncio.run(load_until_killed(zone, pid, upstream, chance.randrange(1, 90)))
                assert program.process.wait(10) == -signal.SIGKILL
        # The next start recovers: it reads the log back and ends what the kills cut off.
        with zone.serving():
            pass
        seen = [request.headers["zone-flow"] for request in upstream.seen]
    assert len(seen) > KILLS
    assert len(set(seen)) == len(seen)
    verified = cli("log", "verify", str(zone.log))
    assert verified.returncode == 0, verified.stdout + verified.stderr
    replayed = cli("replay", str(zone.log), "--opening-key", str(zone.path / "keys/opening.key"))
    assert replayed.returncode == 0, replayed.stdout + replayed.stderr
    entries = [parse(data) for _, data in open_log(zone.shard).entries()]
    admitted = {
        entry.body["flow"]
        for entry in entries
        if entry.kind == "decision" and entry.body["verdict"] == "allow"
    }
    ended = [entry.body["flow"] for entry in entries if entry.kind in ("return", "abort")]
    assert set(seen) <= admitted
    assert sorted(ended) == sorted(admitted)
