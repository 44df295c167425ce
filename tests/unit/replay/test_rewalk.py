"""`zoneproxy.replay.rewalk`: judged again, a record agrees, differs, or can't be told."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.support.zone_world import CHAT, Receipts, body, head, passage, pilot, pin
from tests.unit.passage.test_outward import calling as workload_call
from tests.unit.passage.test_outward import with_rule
from zoneproxy.passage.commands import Write
from zoneproxy.passage.events import (
    AnswerBody,
    AnswerHead,
    ClientGone,
    Event,
    Fault,
    Recorded,
    Resolved,
    UpstreamFailed,
)
from zoneproxy.policy.bundle import Policy
from zoneproxy.replay import rewalk
from zoneproxy.replay.rewalk import Rewalk, Step, Walk

JSON = (("content-type", "application/json"),)
ANSWERED: tuple[Event, ...] = (head(), body(), AnswerHead(200, JSON, pin()), AnswerBody(b"{}", pin()))
REFUSED: tuple[Event, ...] = (head(), body(CHAT.replace(b"hello", b"110101199003074610")))


def archive(digest: str) -> Policy:
    """The archived policies of the test zone."""
    return {policy.digest: policy for policy in pilot()}[digest]


def written(*events: Event) -> list[rewalk.Recorded]:
    """The records that the passage writes on this way, each made durable at once."""
    way, receipts = passage(), Receipts()
    made: list[rewalk.Recorded] = []
    for event in events:
        orders = way.receive(event)
        while orders and isinstance(order := orders[0], Write):
            receipt = receipts.next()
            fields = copy.deepcopy(dict(order.body)), dict(order.private)
            made.append(rewalk.Recorded(receipt.index, order.kind, *fields))
            orders = way.receive(Recorded(receipt))
    return made


def walk(*records: rewalk.Recorded) -> list[Step]:
    return list(Rewalk(archive).walk(records))


def changed(record: rewalk.Recorded, **changes: Any) -> rewalk.Recorded:
    """The record with fields of its public part replaced."""
    return replace(record, body={**record.body, **changes})


def fact(record: rewalk.Recorded, name: str, value: object) -> rewalk.Recorded:
    """The record with one public fact replaced, or, with `None`, taken away."""
    facts = {**record.body["facts"], name: value}
    return changed(record, facts={key: item for key, item in facts.items() if item is not None})


@pytest.mark.parametrize(
    ("way", "expected"),
    [
        (ANSWERED, ["allow", "allow"]),
        (REFUSED, ["deny"]),
        ((head(headers=()),), ["deny"]),
        ((head(), body(b"{")), ["deny"]),
        ((*ANSWERED[:3], AnswerBody(b"GGUF\x03\x00\x00\x00", pin())), ["allow", "deny"]),
        ((*ANSWERED[:3], AnswerBody(b"{}", pin("cable-my-1"))), ["allow", "deny"]),
    ],
    ids=["answered", "mixed", "no tenant", "unreadable", "weights", "another way"],
)
def test_what_the_passage_wrote_agrees(way: tuple[Event, ...], expected: list[str]) -> None:
    """Z15: every decision, allow or deny, of a rail or a rule, is derived again from its record."""
    records = written(*way)
    steps = walk(*records)
    assert [record.body["verdict"] for record in records] == expected
    assert [step.walk for step in steps] == [Walk.AGREES] * len(expected)
    assert all(step.recorded == step.derived and not step.why for step in steps)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("origin.class", "domestic"),
        ("origin.class", None),
        ("origin.country", "MY"),
        ("tenant.authorization", "broken"),
        ("data.mixing", "detected"),
        ("model.granted", False),
        ("trace.writable", False),
        ("trace.writable", "true"),
        ("upstream.separation", "shared"),
    ],
)
def test_a_changed_fact_differs(name: str, value: object) -> None:
    """Z15: a record whose facts would have been refused does not pass for an admission."""
    decision, _ = written(*ANSWERED)
    (step,) = walk(fact(decision, name, value))
    assert step.walk is Walk.DIFFERS
    assert "decided otherwise" in step.why
    assert step.derived.startswith("deny")


def test_a_denial_whose_facts_were_cleaned_differs() -> None:
    """Z15: it is shown, too, where a caller was refused for nothing."""
    (denial,) = written(*REFUSED)
    clean = fact(fact(fact(denial, "data.mixing", "clean"), "data.mixing_score", 0), "data.categories", [])
    (step,) = walk(clean)
    assert (step.walk, step.derived) == (Walk.DIFFERS, "allow  PRO-900")


@pytest.mark.parametrize(
    "forge",
    [
        lambda record: changed(record, verdict="deny"),
        lambda record: changed(record, rule="PRO-001"),
        lambda record: changed(record, reason="policy-default"),
        lambda record: changed(record, by="law"),
        lambda record: changed(record, phase="collect", rule="PRO-900"),
        lambda record: changed(record, phases={"process": record.body["phases"]["process"]}),
        lambda record: changed(record, phases={}),
    ],
    ids=["verdict", "rule", "reason", "by", "phase", "one phase", "no phase"],
)
def test_a_changed_verdict_differs(forge: Callable[[rewalk.Recorded], rewalk.Recorded]) -> None:
    """Z15: verdict, rule, reason and phase are those of the last judgement, and no phase is skipped."""
    decision, _ = written(*ANSWERED)
    assert walk(forge(decision))[0].walk is Walk.DIFFERS


@pytest.mark.parametrize("key", ["allow", "deny", "shadow", "obligations", "digest", "rule"])
def test_a_rule_that_is_said_to_have_fired_differs(key: str) -> None:
    """Z15: not only the verdict but everything that fired is derived again."""
    decision, _ = written(*ANSWERED)
    forged = copy.deepcopy(dict(decision.body))
    layer = forged["phases"]["collect"]["layers"][1]
    layer[key] = {"tag": "none"} if key == "obligations" else "0" * 64 if key == "digest" else ["X-1"]
    (step,) = walk(replace(decision, body=forged))
    assert (step.walk, step.why) == (Walk.DIFFERS, "phase collect is decided otherwise")


def test_a_policy_that_is_not_in_the_archive_differs() -> None:
    """Z15: a decision of a policy that nobody can read is no evidence."""
    decision, _ = written(*ANSWERED)
    named = [{"layer": "regulator", "digest": "0" * 64}, *decision.body["policy"][1:]]
    (step,) = walk(changed(decision, policy=named))
    assert step.walk is Walk.DIFFERS
    assert "is not in the archive" in step.why


@pytest.mark.parametrize("named", [[], slice(0, 1), slice(1, 2), slice(None, None, -1)])
def test_a_layer_left_out_differs(named: Any) -> None:
    """Z15: the layers are those that spoke, all of them, in their order."""
    decision, _ = written(*ANSWERED)
    policy = decision.body["policy"][named] if isinstance(named, slice) else named
    assert walk(changed(decision, policy=policy))[0].walk is Walk.DIFFERS


def test_what_needs_a_withheld_fact_can_not_be_told() -> None:
    """Z15, Z17: without the private part the walk does not accuse, and does not acquit."""
    decision, ending = written(*ANSWERED)
    steps = walk(replace(decision, private=None), replace(ending, private=None))
    assert [step.walk for step in steps] == [Walk.WITHHELD, Walk.AGREES]
    assert steps[0].why == "phase collect needs a withheld fact"


def test_what_needs_no_private_fact_agrees_without_it() -> None:
    """Z15: anybody can judge a rail's denial again from the public part alone."""
    (denial,) = written(head(headers=()))
    assert walk(replace(denial, private=None))[0].walk is Walk.AGREES


def test_another_private_fact_differs() -> None:
    """Z15: an opened path that the rules refuse does not belong to an admission."""
    decision, _ = written(*ANSWERED)
    private = {**(decision.private or {}), "request.path": "/admin"}
    assert walk(replace(decision, private=private))[0].walk is Walk.DIFFERS


@pytest.mark.parametrize(
    ("way", "index"),
    [
        ((head(), Fault("content", "x")), 0),
        ((head(), body(), ClientGone()), 1),
        ((head(), body(), UpstreamFailed()), 1),
        ((head(), body(), Fault("hook", "x")), 1),
    ],
    ids=["before", "caller left", "server failed", "inside"],
)
def test_a_fault_is_counted_if_it_denies_and_differs_if_it_allows(way: tuple[Event, ...], index: int) -> None:
    """Z22: a fault can't be derived again, so it may never have let anything pass."""
    records = written(*way)
    assert walk(*records)[index].walk is Walk.FAULT
    records[index] = changed(records[index], verdict="allow")
    step = walk(*records)[index]
    assert (step.walk, step.why) == (Walk.DIFFERS, "a fault may only deny")


def test_a_return_without_an_admission_differs() -> None:
    """Z13: nothing leaves that was not let in, and nothing leaves twice."""
    decision, ending = written(*ANSWERED)
    (denial,) = written(*REFUSED)
    for records in ([ending], [denial, ending], [decision, ending, ending], [ending, decision]):
        steps = {id(record): step for record, step in zip(records, walk(*records), strict=True)}
        last = steps[id(ending)] if records[0] is not ending else walk(*records)[0]
        assert last.walk is Walk.DIFFERS
        assert last.why == "it ends an exchange that no decision admitted"


def test_an_aborted_exchange_has_no_return_any_more() -> None:
    """Z13: what was closed as aborted can't be answered later."""
    decision, ending = written(*ANSWERED)
    abort = rewalk.Recorded(1, "abort", {"flow": decision.body["flow"]}, None)
    steps = walk(decision, abort, ending)
    assert [step.walk for step in steps] == [Walk.AGREES, Walk.DIFFERS]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("egress.route", "cable-my-1"),
        ("egress.same_connection", False),
        ("response.mixing", "detected"),
        ("response.weights_like", True),
        ("response.state", "truncated"),
    ],
)
def test_a_changed_fact_of_the_return_differs(name: str, value: object) -> None:
    """Z6, Z9, Z11, Z15: an answer that left otherwise than the law says is shown."""
    decision, ending = written(*ANSWERED)
    steps = walk(decision, fact(ending, name, value))
    assert [step.walk for step in steps] == [Walk.AGREES, Walk.DIFFERS]


def test_a_return_is_judged_on_its_own_decisions_facts() -> None:
    """Z6: the way in is the decision's word; a return can't bring a decision of another door."""
    decision, ending = written(*ANSWERED)
    steps = walk(fact(decision, "ingress.route", "cable-my-1"), ending)
    assert steps[1].walk is Walk.DIFFERS


def test_a_policy_that_is_gone_costs_the_same_each_time() -> None:
    """Z15: a whole log may name a policy that nobody has: asking for it again keeps nothing."""
    asked: list[str] = []

    def gone(digest: str) -> Policy:
        asked.append(digest)
        raise KeyError(digest)

    walker, depths = Rewalk(gone), []
    for _ in range(3):
        with pytest.raises(KeyError) as error:
            walker.policy("0" * 64)
        depths.append(len(error.traceback))
    assert len(asked) == 1
    assert len(set(depths)) == 1


def test_what_another_engine_decided_can_not_be_told() -> None:
    """Z15: a record of another version of the semantics is neither accused nor acquitted, nor is its end."""
    decision, ending = written(*ANSWERED)
    steps = walk(changed(decision, eng=decision.body["eng"] + 1), ending)
    assert [step.walk for step in steps] == [Walk.WITHHELD, Walk.WITHHELD]
    assert "engine" in steps[0].why
    assert "engine" in steps[1].why


def test_every_address_that_may_be_dialled_is_judged_again() -> None:
    """Z15: one that is judged otherwise differs, and a first that was not judged; old records agree."""
    policies = with_rule("198.51.100.9/32")
    way, _ = workload_call("api.example", rules_of=policies)
    (order,) = way.receive(Resolved(("198.51.100.1", "198.51.100.9", "198.51.100.2")))
    assert isinstance(order, Write)
    record = rewalk.Recorded(0, order.kind, dict(order.body), dict(order.private))
    archived = {policy.digest: policy for policy in policies}

    def told(**private: Any) -> Step:
        changed_ = replace(record, private={**(record.private or {}), **private})
        return next(Rewalk(archived.__getitem__).walk([changed_]))

    assert record.private is not None
    assert record.private["addresses"] == "198.51.100.1 198.51.100.2"
    assert told().walk is Walk.AGREES
    assert told(addresses=None).walk is Walk.AGREES
    for addresses in ("198.51.100.1 198.51.100.9", "198.51.100.1 x"):
        step = told(addresses=addresses)
        assert step.walk is Walk.DIFFERS
        assert step.why == "another address that might be dialled is decided otherwise"
    assert told(addresses="198.51.100.2 198.51.100.1").walk is Walk.DIFFERS
    # Of before the tag was carried: the exchange was named by its id, and nothing more was known.
    old = {name: value for name, value in record.body["facts"].items() if name != "request.tag"}
    before = replace(changed(record, facts=old), private={**record.private, "addresses": None})
    assert next(Rewalk(archived.__getitem__).walk([before])).walk is Walk.AGREES
    for tag in ("missing", "altered", "elsewhere", "unsigned"):
        assert (
            next(Rewalk(archived.__getitem__).walk([fact(record, "request.tag", tag)])).walk is Walk.DIFFERS
        )
