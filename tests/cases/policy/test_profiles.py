"""The shipped profiles: each fits the pilot's floor, passes its own tests, and is proved with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from zoneproxy.policy.bundle import Policy, check_layers, load
from zoneproxy.policy.casefile import read_tests
from zoneproxy.policy.cases import Suite, run
from zoneproxy.policy.coverage import measure
from zoneproxy.policy.decide import decide
from zoneproxy.policy.link import link
from zoneproxy.policy.prove import prove
from zoneproxy.terms.facts import FactValue
from zoneproxy.terms.phase import Phase

POLICIES = Path(__file__).resolve().parents[3] / "policies"
PROFILES = ("hainan-ftp", "local-deployment")


def profile(name: str) -> Policy:
    path = POLICIES / "profiles" / f"{name}.operator.yaml"
    return load(path.read_bytes(), path.name)


def floor() -> Policy:
    return load((POLICIES / "shantou-pilot.regulator.yaml").read_bytes(), "floor")


def suite(name: str) -> Suite:
    path = POLICIES / "profiles" / f"{name}.operator_test.yaml"
    return link(read_tests(path.read_bytes(), path.name), (profile(name),))


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_passes_and_covers_its_tests(name: str) -> None:
    """Every rule fired, and 95 of 100 leaves were seen both ways."""
    tests = suite(name)
    assert [(outcome.case.name, outcome.failures) for outcome in run(tests) if outcome.failures] == []
    found = measure(tests)
    assert found.rules_percent == 100, found.missed
    assert found.leaves_percent >= 95, found.missed


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_stands_on_the_floor(name: str) -> None:
    """The layers make a whole, every invariant is proved, no rule is dead, and flows pass at all."""
    both = [floor(), profile(name)]
    check_layers(both)
    report = prove(both)
    assert report.holds
    assert [note for note in report.notes if note.kind == "dead"] == []
    assert all(size.allowed for size in report.sizes)


def test_every_profile_says_that_its_texts_are_unconfirmed() -> None:
    """A lawyer sees what is still to be settled."""
    assert all(profile(name).document.metadata.unverified for name in PROFILES)


def test_a_caller_of_a_closed_market_learns_of_its_local_deployment() -> None:
    """The address is ordered by the operator's denial, whatever the floor says beside it (Z10)."""
    facts: dict[str, FactValue] = {"origin.class": "overseas", "origin.country": "JP", "trace.writable": True}
    answers = decide([floor(), profile("local-deployment")], Phase.COLLECT, facts)
    assert all(answer.effect == "deny" for answer in answers)
    orders = {name: value for answer in answers for name, value in answer.obligations.items()}
    assert orders["local_deployment"] == "https://jp.models.example/v1"
