"""`zoneproxy.adapters.log.jobs`: records on their way, and what a start writes."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future

import pytest

from tests.support.logs import FixedEntropy, flow_id
from zoneproxy.adapters.log.jobs import Awaited, settle, start_jobs
from zoneproxy.terms.ports import Receipt


def test_a_start_ends_what_was_cut_off() -> None:
    """The note of the start comes first, then an abort for each exchange under way."""
    jobs = start_jobs("dev", None, {7: flow_id(1), 9: flow_id(2)}, FixedEntropy())
    drafts = [job.draft for job in jobs if job.draft is not None]
    assert [(made.kind, made.body.get("dec")) for made in drafts] == [
        ("worker_start", None), ("abort", 7), ("abort", 9),
    ]  # fmt: skip


def test_whoever_waits_is_told() -> None:
    """A receipt, or the error; who left is not waited for."""
    done, failed, left = Future[Receipt](), Future[Receipt](), Future[Receipt]()
    left.cancel()
    receipt = Receipt(1, b"", 2)
    settle(((done, receipt), (failed, ValueError("x")), (left, receipt)))
    assert done.result() == receipt
    with pytest.raises(ValueError, match="x"):
        failed.result()


async def test_an_event_loop_is_woken_once_for_all_that_wait_in_it() -> None:
    """Z13: each gets its own receipt or error, from another thread; who left is passed over."""
    loop = asyncio.get_running_loop()
    first, failed, left = (loop.create_future() for _ in range(3))
    left.cancel()
    woken: list[object] = []
    wake = loop.call_soon_threadsafe

    def counted(*arguments: object) -> asyncio.Handle:
        woken.append(arguments)
        return wake(*arguments)  # type: ignore[arg-type]

    loop.call_soon_threadsafe = counted  # type: ignore[assignment,method-assign]
    receipt = Receipt(1, b"", 2)
    results = [(first, receipt), (failed, ValueError("x")), (left, receipt)]
    told = threading.Thread(target=settle, args=([(Awaited(loop, one), result) for one, result in results],))
    told.start()
    assert await first == receipt
    with pytest.raises(ValueError, match="x"):
        await failed
    told.join()
    assert len(woken) == 1


def test_a_loop_that_is_gone_is_not_waited_for() -> None:
    """A stop may close the loop before the last receipt comes."""
    loop = asyncio.new_event_loop()
    future: asyncio.Future[Receipt] = loop.create_future()
    loop.close()
    settle([(Awaited(loop, future), Receipt(1, b"", 2))])
    assert not future.done()
