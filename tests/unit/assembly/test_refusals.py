"""`zoneproxy.assembly.refusals`: what was turned away is told by each process and added up (Z22)."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from zoneproxy.assembly import refusals as module
from zoneproxy.assembly.refusals import Turned, ask_turned_away, describe
from zoneproxy.meter.refusals import HANDSHAKES, REQUESTS, Bounds, Flow, Key, Refusals

ONE = Flow(1, 1)


def worker(now_ms: int, *came: tuple[Key, str, str]) -> dict[str, Any]:
    """Return what a worker says to which this came, a second apart, up to some time ago."""
    refusals = Refusals(Bounds(ONE, ONE, ONE, ONE))
    for number, (key, reason, peer) in enumerate(came):
        refusals.turn_away(key, reason, peer, 1000 * number)
    clock = SimpleNamespace(mono_ms=lambda: now_ms)
    return describe(SimpleNamespace(clock=clock, refusals=refusals))  # type: ignore[arg-type]


def test_workers_are_added_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One line for each door and name, the most first; the last one of any worker is the last."""
    strangers, tenant = Key(REQUESTS, "cable-sg-1"), Key(REQUESTS, "cable-sg-1", "tenant:a")
    first = worker(
        5000,
        (strangers, "request-malformed", "203.0.113.1"),
        (tenant, "content-unreadable", "192.0.2.1"),
    )
    second = worker(
        90_000,
        (strangers, "origin-tenant-unknown", "203.0.113.2"),
        (strangers, "origin-tenant-unknown", "198.51.100.1"),
        (Key(HANDSHAKES, "cable-sg-1"), "origin-handshake", "198.51.100.1"),
    )
    assert first["remembered"] == 0
    monkeypatch.setattr(module, "ask", lambda *_args, **_named: {**first, "workers": [first, second]})
    monkeypatch.setattr(module, "control_of", lambda _opening: tmp_path)
    found = ask_turned_away(SimpleNamespace())  # type: ignore[arg-type]
    assert found == [
        Turned(
            "requests-refused", "cable-sg-1", "", 3, 5,
            {"origin-tenant-unknown": 2, "request-malformed": 1},
            {"203.0.113.0/24": 2, "198.51.100.0/24": 1},
        ),
        Turned(
            "handshakes-refused", "cable-sg-1", "", 1, 88,
            {"origin-handshake": 1}, {"198.51.100.0/24": 1},
        ),
        Turned(
            "requests-refused", "cable-sg-1", "tenant:a", 1, 4,
            {"content-unreadable": 1}, {"192.0.2.0/24": 1},
        ),
    ]  # fmt: skip


def test_one_process_alone_is_no_list(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without workers the answer is the process' own."""
    alone = worker(1000, (Key(REQUESTS, "d"), "request-malformed", "203.0.113.1"))
    monkeypatch.setattr(module, "ask", lambda *_args, **_named: alone)
    monkeypatch.setattr(module, "control_of", lambda _opening: tmp_path)
    assert [one.count for one in ask_turned_away(SimpleNamespace())] == [1]  # type: ignore[arg-type]
