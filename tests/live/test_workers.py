"""Workers and their sequencer, each killed under load: nothing unrecorded, nothing lost in a roll (Z13)."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from tests.support.both_sides import Load, insist_on_law, model_server
from tests.support.worker_zone import children, ended, replaced, workers
from tests.support.zone_process import make_zone

pytestmark = [pytest.mark.live, pytest.mark.slow]


def test_workers_and_the_sequencer_are_killed_and_replaced_under_load(tmp_path: Path) -> None:
    """A killed worker, a killed sequencer, a roll, a stop: recorded, revived, without a loss (Z13, Z22)."""
    with model_server(tmp_path) as model:
        zone = make_zone(tmp_path / "zone", model.port)
        load = Load(zone)
        with workers(zone) as program:

            async def story() -> None:
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
                    failed = len(load.failed)
                    before = children(program)
                    program.process.send_signal(signal.SIGHUP)
                    await replaced(program, {pid for pid, role in before.items() if role == "worker"})
                    await load.more(40)
                assert len(load.failed) == failed

            asyncio.run(story())
            program.process.terminate()
            assert program.process.wait(30) == 0
        accounts = insist_on_law(zone, load.told, model.seen())
    entries = list(accounts.entries.values())
    stops = [entry.body["cause"] for entry in entries if entry.kind == "worker_stop"]
    assert stops.count("lost") == 1  # the killed worker; the killed sequencer could not say so of its own
    served = {entry.header.worker for entry in entries if entry.kind == "return"}
    assert {"w1", "w2"} <= served


def test_a_killed_supervisor_leaves_nobody_behind(tmp_path: Path) -> None:
    """When the supervisor is killed, workers drain and end, then the sequencer; the log is whole (Z13)."""
    with model_server(tmp_path) as model:
        zone = make_zone(tmp_path / "zone", model.port)
        load = Load(zone)
        with workers(zone) as program:
            left = set(children(program))

            async def story() -> None:
                async with load.under_way():
                    await load.more(40)
                    program.process.kill()
                    await ended(left)

            asyncio.run(story())
        accounts = insist_on_law(zone, load.told, model.seen())
    # Who was being served was served to the end. All that failed is that nobody listens; the kernel resets
    # whoever was connected by it and not yet accepted when the last listener closed, and that began nothing.
    assert all(told.served or (not told.status and not told.fields) for told in load.told), load.failed
    assert {told.flow for told in load.told if told.served} == accounts.ended.keys()
    entries = list(accounts.entries.values())
    stops = [entry.body["cause"] for entry in entries if entry.kind == "worker_stop"]
    assert stops == ["stop"] * 3  # two workers and the sequencer, each by itself
    assert not any(entry.kind == "abort" for entry in entries)
