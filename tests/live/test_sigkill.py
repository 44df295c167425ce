"""SIGKILL of any process at any moment under load: no unrecorded passage, a log that verifies.

Two zones are killed: one whose single process writes the log itself, and one of several processes with a
witness, which is killed in one part after another while its customers go on asking, and never stands still
for it. Every account is compared at the end: clients, model server, log (Z13, Z14, Z22).
"""

from __future__ import annotations

import asyncio
import random
import signal
from dataclasses import dataclass
from pathlib import Path

import pytest

from demo.programs import Program
from tests.support.both_sides import Load, ModelServer, insist_on_law, model_server
from tests.support.length import sample
from tests.support.witnessed_zone import WitnessProcess, witnessed
from tests.support.worker_zone import HASTE, children, ended, exit_code, kill, replaced, workers
from tests.support.zone_process import ZoneFolder, make_zone

pytestmark = [pytest.mark.live, pytest.mark.slow]

ALONE = sample(4, 40)
CALLERS = 8
KILLS = {
    "worker": sample(4, 80),
    "logd": sample(2, 35),
    "model": sample(2, 30),
    "witness": sample(2, 30),
    "supervisor": sample(1, 15),
    "all": sample(1, 10),
}
"""How often each is killed, 200 in all in the long run; `all` is the supervisor with all that it started."""


@pytest.fixture(autouse=True)
def _compiled_once(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Starts are what takes the time here: let no process compile what another one has compiled."""
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", str(tmp_path_factory.getbasetemp() / "compiled"))


def test_a_single_process_is_killed_again_and_again(tmp_path: Path) -> None:
    """The process that writes the log itself: each start recovers what the kill before it left (Z13, Z14)."""
    chance = random.Random(20)
    with model_server(tmp_path) as model:
        zone = make_zone(tmp_path / "zone", model.port)
        load = Load(zone, callers=30)
        for _ in range(ALONE):
            with zone.serving() as program:

                async def killed(program: Program = program) -> None:
                    async with load.under_way():
                        await load.further(chance.randrange(1, 120))
                        kill(program.process.pid)
                        await exit_code(program)

                asyncio.run(killed())
                assert program.process.returncode == -signal.SIGKILL
        with zone.serving():
            pass
        accounts = insist_on_law(zone, load.told, model.seen())
    assert len(accounts.seen) > ALONE
    assert load.answered


@dataclass
class Story:
    """One zone of several processes, its customers, and what is killed of it."""

    zone: ZoneFolder
    load: Load
    model: ModelServer
    witness: WitnessProcess
    chance: random.Random
    killed: int = 0

    async def run(self, todo: list[str]) -> None:
        """Kill all of this, starting the supervisor again whenever it was killed."""
        async with self.load.under_way():
            while todo:
                serving = workers(self.zone)
                program = await asyncio.to_thread(serving.__enter__)
                try:
                    await self.load.more(5)
                    while todo and (kind := todo.pop()) not in ("supervisor", "all"):
                        await self.one(kind, program)
                        self.killed += 1
                    if todo or kind in ("supervisor", "all"):
                        await self.whole(kind, program)
                        self.killed += 1
                finally:
                    await asyncio.to_thread(serving.__exit__, None, None, None)

    async def moment(self) -> None:
        """Let any time pass: some requests, or a part of a start."""
        if self.chance.random() < 0.3:
            await asyncio.sleep(self.chance.random() * 0.4)
        else:
            await self.load.more(self.chance.randrange(1, 25))

    async def one(self, kind: str, program: Program) -> None:
        """Kill one process; the next kill may come before it is back."""
        await self.moment()
        if kind == "model":
            await asyncio.to_thread(self.model.kill)
            await self.load.further(self.chance.randrange(1, 10))
            await asyncio.to_thread(self.model.start)
        elif kind == "witness":
            await asyncio.to_thread(self.witness.kill)
            await self.load.more(self.chance.randrange(1, 20))
            await asyncio.to_thread(self.witness.start)
        else:
            async with asyncio.timeout(120):
                while not (there := [pid for pid, role in children(program).items() if role == kind]):
                    await asyncio.sleep(0.01)
            kill(self.chance.choice(there))
        assert program.process.poll() is None

    async def whole(self, kind: str, program: Program) -> None:
        """Kill the supervisor, alone or with all that it started; nobody may be left."""
        await self.moment()
        left = set(children(program))
        kill(program.process.pid)
        if kind == "all":
            for pid in left:
                kill(pid)
        assert await exit_code(program) == -signal.SIGKILL
        await ended(left)


def test_any_process_is_killed_under_load(tmp_path: Path) -> None:
    """Workers, sequencer, supervisor, model server, witness: each at any moment (Z13, Z14, Z22)."""
    chance = random.Random(7)
    todo = [kind for kind, count in KILLS.items() for _ in range(count)]
    chance.shuffle(todo)
    wanted = len(todo)
    with model_server(tmp_path) as model:
        zone = make_zone(tmp_path / "zone", model.port)
        with zone.config.open("a") as file:
            file.write(HASTE)
        with witnessed(zone, tmp_path / "witness") as witness:
            load = Load(zone, callers=CALLERS)
            story = Story(zone, load, model, witness, chance)
            asyncio.run(story.run(todo))
            assert story.killed == wanted
            # Whatever was killed: it serves again, and ends in order.
            with workers(zone) as program:

                async def last() -> None:
                    before = len(load.told)
                    async with load.under_way():
                        await load.more(30)
                        await replaced(program, set())
                    assert not [one for one in load.told[before:] if not one.served]
                    program.process.terminate()
                    assert await exit_code(program) == 0

                asyncio.run(last())
        trust = ("--trust", str(zone.path / "trust.policy"))
        accounts = insist_on_law(zone, load.told, model.seen(), *trust)
    assert load.answered > wanted
    assert {entry.header.worker for entry in accounts.ended.values()} >= {"w1", "w2"}
