"""The flows under way, found by flow and by connection."""

from __future__ import annotations

from addons.crossings import Crossings
from tests.support.boundary_lab import MemoryJournal
from tests.support.zone_world import CHAT, Receipts, body, head, passage
from zoneproxy.passage.events import ClientGone, Recorded
from zoneproxy.passage.state import State


def test_a_flow_is_kept_from_its_first_event_to_its_last() -> None:
    """It is found while it is under way, and forgotten only at its end."""
    flows = Crossings()
    crossing = flows.begin(passage(), MemoryJournal())
    assert flows.of_connection("c1") == [crossing]
    assert not flows.end(crossing)
    assert len(flows) == 1
    crossing.step(ClientGone())
    assert flows.end(crossing)
    assert len(flows) == 0
    assert flows.of_connection("c1") == []


def test_a_workload_may_name_an_exchange_only_while_a_server_works_on_it() -> None:
    """Z5: neither before its decision is durable, nor after its end."""
    flows, receipts = Crossings(), Receipts()
    crossing = flows.begin(passage(), MemoryJournal())
    flow = crossing.passage.exchange.flow
    assert flows.working(flow) is None
    crossing.step(head())
    crossing.step(body(CHAT))
    assert flows.working(flow) is None
    crossing.passage.receive(Recorded(receipts.next()))
    assert crossing.stands(State.INSIDE)
    assert flows.working(flow) is crossing
    crossing.passage.receive(ClientGone())
    assert flows.working(flow) is None


def test_an_outward_call_is_nobodys_parent() -> None:
    """A workload's own call can't be named by another."""
    flows = Crossings()
    crossing = flows.begin(passage("zone-out-1", "127.0.30.9"), MemoryJournal())
    assert flows.working(crossing.passage.exchange.flow) is None
    assert list(flows) == [crossing]
