"""`zoneproxy.route.stops`: what a stop matches, and what it does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoneproxy.passage import law
from zoneproxy.route.stops import EVERYTHING, NOTHING, Scope, Stops, Traits, is_target
from zoneproxy.terms.facts import VOCABULARY

OURS = Traits(frozenset({"cable-sg-1"}), "toyco-sg", "0123456789abcdef", frozenset({"llm-01", "alias"}))
MATCHING = {
    Scope.ZONE: "",
    Scope.ROUTE: "cable-sg-1",
    Scope.SUSPENDED: "toyco-sg",
    Scope.TENANT: "toyco-sg",
    Scope.CREDENTIAL: "0123456789abcdef",
    Scope.MODEL: "alias",
}
OTHER = {
    Scope.ROUTE: "cable-my-1",
    Scope.SUSPENDED: "toyco-my",
    Scope.TENANT: "toyco-my",
    Scope.CREDENTIAL: "f" * 16,
    Scope.MODEL: "llm-02",
}


@pytest.mark.parametrize(("scope", "target"), MATCHING.items())
def test_a_stop_matches_what_it_names(scope: Scope, target: str) -> None:
    """Z21: each scope stops the exchange that bears its name."""
    assert Stops.of([(scope, target)]).match(OURS) is scope


@pytest.mark.parametrize(("scope", "target"), OTHER.items())
def test_a_stop_matches_nobody_else(scope: Scope, target: str) -> None:
    """A stop of another one leaves this one be."""
    assert Stops.of([(scope, target)]).match(OURS) is None


def test_nothing_stops_nobody_and_everything_everybody() -> None:
    """Z22: orders that can't be read stop even what is not known yet."""
    stranger = Traits(frozenset({"cable-sg-1"}))
    assert NOTHING.match(OURS) is None
    assert EVERYTHING.match(stranger) is Scope.UNREADABLE
    assert Stops.of([(Scope.ZONE, "")]).match(stranger) is Scope.ZONE
    # What is not known of a stranger is not taken for an empty name.
    assert Stops.of([(Scope.TENANT, "toyco-sg"), (Scope.MODEL, "llm-01")]).match(stranger) is None


def test_of_several_the_widest_is_told() -> None:
    """A caller is told the zone's stop before its own."""
    stops = Stops.of([(Scope.MODEL, "llm-01"), (Scope.TENANT, "toyco-sg"), (Scope.ZONE, "")])
    assert stops.match(OURS) is Scope.ZONE


def test_suspended_tenants_join() -> None:
    """The registry's own stops come beside the operator's; joining none changes nothing."""
    stops = Stops.of([(Scope.MODEL, "llm-02")])
    assert stops.joined(Scope.SUSPENDED, []) is stops
    assert stops.joined(Scope.SUSPENDED, ["toyco-sg"]).match(OURS) is Scope.SUSPENDED


@pytest.mark.parametrize(
    ("scope", "target"),
    [
        (Scope.ZONE, "zone"),
        (Scope.TENANT, ""),
        (Scope.TENANT, "Toyco"),
        (Scope.CREDENTIAL, "zp-secret"),
        (Scope.CREDENTIAL, "0123456789ABCDEF"),
        (Scope.MODEL, "two words"),
        (Scope.ROUTE, "x" * 64),
    ],
)
def test_a_target_is_spelled_as_its_scope_has_it(scope: Scope, target: str) -> None:
    """What nothing can bear is refused, not kept in vain."""
    assert not is_target(scope, target)
    with pytest.raises(ValueError, match="no name"):
        Stops.of([(scope, target)])


def test_every_scope_has_its_word_and_its_reason() -> None:
    """Z15: each scope stands in the vocabulary and in the law, so that replay knows it."""
    words = {scope.value for scope in Scope}
    assert (
        set(VOCABULARY["control.stop"].values) == set(VOCABULARY["control.halt"].values) == words | {"none"}
    )
    assert set(law._STOPS) == words
    assert set(law._LIMITS) == set(VOCABULARY["control.limit"].values) - {"none"}


@given(st.sets(st.sampled_from(sorted(MATCHING, key=str))), st.sets(st.sampled_from(sorted(OTHER, key=str))))
def test_a_stop_more_never_opens(ours: set[Scope], others: set[Scope]) -> None:
    """Z21: whatever else is stopped, what is stopped stays so."""
    stops = Stops.of([*((one, MATCHING[one]) for one in ours), *((one, OTHER[one]) for one in others)])
    assert (stops.match(OURS) is not None) is bool(ours)
