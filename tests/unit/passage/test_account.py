"""`zoneproxy.passage.account`: on whose account a refusal is recorded (Z22)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.zone_world import passage
from zoneproxy.passage.account import STRANGER, account_of

PROVEN = {"tenant.id": "toyco-sg", "origin.class": "overseas"}


@pytest.mark.parametrize(
    ("kind", "facts", "reason", "whose"),
    [
        ("serve", {}, "origin-tenant-unknown", STRANGER),
        ("serve", {}, "request-malformed", STRANGER),
        ("serve", PROVEN, "content-unknown-endpoint", "tenant:toyco-sg"),
        ("serve", PROVEN, "limit-tenant-requests", "tenant:toyco-sg"),
        ("serve", PROVEN, "internal-error", "tenant:toyco-sg"),
        ("serve", PROVEN, "origin-market", STRANGER),
        ("serve", PROVEN, "origin-tag-forged", STRANGER),
        ("serve", {**PROVEN, "origin.class": "unknown"}, "control-zone-stopped", STRANGER),
        ("serve", {**PROVEN, "origin.class": "domestic"}, "request-malformed", STRANGER),
        ("serve", {"tenant.id": "toyco-sg"}, "internal-error", STRANGER),
        ("outward", PROVEN, "lane-closed", "workload:toyco-sg"),
        ("outward", {}, "lane-flow-unknown", STRANGER),
        ("maintenance", {"lane.name": "firmware"}, "lane-maintenance", "lane:firmware"),
        ("maintenance", {}, "origin-domestic", STRANGER),
    ],
)
def test_only_whoever_proved_himself_has_an_account(
    kind: Any, facts: dict[str, str], reason: str, whose: str
) -> None:
    """A credential whose origin does not stand counts for nothing: it may be stolen."""
    exchange = passage().exchange
    exchange.kind = kind
    for name, value in facts.items():
        exchange.facts.set(name, value)
    assert account_of(exchange, reason) == whose
