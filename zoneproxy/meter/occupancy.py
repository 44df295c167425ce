"""How many connections are open at once, from each source and in all.

Memory: one number for each source that has a connection open, so at most as many as may be open in all.
"""

from __future__ import annotations


class Occupancy:
    """Counts open connections.

    Args:
        most: how many may be open in all.
        most_per_peer: how many from one source: an address, or a /64 of IPv6, all of which one caller has.
    """

    def __init__(self, most: int, most_per_peer: int) -> None:
        self._most, self._most_per_peer = most, most_per_peer
        self._open: dict[object, int] = {}
        self.total = 0

    def enter(self, peer: object) -> bool:
        """Count a connection in; return False where there is no room for it."""
        here = self._open.get(peer, 0)
        if self.total >= self._most or here >= self._most_per_peer:
            return False
        self._open[peer] = here + 1
        self.total += 1
        return True

    def leave(self, peer: object) -> None:
        """Count a connection out that was counted in."""
        left = self._open[peer] - 1
        self.total -= 1
        if left:
            self._open[peer] = left
        else:
            del self._open[peer]
