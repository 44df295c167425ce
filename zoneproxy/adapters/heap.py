"""Gives memory that nothing uses any more back to the system, where the C library can.

The allocator of glibc keeps what was freed in the midst of its heaps, and a heap for each thread: after a
thousand streams some twenty megabytes that nobody needs. `malloc_trim` returns whole free pages
(malloc_trim(3)). Elsewhere there is no such call, and nothing is done.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable


@functools.cache
def _trim() -> Callable[[int], int] | None:
    """Find the call in what this process has loaded."""
    try:
        trim: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError, TypeError):
        return None
    return trim


def give_back() -> bool:
    """Return free pages to the system; tell whether there were any, and a way to do so."""
    trim = _trim()
    return trim is not None and trim(0) == 1
