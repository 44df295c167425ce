"""Which shard a record belongs to: new ones to the newest, an exchange's end to where it was admitted."""

from __future__ import annotations

import threading
from collections.abc import Callable

from zoneproxy.adapters.shards.shardlog import ShardLog

_ENDS = frozenset({"return", "abort"})


class Placing:
    """Follows the exchanges of a sharded log, by their flow ids; any thread may call.

    Args:
        current: the newest shard.
    """

    def __init__(self, current: ShardLog) -> None:
        self.current = current
        self._gate = threading.Lock()
        self._flows: dict[str, ShardLog] = {}  # admitted and not ended, to where the decision lies
        self._lost: set[str] = set()  # aborted at a turn, and not heard of since
        self._writing: dict[ShardLog, int] = {}  # records on their way to a shard

    def begin(self, kind: str, flow: str, *, admits: bool) -> ShardLog:
        """Choose the shard of a record that is about to be written; `end` must follow.

        Raises:
            ValueError: it ends an exchange that was aborted at the turn.
        """
        with self._gate:
            if kind in _ENDS and flow in self._lost:
                raise ValueError("the exchange was aborted when its shard was closed")
            shard = self._flows.get(flow, self.current) if kind in _ENDS else self.current
            if admits:
                self._flows[flow] = shard
            self._writing[shard] = self._writing.get(shard, 0) + 1
            return shard

    def end(self, shard: ShardLog, kind: str, flow: str, *, admits: bool, written: bool | None) -> None:
        """Take in what became of the record; `written` is `None` where its caller left meanwhile."""
        with self._gate:
            if shard in self._writing:
                self._writing[shard] -= 1
            if (kind in _ENDS and written) or (admits and written is False):
                self._flows.pop(flow, None)

    def turn(self, shard: ShardLog, carried: int, count: Callable[[], int]) -> bool:
        """Make a shard the newest, if it carries all that stands at that moment: `count` is `carried`."""
        with self._gate:
            if count() != carried:
                return False
            self.current = shard
            return True

    def has_ended(self, shard: ShardLog) -> bool:
        """Tell whether nothing is under way in a shard any more."""
        with self._gate:
            return not self._writing.get(shard) and shard not in self._flows.values()

    def abandon(self, shard: ShardLog) -> None:
        """Choose a shard no more: an end that comes later finds its exchange aborted."""
        with self._gate:
            late = [flow for flow, place in self._flows.items() if place is shard]
            for flow in late:
                del self._flows[flow]
            self._lost.update(late)
            self._writing.pop(shard, None)
