"""A witness of ours in a thread of its own, and a log that it witnesses."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.logs import ORIGIN, FixedClock, FixedEntropy, joint_signer
from zoneproxy.adapters.log import newlog
from zoneproxy.adapters.log.tracelog import TraceLog
from zoneproxy.adapters.witness.desk import WitnessDesk
from zoneproxy.adapters.witness.folder import MEMORY_FILE, WitnessedLogs, add_log, load_cosigner, make_witness
from zoneproxy.adapters.witness.panel import WitnessRules
from zoneproxy.adapters.witness.server import ServerLimits, WitnessServer
from zoneproxy.adapters.witness.store import WitnessStore
from zoneproxy.trace.note import VerifierKey
from zoneproxy.trace.trust import parse_trust


@dataclass
class LabWitness:
    """A witness that answers at `url`; its clock is `clock`."""

    folder: Path
    url: str
    keys: tuple[VerifierKey, ...]
    clock: FixedClock

    def trust_lines(self, name: str = "w") -> str:
        """One line for each of its keys, for a trust file."""
        pairs = zip("ab", self.keys, strict=True)
        return "".join(f"witness {name}-{letter} {key.vkey} {self.url}\n" for letter, key in pairs)


def new_witness(folder: Path, name: str = "regulator.example/w1") -> tuple[VerifierKey, ...]:
    keys = make_witness(folder, name)
    add_log(folder, list(joint_signer().verifiers))
    return keys


@contextlib.contextmanager
def serving(
    folder: Path, *, clock: FixedClock | None = None, limits: ServerLimits | None = None, prefix: str = ""
) -> Iterator[LabWitness]:
    """Serve the witness in a folder, within a block."""
    clock = clock or FixedClock()
    told: list[tuple[str, int]] = []
    ready, stop = threading.Event(), threading.Event()

    def work() -> None:
        async def main() -> None:
            store = WitnessStore(folder / MEMORY_FILE)
            desk = WitnessDesk(load_cosigner(folder), store, WitnessedLogs(folder), clock.now_ms)
            async with WitnessServer(desk, prefix, limits).listening("127.0.0.1", 0) as address:
                told.append(address)
                ready.set()
                await asyncio.to_thread(stop.wait)
            store.close()

        asyncio.run(main())

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        assert ready.wait(10)
        keys = load_cosigner(folder).verifiers
        yield LabWitness(folder, f"http://{told[0][0]}:{told[0][1]}{prefix}", keys, clock)
    finally:
        stop.set()
        thread.join(10)


def rules(*witnesses: LabWitness, quorum: str = "all", **more: Any) -> WitnessRules:
    """Ask these witnesses, each with both keys; `quorum` is the threshold of their keys, or `none`."""
    lines = "".join(witness.trust_lines(f"w{number}") for number, witness in enumerate(witnesses))
    names = [line.split()[1] for line in lines.splitlines()]
    end = "quorum none" if quorum == "none" else f"group g {quorum} {' '.join(names)}\nquorum g"
    settings = {"interval_s": 3600.0, "heartbeat_s": 3600.0, "epoch_interval_s": 0.0, "timeout_s": 5.0} | more
    return WitnessRules(parse_trust(f"{lines}{end}\n".encode()), **settings)


def new_log(root: Path) -> Path:
    newlog.create(root, log_origin=ORIGIN, signer=joint_signer(), clock=FixedClock(), entropy=FixedEntropy())
    return root


def open_log(root: Path, witnesses: WitnessRules | None, **more: Any) -> TraceLog:
    settings: dict[str, Any] = {
        "log_origin": ORIGIN,
        "signer": joint_signer(),
        "clock": FixedClock(),
        "entropy": FixedEntropy(),
        "node": "node-1",
        "worker": "w1",
        "publish_interval_s": 3600.0,
        "low_water_bytes": 0,
        "witnesses": witnesses,
    }
    return TraceLog.open(root, **settings | more)
