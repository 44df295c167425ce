from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoneproxy.route.pin import Pin, return_facts
from zoneproxy.terms.facts import VOCABULARY, FactSheet, in_domain
from zoneproxy.terms.phase import Side

CABLE = Pin("cable-sg-1", Side.OVERSEAS, "127.0.10.1:8443", "c1", "toyco-sg")


def test_the_same_way_back() -> None:
    """Z6: the way that the request came by is the way that its answer may leave by."""
    assert return_facts(CABLE, replace(CABLE)) == {
        "egress.route": "cable-sg-1",
        "egress.same_connection": True,
        "response.consumer": "overseas_client",
    }


def test_a_way_that_is_gone() -> None:
    """Z6: an answer whose connection is not known leaves by no declared way, to nobody."""
    assert return_facts(CABLE, None) == {
        "egress.route": "undeclared",
        "egress.same_connection": False,
        "response.consumer": "unknown",
    }


@pytest.mark.parametrize(
    ("change", "fact", "value"),
    [
        ({"route": "cable-my-1"}, "egress.route", "cable-my-1"),
        ({"connection": "c2"}, "egress.same_connection", False),
        ({"listener": "127.0.11.1:8443"}, "egress.same_connection", False),
        ({"tenant": "toyco-my"}, "response.consumer", "unknown"),
        ({"tenant": ""}, "response.consumer", "unknown"),
        ({"side": Side.DOMESTIC}, "response.consumer", "domestic_system"),
        ({"side": Side.DOMESTIC, "tenant": "other"}, "response.consumer", "domestic_system"),
        ({"side": Side.ZONE}, "response.consumer", "zone_workload"),
    ],
)
def test_every_change_of_the_way_shows(change: dict[str, object], fact: str, value: object) -> None:
    """Z6: another route, connection, listener, tenant or side is seen in a fact."""
    now = replace(CABLE, **change)  # type: ignore[arg-type]
    assert return_facts(CABLE, now)[fact] == value
    assert return_facts(CABLE, now) != return_facts(CABLE, CABLE)


PINS = st.builds(
    Pin,
    st.sampled_from(["cable-sg-1", "inland-1"]),
    st.sampled_from(Side),
    st.sampled_from(["127.0.10.1:8443", "127.0.20.1:8443"]),
    st.sampled_from(["c1", "c2"]),
    st.sampled_from(["", "toyco-sg", "toyco-my"]),
)


@given(PINS, PINS)
def test_another_way_never_looks_like_the_original(pin: Pin, now: Pin) -> None:
    """Z6: the facts of the original way are given for nothing but the original way."""
    facts = return_facts(pin, now)
    FactSheet().update(facts)
    assert all(value is not None and in_domain(VOCABULARY[name], value) for name, value in facts.items())
    if now != pin and facts == return_facts(pin, pin):
        # Only the domestic side is named whoever the caller is, and it is refused as such.
        assert facts["response.consumer"] == "domestic_system"
