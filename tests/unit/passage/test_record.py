"""`zoneproxy.passage.record`: what is written down is a closed vocabulary, and enough to judge again."""

from __future__ import annotations

import pytest

from tests.support.zone_world import CHAT, CREDENTIAL, Receipts, body, head, passage, pilot, pin
from zoneproxy.passage.commands import Write
from zoneproxy.passage.events import AnswerBody, AnswerHead, ClientGone, Event, Fault, Recorded
from zoneproxy.passage.record import layer_body, obligations, phase_body, write_decision
from zoneproxy.terms.decision import Decision, LayerDecision
from zoneproxy.terms.facts import VOCABULARY
from zoneproxy.terms.finding import Finding, Segment
from zoneproxy.terms.phase import Phase
from zoneproxy.trace.entry import draft
from zoneproxy.trace.schema import MAX_FINDINGS

RESIDENT_ID = b"110101199003074610"
ANSWER: tuple[Event, ...] = (AnswerHead(200, (("content-type", "application/json"),), pin()),)


def last_record(*events: Event) -> Write:
    """The record that the last event orders."""
    way = passage()
    for event in events[:-1]:
        way.receive(event)
    (order,) = way.receive(events[-1])
    assert isinstance(order, Write)
    return order


RECORDED = Recorded(Receipts().next())
WAYS: dict[str, tuple[Event, ...]] = {
    "refused on its head": (head(headers=()),),
    "malformed": (head(state="malformed", method="\x00", path="/" + "x" * 5000),),
    "refused on its body": (head(), body(CHAT.replace(b"hello", RESIDENT_ID))),
    "admitted": (head(), body()),
    "fault": (head(), Fault("content", "x")),
    "returned": (head(), body(), RECORDED, *ANSWER, AnswerBody(b'{"choices": []}', pin())),
    "withheld": (head(), body(), RECORDED, *ANSWER, AnswerBody(b"{}", pin("cable-my-1"))),
    "left": (head(), body(), RECORDED, ClientGone()),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_the_log_takes_every_record_that_the_passage_makes(way: tuple[Event, ...]) -> None:
    """Z13: no way of an exchange ends in a record that the log's vocabulary does not know."""
    made = last_record(*way)
    assert draft(made.kind, made.body, made.private, bytes(32)).prv


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_no_private_fact_stands_in_public(way: tuple[Event, ...]) -> None:
    """Z17: what a person could be known by is only committed to."""
    made = last_record(*way)
    assert not [name for name in made.body["facts"] if VOCABULARY[name].private]
    assert "127.0.10.9" not in str(made.body)


def test_a_decision_names_the_policies_and_the_engine_that_made_it() -> None:
    """Z15: what is needed to judge again stands in the record."""
    made = last_record(*WAYS["admitted"])
    assert [named["layer"] for named in made.body["policy"]] == ["regulator", "operator"]
    assert [named["digest"] for named in made.body["policy"]] == [policy.digest for policy in pilot()]
    assert made.body["facts"]["tenant.scope"] == ["api_call", "overseas_region"]


def test_a_return_names_its_decision_and_holds_only_what_came_later() -> None:
    """Z6: the facts of the first legs stand once, in the record that the return points to."""
    made = last_record(*WAYS["returned"])
    assert made.body["dec"] == 0
    assert {VOCABULARY[name].phase for name in made.body["facts"]} == {Phase.RETURN}
    decision = last_record(*WAYS["admitted"])
    assert Phase.RETURN not in {VOCABULARY[name].phase for name in decision.body["facts"]}


def test_an_answer_counts_as_delivered_only_where_the_record_lets_it_go() -> None:
    """Z18: a withheld answer was read, and nothing of it was delivered."""
    assert last_record(*WAYS["returned"]).body["bytes"] == {"answer": 15, "delivered": 15}
    assert last_record(*WAYS["withheld"]).body["bytes"] == {"answer": 2, "delivered": 0}
    assert last_record(*WAYS["left"]).body["bytes"] == {"answer": 0, "delivered": 0}


def test_everything_that_fired_is_written() -> None:
    """Z15: the rules that did not decide stand beside the one that did."""
    layer = LayerDecision(
        "operator",
        "ab",
        "deny",
        "rule",
        "A-1",
        "quota_exhausted",
        deny=("A-1", "A-2"),
        allow=("Z-9",),
        missing=("purpose",),
        obligations={"tag": "overseas"},
    )
    written = layer_body(layer)
    assert set(written) == set(LayerDecision.__slots__)
    assert written["deny"] == ["A-1", "A-2"]
    assert phase_body(Decision(Phase.COLLECT, "deny", "rule", layers=(layer, layer)))["layers"] == [
        written,
        written,
    ]
    assert obligations(Decision(Phase.COLLECT, "allow", "rule", layers=(layer, layer))) == {"tag": "overseas"}


def test_the_gravest_findings_are_kept() -> None:
    """Z11, Z13: a body full of findings is recorded by its gravest; the facts hold the sum of all."""
    exchange = passage().exchange
    exchange.findings = tuple(
        Finding("cn_mobile", Segment.USER, place, place + 11, 2, place, "cn_personal_info", "ab" * 8)
        for place in range(MAX_FINDINGS + 9)
    )
    made = write_decision(exchange, Decision(Phase.COLLECT, "deny", "law", "origin-domestic"))
    scores = [finding["score"] for finding in made.body["findings"]]
    assert scores == list(range(MAX_FINDINGS + 8, 8, -1))


def test_headers_are_recorded_privately_where_it_is_ordered() -> None:
    """`log: full_headers` is carried out: every header with its value, and no credential (Z17)."""
    made = last_record(head(), body())
    lines = str(made.private["headers"]).splitlines()
    assert "content-type: application/json" in lines
    assert "authorization: (not recorded)" in lines
    assert CREDENTIAL not in str(made.private)
    assert "content-type" not in str(made.body)


def test_headers_that_no_allow_orders_are_not_recorded() -> None:
    """What is refused at the door leaves nothing more than it must."""
    assert "headers" not in last_record(*WAYS["refused on its head"]).private


def test_what_comes_again_is_written_as_it_would_be_alone() -> None:
    """Z15: the parts of a record that are kept say the same as those that are written anew."""
    first, again = (last_record(head(), body()) for _ in range(2))
    assert first.body["phases"] is again.body["phases"]
    way = passage()
    way.receive(head())
    way.receive(body())
    decisions = way.exchange.decisions
    assert first.body["phases"] == {phase.value: phase_body(one) for phase, one in decisions.items()}
    digests = [{"layer": one.layer, "digest": one.digest} for one in way.exchange.rules.policies]
    assert first.body["policy"] == digests


def test_a_denial_is_never_taken_for_another() -> None:
    """Z15: what was refused is written from its own decision."""
    ways = (WAYS["refused on its body"], WAYS["refused on its head"], WAYS["refused on its body"])
    written = [last_record(*way).body["phases"] for way in ways]
    assert written[0] == written[2] != written[1]
    assert written[0] is not written[2]
