"""The driver has records written before anything else is done, and turns every failure into a fault."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from addons.crossing import Crossing
from tests.support import zone_world
from tests.support.boundary_lab import MemoryJournal
from zoneproxy.passage.commands import Command, Forward, Refuse, Sever
from zoneproxy.passage.events import Dialling, Fault
from zoneproxy.passage.state import State
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
