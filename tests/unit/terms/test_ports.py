"""`zoneproxy.terms.ports`: the contract of `Journal`, which every implementation passes, fakes included."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.boundary_lab import MemoryJournal
from tests.support.logs import decision, ending, flow_id
from tests.support.outward_lab import TableResolver
from tests.support.sequencer_lab import BreakableFiles, entries_of, make_log, reopen, sequencing
from zoneproxy.adapters.resolver import SystemResolver
from zoneproxy.terms.errors import ResolveError, TraceError
from zoneproxy.terms.ports import Journal, Resolver


@dataclass
class Held:
    """A journal under test.

    Attributes:
        breaks: lets its next write fail.
        flows: closes it and returns the flow of each decision that it kept, in order.
    """

    journal: Journal
    breaks: Callable[[], None]
    flows: Callable[[], AsyncIterator[str]]


async def in_memory(folder: Path, stack: contextlib.AsyncExitStack) -> Held:
    journal = MemoryJournal(delay_s=0.001)

    def breaks() -> None:
        journal.fail_after = len(journal.entries)

    async def flows() -> AsyncIterator[str]:
        for kind, body, _ in journal.entries:
            if kind == "decision":
                yield body["flow"]

    return Held(journal, breaks, flows)


async def in_process(folder: Path, stack: contextlib.AsyncExitStack) -> Held:
    files = BreakableFiles(folder / "log")
    log = make_log(folder / "log", files)

    async def flows() -> AsyncIterator[str]:
        try:
            await log.close()
        except TraceError:  # the next start reads it back
            await reopen(folder / "log").close()
        for entry in entries_of(folder / "log"):
            if entry.kind == "decision":
                yield entry.body["flow"]

    stack.push_async_callback(_quietly_closed, log)
    return Held(log, lambda: setattr(files, "broken", True), flows)


async def by_sequencer(folder: Path, stack: contextlib.AsyncExitStack) -> Held:
    behind = await in_process(folder, stack)
    desk = await stack.enter_async_context(sequencing(behind.journal, folder))  # type: ignore[arg-type]
    worker = await desk.worker()

    async def flows() -> AsyncIterator[str]:
        with contextlib.suppress(TraceError):
            await worker.close()
        await desk.server.wait_idle(5)
        async for flow in behind.flows():
            yield flow

    return Held(worker, behind.breaks, flows)


async def _quietly_closed(log: object) -> None:
    with contextlib.suppress(TraceError):
        await log.close()  # type: ignore[attr-defined]


@pytest.fixture(params=[in_memory, in_process, by_sequencer])
async def held(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Held]:
    async with contextlib.AsyncExitStack() as stack:
        yield await request.param(tmp_path, stack)


async def test_what_is_acknowledged_is_kept_in_order(held: Held) -> None:
    """Receipts count upwards in the order of the calls, and the journal holds what they name (Z13)."""
    assert held.journal.writable
    receipts = await asyncio.gather(
        *(held.journal.append("decision", decision(n), {"client.ip": "203.0.113.9"}) for n in range(1, 9))
    )
    indexes = [receipt.index for receipt in receipts]
    assert indexes == sorted(set(indexes))
    assert all(len(receipt.leaf) == 32 for receipt in receipts)
    ended = await held.journal.append("return", ending(indexes[2], 3), {})
    assert ended.index > indexes[-1]
    assert [flow async for flow in held.flows()] == [flow_id(n) for n in range(1, 9)]


async def test_a_record_that_breaks_its_schema_is_refused_alone(held: Held) -> None:
    """A caller's bug is told to the caller; nothing is written and the journal goes on."""
    with pytest.raises(ValueError, match="unknown field"):
        await held.journal.append("decision", decision(1, remark="free text"), {})
    with pytest.raises(ValueError, match="private field"):
        await held.journal.append("decision", decision(1), {"remark": "free text"})
    assert held.journal.writable
    await held.journal.append("decision", decision(2), {})
    assert [flow async for flow in held.flows()] == [flow_id(2)]


async def test_after_a_failure_nothing_is_taken_for_ever(held: Held) -> None:
    """A failed write fails all that wait and everything that comes; the journal says so (Z13, Z22)."""
    await held.journal.append("decision", decision(1), {})
    held.breaks()
    results = await asyncio.gather(
        *(held.journal.append("decision", decision(n), {}) for n in range(2, 8)), return_exceptions=True
    )
    assert all(isinstance(result, TraceError) for result in results)
    assert not held.journal.writable
    with pytest.raises(TraceError):
        await held.journal.append("decision", decision(9), {})
    assert flow_id(1) in [flow async for flow in held.flows()]


async def test_a_caller_that_leaves_does_not_take_its_record_along(held: Held) -> None:
    """A record whose caller was cancelled is written all the same, and the next one after it (Z13)."""
    task = asyncio.ensure_future(held.journal.append("decision", decision(5), {}))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await held.journal.append("decision", decision(6), {})
    assert [flow async for flow in held.flows()] == [flow_id(5), flow_id(6)]


@pytest.mark.parametrize(
    "resolver", [SystemResolver(), TableResolver({"127.0.10.7": [["127.0.10.7"]]})], ids=["system", "table"]
)
async def test_a_resolver_names_addresses_or_says_that_there_are_none(resolver: Resolver) -> None:
    """Z5: never an empty answer; an address is its own, so that this asks nobody."""
    assert list(await resolver.resolve("127.0.10.7")) == ["127.0.10.7"]
    with pytest.raises(ResolveError):
        await resolver.resolve("no name, so nobody is asked")
