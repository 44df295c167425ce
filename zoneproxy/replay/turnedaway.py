"""Refusals without a record of their own, as the log counts them.

Where too many are refused, `alarm` records say how many were turned away, at which door, of whom and for
which reasons, from when to when (`zoneproxy.meter.refusals`). Nothing of such a request passed; here the
counts are summed, and one that contradicts itself is told.

Worked example: of `{"code": "requests-refused", "count": 3, "turned": {"door": "cable-sg-1", "from": 1000,
"reasons": {"origin-tenant-unknown": 3}, "to": 5000, "whose": null}}` three are summed under that door, of
strangers; with a `count` of 4 it is told that its reasons make another.

Trust: a zone that counts too few is not found out by its own log. What a caller holds is a connection that
was closed without a word.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MOST_SUMS = 10_000
"""Sums that are kept; what comes under more names is summed under `REST`."""
REST = ("", "", "")
CODES = frozenset({"requests-refused", "handshakes-refused", "connections-refused"})


@dataclass(slots=True)
class Sum:
    """How many, for which reasons, and from when to when (ms since 1970 UTC)."""

    count: int = 0
    first_ms: int = 0
    last_ms: int = 0
    reasons: dict[str, int] = field(default_factory=dict)

    def add(self, count: int, first_ms: int, last_ms: int, reasons: Mapping[str, int]) -> None:
        """Take in another count."""
        self.first_ms = min(self.first_ms, first_ms) if self.count else first_ms
        self.last_ms = max(self.last_ms, last_ms)
        self.count += count
        for name, part in reasons.items():
            if name in self.reasons or len(self.reasons) < MOST_SUMS:
                self.reasons[name] = self.reasons.get(name, 0) + part


@dataclass(slots=True)
class TurnedAway:
    """Sums by code, door and whose they are (empty: strangers')."""

    sums: dict[tuple[str, str, str], Sum] = field(default_factory=dict)

    def take(self, body: Mapping[str, Any], ts: int) -> str:
        """Take in an `alarm`, if it counts refusals.

        Args:
            body: its public part, as the schema takes it.
            ts: its time, which stands for one that tells none.

        Returns:
            What contradicts itself in it, or nothing.
        """
        if body["code"] not in CODES:
            return ""
        told = body.get("turned") or {"from": ts, "to": ts, "door": "", "whose": None, "reasons": {}}
        key = (body["code"], told["door"], told["whose"] or "")
        self._at(key).add(body["count"], told["from"], told["to"], told["reasons"])
        if told["reasons"] and sum(told["reasons"].values()) != body["count"]:
            return "a count of refusals is another than that of their reasons"
        return "a count of refusals ends before it begins" if told["to"] < told["from"] else ""

    def join(self, later: TurnedAway) -> None:
        """Take in the sums of another part of the log."""
        for key, one in later.sums.items():
            self._at(key).add(one.count, one.first_ms, one.last_ms, one.reasons)

    @property
    def total(self) -> int:
        """How many in all."""
        return sum(one.count for one in self.sums.values())

    def _at(self, key: tuple[str, str, str]) -> Sum:
        if key not in self.sums and len(self.sums) >= MOST_SUMS:
            key = REST
        return self.sums.setdefault(key, Sum())
