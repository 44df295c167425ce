"""Level 3: what must hold from entry to entry, over a whole log or over a part of it.

The same laws as `zoneproxy.trace.chain`, by which the writer stamps: each worker's count and hash chain,
time that never goes back, one end for each admitted exchange; and a worker's own clock, which goes back only
where the worker starts. Here they can also be followed over a part of
a log whose beginning is not known, and joined to what came before: what the part takes for granted (the
first link of each worker, the ends of exchanges that were admitted earlier) is kept, and looked at when the
part is joined. Where a part does not join cleanly it is followed again from the true state, so that what is
reported never depends on how a log was cut.

Memory: one head a worker, and one entry for each exchange that is under way.
"""

from __future__ import annotations

from binascii import hexlify
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from zoneproxy.terms.facts import FactValue
from zoneproxy.trace.chain import LAST_KINDS
from zoneproxy.trace.glance import Seen

Worker = tuple[bytes, bytes]
_NOTHING: tuple[str, ...] = ()


@dataclass(slots=True)
class Admitted:
    """An admitted exchange until it ends.

    Attributes:
        flow: its id, as spelled.
        tenant: the registered tenant, or empty.
        serve: a customer's request, not a zone workload's own call.
        facts: the facts that it was judged on, private ones too; empty where nothing is judged again.
        whole: False where private facts are withheld.
        digests: the policies that judged it.
        route: the door that it came in by, or empty.
        worker: who admitted it, node and worker as spelled.
    """

    flow: bytes
    tenant: str
    serve: bool
    facts: Mapping[str, FactValue] = field(default_factory=dict)
    whole: bool = True
    digests: Sequence[str] = ()
    route: str = ""
    worker: Worker = (b"", b"")


class Sequences:
    """The state after some entries.

    Args:
        known: whether it begins at the log's first entry, or goes on from a state that does.

    Attributes:
        ts: time of the last entry, milliseconds since 1970 UTC.
        first_ts: time of the first entry; `None` before it.
        heads: worker to its next count and the leaf hash of its last entry, in hex.
        clocks: worker to its own clock in its last entry, milliseconds.
        under_way: index of each admitted decision without an end.
        pending: ends of exchanges that were admitted before the part began: index and entry.
        links: what a part takes for granted of each worker: count and hash of its first entry.
        since: its own clock in its first entry that is not one of the last of a shard.
        fresh: the workers that start in that entry.
        lives: index of each worker's last start.
        closed: whether the last entry was the log's `log_close`.
    """

    def __init__(self, *, known: bool = True) -> None:
        self.known = known
        self.certain = True
        self.ts = 0
        self.first_ts: int | None = None
        self.first_index = 0
        self.heads: dict[Worker, tuple[int, bytes]] = {}
        self.clocks: dict[Worker, int] = {}
        self.since: dict[Worker, int] = {}
        self.fresh = set[Worker]()
        self.under_way: dict[int, Admitted] = {}
        self.pending: list[tuple[int, Seen]] = []
        self.links: dict[Worker, tuple[int, bytes]] = {}
        self.lives: dict[Worker, int] = {}
        self.closed = False

    def skip(self) -> None:
        """Pass over an entry that can't be read: chains begin anew, and its decision is unknown."""
        self.heads.clear()
        self.clocks.clear()
        self.certain = False

    def follow(self, index: int, seen: Seen, leaf: bytes) -> Sequence[str]:
        """Take in the next entry; return what does not hold, in words, or nothing.

        Args:
            index: its place in the log.
            seen: the entry.
            leaf: its leaf hash.
        """
        ws, ts, mono = seen.ws, seen.ts, seen.mono
        head = self.heads.get(seen.worker)
        clock = self._wind(index, seen)
        self.heads[seen.worker] = (ws + 1, hexlify(leaf))
        if self.first_ts is None:
            self.first_ts, self.first_index = ts, index
            if not self.known:
                self.ts = ts
        if head is None:
            head = self._begin(seen)
        closed, self.closed = self.closed, seen.kind == "log_close"
        if head == (ws, seen.wp) and ts >= self.ts and mono >= clock and not closed:
            self.ts = ts
            return _NOTHING
        problems = []
        if head != (ws, seen.wp):
            name = seen.worker[1][1:-1].decode()
            problems.append(f"the chain of worker `{name}` is broken: count {ws}, not {head[0]}")
        if ts < self.ts:
            problems.append(f"time goes back by {self.ts - ts} ms")
        if mono < clock:
            name = seen.worker[1][1:-1].decode()
            problems.append(f"the clock of worker `{name}` goes back by {clock - mono} ms")
        self.ts = max(self.ts, ts)
        if closed:
            problems.append("it follows the log's `log_close`")
        return problems

    def _wind(self, index: int, seen: Seen) -> int:
        """Take in a worker's own clock; return what it may not be below."""
        worker, clock = seen.worker, self.clocks.get(seen.worker, 0)
        starts, last = seen.kind == "worker_start", seen.kind in LAST_KINDS
        if starts:
            self.lives[worker], clock = index, 0
        if not last and worker not in self.since:
            self.since[worker] = seen.mono
            if starts:
                self.fresh.add(worker)
        self.clocks[worker] = max(clock, seen.mono)
        return 0 if last else clock

    def _begin(self, seen: Seen) -> tuple[int, bytes]:
        """Return what a worker's first entry must bear; anything, where what came before is not known."""
        if self.known and self.certain:
            return 0, b""
        self.links.setdefault(seen.worker, (seen.ws, seen.wp))
        return seen.ws, seen.wp

    def admit(self, index: int, admitted: Admitted) -> None:
        """Take in an admitted exchange."""
        self.under_way[index] = admitted

    def end(self, index: int, seen: Seen) -> tuple[Admitted | None, str]:
        """End an exchange.

        Returns:
            The exchange, and what does not hold, in words. Without either the end is pending, or what it
            ends lies among entries that can't be read.
        """
        decision = int(seen.spell("dec"))
        admitted = self.under_way.pop(decision, None)
        if admitted is None:
            if not self.known and decision < self.first_index:
                self.pending.append((index, seen))
                return None, ""
            if not self.certain:
                return None, ""
            return None, f"it ends entry {decision}, which is no exchange under way"
        if admitted.flow != seen.spell("flow"):
            return admitted, f"it ends entry {decision}, which is another flow"
        return admitted, ""

    def lost(self) -> list[tuple[int, str]]:
        """Return which exchanges have no end and can get none any more, each with why.

        A worker that starts again ends at once what was cut off.
        """
        if not self.certain:
            return []
        told: list[tuple[int, str]] = []
        for index, admitted in sorted(self.under_way.items()):
            since = self.lives.get(admitted.worker, -1)
            if self.closed:
                told.append((index, "no entry ends it, and the log is closed"))
            elif since > index:
                told.append((index, f"no entry ends it, and its worker began anew at entry {since}"))
        return told

    def joins(self, part: Sequences) -> bool:
        """Tell whether a part, followed without knowing this state, would say the same from it."""
        if not (self.certain and part.certain):
            return False
        if part.first_ts is None:
            return True
        ends = [int(seen.spell("dec")) for _, seen in part.pending]
        return (
            part.first_ts >= self.ts
            and not self.closed
            and all(self.heads.get(worker, (0, b"")) == link for worker, link in part.links.items())
            and all(
                self.clocks.get(worker, 0) <= mono
                for worker, mono in part.since.items()
                if worker not in part.fresh
            )
            and len(set(ends)) == len(ends)
            and all(
                (admitted := self.under_way.get(decision)) is not None and admitted.flow == seen.spell("flow")
                for decision, (_, seen) in zip(ends, part.pending, strict=True)
            )
        )

    def join(self, part: Sequences) -> list[tuple[int, Seen, Admitted]]:
        """Go on with a part that joins (see `joins`).

        Returns:
            The ends that were pending, with their exchanges.
        """
        ended = [(index, seen, self.under_way.pop(int(seen.spell("dec")))) for index, seen in part.pending]
        self.heads |= part.heads
        for worker, clock in part.clocks.items():
            begun = worker in part.since
            self.clocks[worker] = clock if begun else max(clock, self.clocks.get(worker, 0))
        self.lives |= part.lives
        self.under_way |= part.under_way
        if part.first_ts is not None:
            self.first_ts = part.first_ts if self.first_ts is None else self.first_ts
            self.ts, self.closed = part.ts, part.closed
        return ended
