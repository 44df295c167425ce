"""A connection is ended in stages: our side first, then the rest."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from addons import parting


class Handler:
    """Writes down what is done to its one connection."""

    def __init__(self, *, tls: bool = False) -> None:
        self.done: list[str] = []
        self.guard = SimpleNamespace(talk=lambda: self.done.append("talk"))
        self.transports: dict[Any, Any] = {
            "caller": SimpleNamespace(writer=SimpleNamespace(can_write_eof=lambda: not tls))
        }

    def close_connection(self, _connection: Any, *, half_close: bool = False) -> None:
        self.done.append("half" if half_close else "closed")


@pytest.mark.parametrize("first", [["talk", "half"], ["talk"]], ids=["plain", "TLS"])
async def test_our_side_ends_first(first: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 9112, section 9.6; TLS knows no half."""
    monkeypatch.setattr(parting, "PART_S", 0.0)
    handler = Handler(tls="half" not in first)
    parting.part(handler, "caller")  # type: ignore[arg-type]
    assert handler.done == first
    async with asyncio.timeout(5):
        while handler.done == first:
            await asyncio.sleep(0)
    assert handler.done == [*first, "closed"]


async def test_who_has_left_is_not_closed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its transport is gone by then."""
    monkeypatch.setattr(parting, "PART_S", 0.0)
    handler = Handler()
    parting.part(handler, "caller")  # type: ignore[arg-type]
    handler.transports.clear()
    for _ in range(3):
        await asyncio.sleep(0)
    assert handler.done == ["talk", "half"]
