"""`zoneproxy.replay.memo`: remembered or not, the judge says the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.pilot import good_facts
from tests.support.zone_world import pilot
from zoneproxy.passage.judge import judge
from zoneproxy.passage.record import phase_body
from zoneproxy.policy.bundle import Policy
from zoneproxy.replay import memo
from zoneproxy.replay.memo import Memo
from zoneproxy.terms.facts import VOCABULARY, FactSpec, FactType, FactValue
from zoneproxy.terms.phase import Phase

SHARED = Memo()
"""One for all examples: what earlier ones left in it must not change what later ones get."""


def values(spec: FactSpec) -> st.SearchStrategy[Any]:
    match spec.type:
        case FactType.ENUM:
            return st.sampled_from(spec.values)
        case FactType.BOOL:
            return st.booleans()
        case FactType.INT:
            return st.sampled_from([max(spec.low, 0), 1, min(spec.high, 4096)])
        case FactType.NAMES:
            return st.frozensets(st.sampled_from(spec.values), max_size=2)
        case FactType.COUNTRY:
            return st.sampled_from(["SG", "MY", "CN", "US"])
        case FactType.IP:
            return st.sampled_from(["198.51.100.7", "10.0.0.1"])
        case FactType.ROUTE:
            return st.sampled_from(["cable-sg-1", "toyco-sg", "undeclared"])
        case FactType.TEXT:
            return st.sampled_from(["POST", "/v1/chat/completions", "/admin", "zone-llm-01", "x"])


CHANGES = st.fixed_dictionaries({}, optional={name: values(spec) for name, spec in VOCABULARY.items()})


@given(
    changes=CHANGES,
    gone=st.sets(st.sampled_from(sorted(VOCABULARY)), max_size=2),
    keep=st.integers(0, 3),
    phase=st.sampled_from(Phase),
)
def test_the_same_answer(changes: dict[str, FactValue], gone: set[str], keep: int, phase: Phase) -> None:
    """Z15: for any facts, a judge that remembers says what one that does not says, with all that fired."""
    few = dict(sorted(changes.items(), key=lambda pair: hash(pair[0]))[:keep])
    facts = {name: value for name, value in {**good_facts(), **few}.items() if name not in gone}
    for _ in range(2):
        answer = SHARED.judge(pilot(), phase, facts)
        decision = judge(pilot(), phase, facts)
        assert answer.body == phase_body(decision)
        assert answer.decision == decision
        assert answer.text == f"{decision.effect} {decision.reason} {decision.rule}".strip()


def test_what_was_not_looked_at_makes_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    """Records that differ in what no rule asks for are judged once; those that differ in more, each."""
    asked: list[Phase] = []

    def counted(policies: Sequence[Policy], phase: Phase, facts: Mapping[str, FactValue]) -> Any:
        asked.append(phase)
        return judge(policies, phase, facts)

    monkeypatch.setattr(memo, "judge", counted)
    remembering, facts = Memo(), dict(good_facts())
    for size in range(5):
        remembering.judge(pilot(), Phase.COLLECT, {**facts, "model.id": f"m{size}"})
    first = len(asked)
    remembering.judge(pilot(), Phase.COLLECT, {**facts, "origin.class": "domestic"})
    assert first < 5
    assert len(asked) == first + 1


def test_a_fact_that_is_looked_at_late_is_part_of_the_key() -> None:
    """A question that looks at a new fact makes what was kept without it worthless."""
    remembering, facts = Memo(), dict(good_facts())
    refused = {**facts, "trace.writable": False}
    assert not remembering.judge(pilot(), Phase.COLLECT, refused).decision.allowed
    for name, value in (("origin.country", "US"), ("tenant.market", "MY"), ("request.path", "/admin")):
        changed = {**facts, name: value}
        assert remembering.judge(pilot(), Phase.COLLECT, changed).decision == judge(
            pilot(), Phase.COLLECT, changed
        )
    assert remembering.judge(pilot(), Phase.COLLECT, facts).decision.allowed


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many different questions there are, only so many answers are kept."""
    monkeypatch.setattr(memo, "MOST_ANSWERS", 3)
    remembering, facts = Memo(), dict(good_facts())
    for number in range(10):
        remembering.judge(pilot(), Phase.COLLECT, {**facts, "request.path": f"/v1/{number}"})
    assert all(len(table.answers) <= 3 for table in remembering._tables.values())


def test_other_policies_have_other_answers() -> None:
    """A layer alone is judged without the other: the answer of both is not taken for it."""
    remembering, facts = Memo(), dict(good_facts())
    assert remembering.judge(pilot(), Phase.COLLECT, facts).decision.allowed
    assert not remembering.judge(pilot()[:1], Phase.COLLECT, facts).decision.allowed


def test_which_policies_ask_for_private_facts() -> None:
    """The pilot asks for the address and the path as a request comes in, and for nothing private later."""
    remembering = Memo()
    asked = [remembering.asks_private(pilot(), phase) for phase in Phase for _ in range(2)]
    assert asked == [True, True, False, False, False, False]
