"""A record on its way to the writing thread, and back with its receipt."""

from __future__ import annotations

import asyncio
import contextlib
import platform
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from zoneproxy import __version__
from zoneproxy.terms.ports import Entropy, Receipt, Stamp
from zoneproxy.trace.entry import Draft, draft
from zoneproxy.trace.opening import SEED_BYTES


@dataclass(frozen=True, slots=True)
class Awaited:
    """Somebody in an event loop waits for a receipt.

    Attributes:
        loop: the loop.
        future: of that loop, and touched only there.
    """

    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Receipt]


Done = Future[Receipt] | Awaited


@dataclass(frozen=True, slots=True)
class Job:
    """A record that waits to be written, and where its receipt goes.

    Attributes:
        draft: the record; `None` asks only for a new segment of the write-ahead log.
        done: takes the receipt, or the error.
        stamp: the worker that it is written for, where that is another process.
    """

    draft: Draft | None
    done: Done
    stamp: Stamp | None = None


def start_jobs(
    assurance: str, config_sha256: str | None, under_way: Mapping[int, str], entropy: Entropy
) -> list[Job]:
    """Return the records that a start writes: itself, and an end for each exchange that a crash cut off.

    Args:
        assurance: `production` or `dev`.
        config_sha256: digest of the configuration in force, where it is known.
        under_way: index of each allowed decision without an end, to its flow.
        entropy: salts commitments.
    """
    start = {
        "version": __version__,
        "python": platform.python_version(),
        "assurance": assurance,
        "config": config_sha256,
    }
    cut_off: list[tuple[str, Mapping[str, Any]]] = [
        ("abort", {"flow": flow, "dec": index, "cause": "recovery"}) for index, flow in under_way.items()
    ]
    return [
        Job(draft(kind, made, {}, entropy.token(SEED_BYTES)), Future())
        for kind, made in [("worker_start", start), *cut_off]
    ]


def settle(results: Iterable[tuple[Done, Receipt | Exception]]) -> None:
    """Give all who wait their receipts, or the errors; an event loop is woken once for all of its own."""
    awaited: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Receipt], Receipt | Exception]]] = {}
    for done, result in results:
        if isinstance(done, Awaited):
            awaited.setdefault(done.loop, []).append((done.future, result))
        elif not done.set_running_or_notify_cancel():
            continue  # the caller left; the record stands all the same
        elif isinstance(result, Receipt):
            done.set_result(result)
        else:
            done.set_exception(result)
    for loop, pairs in awaited.items():
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits in it any more
            loop.call_soon_threadsafe(_deliver, pairs)


def _deliver(pairs: Iterable[tuple[asyncio.Future[Receipt], Receipt | Exception]]) -> None:
    for future, result in pairs:
        if future.done():
            continue  # as above
        if isinstance(result, Receipt):
            future.set_result(result)
        else:
            future.set_exception(result)
