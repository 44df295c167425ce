"""`zoneproxy.passage.judge`: rails first, then every layer; allow only if all of them allow."""

from __future__ import annotations

import pytest

from tests.support.zone_world import body, head, passage, pilot
from zoneproxy.passage.judge import code_of, judge, refused
from zoneproxy.terms.decision import DecidedBy, LayerDecision
from zoneproxy.terms.facts import FactValue
from zoneproxy.terms.phase import Phase
from zoneproxy.terms.reasons import REASONS


def known() -> dict[str, FactValue]:
    """The facts of a request that is admitted."""
    way = passage()
    way.receive(head())
    way.receive(body())
    return way.exchange.facts.snapshot()


def test_what_all_allow_is_allowed_and_each_layer_is_heard() -> None:
    """Z4, Z5: both layers speak, and the decision names what decided."""
    for phase in (Phase.COLLECT, Phase.PROCESS):
        made = judge(pilot(), phase, known())
        assert (made.effect, made.by, made.reason) == ("allow", "rule", "")
        assert [layer.layer for layer in made.layers] == ["regulator", "operator"]


def test_a_rail_refuses_before_any_policy_is_asked() -> None:
    """Z4: no policy can let domestic data in; no layer even speaks."""
    made = judge(pilot(), Phase.COLLECT, known() | {"origin.class": "domestic"})
    assert (made.effect, made.by, made.reason, made.layers) == ("deny", "law", "origin-domestic", ())


@pytest.mark.parametrize("order", [1, -1], ids=["regulator first", "operator first"])
def test_one_layer_that_denies_is_enough(order: int) -> None:
    """Z20: an authorisation chain that is open stops a request, whichever layer sees it."""
    made = judge(pilot()[::order], Phase.COLLECT, known() | {"tenant.authorization": "broken"})
    assert made.effect == "deny"
    assert made.reason == "policy-authorization-chain-open"
    assert len(made.layers) == 2


def test_without_policies_nothing_passes() -> None:
    """Z22: where nobody allows, it is denied."""
    made = judge((), Phase.COLLECT, known())
    assert (made.effect, made.reason) == ("deny", "policy-default")


def test_the_same_facts_give_the_same_decision() -> None:
    """Z15: replay comes through the same function, in whatever order the facts stand."""
    facts = known()
    backwards = dict(reversed(facts.items()))
    assert judge(pilot(), Phase.PROCESS, facts) == judge(pilot(), Phase.PROCESS, backwards)


def test_the_answer_to_a_workloads_own_call_is_judged_by_the_rails_alone() -> None:
    """Z5: no layer speaks of it, and what is mixed stays out all the same."""
    facts: dict[str, FactValue] = {
        "trace.writable": True,
        "exchange.kind": "outward",
        "egress.same_connection": True,
        "response.state": "ok",
        "response.mixing": "clean",
    }
    assert judge((), Phase.RETURN, facts).by == "law"
    assert judge((), Phase.RETURN, facts).allowed
    assert judge((), Phase.RETURN, facts | {"response.mixing": "detected"}).reason == "return-mixed"


@pytest.mark.parametrize(
    ("by", "reason", "code"),
    [
        ("missing_fact", "", "policy-missing-fact"),
        ("default", "", "policy-default"),
        ("invariant", "quota_exhausted", "policy-invariant"),
        ("rule", "quota_exhausted", "policy-quota-exhausted"),
        ("rule", "a_word_of_nobody", "policy-default"),
        ("rule", "collected_overseas", "policy-default"),
    ],
)
def test_each_denial_of_a_layer_has_a_code_of_the_closed_table(by: DecidedBy, reason: str, code: str) -> None:
    """A caller is never told a word that is not in the table, nor one that speaks of an allow."""
    assert code_of(LayerDecision("operator", "", "deny", by, reason=reason)) == code
    assert code in REASONS


def test_a_fault_can_only_deny() -> None:
    """Z22: an error in any part stops the flow."""
    made = refused(Phase.RETURN, "internal-error")
    assert not made.allowed
    assert made.by == "fault"


def test_the_same_allow_is_made_once_and_a_denial_each_time() -> None:
    """Z15: an allow stands for the very answers that it was made of, other answers make another."""
    policies, facts = pilot(), known()
    first, again = (judge(policies, Phase.COLLECT, facts) for _ in range(2))
    assert first is again
    assert judge(policies, Phase.PROCESS, facts) != first
    assert judge(policies[::-1], Phase.COLLECT, facts).layers == first.layers[::-1]
    denied = facts | {"tenant.authorization": "broken"}
    assert judge(policies, Phase.COLLECT, denied) == judge(policies, Phase.COLLECT, denied)
    assert judge(policies, Phase.COLLECT, denied).effect == "deny"
