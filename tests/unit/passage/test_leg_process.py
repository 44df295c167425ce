"""`zoneproxy.passage.leg_process`: where a request goes inside, and that it goes nowhere else."""

from __future__ import annotations

import uuid

import pytest

from tests.support.zone_world import CHAT, CREDENTIAL, Receipts, body, head, passage
from zoneproxy.passage.commands import Command, Forward, Write
from zoneproxy.passage.events import (
    AnswerBody,
    AnswerHead,
    ClientGone,
    Dialled,
    Dialling,
    Event,
    Recorded,
    Resolved,
    Stopping,
)
from zoneproxy.passage.leg_process import choose_upstream, on_admitted
from zoneproxy.passage.machine import Passage
from zoneproxy.passage.state import State

RECORDED = Recorded(Receipts().next())


def admitted() -> tuple[Passage, Forward]:
    """A request that was let in, and the order that let it."""
    way = passage()
    way.receive(head(headers=(*head().headers, ("cookie", "a=b"), ("user-agent", "sdk/1"))))
    way.receive(body())
    return way, forward_of(way.receive(RECORDED))


def outward() -> tuple[Passage, Forward]:
    """A workload's own call that was let out."""
    served, _ = admitted()
    way = passage("zone-out-1", "127.0.30.9")
    way.receive(
        head(
            headers=(
                ("host", "x"),
                ("zone-flow", str(uuid.UUID(int=7))),
                ("x-forwarded-for", "127.0.30.9"),
                ("x-api-key", "of-the-tool"),
            ),
            target_host="tools.example",
            target_port=80,
            parent=served.exchange.facts.snapshot(),
            parent_id=str(uuid.UUID(int=7)),
            tag="carried",
        )
    )
    way.receive(body(b"weather"))
    way.receive(Resolved(("127.0.10.77", "127.0.10.78")))
    return way, forward_of(way.receive(RECORDED))


def forward_of(orders: list[Command]) -> Forward:
    (order,) = orders
    assert isinstance(order, Forward)
    return order


def withheld(way: Passage, event: Event) -> str:
    """Feed the event that must end the exchange; return the reason in its record."""
    (order,) = way.receive(event)
    assert isinstance(order, Write)
    assert way.state is State.CLOSING
    assert (order.kind, order.body["verdict"]) == ("return", "deny")
    return str(order.body["reason"])


def test_a_request_goes_to_its_models_server_with_its_body() -> None:
    """Z5: the registered server of the model asked for, and no other."""
    _, order = admitted()
    assert (order.host, order.port, order.body) == ("127.0.30.10", 8000, CHAT)


def test_a_model_server_sees_nothing_of_who_asks() -> None:
    """Z17: credentials and cookies stay at the boundary; the flow's id goes with the request."""
    _, order = admitted()
    headers = dict(order.headers)
    assert set(headers) == {
        "host",
        "content-type",
        "user-agent",
        "zone-flow",
        "accept-encoding",
        "content-length",
    }
    assert headers["host"] == "127.0.30.10:8000"
    assert headers["accept-encoding"] == "identity"
    assert CREDENTIAL not in str(order.headers)


def test_a_destination_sees_nothing_of_the_zone() -> None:
    """Z5: a workload's own headers go out; the zone's, and its addresses, do not."""
    _, order = outward()
    headers = dict(order.headers)
    assert headers["host"] == "tools.example"
    assert headers["x-api-key"] == "of-the-tool"
    assert not [name for name in headers if name.startswith("zone-") or name == "x-forwarded-for"]
    assert order.body == b"weather"


@pytest.mark.parametrize(("event", "end"), [(ClientGone(), "client_gone"), (Stopping(), "stopped")])
def test_what_ended_while_the_record_was_written_is_not_forwarded(event: Event, end: str) -> None:
    """Z13, Z21: a stop holds for an exchange whose record was under way; its end is recorded too."""
    way = passage()
    way.receive(head())
    way.receive(body())
    way.receive(event)
    (order,) = way.receive(RECORDED)
    assert isinstance(order, Write)
    assert (order.kind, order.body["end"], order.body["dec"]) == ("return", end, 0)


@pytest.mark.parametrize(
    "event", [Dialling("127.0.30.11", 8000), Dialling("127.0.30.10", 8001), Dialling("127.0.20.1", 8000)]
)
def test_a_connection_to_elsewhere_ends_the_exchange(event: Dialling) -> None:
    """Z5: the bytes go where the decision says, or nowhere."""
    assert withheld(admitted()[0], event) == "lane-changed"


def test_a_connection_to_the_right_place_goes_on() -> None:
    """Z5: dialling and dialled agree with the decision."""
    way, order = admitted()
    assert way.receive(Dialling(order.host, order.port)) == []
    assert way.receive(Dialled("::ffff:127.0.30.10")) == []
    assert way.state is State.INSIDE


@pytest.mark.parametrize("peer", ["127.0.20.1", "::ffff:127.0.20.1", "127.0.10.78", "no address", ""])
def test_whoever_else_answers_ends_the_exchange(peer: str) -> None:
    """Z5: a workload's call is pinned to the one address that was judged, not to its name."""
    assert withheld(outward()[0], Dialled(peer)) == "lane-changed"


@pytest.mark.parametrize("host", ["tools.example", "127.0.10.79"])
def test_a_name_is_not_dialled_again(host: str) -> None:
    """Z5: between the decision and the connection no resolver is asked a second time."""
    assert withheld(outward()[0], Dialling(host, 80)) == "lane-changed"


def test_the_address_that_was_judged_is_dialled() -> None:
    """Z5: the call goes to the first address, and says whom it is for in `Host`."""
    way, order = outward()
    assert (order.host, order.port, dict(order.headers)["host"]) == ("127.0.10.77", 80, "tools.example")
    assert way.receive(Dialling("127.0.10.77", 80)) == []
    assert way.receive(Dialled("127.0.10.77")) == []


def test_the_other_addresses_are_dialled_in_turn() -> None:
    """Z5, Z13: those that stand in the decision's record; whichever is dialled must answer itself."""
    way, _ = outward()
    for address in ("127.0.10.77", "127.0.10.78"):
        assert way.receive(Dialling(address, 80)) == []
    assert way.receive(Dialled("127.0.10.78")) == []
    way.receive(AnswerHead(204, (), way.exchange.pin))
    (end,) = way.receive(AnswerBody(b"", way.exchange.pin))
    assert isinstance(end, Write)
    assert end.private["address"] == "127.0.10.78"
    way, _ = outward()
    way.receive(Dialling("127.0.10.78", 80))
    assert withheld(way, Dialled("127.0.10.77")) == "lane-changed"


def test_an_address_answers_for_itself_only() -> None:
    """Z5: a destination that is an address is that address, not another one of the zone."""
    assert withheld(admitted()[0], Dialled("127.0.30.11")) == "lane-changed"


def test_an_unknown_model_has_no_server() -> None:
    """Z5, Z20: no server is guessed, and its separation counts as unknown."""
    way = passage()
    way.receive(head())
    choose_upstream(way.exchange, "no-such-model")
    assert way.exchange.destination is None
    assert way.exchange.facts.get("upstream.separation") != "physical"
    assert way.exchange.facts["model.provenance"] == "unknown"


def test_nothing_is_forwarded_without_its_record() -> None:
    """Z13: the order is built from the receipt's event alone."""
    with pytest.raises(TypeError):
        on_admitted(admitted()[0].exchange, Stopping())
