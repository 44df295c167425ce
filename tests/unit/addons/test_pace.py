"""`addons.pace`: a peer is not read from while something is being looked at."""

from __future__ import annotations

import asyncio

import pytest

from addons.pace import Pace, PacedReader


async def test_reading_waits_until_nothing_is_looked_at() -> None:
    """Z22: what was written meanwhile leaves first."""
    drained: list[str] = []

    async def drain() -> None:
        drained.append("drained")

    reader = asyncio.StreamReader()
    reader.feed_data(b"abc")
    paced = PacedReader(reader, drain)
    assert await paced.read(1) == b"a"
    assert drained == []
    paced.pace = pace = Pace()
    pace.hold()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(paced.read(1), 0.05)
    pace.go_on()
    assert (await paced.read(1), drained) == (b"b", ["drained"])
