"""`zoneproxy.passage.shadow`: what only watches is recorded, derived again, and changes nothing."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Sequence
from typing import Any

import pytest

from tests.support.zone_world import CHAT, ROOT, Receipts, body, head, passage, pilot, pin
from zoneproxy.passage import shadow
from zoneproxy.passage.commands import Command, Write
from zoneproxy.passage.events import AnswerBody, AnswerHead, Event, Recorded
from zoneproxy.policy.bundle import Policy, load
from zoneproxy.replay import rewalk
from zoneproxy.replay.rewalk import Rewalk, Walk
from zoneproxy.replay.shadows import report
from zoneproxy.trace.entry import draft

JSON = (("content-type", "application/json"),)
WAY: tuple[Event, ...] = (head(), body(), AnswerHead(200, JSON, pin()), AnswerBody(b'{"choices": []}', pin()))
MIXED: tuple[Event, ...] = (head(), body(CHAT.replace(b"hello", b"110101199003074610")))
RAIL: tuple[Event, ...] = (head(headers=()),)


def variant(*edits: tuple[str, str], layer: str = "operator") -> Policy:
    """A version of one of the pilot's layers that only watches."""
    text = (ROOT / f"policies/shantou-pilot.{layer}.yaml").read_text("utf-8")
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    return dataclasses.replace(load(text.encode(), f"{layer}.yaml"), shadow=True)


STRICT = variant(
    ("rules:\n", "rules:\n  - {id: COL-040, phase: collect, effect: deny, reason: request_too_large}\n")
)
LATE = variant(
    ("rules:\n", "rules:\n  - {id: RET-040, phase: return, effect: deny, reason: request_too_large}\n")
)
CHAINLESS = variant(("tenant: toyco-sg", "tenant: toyco-xx"), ("to: toyco-sg\n", "to: toyco-xx\n"))
MODELLESS = variant(
    ("id: zone-llm-01\n", "id: zone-llm-09\n"), ("models: [zone-llm-01, ", "models: [zone-llm-09, ")
)
SAME = variant(("revision: 1\n", "revision: 2\n"))
LAX = variant(
    ("effect: deny, when: {data.mixing: {not: clean}}", "effect: deny, when: {data.mixing: not_scanned}"),
    layer="regulator",
)


def walked(
    shadows: Sequence[Policy], way: Sequence[Event] = WAY
) -> tuple[list[Command], list[rewalk.Recorded]]:
    """Walk a way with these shadows; return what was ordered and the records."""
    moving, receipts = passage(), Receipts()
    moving.exchange.rules = dataclasses.replace(moving.exchange.rules, shadows=tuple(shadows))
    ordered: list[Command] = []
    made: list[rewalk.Recorded] = []
    for event in way:
        orders = moving.receive(event)
        while orders and isinstance(order := orders[0], Write):
            draft(order.kind, order.body, order.private, bytes(32))
            receipt = receipts.next()
            fields = copy.deepcopy(dict(order.body)), dict(order.private)
            made.append(rewalk.Recorded(receipt.index, order.kind, *fields))
            orders = moving.receive(Recorded(receipt))
        ordered += orders
    return ordered, made


def replayed(records: Sequence[rewalk.Recorded], *shadows: Policy) -> list[Walk]:
    known = {policy.digest: policy for policy in (*pilot(), *shadows)}
    return [step.walk for step in Rewalk(known.__getitem__).walk(records)]


@pytest.mark.parametrize("way", [WAY, MIXED, RAIL], ids=["answered", "mixed", "rail"])
@pytest.mark.parametrize("watching", [STRICT, LATE, CHAINLESS, MODELLESS, SAME, LAX])
def test_a_shadow_changes_nothing_and_is_derived_again(watching: Policy, way: Sequence[Event]) -> None:
    """Z15: orders and records are those of the same way without it, but for the one field."""
    plain_orders, plain = walked((), way)
    orders, made = walked((watching,), way)
    assert orders == plain_orders
    for with_it, without in zip(made, plain, strict=True):
        assert {name: value for name, value in with_it.body.items() if name != "shadow"} == without.body
        assert with_it.private == without.private
    assert replayed(made, watching) == [Walk.AGREES] * len(made)


def seen(record: rewalk.Recorded) -> list[dict[str, Any]]:
    return list(record.body["shadow"]["seen"])


def test_only_what_differs_is_recorded() -> None:
    """A shadow that agrees leaves its name and nothing else; a rail asks no layer."""
    _, made = walked((SAME,))
    assert [seen(record) for record in made] == [[], []]
    assert made[0].body["shadow"]["policy"] == [{"layer": "operator", "digest": SAME.digest}]
    _, (denial,) = walked((STRICT,), RAIL)
    assert seen(denial) == []
    _, plain = walked(())
    assert all("shadow" not in record.body for record in plain)


def test_what_it_would_have_stopped() -> None:
    """The phase, the rule and the reason are there, and the report counts them."""
    _, made = walked((STRICT,))
    (one,) = seen(made[0])
    assert (one["layer"], list(one["phases"])) == ("operator", ["collect"])
    answer = one["phases"]["collect"]
    assert (answer["effect"], answer["rule"], answer["deny"]) == ("deny", "COL-040", ["COL-040"])
    (shift,) = report(made).shifts
    assert (shift.kind, shift.old, shift.new, shift.phase) == (
        "newly_denied",
        "COL-900",
        "COL-040",
        "collect",
    )


def test_its_own_chains_and_models_are_asked() -> None:
    """Facts that the shadow itself would provide otherwise are recorded, so that it can be derived."""
    _, made = walked((CHAINLESS,))
    (one,) = seen(made[0])
    assert one["facts"]["tenant.authorization"] == "missing"
    assert one["phases"]["collect"]["effect"] == "deny"
    _, made = walked((MODELLESS,))
    (one,) = seen(made[0])
    assert one["absent"] == ["model.id"]
    assert one["facts"]["model.provenance"] == "unknown"


def test_a_layer_that_would_let_through_does_not_allow_alone() -> None:
    """Both layers must allow: a laxer regulator's shadow changes the rule, not the outcome."""
    _, made = walked((LAX,), MIXED)
    shifts = report(made).shifts
    assert {shift.kind for shift in shifts} <= {"other_rule"}


@pytest.mark.parametrize("forge", ["answer", "left out", "other layer", "overlay"])
def test_a_forged_shadow_differs(forge: str) -> None:
    """Z15: what a shadow is said to have said is no freer than a verdict."""
    _, made = walked((STRICT,))
    field = made[0].body["shadow"]
    (one,) = field["seen"]
    if forge == "answer":
        one["phases"]["collect"]["rule"] = "COL-041"
    elif forge == "left out":
        field["seen"] = []
    elif forge == "other layer":
        one["layer"] = "regulator"
    else:
        one["absent"] = ["origin.class"]
    assert replayed(made, STRICT)[0] is Walk.DIFFERS


def test_a_shadow_that_is_not_in_the_archive_differs() -> None:
    """Z15: nobody can derive what nobody can read."""
    _, made = walked((STRICT,))
    assert replayed(made) == [Walk.DIFFERS, Walk.DIFFERS]


def test_a_withheld_fact_can_not_be_told() -> None:
    """Z17: without the private part nothing is accused."""
    _, made = walked((STRICT,), RAIL)
    assert replayed([dataclasses.replace(made[0], private=None)], STRICT) == [Walk.AGREES]


def test_a_failing_shadow_is_a_word_in_the_record(monkeypatch: pytest.MonkeyPatch) -> None:
    """Z22 reversed: a fault in what only watches must not close a door either."""

    def fail(*_: object) -> None:
        raise RuntimeError("planted")

    monkeypatch.setattr(shadow, "differing", fail)
    orders, made = walked((STRICT,))
    monkeypatch.undo()
    plain, _ = walked(())
    assert orders == plain
    assert [record.body["shadow"]["fault"] for record in made] == [True, True]
    assert replayed(made, STRICT) == [Walk.AGREES, Walk.AGREES]
    assert report(made).faults == 2
