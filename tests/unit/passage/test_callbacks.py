"""Callbacks of a workload, through the whole second leg: to its own tenant's addresses alone."""

from __future__ import annotations

import dataclasses

import pytest

from tests.support import zone_world
from zoneproxy.origin.tenants import Tenant, TenantRegistry
from zoneproxy.passage.commands import Resolve, Write
from zoneproxy.passage.events import BodyArrived, Resolved

PARENT = {"origin.class": "overseas", "tenant.id": "toyco-sg"}
TENANTS = TenantRegistry(
    [
        Tenant("toyco-sg", "SG", "overseas", (bytes(32),), callbacks=("http://hooks.example/zone",)),
        Tenant("toyco-my", "MY", "overseas", (bytes([1]) * 32,), callbacks=("http://theirs.example/",)),
    ]
)


@pytest.mark.parametrize(
    ("host", "path", "reason"),
    [
        ("hooks.example", "/zone/done", ""),
        ("hooks.example", "/other", "lane-callback"),
        ("theirs.example", "/", "lane-callback"),
        ("unknown.example", "/", "lane-closed"),
    ],
)
def test_a_webhook_goes_to_its_tenants_registered_address(host: str, path: str, reason: str) -> None:
    """Z6: what was made for one tenant is told to nobody else, and nowhere else."""
    way = zone_world.passage("zone-out-1", "127.0.30.9")
    way.exchange.rules = dataclasses.replace(way.exchange.rules, tenants=TENANTS)
    facts = zone_world.passage()
    facts.receive(zone_world.head())
    facts.receive(zone_world.body())
    orders = way.receive(
        zone_world.head(
            target_host=host,
            target_port=80,
            path=path,
            headers=(("host", host), ("zone-flow", "x")),
            parent=dict(facts.exchange.facts) | PARENT,
            parent_id="00000000-0000-0000-0000-000000000007",
            tag="carried",
        )
    )
    orders = orders or way.receive(BodyArrived(b"done"))
    if isinstance(orders[0], Resolve):
        orders = way.receive(Resolved(("198.51.100.7",)))
    (record,) = orders
    assert isinstance(record, Write)
    assert record.body["reason"] == reason
    assert record.body["facts"]["destination.callback"] in ("own", "foreign", "none")
