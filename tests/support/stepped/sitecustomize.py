"""A system clock that a test steps, in every Python process that finds this file first on its path.

Python imports `sitecustomize` by itself at its start. The file that `ZONE_TEST_CLOCK` names holds, in 8 bytes
(signed, big endian), how many nanoseconds the clock is ahead; it is looked at each time the clock is asked.
Only the clock that can be set is stepped: the monotonic one goes on, as it does on a machine.
"""

from __future__ import annotations

import mmap
import os
import time
from pathlib import Path

_true_ns = time.time_ns


def _step(place: Path) -> None:
    with place.open("rb") as file:
        ahead = mmap.mmap(file.fileno(), 8, access=mmap.ACCESS_READ)

    def time_ns() -> int:
        return _true_ns() + int.from_bytes(ahead[:8], "big", signed=True)

    time.time_ns = time_ns
    time.time = lambda: time_ns() / 1e9


if _place := os.environ.get("ZONE_TEST_CLOCK"):
    _step(Path(_place))
