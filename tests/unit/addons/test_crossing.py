"""The driver has records written before anything else is done, and turns every failure into a fault."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from addons.crossing import Crossing
from tests.support import zone_world
from tests.support.boundary_lab import MemoryJournal
from zoneproxy.passage.commands import Command, Forward, Refuse, Sever
from zoneproxy.passage.events import (
    AnswerBody,
    AnswerHead,
    ClientGone,
    Dialled,
    Dialling,
    Event,
    Fault,
    StopsChanged,
)
from zoneproxy.passage.machine import Passage
from zoneproxy.passage.state import State
from zoneproxy.policy.bundle import load
from zoneproxy.route.stops import Scope, Stops
from zoneproxy.terms.ports import Receipt

STOPPED = StopsChanged(Stops.of([(Scope.TENANT, "toyco-sg")]))


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


class Held(MemoryJournal):
    """A log whose disk stands still until it is told to go on."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.goes_on = asyncio.Event(), asyncio.Event()

    async def _write(self, kind: str, body: Mapping[str, Any], private: Mapping[str, Any]) -> Receipt:
        self.asked.set()
        await self.goes_on.wait()
        return await super()._write(kind, body, private)


async def test_nobody_comes_between_a_step_and_what_it_orders():
    """Z13, Z21: a stop that waits for a record meets the exchange after its hook has gone on, not before."""
    journal = Held()
    driven = crossing(journal)
    await driven.take(zone_world.head())
    happened: list[str] = []

    async def hook() -> None:
        await driven.take(zone_world.body())
        happened.append("hook")
        assert driven.stands(State.INSIDE)

    async def stop() -> None:
        await driven.interrupt(STOPPED)
        happened.append("stop")

    asked = asyncio.ensure_future(hook())
    await journal.asked.wait()
    stopping = asyncio.ensure_future(stop())
    await asyncio.sleep(0)
    journal.goes_on.set()
    await asyncio.gather(asked, stopping)
    assert happened == ["hook", "stop"]
    assert driven.halted


async def cut_off(task: asyncio.Task[Any]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def cut_off_at_its_record(journal: Held) -> Crossing:
    """Begin an exchange whose hook is cut off while its record is on its way to a disk that stands still."""
    driven = crossing(journal)
    await driven.take(zone_world.head())
    hook = asyncio.ensure_future(driven.take(zone_world.body()))
    await journal.asked.wait()
    await cut_off(hook)
    return driven


async def test_a_step_that_was_cut_off_gives_the_turn_back_at_its_end():
    """Z13: whoever comes next waits for the record, and no longer."""
    journal = Held()
    driven = await cut_off_at_its_record(journal)
    stopping = asyncio.ensure_future(driven.interrupt(STOPPED))
    await asyncio.sleep(0)
    assert not driven.halted
    journal.goes_on.set()
    await stopping
    assert driven.halted


async def test_an_exchange_whose_hook_is_cut_off_at_its_record_still_ends():
    """Z13, Z22: a deadline that passes while the record is written leaves no exchange without an end."""
    journal = Held()
    driven = await cut_off_at_its_record(journal)
    journal.goes_on.set()
    assert await driven.take(ClientGone()) == [Sever()]
    assert driven.passage.final
    assert journal.verdicts() == [("decision", "allow", ""), ("return", "deny", "client-gone")]


async def test_an_exchange_whose_hook_is_cut_off_while_a_thread_looks_ends_once(
    monkeypatch: pytest.MonkeyPatch,
):
    """Z13, Z14: no event comes between a thread's look and what follows it: one exchange has one end."""
    journal = MemoryJournal(delay_s=0.01)
    driven = crossing(journal)
    head = AnswerHead(200, (("content-type", "application/json"),), zone_world.pin())
    for event in (
        zone_world.head(), zone_world.body(), Dialling("127.0.30.10", 8000), Dialled("127.0.30.10"), head,
    ):  # fmt: skip
        await driven.take(event)
    loop, looking, seen = asyncio.get_running_loop(), asyncio.Event(), threading.Event()
    assert isinstance(driven.passage, Passage)
    inner = driven.passage._handle

    def slow(event: Event) -> tuple[State, list[Command]]:
        judged = inner(event)
        if isinstance(event, AnswerBody):
            loop.call_soon_threadsafe(looking.set)
            assert seen.wait(10)
        return judged

    monkeypatch.setattr(driven.passage, "_handle", slow)
    answer = AnswerBody(b'{"id":"x","object":"chat.completion","choices":[]}', zone_world.pin())
    hook = asyncio.ensure_future(driven.take(answer, size_bytes=1_000_000))
    await looking.wait()
    await cut_off(hook)
    gone = asyncio.ensure_future(driven.take(ClientGone()))
    await asyncio.sleep(0)
    seen.set()
    await gone
    assert driven.passage.final
    assert [kind for kind, _, _ in journal.entries] == ["decision", "return"]


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
