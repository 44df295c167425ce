"""What must hold from entry to entry: each worker's own chain and clock, time, and the pairing of records.

The writer stamps headers with it, recovery continues it, and the audit checks a stranger's log by it.
Memory is one head a worker and one entry for each exchange that is under way; so small is also what a
write-ahead log's segment keeps of everything before it.
"""

from __future__ import annotations

from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace import canonical
from zoneproxy.trace.entry import Entry, Header
from zoneproxy.trace.keyring import KeyChange, key_change

LAST_KINDS = frozenset({"abort", "worker_stop", "log_close"})
"""What closes a shard that a crash left open: its worker's clock has begun anew there; nothing follows."""


class Chains:
    """The state of all chains after some entries.

    Attributes:
        ts: time of the last entry, milliseconds since 1970 UTC.
        heads: (node, worker) to the worker's next count and the hash of its last entry (hex).
        clocks: (node, worker) to its own clock in its last entry, milliseconds; not part of a snapshot.
        under_way: index of each allowed decision that has no `return` or `abort` yet, to its flow.
        keys: what became of the log's keys (`zoneproxy.trace.keyring`), oldest first.
        last: kind of the last entry that was followed; empty before the first.
    """

    def __init__(self) -> None:
        self.ts = 0
        self.heads: dict[tuple[str, str], tuple[int, str]] = {}
        self.clocks: dict[tuple[str, str], int] = {}
        self.under_way: dict[int, str] = {}
        self.keys: tuple[KeyChange, ...] = ()
        self.last = ""
        self._certain = True

    def skip(self) -> None:
        """Pass over entries that can't be read: chains begin anew, and their decisions are unknown."""
        self.heads.clear()
        self.clocks.clear()
        self._certain = False

    def snapshot(self) -> bytes:
        """Write the state, for `restore`: canonical JSON of `ts`, `heads`, `under_way` and `keys`."""
        heads = [[node, worker, ws, wp] for (node, worker), (ws, wp) in sorted(self.heads.items())]
        under_way = [[index, flow] for index, flow in self.under_way.items()]
        keys = [[change.index, change.ts, change.action, list(change.vkeys)] for change in self.keys]
        return canonical.encode({"heads": heads, "keys": keys, "ts": self.ts, "under_way": under_way})

    @classmethod
    def restore(cls, data: bytes) -> Chains:
        """Read a state that `snapshot` wrote.

        Raises:
            VerificationError: it is none.
        """
        made, value = cls(), canonical.decode(data)
        try:
            made.ts = int(value["ts"])
            made.heads = {(node, worker): (int(ws), str(wp)) for node, worker, ws, wp in value["heads"]}
            made.under_way = {int(index): str(flow) for index, flow in value["under_way"]}
            made.keys = tuple(
                KeyChange(int(index), int(ts), str(action), tuple(map(str, vkeys)))
                for index, ts, action, vkeys in value.get("keys", ())
            )
        except (KeyError, TypeError, ValueError):
            raise VerificationError("this is no state of a log's chains", where="wal") from None
        return made

    def header(self, node: str, worker: str, now_ms: int, mono_ms: int) -> Header:
        """Return the header that a worker's next entry must bear."""
        ws, wp = self.heads.get((node, worker), (0, ""))
        return Header(node, worker, ws, wp, max(self.ts, now_ms), mono_ms)

    def follow(self, index: int, entry: Entry, leaf: bytes) -> list[str]:
        """Take in the next entry; return what does not hold, in words, or nothing.

        Args:
            index: its place in the log.
            entry: the entry.
            leaf: its leaf hash.
        """
        problems: list[str] = []
        header = entry.header
        anew = (0, "") if self._certain else (header.ws, header.wp)
        ws, wp = self.heads.get((header.node, header.worker), anew)
        if (header.ws, header.wp) != (ws, wp):
            problems.append(f"the chain of worker `{header.worker}` is broken: count {header.ws}, not {ws}")
        self.heads[header.node, header.worker] = (header.ws + 1, leaf.hex())
        if header.ts < self.ts:
            problems.append(f"time goes back by {self.ts - header.ts} ms")
        self.ts = max(self.ts, header.ts)
        clock = 0 if entry.kind == "worker_start" else self.clocks.get((header.node, header.worker), 0)
        if header.mono < clock and entry.kind not in LAST_KINDS:
            problems.append(f"the clock of worker `{header.worker}` goes back by {clock - header.mono} ms")
        self.clocks[header.node, header.worker] = max(clock, header.mono)
        problems += self._pair(index, entry)
        change = key_change(index, entry)
        if change is not None:
            self.keys = (*self.keys, change)
        if self.last == "log_close":
            problems.append("it follows the log's `log_close`")
        self.last = entry.kind
        return problems

    def _pair(self, index: int, entry: Entry) -> list[str]:
        if entry.kind == "decision" and entry.body["verdict"] == "allow":
            self.under_way[index] = entry.body["flow"]
        elif entry.kind in {"return", "abort"}:
            flow = self.under_way.pop(entry.body["dec"], None)
            if flow is None and not self._certain:
                return []
            if flow is None:
                return [f"it ends entry {entry.body['dec']}, which is no exchange under way"]
            if flow != entry.body["flow"]:
                return [f"it ends entry {entry.body['dec']}, which is another flow"]
        return []
