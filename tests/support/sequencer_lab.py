"""A sequencer in this process, with workers at its socket, over a real log or over one in memory."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.logs import ORIGIN, FixedClock, FixedEntropy, signer
from zoneproxy.adapters.files.disk import DiskFiles
from zoneproxy.adapters.log import newlog
from zoneproxy.adapters.log.tracelog import TraceLog
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.adapters.sequencer.client import RemoteLog
from zoneproxy.adapters.sequencer.server import SequencerServer
from zoneproxy.adapters.sequencer.socket import Peer, open_listener
from zoneproxy.terms.errors import TraceError
from zoneproxy.terms.ports import Receipt, Sequencer, Stamp
from zoneproxy.trace.chain import Chains
from zoneproxy.trace.entry import Entry, draft, encode, parse
from zoneproxy.trace.merkle import leaf_hash


class BreakableFiles(DiskFiles):
    """A disk whose flushes fail once `broken` is set, and that counts them."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.broken = False
        self.flushes = 0

    def sync(self, path: str) -> None:
        self.flushes += path.startswith("wal/")
        if self.broken:
            raise OSError(errno.EIO, "input/output error")
        super().sync(path)


def _parts() -> dict[str, Any]:
    return {"log_origin": ORIGIN, "signer": signer(), "clock": FixedClock(), "entropy": FixedEntropy()}


def make_log(root: Path, files: BreakableFiles | None = None, **more: Any) -> TraceLog:
    """Make and open a log with fixed clock and keys."""
    newlog.create(root, **_parts())
    return reopen(root, files, **more)


def reopen(root: Path, files: BreakableFiles | None = None, **more: Any) -> TraceLog:
    """Open a log by the worker `logd`; what a failure cut off is recovered."""
    named = {"node": "node-1", "worker": "logd", "publish_interval_s": 3600.0, "low_water_bytes": 0}
    return TraceLog.open(root, files=files or BreakableFiles(root), **(_parts() | named | more))


def entries_of(root: Path) -> list[Entry]:
    """Every entry of a closed log."""
    return [parse(data) for _, data in open_log(root).entries()]


@dataclass
class MemorySequencer:
    """A sequencer without a disk, which can be told to lie.

    Attributes:
        entries: what was written.
        lie: takes a true receipt, returns what is said instead.
        failure: what every append from now on ends with.
    """

    entries: list[Entry] = field(default_factory=list)
    archived: list[bytes] = field(default_factory=list)
    chains: Chains = field(default_factory=Chains)
    failure: TraceError | None = None
    now_ms: int = 1_767_225_600_000

    def lie(self, receipt: Receipt) -> Receipt:
        return receipt

    @property
    def writable(self) -> bool:
        return self.failure is None

    async def append(
        self, kind: str, body: Mapping[str, Any], private: Mapping[str, Any], *, stamp: Stamp | None = None
    ) -> Receipt:
        if self.failure is not None:
            raise self.failure
        made = stamp or Stamp("logd", 0, bytes(32))
        header = self.chains.header("node-1", made.worker, self.now_ms, made.mono_ms)
        drafted = draft(kind, body, private, made.seed)
        leaf = leaf_hash(encode(drafted, header))
        entry = Entry(kind, header, drafted.body, drafted.prv)
        index = len(self.entries)
        problems = self.chains.follow(index, entry, leaf)
        if problems:
            raise AssertionError(problems)
        self.entries.append(entry)
        return self.lie(Receipt(index, leaf, header.ts))

    def head(self, worker: str) -> tuple[int, str]:
        return self.chains.heads.get(("node-1", worker), (0, ""))

    def archive_policy(self, data: bytes) -> str:
        self.archived.append(data)
        return "ab" * 32

    def kinds(self, worker: str) -> list[str]:
        """What a worker's chain holds."""
        return [entry.kind for entry in self.entries if entry.header.worker == worker]


@dataclass
class SequencerLab:
    """A sequencer that serves at `path`."""

    server: SequencerServer
    path: Path

    async def worker(self, **more: Any) -> RemoteLog:
        """Connect one more worker."""
        named: dict[str, Any] = {
            "log_origin": ORIGIN,
            "clock": FixedClock(),
            "entropy": FixedEntropy(),
            "server_uid": os.geteuid(),
            "timeout_s": 5.0,
        }
        return await RemoteLog.open(self.path, **(named | more))


@contextlib.asynccontextmanager
async def sequencing(
    sequencer: Sequencer, folder: Path, *, users: tuple[int, ...] | None = None, peer: Peer | None = None
) -> AsyncIterator[SequencerLab]:
    """Serve a sequencer; `peer` is who every connection is said to come from."""
    path = folder / "run" / "logd.sock"
    asked: dict[str, Any] = {} if peer is None else {"asked": lambda _: peer}
    server = SequencerServer(
        sequencer,
        origin=ORIGIN,
        node="node-1",
        clock=FixedClock(),
        entropy=FixedEntropy(),
        users=users if users is not None else (os.geteuid(),),
        **asked,
    )
    await server.serve(open_listener(path))
    try:
        yield SequencerLab(server, path)
    finally:
        await server.stop(0.0)
