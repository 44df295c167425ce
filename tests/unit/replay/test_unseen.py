"""`zoneproxy.replay.unseen`: a withheld fact that was not needed withholds nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.decided_log import FORGED, GOOD, MIXED, NOT_JSON, write_decided
from tests.support.zone_world import pilot
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.passage.judge import judge
from zoneproxy.passage.record import phase_body
from zoneproxy.replay.memo import Memo
from zoneproxy.replay.records import records
from zoneproxy.replay.rewalk import Recorded, Rewalk, Step, Walk, facts_of
from zoneproxy.replay.unseen import MOST_CASES, PRIVATE_FACTS, Unseen, find_cases
from zoneproxy.terms.facts import FactValue
from zoneproxy.terms.phase import Phase


@pytest.fixture(scope="module")
def decided(tmp_path_factory: pytest.TempPathFactory) -> list[Recorded]:
    root = write_decided(tmp_path_factory.mktemp("log") / "log", [GOOD, MIXED, FORGED, NOT_JSON])
    return list(records(open_log(root)))


def without_private(record: Recorded, body: Mapping[str, Any] | None = None) -> Recorded:
    return Recorded(record.index, record.kind, body or record.body, None, record.ts)


def walk(*made: Recorded) -> list[Step]:
    by_digest = {policy.digest: policy for policy in pilot()}
    return list(Rewalk(by_digest.__getitem__).walk(made))


def test_what_did_not_need_the_fact_agrees(decided: list[Recorded]) -> None:
    """Z15, Z17: denials that stand whatever was withheld are derived again; the others are withheld."""
    walks = {step.recorded: step.walk for step in walk(*map(without_private, decided))}
    forged = next(walk for text, walk in walks.items() if "origin-tag-forged" in text)
    assert forged is Walk.AGREES
    assert Walk.WITHHELD in walks.values()  # the pilot asks for the method and the path of what it admits
    assert Walk.DIFFERS not in walks.values()


def test_a_lie_shows_without_the_fact(decided: list[Recorded]) -> None:
    """Z15: an allow where a rule denies for certain differs, however much is withheld."""
    decisions = [record for record in decided if record.kind == "decision"]
    mixed = next(r for r in decisions if r.body["facts"].get("data.mixing") == "detected")
    good = next(r for r in decided if r.kind == "decision" and r.body["verdict"] == "allow")
    names = ("verdict", "by", "phase", "reason", "rule", "phases", "oblig")
    lie = {**mixed.body, **{name: good.body[name] for name in names}}
    (step,) = walk(without_private(mixed, lie))
    assert step.walk is Walk.DIFFERS
    forged = next(r for r in decisions if r.body["reason"] == "origin-tag-forged")
    lie = {**forged.body, **{name: good.body[name] for name in names}}
    (step,) = walk(without_private(forged, lie))
    assert (step.walk, "whatever the withheld facts were" in step.why) == (Walk.DIFFERS, True)


def test_every_real_decision_is_among_the_cases(decided: list[Recorded]) -> None:
    """The cases cover what the judge says with the private facts there."""
    for record in decided:
        if record.kind == "decision":
            facts = facts_of(record)[0]
            for name in record.body["phases"]:
                cases = find_cases(pilot(), Phase(name), facts)
                assert cases.complete
                assert record.body["phases"][name] in cases.bodies


PATHS = ["/v1/chat/completions", "/v1/models", "/v1/files", "/admin", "/elsewhere", ""]


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "request.path": st.sampled_from(PATHS),
            "request.method": st.sampled_from(["GET", "POST", "PUT"]),
            "client.ip": st.sampled_from(["198.51.100.7", "10.0.0.1"]),
            "request.host": st.sampled_from(["a.example", "b.example"]),
        },
    ),
    st.sampled_from(["openai_chat", "openai_models", "openai_files", "unknown"]),
)
def test_no_private_value_escapes_the_cases(
    decided: list[Recorded], private: dict[str, FactValue], dialect: str
) -> None:
    """Z15: whatever a withheld fact was, the real decision is one of the cases; if they are certain, it."""
    good = next(r for r in decided if r.kind == "decision" and r.body["verdict"] == "allow")
    public = {name: value for name, value in facts_of(good)[0].items() if name not in PRIVATE_FACTS}
    public["request.dialect"] = dialect
    for phase in (Phase.COLLECT, Phase.PROCESS):
        cases = find_cases(pilot(), phase, public)
        real = phase_body(judge(pilot(), phase, {**public, **private}))
        assert real in cases.bodies
        if cases.certain:
            alone = phase_body(judge(pilot(), phase, public))
            assert [real[k] for k in ("effect", "by", "rule")] == [alone[k] for k in ("effect", "by", "rule")]


def test_cases_are_remembered_and_bounded(monkeypatch: pytest.MonkeyPatch, decided: list[Recorded]) -> None:
    """The same question is judged once; too many cases are not tried, and nothing is claimed of them."""
    assert MOST_CASES > 1
    good = next(r for r in decided if r.kind == "decision" and r.body["verdict"] == "allow")
    facts = {name: value for name, value in facts_of(good)[0].items() if name not in PRIVATE_FACTS}
    policies, unseen = pilot(), Unseen(Memo())
    first = unseen.cases(policies, Phase.COLLECT, facts)
    assert unseen.cases(policies, Phase.COLLECT, facts) is first
    monkeypatch.setattr("zoneproxy.replay.unseen.MOST_KEPT", 0)
    assert unseen.cases(policies, Phase.PROCESS, facts) == find_cases(policies, Phase.PROCESS, facts)
    monkeypatch.setattr("zoneproxy.replay.unseen.MOST_CASES", 1)
    cases = find_cases(policies, Phase.COLLECT, facts)
    assert (cases.certain, cases.complete) == (False, False)
    (step, *_) = walk(without_private(good))
    assert step.walk is Walk.WITHHELD
