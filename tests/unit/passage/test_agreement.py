"""`zoneproxy.passage.agreement`: the policies say how much evidence of origin is enough (Z1)."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from tests.support.small_policy import RULES, text
from tests.support.zone_world import ROOT, head, passage
from zoneproxy.origin.evidence import Source
from zoneproxy.origin.tag import Agreement
from zoneproxy.passage.agreement import SOURCE_OF, agreements
from zoneproxy.policy.bundle import Policy, load
from zoneproxy.policy.model import OriginKind
from zoneproxy.terms.facts import FactValue

OPERATOR = (ROOT / "policies" / "shantou-pilot.operator.yaml").read_text("utf-8")
DAY_MS = 86_400_000
BETWEEN = "\n  on_disagreement: unknown\n  sources:\n    - {id: door,     kind: "


def origin_under(operator: str) -> FactValue:
    """Return the origin's class of a good request under an operator's layer."""
    way = passage()
    rules = way.exchange.rules
    regulator = next(policy for policy in rules.policies if policy.layer == "regulator")
    way.exchange.rules = replace(rules, policies=(regulator, load(operator.encode(), "operator")))
    way.receive(head())
    return way.exchange.facts["origin.class"]


def test_every_kind_of_source_is_one_that_the_boundary_asks() -> None:
    """Z1: a policy can list every source that says a side, and no other."""
    assert set(SOURCE_OF) == set(get_args(OriginKind))
    assert set(SOURCE_OF.values()) == set(Source) - {Source.AUTHORITY}


def test_the_part_origins_is_read() -> None:
    """Z1: weights and ages as written; a policy without the part asks for nothing."""
    part = (
        "origins:\n  agree_at_least: 3\n  sources:\n    - {id: door, kind: ingress_route, weight: 2}\n"
        "    - {id: geo, kind: geoip, max_age: P14D}\n"
    )
    policies: tuple[Policy, ...] = (load(text(RULES), "a"), load(text(part + RULES), "b"))
    assert agreements(policies) == (
        Agreement(3, {Source.DOOR: 2, Source.GEOIP: 1}, {Source.GEOIP: 14 * DAY_MS}),
    )


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("agree_at_least: 2", "agree_at_least: 2", "overseas"),
        ("agree_at_least: 2", "agree_at_least: 3", "overseas"),
        ("{id: network,  kind: network_registry}", "{id: geo, kind: geoip, weight: 2}", "overseas"),
        ("{id: network,  kind: network_registry}", "{id: geo, kind: geoip}", "overseas"),
        (f"agree_at_least: 2{BETWEEN}ingress_route", f"agree_at_least: 3{BETWEEN}mtls_client", "unknown"),
    ],
    ids=["two of three", "three of three", "weight", "two that are listed", "a silent one"],
)
def test_too_little_evidence_is_no_origin(old: str, new: str, expected: str) -> None:
    """Z1: door, network and credential speak; what the operator's layer lists and asks for decides."""
    assert OPERATOR.count(old) == 1
    assert origin_under(OPERATOR.replace(old, new)) == expected
