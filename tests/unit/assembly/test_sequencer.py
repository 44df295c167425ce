"""`zoneproxy.assembly.sequencer`: the log's own process, run inside this one."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from tests.support.logs import decision
from tests.support.shards import newest
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.assembly.logs import Opening, connect
from zoneproxy.assembly.sequencer import keep_log
from zoneproxy.cli.main import main
from zoneproxy.replay.audit import audit
from zoneproxy.terms.errors import ConfigError
from zoneproxy.trace.entry import parse


@pytest.fixture
def config(tmp_path: Path) -> Path:
    assert main(["init", str(tmp_path / "zone")]) == 0
    return tmp_path / "zone" / "zone.yaml"


async def test_it_serves_until_told_to_stop(config: Path) -> None:
    """Workers come and go; SIGTERM ends it after the last of them, log whole, socket gone (Z13)."""
    ready: asyncio.Future[Path] = asyncio.get_running_loop().create_future()
    serving = asyncio.ensure_future(keep_log(config, ready=ready.set_result))
    place = await ready
    assert place == config.parent / "run" / "logd.sock"
    with pytest.raises(ConfigError, match="in use by another process"):
        await keep_log(config, ready=lambda _: None)
    assert place.exists()
    worker = await connect(Opening.read(config))
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.sleep(0.01)
    await worker.append("decision", decision(1, verdict="deny"), {})
    assert not serving.done()
    await worker.close()
    await serving
    assert not place.exists()
    log = open_log(newest(config.parent / "log"))
    kinds = [(entry.header.worker, entry.kind) for _, data in log.entries() if (entry := parse(data))]
    assert [kind for kind in kinds if kind[0] == "w1"] == [
        ("w1", "worker_start"),
        ("w1", "decision"),
        ("w1", "worker_stop"),
    ]
    assert kinds[-1] == ("logd", "worker_stop")
    assert audit(log).exit_code == 0


async def test_it_ends_with_its_supervisor(config: Path) -> None:
    """A supervisor that dies leaves no sequencer behind."""
    read, write = os.pipe()
    ready: asyncio.Future[Path] = asyncio.get_running_loop().create_future()
    serving = asyncio.ensure_future(keep_log(config, ready=ready.set_result, lifeline=read))
    await ready
    os.close(write)
    async with asyncio.timeout(20):
        await serving
    os.close(read)
