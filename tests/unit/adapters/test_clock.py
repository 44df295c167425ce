"""`zoneproxy.adapters.clock`: time and randomness of the system."""

from __future__ import annotations

import time

from zoneproxy.adapters.clock import SystemClock, SystemEntropy


def test_clock() -> None:
    """Time is in milliseconds since 1970; the other clock never goes back."""
    clock = SystemClock()
    assert abs(clock.now_ms() - time.time() * 1000) < 5000
    assert 0 <= clock.mono_ms() <= clock.mono_ms()


def test_entropy() -> None:
    """Random bytes come in the size asked for, and not twice the same."""
    entropy = SystemEntropy()
    assert len(entropy.token(32)) == 32
    assert entropy.token(32) != entropy.token(32)
