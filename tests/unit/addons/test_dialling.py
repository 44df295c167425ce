"""`addons.dialling`: when another address is tried (Z5); how, is in live/test_outward_addresses.py."""

from __future__ import annotations

import asyncio

import pytest

from addons.dialling import _Tries


async def cut_off(tries: _Tries, within_s: float | None) -> bool:
    """Break a try off, by its own time or else from outside; tell whether another may follow."""
    told: list[bool] = []

    async def dialling() -> None:
        tries.timeout = asyncio.timeout(within_s)
        async with tries.timeout:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                told.append(tries.fails())
                raise

    task = asyncio.ensure_future(dialling())
    await asyncio.sleep(0)
    if within_s is None:
        task.cancel()
    with pytest.raises((TimeoutError, asyncio.CancelledError)):
        await task
    return told[0]


async def test_only_a_try_that_failed_by_itself_is_followed_by_another() -> None:
    """Z5, Z22: not one that ends because its caller has gone, nor the last."""
    assert await cut_off(_Tries(["127.0.10.78"]), 0.01)
    assert not await cut_off(_Tries(["127.0.10.78"]), None)
    assert not await cut_off(_Tries([]), 0.01)
    assert _Tries(["127.0.10.78"]).fails()  # refused at once
