"""`zoneproxy.route.binding`: what was made on a route is collected on that route."""

from __future__ import annotations

import dataclasses

import pytest

from zoneproxy.route.binding import DAY_MS, Lifetimes, Owner, Reference, binding_facts, server_of, standing
from zoneproxy.terms.facts import VOCABULARY, in_domain
from zoneproxy.terms.objects import Binding, ObjectName

ME = Owner("toyco-sg", "cable-sg-1", "overseas")
FILE = ObjectName("file", "f")
MINE = Binding(FILE, "toyco-sg", "cable-sg-1", "overseas", "store", "flow", 0, 1000)


@pytest.mark.parametrize(
    ("change", "now_ms", "how"),
    [
        ({}, 0, "own"),
        ({}, 999, "own"),
        ({}, 1000, "expired"),
        ({"tenant": "toyco-my"}, 0, "foreign"),
        ({"route": "cable-sg-2"}, 0, "other_route"),
        ({"side": "zone"}, 0, "other_route"),
        ({"tenant": "toyco-my"}, 5000, "foreign"),
    ],
)
def test_an_object_is_its_makers_by_the_way_it_was_made(
    change: dict[str, str], now_ms: int, how: str
) -> None:
    """Z6: tenant, route and side must all be those of its making, and its time must not be over."""
    made = dataclasses.replace(MINE, **change)  # type: ignore[arg-type]
    assert standing(made, ME, now_ms) == how
    assert standing(None, ME, now_ms) == "unknown"


def test_one_name_that_is_not_ones_own_refuses_the_whole_request() -> None:
    """Z6: the first name that fails decides, and what it is stays in the private fact."""
    other = dataclasses.replace(MINE, name=ObjectName("file", "g"), tenant="toyco-my")
    found = {FILE: MINE, other.name: other}
    assert binding_facts([Reference(FILE)], found, ME, 0)["binding.state"] == "own"
    facts = binding_facts([Reference(FILE), Reference(other.name)], found, ME, 0)
    assert facts == {"binding.state": "refused", "binding.standing": "foreign"}
    assert binding_facts([], {}, ME, 0) == {"binding.state": "none", "binding.standing": None}
    assert binding_facts([], None, ME, 0)["binding.state"] == "unavailable"
    assert VOCABULARY["binding.standing"].private
    assert in_domain(VOCABULARY["binding.state"], "refused")


def test_content_that_is_repeated_beside_its_name_is_no_fetch() -> None:
    """An SDK sends back what it was told: unknown names of that are harmless, another's are not."""
    unknown = Reference(ObjectName("item", "m"), bears_content=True)
    assert binding_facts([unknown], {}, ME, 0)["binding.state"] == "none"
    theirs = dataclasses.replace(MINE, name=unknown.name, tenant="toyco-my")
    assert binding_facts([unknown], {unknown.name: theirs}, ME, 0)["binding.state"] == "refused"


def test_a_request_goes_where_its_object_is_kept() -> None:
    """Two servers that keep parts of one request leave nothing to choose by."""
    other = dataclasses.replace(MINE, name=ObjectName("file", "g"), server="other")
    found = {FILE: MINE, other.name: other}
    assert server_of([Reference(FILE)], found) == "store"
    assert server_of([Reference(FILE), Reference(other.name)], found) is None
    assert server_of([Reference(ObjectName("file", "h"))], found) == ""


def test_lifetimes_are_by_kind() -> None:
    """The operator says how long what was made can be used."""
    assert Lifetimes().of("file") == 30 * DAY_MS
    assert Lifetimes(DAY_MS, {"file": 5}).of("file") == 5
    assert Lifetimes(DAY_MS, {"file": 5}).of("batch") == DAY_MS
