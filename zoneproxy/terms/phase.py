"""The law's three legs, and the sides of the boundary."""

from __future__ import annotations

from enum import StrEnum


class Phase(StrEnum):
    """A point on the way at which the policy is asked, in the order of the way."""

    COLLECT = "collect"
    PROCESS = "process"
    RETURN = "return"

    @property
    def order(self) -> int:
        """0 for collect, 1 for process, 2 for return."""
        return _ORDER[self]


_ORDER = {Phase.COLLECT: 0, Phase.PROCESS: 1, Phase.RETURN: 2}


class Side(StrEnum):
    """The network that a connection is on."""

    OVERSEAS = "overseas"
    ZONE = "zone"
    DOMESTIC = "domestic"
