"""What takes too long is ended, and nothing that ended stays counted; streams are in `tests/live`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from addons import halting
from demo.echo_server import EchoServer, serving
from tests.support.boundary_lab import Lab, MemoryJournal, lab
from tests.support.zone_world import CHAT, CREDENTIAL

pytestmark = pytest.mark.live


@pytest.fixture
def upstream() -> Iterator[EchoServer]:
    with serving() as server:
        yield server


def post() -> bytes:
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nhost: zone\r\nauthorization: Bearer {CREDENTIAL}\r\n"
        f"content-type: application/json\r\nconnection: close\r\ncontent-length: {len(CHAT)}\r\n\r\n"
    )
    return head.encode() + CHAT


async def settled(running: Lab) -> None:
    async with asyncio.timeout(10):
        while running.boundary.crossings:
            await asyncio.sleep(0.01)


async def test_a_disk_that_stands_still_beyond_the_deadline_leaves_no_exchange_behind(
    upstream: EchoServer, monkeypatch: pytest.MonkeyPatch
):
    """Z13, Z22: nothing is forwarded, the exchange ends on the record, and its place is given back."""
    monkeypatch.setattr(halting, "SWEEP_S", 0.05)
    journal = MemoryJournal(delay_s=0.6)
    async with lab(upstream.port, journal=journal, hook_deadline_s=0.2) as running:
        assert await running.raw(post()) == b""
        await settled(running)
        assert running.core.turnstile.under_way() == 0
    assert journal.verdicts() == [("decision", "allow", ""), ("return", "deny", "client-gone")]
    assert upstream.seen == []


async def test_a_fault_in_one_look_does_not_end_the_looking(
    upstream: EchoServer, monkeypatch: pytest.MonkeyPatch
):
    """Z22: the deadlines of all exchanges hang on this one task, which outlives a fault of its own."""
    monkeypatch.setattr(halting, "SWEEP_S", 0.01)
    looks, inner = list[int](), halting._look_round

    async def failing_once(boundary: Any) -> None:
        looks.append(len(looks))
        if len(looks) == 1:
            raise RuntimeError("planted")
        await inner(boundary)

    monkeypatch.setattr(halting, "_look_round", failing_once)
    async with lab(upstream.port), asyncio.timeout(10):
        while len(looks) < 3:
            await asyncio.sleep(0.01)
