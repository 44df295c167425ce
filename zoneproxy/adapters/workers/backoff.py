"""How long to wait before a process that died is started again, and when to start it no more."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class BackOffRules:
    """How deaths are counted.

    Attributes:
        first_s: the wait after the first death, in seconds; each further one doubles it.
        most_s: the longest wait.
        limit: so many deaths are borne...
        window_s: ...in this time.
    """

    first_s: float = 0.2
    most_s: float = 10.0
    limit: int = 5
    window_s: float = 60.0


@dataclass(slots=True)
class BackOff:
    """The deaths of one process."""

    rules: BackOffRules
    _deaths: deque[float] = field(default_factory=deque)

    def wait_s(self, now_s: float) -> float | None:
        """Count a death; return how long to wait before the next start, or `None` for never again.

        Args:
            now_s: seconds on any clock that does not go back.
        """
        while self._deaths and now_s - self._deaths[0] > self.rules.window_s:
            self._deaths.popleft()
        self._deaths.append(now_s)
        if len(self._deaths) > self.rules.limit:
            return None
        # `limit` bounds the exponent.
        return float(min(self.rules.first_s * 2 ** (len(self._deaths) - 1), self.rules.most_s))
