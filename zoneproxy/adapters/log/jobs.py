"""A record on its way to the writing thread, and back with its receipt."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from zoneproxy import __version__
from zoneproxy.terms.ports import Entropy, Receipt, Stamp
from zoneproxy.trace.entry import Draft, draft
from zoneproxy.trace.opening import SEED_BYTES


@dataclass(frozen=True, slots=True)
class Job:
    """A record that waits to be written, and where its receipt goes.

    Attributes:
        draft: the record; `None` asks only for a new segment of the write-ahead log.
        done: takes the receipt, or the error.
        stamp: the worker that it is written for, where that is another process.
    """

    draft: Draft | None
    done: Future[Receipt]
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


def settle(done: Future[Receipt], result: Receipt | Exception) -> None:
    """Give whoever waits its receipt, or the error."""
    if not done.set_running_or_notify_cancel():
        return  # the caller left; the record stands all the same
    if isinstance(result, Receipt):
        done.set_result(result)
    else:
        done.set_exception(result)
