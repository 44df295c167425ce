"""What a running zone says of the refusals that had no record of their own (`zoneproxy.meter.refusals`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from zoneproxy.adapters.workers.control_client import ask
from zoneproxy.adapters.workers.relay import REFUSALS
from zoneproxy.assembly.boundary import Boundary
from zoneproxy.assembly.logs import Opening
from zoneproxy.assembly.orderdesk import PATIENCE_S, control_of


@dataclass(frozen=True, slots=True)
class Turned:
    """How many were turned away since the start, by all workers together.

    Attributes:
        code: what: `requests-refused`, `handshakes-refused`, `connections-refused`.
        door: the route.
        whose: `tenant:`, `workload:` or `lane:` and a name; empty: strangers.
        count: how many.
        ago_s: how long ago the last one was, in seconds.
        reasons: how many for each reason code.
        networks: where most came from, each with a lower bound of its number; the loudest first.
    """

    code: str
    door: str
    whose: str
    count: int
    ago_s: int
    reasons: Mapping[str, int]
    networks: Mapping[str, int]


def describe(boundary: Boundary) -> dict[str, Any]:
    """Say what was turned away since this process started, and how much is remembered for it."""
    now_ms, refusals = boundary.clock.mono_ms(), boundary.refusals
    return {
        "turned_away": [
            {
                "code": key.code,
                "door": key.door,
                "whose": key.name,
                "ago_s": max(0, now_ms - count.last_ms) // 1000,
                "reasons": dict(count.reasons),
                "networks": dict(count.loudest()),
            }
            for key, count in refusals.since_start.items()
        ],
        "remembered": refusals.remembered,
    }


def ask_turned_away(opening: Opening) -> list[Turned]:
    """Ask a running zone, all workers of it; the most first.

    Raises:
        ConfigError: none answers.
        RefusedError: it said no.
    """
    answer = ask(control_of(opening), REFUSALS, {}, timeout_s=PATIENCE_S)
    found: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for worker in answer.get("workers", [answer]):
        for one in worker["turned_away"]:
            found.setdefault((one["code"], one["door"], one["whose"]), []).append(one)
    made = [
        Turned(
            *key,
            sum(sum(part["reasons"].values()) for part in parts),
            min(part["ago_s"] for part in parts),
            _added(parts, "reasons"),
            _added(parts, "networks"),
        )
        for key, parts in found.items()
    ]
    return sorted(made, key=lambda one: (-one.count, one.code, one.door, one.whose))


def _added(parts: list[Mapping[str, Any]], name: str) -> dict[str, int]:
    sums: dict[str, int] = {}
    for part in parts:
        for word, count in part[name].items():
            sums[word] = sums.get(word, 0) + count
    return dict(sorted(sums.items(), key=lambda one: (-one[1], one[0])))
