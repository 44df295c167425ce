"""`zoneproxy.config.orders`: what an act must say, and what orders stop."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from zoneproxy.config.doors import RegisteredTenant
from zoneproxy.config.orders import CLOSING, Act, AddedTenant, Orders, StopOrder, credential_id
from zoneproxy.route.stops import Scope, Traits

BASE: dict[str, Any] = {"id": "0" * 32, "by": "ops", "why": "a test", "at_ms": 1}
DIGEST = f"sha256:{'ab' * 32}"
TENANT = RegisteredTenant(id="acme", market="SG", audience="overseas", credentials=[DIGEST])

BROKEN = {
    "a stop of nothing": {"action": "stop"},
    "a stop of a tenant without a name": {"action": "stop", "scope": "tenant"},
    "a zone with a name": {"action": "stop", "scope": "zone", "target": "zone"},
    "a credential that is the secret": {"action": "stop", "scope": "credential", "target": "zp-secret"},
    "a scope that no operator stops": {"action": "stop", "scope": "unreadable"},
    "a tenant without a name": {"action": "tenant-suspend"},
    "an addition without a registration": {"action": "tenant-add", "tenant": "acme"},
    "a registration too many": {"action": "tenant-remove", "tenant": "acme", "registration": TENANT},
    "a rotation without a credential": {"action": "tenant-rotate", "tenant": "acme"},
    "a credential too many": {"action": "tenant-suspend", "tenant": "acme", "credential": DIGEST},
    "nobody": {"action": "stop", "scope": "zone", "by": ""},
    "no reason": {"action": "stop", "scope": "zone", "why": ""},
    "an unknown cause": {"action": "stop", "scope": "zone", "cause": "because"},
    "an unknown field": {"action": "stop", "scope": "zone", "extra": 1},
    "an id that is none": {"action": "stop", "scope": "zone", "id": "7"},
}


@pytest.mark.parametrize("fields", BROKEN.values(), ids=BROKEN.keys())
def test_an_act_that_says_too_little_or_too_much_is_none(fields: dict[str, Any]) -> None:
    """Z22: what can't be understood is not done half."""
    with pytest.raises(ValidationError):
        Act.model_validate({**BASE, **fields})


def test_an_act_goes_over_the_socket_and_comes_back() -> None:
    """What the command asks is what the worker does."""
    act = Act.model_validate({**BASE, "action": "tenant-add", "tenant": "acme", "registration": TENANT})
    assert Act.model_validate(act.model_dump(mode="json")) == act


def test_orders_go_into_the_file_and_come_back() -> None:
    """Nothing is lost on the way, and nothing else is read."""
    stop = StopOrder(scope="zone", target="", by="ops", why="x", cause="other", at_ms=1)
    orders = Orders(revision=3, stops=[stop], tenants=[AddedTenant(registration=TENANT, suspended=True)])
    assert Orders.model_validate_json(orders.model_dump_json()) == orders
    with pytest.raises(ValidationError):
        Orders.model_validate_json(b'{"revision": 3, "stop": []}')


def test_suspended_tenants_are_stopped() -> None:
    """Z21: a suspension cuts as a stop does, and names itself."""
    orders = Orders(tenants=[AddedTenant(registration=TENANT, suspended=True)])
    assert orders.stopped().match(Traits(frozenset({"r"}), "acme")) is Scope.SUSPENDED
    assert orders.tenant("acme") is not None
    assert orders.tenant("other") is None


def test_a_credential_is_named_by_what_opens_nothing() -> None:
    """Sixteen digits of the hash."""
    assert credential_id(DIGEST) == "ab" * 8


def test_what_shuts_is_known() -> None:
    """Acts that only shut hold before they are recorded; every act that opens is not among them."""
    assert {"stop", "tenant-revoke", "tenant-suspend", "tenant-remove"} == CLOSING
