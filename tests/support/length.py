"""How long a test may take: a sample in `make test`, the whole in `make test-long`."""

from __future__ import annotations

import os

LONG = bool(os.environ.get("ZONE_TEST_LONG"))


def sample[T](short: T, whole: T) -> T:
    """Return what a test takes: the sample, or the whole."""
    return whole if LONG else short
