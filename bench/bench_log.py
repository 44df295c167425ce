"""The trace log: durable appends against the bare disk, audit and replay against bare hashing and parsing.

- `log.append`: 64 concurrent writers of decisions and returns through the journal, against a bare loop that
  writes and flushes the very same groups of bytes (as the journal grouped them) to one file on the same disk.
  The ratio is of throughputs: 1.0 would be a journal that costs nothing.
- `log.audit`: CPU of an audit of the log's public files (signatures, tree, every file, canonical bytes and
  schema, sequences, conservation) against SHA-256 and `json.loads` of the same entries.
- `log.audit.private`: the same with all private parts, against hashing and parsing entries and openings.
- `log.audit.memory`: peak memory of `zoneproxy log verify`, against a log of a tenth of the length.
- `log.replay.decisions_per_s`: decisions and returns for each CPU second of a replay, the whole of it: files,
  tree, openings, and each judged again under the archived policies.
- `log.prove.ms`: one proof of inclusion, from an open log to checked hashes; median over spread entries.

Logs have 20,000 entries; `--entries N` makes them longer, `--only-log` leaves appends out. With a million it
needs 3 GB of disk and some ten minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import itertools
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bench import biglog, pilot
from bench.results import ROOT, SCRATCH, in_turns, keep, ratio
from tests.support import logs
from zoneproxy.adapters.clock import SystemClock, SystemEntropy
from zoneproxy.adapters.files.disk import DiskFiles
from zoneproxy.adapters.log import newlog
from zoneproxy.adapters.log.tracelog import TraceLog
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.replay.audit import audit
from zoneproxy.replay.desk import Work
from zoneproxy.replay.rewalk import Walk
from zoneproxy.trace.prover import prove_entry
from zoneproxy.trace.reader import LogReader
from zoneproxy.trace.tiles import WIDTH

WRITERS = 64
EXCHANGES_A_WRITER = 24
ENTRIES = 20_000
PROOFS = 50
_KIB_PER_MB = 1000 / 1.024
# Asked of the program itself: what the parent sees of a child's peak may be the parent's own. Of a crew the
# largest process counts, which `ru_maxrss` of the children tells.
_PROGRAM = """
import re, resource, sys, time
from pathlib import Path
from zoneproxy.cli.main import main
if __name__ == "__main__":
    began = time.perf_counter()
    code = main(sys.argv[1:])
    wall = time.perf_counter() - began
    own = int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(code, max(own, used[1].ru_maxrss), sum(one.ru_utime + one.ru_stime for one in used), wall)
"""


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


def audited(root: Path) -> float:
    """Return the CPU seconds of an audit."""
    began = time.process_time()
    report = audit(open_log(root))
    used = time.process_time() - began
    if report.exit_code:
        raise BenchError(f"the log does not hold: {report.flaws[:1]}")
    return used


def bare_parsing(reader: LogReader, *, openings: bool) -> float:
    """Return the CPU seconds of hashing and parsing, a bundle at a time; reading is not counted."""
    used, size = 0.0, reader.checkpoint().size
    for bundle in range(-(-size // WIDTH)):
        first = bundle * WIDTH
        pieces = list(reader.bundle(bundle, size) or ())
        if openings:
            found = (reader.opening(index) for index in range(first, first + len(pieces)))
            pieces += [record for record in found if record]
        began = time.process_time()
        for piece in pieces:
            hashlib.sha256(piece).digest()
            json.loads(piece)
        used += time.process_time() - began
    return used


def replayed(root: Path) -> float:
    """Return how many decisions and returns a CPU second of a replay judges again."""
    began = time.process_time()
    report = audit(open_log(root), work=Work(walk=True))
    used = time.process_time() - began
    if report.exit_code or set(report.walks) != {Walk.AGREES}:
        raise BenchError("a decision does not agree")
    return sum(report.walks.values()) / used


def proving_ms(root: Path) -> float:
    """Return the milliseconds of a proof of inclusion.

    Raises:
        BenchError: a proof has more hashes than a tree of that size is high.
    """
    size, seconds = open_log(root).checkpoint().size, []
    for number in range(PROOFS):
        reader = open_log(root)  # with nothing of the log in memory
        began = time.perf_counter()
        proof = prove_entry(reader, number * (size - 1) // (PROOFS - 1))
        seconds.append(time.perf_counter() - began)
        if len(proof.hashes) > math.ceil(math.log2(size)):
            raise BenchError("a proof is too long")
    return statistics.median(seconds) * 1000


def command(*words: str) -> tuple[float, float, float]:
    """Run a command of `zoneproxy`; return its peak memory (MB), CPU and wall seconds, children's too."""
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, *words], cwd=ROOT, capture_output=True, text=True, check=True
    )
    code, peak_kib, cpu, wall = done.stdout.splitlines()[-1].split()
    if code != "0":
        raise BenchError(f"`{' '.join(words)}` says: {done.stdout[-300:]}")
    return int(peak_kib) / _KIB_PER_MB, float(cpu), float(wall)


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description="Measure the trace log.")
    parser.add_argument(
        "--entries", type=int, default=ENTRIES, help="length of the logs (default: %(default)s)"
    )
    parser.add_argument("--only-log", action="store_true", help="leave durable appends out")
    args = parser.parse_args()
    SCRATCH.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=SCRATCH) as name:
        if not args.only_log:
            _appends(Path(name))
        _logs(Path(name), args.entries)


def _appends(folder: Path) -> None:
    appends = Appends(folder)
    journal, bare = in_turns(appends.journal, appends.bare, rounds=5)
    each: Callable[[list[float]], float] = lambda seen: statistics.median(seen) / appends.records  # noqa: E731
    keep(
        {"log.append": ratio(bare, journal)},
        {
            "log.append.per_s": 1 / each(journal),
            "log.append.bare.per_s": 1 / each(bare),
            "log.append.cpu_us": statistics.median(appends.cpu_us),
            "log.append.group": statistics.median(appends.group_sizes),
        },
    )


def _logs(folder: Path, entries: int) -> None:
    few = biglog.write(folder / "few", entries // 10, openings=False)
    public = biglog.write(folder / "public", entries, openings=False)
    rounds = 3 if entries <= ENTRIES else 1
    whole, floor, proofs = in_turns(
        lambda: audited(public),
        lambda: bare_parsing(open_log(public), openings=False),
        lambda: proving_ms(public),
        rounds=rounds,
    )
    peak_few = command("log", "verify", str(few), "--processes", "1")[0]
    peak, _, _ = command("log", "verify", str(public), "--processes", "1")
    peak_two, cpu_two, wall_two = command("log", "verify", str(public), "--processes", "2")
    shutil.rmtree(public)
    keep(
        {
            "log.audit": ratio(whole, floor),
            "log.audit.two": cpu_two / statistics.median(floor),
            "log.audit.memory": peak / peak_few,
        },
        {
            "log.entries": entries,
            "log.audit.us": statistics.median(whole) / entries * 1e6,
            "log.audit.bare.us": statistics.median(floor) / entries * 1e6,
            "log.audit.peak.mb": max(peak, peak_two),
            "log.audit.two.wall_s": wall_two,
            "log.prove.ms": statistics.median(proofs),
        },
    )
    _private(folder, entries, rounds)


def _private(folder: Path, entries: int, rounds: int) -> None:
    private = biglog.write(folder / "private", entries)
    peak, cpu, wall = command("replay", str(private), "--processes", "2")
    keep(
        {},
        {"log.replay.two.cpu_s": cpu, "log.replay.two.wall_s": wall, "log.replay.peak.mb": peak},
    )
    opened, floor, walks = in_turns(
        lambda: audited(private),
        lambda: bare_parsing(open_log(private), openings=True),
        lambda: replayed(private),
        rounds=rounds,
    )
    keep(
        {"log.audit.private": ratio(opened, floor)},
        {"log.replay.decisions_per_s": statistics.median(walks)},
    )


if __name__ == "__main__":
    main()
