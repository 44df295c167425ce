"""Exchanges with a real boundary: what passes, what fails, and that nothing is left behind."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.unit.assembly.test_trial import case, layers
from zoneproxy.cli.policy.wire import Watched, run_wires
from zoneproxy.policy.moment import moment_ms
from zoneproxy.terms.ports import Receipt

NOW = moment_ms("2026-11-21")
CHAT = {"json": {"model": "zone-llm-01", "messages": [{"role": "user", "content": "hello"}]}}
RIGHT = {"status": 200, "end": "complete", "process": {"rule": "PRO-900"}}


@pytest.mark.parametrize(
    ("now", "failures"), [(NOW, 0), (moment_ms("2031-06-01"), 3), (moment_ms("2025-06-01"), 3)]
)
def test_an_exchange_at_a_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, now: int, failures: int
) -> None:
    """The zone believes the file's moment: outside the policy's window everything is refused (Z22)."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    told: list[int] = []
    (outcome,) = run_wires([case(request=CHAT, expect=RIGHT)], layers(), now, told.append)
    assert len(outcome.failures) == failures, outcome.failures
    assert told == [1]
    assert list(tmp_path.iterdir()) == []


def test_cases_of_two_zones_come_back_in_their_order() -> None:
    """A tenant with two markets; what is not expected fails, at its own case."""
    wrong = {"status": 200}
    cases = [
        case(request=CHAT, expect=RIGHT),
        case("MY", request=CHAT, expect=wrong, door="cable-my-1"),
        case(request=CHAT, expect=RIGHT),
    ]
    outcomes = run_wires(cases, layers(), NOW)
    assert [one.case for one in outcomes] == cases
    assert [len(one.failures) for one in outcomes] == [0, 1, 0]


class Journal:
    writable = True
    closed = False

    async def append(self, _kind: str, _body: Mapping[str, Any], _private: Mapping[str, Any]) -> Receipt:
        return Receipt(0, bytes(32), 0)


async def test_the_end_of_an_admitted_exchange_is_awaited() -> None:
    """Its record may come after its last byte."""
    watched = Watched(Journal())
    await asyncio.wait_for(watched.settled(), 1)  # nothing was written: there is nothing to wait for
    await watched.append("decision", {"verdict": "allow"}, {})
    waiting = asyncio.ensure_future(watched.settled())
    await asyncio.sleep(0)
    assert not waiting.done()
    await watched.append("config", {}, {})
    await watched.append("return", {"verdict": "allow"}, {})
    await asyncio.wait_for(waiting, 1)
    assert [kind for kind, _ in watched.records] == ["decision", "return"]
    watched.begin()
    assert not watched.records
    assert (watched.writable, watched.closed) == (True, False)
