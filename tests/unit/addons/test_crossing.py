"""The driver has records written before anything else is done, and turns every failure into a fault."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from addons.crossing import Crossing
from tests.support import zone_world
from tests.support.boundary_lab import MemoryJournal
from zoneproxy.passage.commands import Command, Forward, Refuse, Sever
from zoneproxy.passage.events import Dialling, Fault
from zoneproxy.passage.state import State
from zoneproxy.policy.bundle import load
from zoneproxy.terms.ports import Receipt


def crossing(journal: MemoryJournal | None = None) -> Crossing:
    return Crossing(zone_world.passage(), journal or MemoryJournal())


async def test_a_request_is_forwarded_only_after_its_record():
    """Z13: the order to forward is not known before the record is durable."""
    journal = MemoryJournal()
    driven = crossing(journal)
    assert await driven.take(zone_world.head()) == []
    assert driven.step(zone_world.body()) == []
    assert driven.waiting
    assert journal.entries == []
    orders = await driven.settle()
    assert [type(order) for order in orders] == [Forward]
    assert driven.stands(State.INSIDE)
    assert journal.verdicts() == [("decision", "allow", "")]


async def test_settling_nothing_orders_nothing():
    """Where no record is awaited there is nothing to do after it."""
    assert await crossing().settle() == []


async def test_a_log_that_fails_refuses():
    """Z13: without a record there is no passage."""
    driven = crossing(MemoryJournal(fail_after=0))
    await driven.take(zone_world.head())
    orders = await driven.take(zone_world.body())
    assert [type(order) for order in orders] == [Refuse]
    assert isinstance(orders[0], Refuse)
    assert orders[0].status == 503
    assert driven.stands(State.REFUSED)


async def test_a_record_that_is_refused_before_it_is_written_is_a_fault():
    """A bug in a record's fields does not open the door; the denial is recorded in its place."""

    class Picky(MemoryJournal):
        async def append(self, kind: str, body: Mapping[str, Any], private: Mapping[str, Any]) -> Receipt:
            if body["verdict"] == "allow":
                raise ValueError("planted")
            return await super().append(kind, body, private)

    journal = Picky()
    driven = crossing(journal)
    await driven.take(zone_world.head())
    orders = await driven.take(zone_world.body())
    assert [type(order) for order in orders] == [Refuse]
    assert journal.verdicts() == [("decision", "deny", "internal-error")]


async def test_an_event_that_may_not_come_is_a_fault():
    """An event that the state does not know refuses the flow, recorded."""
    journal = MemoryJournal()
    driven = crossing(journal)
    orders = await driven.take(Dialling("127.0.30.10", 8000))
    assert [type(order) for order in orders] == [Refuse]
    assert journal.verdicts() == [("decision", "deny", "internal-error")]


async def test_a_fault_in_the_refusal_of_a_fault_severs(monkeypatch: pytest.MonkeyPatch):
    """Where not even the fault can be taken, both sides are closed."""
    driven = crossing()

    def fail(_event: object) -> list[Command]:
        raise ZeroDivisionError("planted")

    monkeypatch.setattr(driven.passage, "receive", fail)
    assert await driven.take(Fault("here")) == [Sever()]


async def test_only_writes_are_waited_for():
    """A driver whose own memory is wrong stops instead of going on."""
    driven = crossing()
    driven._pending = [Sever()]
    with pytest.raises(TypeError):
        await driven.settle()


async def test_an_alarm_is_told_once_its_record_is_durable(caplog: pytest.LogCaptureFixture) -> None:
    """What a denial orders is done: the operator's log says whom to tell, and which record says it."""
    text = (zone_world.ROOT / "policies/shantou-pilot.operator.yaml").read_text("utf-8")
    rule = "reason: domestic_data_mixed, cite: [no-domestic-data-mixing]}"
    assert rule in text
    alarming = load(text.replace(rule, rule[:-1] + ", obligations: {alarm: regulator}}").encode(), "x.yaml")
    way = zone_world.passage()
    way.exchange.rules = replace(way.exchange.rules, policies=(zone_world.pilot()[0], alarming))
    journal = MemoryJournal()
    driven = Crossing(way, journal)
    await driven.take(zone_world.head())
    mixed = zone_world.CHAT.replace(b"hello", b"110101199003074610")
    await driven.take(zone_world.body(mixed))
    assert driven.stands(State.REFUSED)
    (told,) = [line for line in caplog.records if line.levelname == "CRITICAL"]
    assert told.getMessage().startswith("alarm for the regulator: policy-domestic-data-mixed")
    assert journal.entries[0][1]["oblig"] == {"alarm": "regulator"}
