"""`zoneproxy.passage.rules`: one snapshot, pinned when the exchange begins."""

from __future__ import annotations

import dataclasses

import pytest

from tests.support.zone_world import CHAT, body, head, passage, pilot, rules
from zoneproxy.passage.commands import Write
from zoneproxy.passage.rules import Rules


def test_no_rule_of_a_running_exchange_can_be_swapped() -> None:
    """Z15: what an exchange is judged by is what its record names."""
    pinned = rules()
    for field in dataclasses.fields(Rules):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(pinned, field.name, None)


def test_an_exchange_keeps_the_policies_that_it_began_with() -> None:
    """Z15: a policy activated in between neither judges nor stands in the record of what began before."""
    way = passage()
    way.receive(head())
    later = dataclasses.replace(rules(), policies=pilot("zone-llm-03"))
    (order,) = way.receive(body(CHAT))
    assert isinstance(order, Write)
    assert [named["digest"] for named in order.body["policy"]] == [p.digest for p in rules().policies]
    assert later.policies[1].digest not in str(order.body)
