"""`zoneproxy.assembly.logs`: a process opens the log itself, or becomes a worker of who does."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

import pytest

from tests.support.logs import ORIGIN
from tests.support.sequencer_lab import MemorySequencer, sequencing
from zoneproxy.assembly import assemble_worker, check
from zoneproxy.assembly.logs import FailureBell, Opening, connect, open_here
from zoneproxy.cli.main import main
from zoneproxy.terms.errors import ConfigError, TraceError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assert main(["init", str(tmp_path / "zone"), "--origin", ORIGIN]) == 0
    return tmp_path / "zone"


async def test_the_log_is_opened_here(folder: Path) -> None:
    """The log is that of the configuration, and one process opens it."""
    log = open_here(Opening.read(folder / "zone.yaml"), worker="logd")
    with pytest.raises(ConfigError, match="in use by another process"):
        open_here(Opening.read(folder / "zone.yaml"))
    await log.close()


async def test_a_worker_needs_no_key_of_the_log(folder: Path) -> None:
    """A worker connects with the log's private keys out of its reach, and its start says what it runs."""
    shutil.rmtree(folder / "keys/log")
    log = MemorySequencer()
    async with sequencing(log, folder):
        worker = await connect(Opening.read(folder / "zone.yaml"))
        assert worker.worker == "w1"
        await worker.close()
    start = log.entries[0]
    assert (start.kind, start.body["assurance"]) == ("worker_start", "production")
    assert len(start.body["config"]) == 64


async def test_the_sequencer_must_be_who_it_is_said_to_be(folder: Path) -> None:
    """A sequencer of another user than the configuration names is not trusted."""
    config = folder / "zone.yaml"
    config.write_text(config.read_text("utf-8") + f"workers:\n  logd_user_id: {os.geteuid() + 1}\n", "utf-8")
    async with sequencing(MemorySequencer(), folder):
        with pytest.raises(ConfigError, match="belongs to user"):
            await connect(Opening.read(config))


async def test_without_a_sequencer(folder: Path) -> None:
    """A worker that finds nobody says whom to start."""
    with pytest.raises(TraceError, match="can't be reached") as caught:
        await connect(Opening.read(folder / "zone.yaml"))
    assert "zoneproxy logd" in caught.value.hint


async def test_a_zone_is_assembled_as_a_worker(folder: Path) -> None:
    """A worker records what it has in force through the sequencer, and shuts when that is gone (Z22)."""
    log, told = MemorySequencer(), list[bool]()
    async with sequencing(log, folder) as desk:
        zone = await assemble_worker(folder / "zone.yaml", control=folder / "run" / "control.1.sock")
        zone.tell_failure(lambda: told.append(zone.boundary.open))
        await zone.start()
        assert zone.boundary.open
        assert (folder / "run" / "control.1.sock").exists()
        desk.server._sessions["w1"].leave()
        while not told:
            await asyncio.sleep(0.001)
        assert told == [False]
        with pytest.raises(TraceError):
            await zone.close()
    assert not (folder / "run" / "control.1.sock").exists()
    assert {"worker_start", "activation", "config"} <= set(log.kinds("w1"))
    assert "key" not in log.kinds("w1")


def test_all_is_checked_before_anything_is_started(folder: Path) -> None:
    """A supervisor finds the mistakes that its workers would find, and changes nothing."""
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert check(folder / "zone.yaml").config.workers.count == 1
    (folder / "keys" / "scan.key").unlink()
    with pytest.raises(ConfigError, match="the key file"):
        check(folder / "zone.yaml")
    after = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert after.items() < before.items()


def test_a_failure_before_anybody_listens_is_kept() -> None:
    """The bell rings for who listens, and for who comes later."""
    bell, heard = FailureBell(), list[TraceError]()
    failure = TraceError("planted")
    bell.ring(failure)
    bell.listen(heard.append)
    assert heard == [failure]
    again = FailureBell()
    again.listen(heard.append)
    again.ring(failure)
    assert heard == [failure, failure]
