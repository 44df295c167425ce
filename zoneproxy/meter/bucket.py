"""A token bucket in whole numbers: never more than `burst` at once, nor than `burst + rate * time` in all.

Times are given, in milliseconds of a clock that does not go back; a time before the last one counts as the
last one. What is in the bucket is kept in units of one `per_ms`-th, so that nothing is ever rounded.

Worked example: 5 a second, burst 2. At 0 ms two are taken and a third must wait 200 ms; at 200 ms it is
taken; at 10,000 ms there are 2 again, not 49.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Bucket:
    """A bucket, full to begin with.

    Attributes:
        amount: how much flows in each `per_ms` milliseconds, at least 1.
        per_ms: the time in which it does, at least 1.
        burst: how much it holds, at least 1.
    """

    amount: int
    per_ms: int
    burst: int
    _level: int = field(init=False)
    _at_ms: int | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        """Fill it."""
        if min(self.amount, self.per_ms, self.burst) < 1:
            raise ValueError("a bucket's rate, time and burst are at least 1")
        self._level = self.burst * self.per_ms

    def wait_ms(self, count: int, now_ms: int) -> int:
        """Return how long until `count` can be taken: 0 now, in milliseconds; takes nothing.

        What is larger than the burst can never be taken at once: it waits for what is missing of that.
        """
        self._flow(now_ms)
        missing = count * self.per_ms - self._level
        return 0 if missing <= 0 else -(-missing // self.amount)

    def take(self, count: int, now_ms: int) -> bool:
        """Take `count` if they are there; else take nothing and return False."""
        if self.wait_ms(count, now_ms):
            return False
        self._level -= count * self.per_ms
        return True

    def spend(self, count: int, now_ms: int) -> None:
        """Take `count` that are gone already; what is missing is a debt that flows in first."""
        self._flow(now_ms)
        self._level -= count * self.per_ms

    def _flow(self, now_ms: int) -> None:
        if self._at_ms is not None and now_ms > self._at_ms:
            self._level = min(self.burst * self.per_ms, self._level + (now_ms - self._at_ms) * self.amount)
        self._at_ms = now_ms if self._at_ms is None else max(self._at_ms, now_ms)
