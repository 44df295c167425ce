"""`zoneproxy.adapters.log.jobs`: records on their way, and what a start writes."""

from __future__ import annotations

from concurrent.futures import Future

import pytest

from tests.support.logs import FixedEntropy, flow_id
from zoneproxy.adapters.log.jobs import settle, start_jobs
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
    for future, result in ((done, receipt), (failed, ValueError("x")), (left, receipt)):
        settle(future, result)
    assert done.result() == receipt
    with pytest.raises(ValueError, match="x"):
        failed.result()
