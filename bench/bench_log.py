"""The trace log: durable appends against the bare disk, an audit against bare hashing and parsing, replay.

- `log.append`: 64 concurrent writers of decisions and returns through the journal, against a bare loop that
  writes and flushes the very same groups of bytes (as the journal grouped them) to one file on the same disk.
  The ratio is of throughputs: 1.0 would be a journal that costs nothing.
- `log.audit`: CPU of a whole audit (signatures, tree, tiles, chains, schema, openings) of 20,000 entries,
  against SHA-256 and `json.loads` of the same entries and openings, in memory.
- `log.audit.memory`: peak memory of `zoneproxy log verify` at 20,000 entries against 2,000.
- `log.replay.decisions_per_s`: decisions and returns read and judged again, for each CPU second;
  the audit that comes before is not in it.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bench import pilot
from bench.results import ROOT, SCRATCH, in_turns, keep, ratio
from tests.support import logs
from zoneproxy.adapters import newlog
from zoneproxy.adapters.clock import SystemClock, SystemEntropy
from zoneproxy.adapters.disk import DiskFiles
from zoneproxy.adapters.logfolder import open_log
from zoneproxy.adapters.tracelog import TraceLog
from zoneproxy.replay.audit import audit
from zoneproxy.replay.records import archived_policy, records
from zoneproxy.replay.rewalk import Rewalk, Walk
from zoneproxy.trace.durable import put_once
from zoneproxy.trace.ledger import Ledger
from zoneproxy.trace.reader import policy_path

WRITERS = 64
EXCHANGES_A_WRITER = 24
ENTRIES = 20_000
FEW_ENTRIES = 2_000
_A_PUBLICATION = 1_000
_KIB_PER_MB = 1000 / 1.024
# Asked of the program itself: what the parent sees of a child's peak may be the parent's own.
_VERIFY = (
    "import re, sys; from pathlib import Path; from zoneproxy.cli.main import main\n"
    "code = main(['log', 'verify', '--json', sys.argv[1]])\n"
    "print(code, re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1])"
)


class BenchError(Exception):
    """What was measured did not do its work."""


class Listening(DiskFiles):
    """The disk, noting the groups that are made durable in the write-ahead log."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.groups: list[bytes] = []

    def append(self, path: str, data: bytes) -> None:
        """Write, and note what belongs to a group."""
        if path.startswith("wal/"):
            self.groups.append(data)
        super().append(path, data)


@dataclass
class Appends:
    """One round of appends through the journal, and the bare loop over what it wrote.

    Attributes:
        folder: where the logs are made.
        groups: what the last round wrote, flush by flush.
        cpu_us: CPU of the process for each record, round by round.
        group_sizes: records in a group, on the average, round by round.
    """

    folder: Path
    groups: list[bytes] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)
    group_sizes: list[float] = field(default_factory=list)
    _round: itertools.count[int] = field(default_factory=itertools.count)

    @property
    def records(self) -> int:
        """How many records a round appends."""
        return 2 * WRITERS * EXCHANGES_A_WRITER

    def journal(self) -> float:
        """Return the seconds that a round takes through the journal."""
        return asyncio.run(self._journal(self.folder / f"log-{next(self._round)}"))

    async def _journal(self, root: Path) -> float:
        clock, entropy, signer = SystemClock(), SystemEntropy(), logs.signer()
        newlog.create(root, log_origin=logs.ORIGIN, signer=signer, clock=clock, entropy=entropy)
        files = Listening(root)
        log = TraceLog(
            root,
            log_origin=logs.ORIGIN,
            signer=signer,
            clock=clock,
            entropy=entropy,
            node="node-1",
            worker="w1",
            files=files,
        )
        files.groups.clear()
        cpu, began = time.process_time(), time.perf_counter()
        await asyncio.gather(*(self._writer(log, number) for number in range(WRITERS)))
        seconds, used = time.perf_counter() - began, time.process_time() - cpu
        self.groups = list(files.groups)
        self.cpu_us.append(used / self.records * 1e6)
        self.group_sizes.append(self.records / len(self.groups))
        await log.close()
        files.close()
        return seconds

    async def _writer(self, log: TraceLog, number: int) -> None:
        for turn in range(EXCHANGES_A_WRITER):
            flow = number * EXCHANGES_A_WRITER + turn
            decided = await log.append(
                "decision", pilot.decision_record(flow), pilot.private_part("decision")
            )
            await log.append("return", pilot.return_record(decided.index, flow), pilot.private_part("return"))

    def bare(self) -> float:
        """Return the seconds that the bare loop takes for the groups of the round before."""
        handle = os.open(self.folder / "bare", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        began = time.perf_counter()
        for group in self.groups:
            os.write(handle, group)
            os.fdatasync(handle)
        seconds = time.perf_counter() - began
        os.close(handle)
        return seconds


def write_log(root: Path, entries: int) -> Path:
    """Write a log of whole exchanges, with the policies that they name."""
    root.mkdir(parents=True)
    files = DiskFiles(root)
    writer = logs.Writer()
    ledger = Ledger(files, logs.ORIGIN, logs.signer())
    ledger.create(writer.opening())
    (root / f"{logs.ORIGIN.replace('/', '-')}.vkey").write_text(
        "".join(f"{key.vkey}\n" for key in logs.signer().verifiers), "utf-8"
    )
    for layer in pilot.LAYERS:
        data = pilot.policy_bytes(layer)
        put_once(files, policy_path(hashlib.sha256(data).hexdigest()), data)
    while writer.count < entries:
        items = []
        for _ in range(_A_PUBLICATION // 2):
            index = writer.count
            decided = dict(pilot.private_part("decision"))
            items.append(writer.item("decision", pilot.decision_record(index), decided))
            returned = dict(pilot.private_part("return"))
            items.append(writer.item("return", pilot.return_record(index, index), returned))
        ledger.append(items)
        ledger.publish()
    files.close()
    return root


def audited(root: Path) -> float:
    """Return the CPU seconds of an audit."""
    began = time.process_time()
    report = audit(open_log(root))
    used = time.process_time() - began
    if report.exit_code:
        raise BenchError(f"the log does not hold: {report.flaws[:1]}")
    return used


def bare_parsing(pieces: list[bytes]) -> float:
    """Return the CPU seconds of hashing and parsing."""
    began = time.process_time()
    for piece in pieces:
        hashlib.sha256(piece).digest()
        json.loads(piece)
    return time.process_time() - began


def rewalked(root: Path) -> float:
    """Return how many decisions and returns are judged again in a CPU second."""
    reader = open_log(root)
    began = time.process_time()
    walks = [step.walk for step in Rewalk(functools.partial(archived_policy, reader)).walk(records(reader))]
    used = time.process_time() - began
    if set(walks) != {Walk.AGREES}:
        raise BenchError("a decision does not agree")
    return len(walks) / used


def verify_peak_mb(root: Path) -> float:
    """Return the peak memory of `zoneproxy log verify`."""
    command = [sys.executable, "-c", _VERIFY, str(root)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    code, peak_kib = done.stdout.splitlines()[-1].split()
    if code != "0":
        raise BenchError(f"the log does not hold: {done.stdout[-300:]}")
    return int(peak_kib) / _KIB_PER_MB


def main() -> None:
    """Measure, print and keep."""
    SCRATCH.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=SCRATCH) as name:
        folder = Path(name)
        appends = Appends(folder)
        journal, bare = in_turns(appends.journal, appends.bare, rounds=5)
        few, many = write_log(folder / "few", FEW_ENTRIES), write_log(folder / "many", ENTRIES)
        reader = open_log(many)
        indexed = list(reader.entries())
        pieces = [data for _, data in indexed]
        pieces += [opening for index, _ in indexed if (opening := reader.opening(index))]
        whole, floor, walks = in_turns(
            lambda: audited(many), lambda: bare_parsing(pieces), lambda: rewalked(many)
        )
        peak_few, peak_many = verify_peak_mb(few), verify_peak_mb(many)
    each: Callable[[list[float], int], float] = lambda seen, count: statistics.median(seen) / count  # noqa: E731
    keep(
        {
            "log.append": ratio(bare, journal),
            "log.audit": ratio(whole, floor),
            "log.audit.memory": peak_many / peak_few,
        },
        {
            "log.append.per_s": 1 / each(journal, appends.records),
            "log.append.bare.per_s": 1 / each(bare, appends.records),
            "log.append.cpu_us": statistics.median(appends.cpu_us),
            "log.append.group": statistics.median(appends.group_sizes),
            "log.audit.us": each(whole, len(indexed)) * 1e6,
            "log.audit.bare.us": each(floor, len(indexed)) * 1e6,
            "log.audit.peak.mb": peak_many,
            "log.replay.decisions_per_s": statistics.median(walks),
        },
    )


if __name__ == "__main__":
    main()
