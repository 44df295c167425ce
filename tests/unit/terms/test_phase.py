"""`zoneproxy.terms.phase`: the law's three legs, in their order."""

from __future__ import annotations

from zoneproxy.terms.phase import Phase, Side


def test_the_legs_come_in_the_order_of_the_way() -> None:
    """Z4, Z5, Z6: collect, then process, then return."""
    assert [phase.order for phase in Phase] == [0, 1, 2]
    assert sorted(("return", "collect", "process"), key=lambda name: Phase(name).order) == list(Phase)


def test_the_words_of_the_sides_are_those_of_the_facts() -> None:
    """Z1: a side is written in a policy as it is written here."""
    assert {str(side) for side in Side} == {"overseas", "zone", "domestic"}
