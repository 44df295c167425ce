"""A witness as a process, and a zone that asks it to cosign."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from demo.programs import Program, running
from tests.support.ports import free_port
from tests.support.zone_process import ZoneFolder, cli

NAME = "regulator.example/w1"
PART = (
    "\nwitnesses: {policy: trust.policy, interval: 0.5, heartbeat: 2, epoch_interval: 1, timeout: 2, "
    "alarm_after: 20}\n"
)


@dataclass
class WitnessProcess:
    """`zoneproxy witness serve`, which can be killed and started again at its place."""

    folder: Path
    port: int = field(default_factory=free_port)
    program: Program | None = None
    _stack: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    @property
    def pid(self) -> int:
        if self.program is None:
            raise AssertionError("it does not run")
        return self.program.process.pid

    def start(self) -> None:
        command = [sys.executable, "-m", "zoneproxy", "witness", "serve", str(self.folder)]
        command += ["--listen", f"127.0.0.1:{self.port}"]
        self.program = self._stack.enter_context(running(command, timeout_seconds=150))

    def kill(self) -> None:
        """End it without a word."""
        if self.program is not None:
            self.program.process.kill()
            self.program.process.wait()
            self._stack.close()

    def close(self) -> None:
        self._stack.close()


@contextlib.contextmanager
def witnessed(zone: ZoneFolder, folder: Path) -> Iterator[WitnessProcess]:
    """Run a witness of the zone's log, both of whose keys the zone wants on its checkpoints."""
    made = cli("witness", "init", str(folder), "--name", NAME)
    assert made.returncode == 0, made.stderr
    vkeys = [line for line in made.stdout.split() if line.startswith(f"{NAME}+")]
    (own,) = (path for path in zone.shard.glob("*.vkey") if "ticket" not in path.name)
    added = cli("witness", "add-log", str(folder), str(own))
    assert added.returncode == 0, added.stderr
    witness = WitnessProcess(folder)
    url = f"http://127.0.0.1:{witness.port}"
    names = [f"w{number}" for number in range(len(vkeys))]
    lines = [f"witness {name} {vkey} {url}" for name, vkey in zip(names, vkeys, strict=True)]
    trust = "\n".join([*lines, f"group g all {' '.join(names)}", "quorum g", ""])
    (zone.path / "trust.policy").write_text(trust)
    with zone.config.open("a") as file:
        file.write(PART)
    witness.start()
    try:
        yield witness
    finally:
        witness.close()
