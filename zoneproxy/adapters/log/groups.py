"""Groups of records: stamped one after the other, sealed, and written with one flush.

A `GroupWriter` continues what recovery read back: the state of all chains, then every group. Whoever writes
a log has one, and one thread uses it at a time.
"""

from __future__ import annotations

from collections.abc import Sequence

from zoneproxy.adapters.log.jobs import Job
from zoneproxy.terms.errors import VerificationError
from zoneproxy.terms.ports import Clock, Receipt
from zoneproxy.trace.chain import Chains
from zoneproxy.trace.entry import Entry, encode, peek
from zoneproxy.trace.ledger import Ledger
from zoneproxy.trace.merkle import leaf_hash
from zoneproxy.trace.sealer import Sealer, sealed
from zoneproxy.trace.wal import Item


class GroupWriter:
    """Writes the groups of one log.

    Args:
        ledger: the log's files in their order.
        sealer: encrypts private parts; `None` leaves them plain.
        clock: stamps entries.
        node, worker: how the writer's own entries are named, `[a-z0-9.-]`.
    """

    def __init__(
        self, ledger: Ledger, sealer: Sealer | None, *, clock: Clock, node: str, worker: str
    ) -> None:
        self.chains = Chains()
        self._ledger, self._sealer, self._clock = ledger, sealer, clock
        self._node, self._worker = node, worker
        self._mono_start_ms = clock.mono_ms()

    def head(self, worker: str) -> tuple[int, str]:
        """Return a worker's next count and the leaf hash (hex) of its last entry, or empty."""
        return self.chains.heads.get((self._node, worker), (0, ""))

    def resume(self, _: int, state: bytes) -> None:
        """Begin where recovery begins (`zoneproxy.trace.ledger.Resume`)."""
        self.chains = Chains.restore(state)

    def visit(self, index: int, data: bytes, leaf: bytes) -> None:
        """Take in an entry that recovery reads (`zoneproxy.trace.ledger.Visit`).

        Raises:
            VerificationError: it does not fit those before it.
        """
        problems = self.chains.follow(index, peek(data), leaf)
        if problems:
            raise VerificationError(problems[0], where=f"entry {index}")

    def write(self, jobs: Sequence[Job]) -> list[Receipt | ValueError]:
        """Stamp and write one group; a record that can't be written gets its error, alone.

        Raises:
            OSError: durable state is unknown.
        """
        if self._ledger.segment_full or any(job.draft is None for job in jobs):
            self._ledger.roll(self.chains.snapshot())
        items: list[Item] = []
        results: list[Receipt | ValueError] = []
        for job in jobs:
            index = self._ledger.size + len(items)
            if job.draft is None:
                results.append(Receipt(index, b"", 0))
                continue
            worker = job.stamp.worker if job.stamp else self._worker
            mono_ms = job.stamp.mono_ms if job.stamp else self._clock.mono_ms() - self._mono_start_ms
            header = self.chains.header(self._node, worker, self._clock.now_ms(), mono_ms)
            try:
                data = encode(job.draft, header)
            except ValueError as error:
                results.append(error)
                continue
            leaf = leaf_hash(data)
            self.chains.follow(index, Entry(job.draft.kind, header, job.draft.body, job.draft.prv), leaf)
            items.append(Item(data, sealed(self._sealer, index, job.draft, header.ts)))
            results.append(Receipt(index, leaf, header.ts))
        if items:
            self._ledger.append(items)
        return results
