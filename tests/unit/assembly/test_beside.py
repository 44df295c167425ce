"""`zoneproxy.assembly.beside`: work beside the zone begins, is cut off, and has ended when it is said so."""

from __future__ import annotations

import asyncio

import pytest

from zoneproxy.assembly.beside import Beside


async def test_it_is_cut_off_and_has_ended() -> None:
    """Once it is stopped nothing of it runs any more, its end included; it may begin again."""
    beside, told = Beside(), list[str]()

    async def work() -> None:
        told.append("begins")
        try:
            await asyncio.Event().wait()
        finally:
            told.append("ends")

    for _ in range(2):
        beside.start(work(), name="work")
        await asyncio.sleep(0)
        await beside.stop()
        assert beside.task is None
    assert told == ["begins", "ends"] * 2


async def test_stopping_what_never_began() -> None:
    """Where there is no work there is nothing to stop, however often it is asked."""
    beside = Beside()
    await beside.stop()
    await beside.stop()


async def test_what_it_died_of_is_told() -> None:
    """Work that ended by a fault of its own tells it when it is stopped: nothing is hidden."""
    beside = Beside()

    async def fails() -> None:
        raise RuntimeError("planted")

    beside.start(fails(), name="work")
    await asyncio.sleep(0)
    with pytest.raises(RuntimeError, match="planted"):
        await beside.stop()
