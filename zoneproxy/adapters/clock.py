"""Time and randomness of the system."""

from __future__ import annotations

import secrets
import time

_NS_PER_MS = 1_000_000


class SystemClock:
    """`zoneproxy.terms.ports.Clock` by the system's clocks."""

    def now_ms(self) -> int:
        """Milliseconds since 1970 UTC; steps when the system's time is set."""
        return time.time_ns() // _NS_PER_MS

    def mono_ms(self) -> int:
        """Milliseconds since the system started; never goes back."""
        return time.monotonic_ns() // _NS_PER_MS


class SystemEntropy:
    """`zoneproxy.terms.ports.Entropy` by the system's random source."""

    def token(self, size_bytes: int) -> bytes:
        """Return fresh random bytes."""
        return secrets.token_bytes(size_bytes)
