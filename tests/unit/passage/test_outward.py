"""`zoneproxy.passage.outward`: a call is judged, resolved, judged by all addresses, and pinned (Z5)."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.zone_world import ROOT, Receipts, body, head, passage, rules
from zoneproxy.origin.places import PlaceError, Places
from zoneproxy.origin.tenants import Tenant, TenantRegistry
from zoneproxy.passage.commands import Forward, OpenTunnel, Resolve, Write
from zoneproxy.passage.events import (
    AnswerBody,
    AnswerHead,
    BodyArrived,
    Dialling,
    Recorded,
    Resolved,
    StopsChanged,
)
from zoneproxy.passage.machine import Passage
from zoneproxy.passage.outward import MOST_ADDRESSES, choose_destination, placed_by
from zoneproxy.passage.state import State
from zoneproxy.policy.bundle import Policy, load
from zoneproxy.route.lane import DestinationTable, RegisteredDestination
from zoneproxy.route.server_identity import ServerIdentity
from zoneproxy.route.stops import Scope, Stops
from zoneproxy.terms.facts import VOCABULARY
from zoneproxy.terms.networks import read_address
from zoneproxy.terms.phase import Side

FLOW = str(uuid.UUID(int=7))
IDENTITY = ServerIdentity("api.example", frozenset({bytes(32)}))
TABLE = DestinationTable(
    [
        RegisteredDestination("tools.example", 80, Side.OVERSEAS),
        RegisteredDestination("api.example", 443, Side.OVERSEAS, IDENTITY),
        RegisteredDestination("hooks.example", 443, Side.OVERSEAS, IDENTITY),
        RegisteredDestination("127.0.10.7", 443, Side.OVERSEAS, IDENTITY),
    ]
)
TENANTS = TenantRegistry(
    [
        Tenant("toyco-sg", "SG", "overseas", (bytes(32),), callbacks=("https://hooks.example/mine",)),
        Tenant("toyco-my", "MY", "overseas", (bytes([1]) * 32,), callbacks=("https://theirs.example/",)),
    ]
)


def parent() -> dict[str, Any]:
    """What is known of the customer's exchange that a workload works for."""
    served = passage()
    served.receive(head())
    served.receive(body())
    return served.exchange.facts.snapshot()


PARENT = parent()


def calling(
    host: str, port: int = 443, *, data: bytes = b"", places: Places | None = None, **more: Any
) -> Any:
    """Let a workload call; return its passage and the orders of its body."""
    way = passage("zone-out-1", "127.0.30.9")
    policies = more.pop("rules_of", rules().policies)
    way.exchange.rules = replace(
        rules(), destinations=TABLE, tenants=TENANTS, places=places, policies=policies
    )
    given_ = {
        "target_host": host, "target_port": port, "path": "/x", "parent": PARENT, "parent_id": FLOW,
        "tag": "carried",
        "headers": (("host", host), ("zone-flow", FLOW)),
    }  # fmt: skip
    orders = way.receive(head(**given_ | more))
    return way, orders or way.receive(BodyArrived(data))


def reason(orders: Any) -> str:
    (record,) = orders
    assert isinstance(record, Write)
    return str(record.body["reason"])


def durable(way: Passage) -> Any:
    (order,) = way.receive(Recorded(Receipts().next()))
    return order


def test_a_tunnel_is_judged_before_it_is_answered() -> None:
    """Z5, Z13: named, resolved, judged, recorded; then its empty answer, recorded; nothing is dialled."""
    way, orders = calling("api.example", method="CONNECT", path="", tunnel="asked")
    assert orders == [Resolve("api.example")]
    assert way.state is State.ASKING
    assert reason(way.receive(Resolved(("127.0.10.5", "127.0.10.6")))) == ""
    assert durable(way) == OpenTunnel("api.example", 443, ("127.0.10.5", "127.0.10.6"))
    pin = way.exchange.pin
    way.receive(AnswerHead(200, (), pin))
    (end,) = way.receive(AnswerBody(b"", pin))
    assert isinstance(end, Write)
    assert (end.kind, end.body["verdict"], end.body["end"]) == ("return", "allow", "complete")
    assert durable(way).status == 200


def test_nothing_is_dialled_for_a_tunnel() -> None:
    """Z5: the tunnel's own exchange has no server; a connection for it is another's."""
    way, _ = calling("api.example", method="CONNECT", path="", tunnel="asked")
    way.receive(Resolved(("127.0.10.5",)))
    durable(way)
    assert reason(way.receive(Dialling("127.0.10.5", 443))) == "lane-changed"


def test_a_call_in_a_tunnel_goes_to_the_tunnels_address() -> None:
    """Z5: no name is asked for again, and TLS is demanded of the destination."""
    way, orders = calling("api.example", tunnel="inside", pinned=("127.0.10.5",))
    assert reason(orders) == ""
    order = durable(way)
    assert isinstance(order, Forward)
    assert (order.host, order.port, order.tls) == ("127.0.10.5", 443, True)
    assert dict(order.headers)["host"] == "api.example"


def test_what_was_registered_in_tls_is_called_in_tls() -> None:
    """Z5: also by a call in the clear, whose inside the boundary has seen."""
    way, _ = calling("api.example")
    way.receive(Resolved(("127.0.10.5",)))
    assert durable(way).tls is True


@pytest.mark.parametrize(
    ("host", "more", "code"),
    [
        ("nobody.example", {}, "lane-closed"),
        ("a.api.example", {}, "lane-closed"),
        ("127.0.20.5", {}, "lane-domestic"),
        ("127.0.10.8", {}, "lane-closed"),
        ("api.example", {"parent": None, "parent_id": "", "tag": "over"}, "lane-flow-unknown"),
        ("tools.example", {"target_port": 80, "tunnel": "asked"}, "lane-tunnel"),
        ("api.example", {"headers": (("zone-flow", FLOW), ("zone_origin", "x"))}, "origin-tag-forged"),
        ("api.example", {"state": "no_inner_tls", "tunnel": "inside"}, "lane-handshake"),
        ("api.example", {"state": "other_host", "tunnel": "inside"}, "lane-mismatch"),
        ("api.example", {"data": b"GGUF\x03\x00\x00\x00" + bytes(64)}, "lane-weights"),
        ("api.example", {"trace_writable": False}, "trace-unavailable"),
        ("theirs.example", {}, "lane-callback"),
        ("hooks.example", {"path": "/others"}, "lane-callback"),
    ],
)
def test_no_name_is_asked_for_in_vain(host: str, more: dict[str, Any], code: str) -> None:
    """Z5: what is refused anyway makes the zone ask nobody: a name may bear what must not leave."""
    _, orders = calling(host, **more)
    assert reason(orders) == code


@pytest.mark.parametrize(
    ("addresses", "code"),
    [
        (("127.0.20.5",), "lane-domestic"),
        (("127.0.10.5", "127.0.20.5"), "lane-domestic"),
        (("127.0.10.5", "10.0.0.1"), "lane-closed"),
        (("127.0.30.5",), "lane-closed"),
        ((), "lane-unresolved"),
        (("127.0.10.5", "nonsense"), "lane-unresolved"),
        (("fe80::1%eth0",), "lane-unresolved"),
        (tuple(f"127.0.10.{n}" for n in range(1, MOST_ADDRESSES + 2)), "lane-unresolved"),
    ],
)
def test_every_address_of_a_name_is_judged(addresses: tuple[str, ...], code: str) -> None:
    """Z5: one that is wrong is enough, whichever would have been called."""
    way, _ = calling("api.example")
    assert reason(way.receive(Resolved(addresses))) == code


@given(st.lists(st.sampled_from(["127.0.10.5", "127.0.20.5", "198.51.100.7", "127.0.0.1", "x"]), max_size=4))
def test_no_resolver_makes_a_call_go_elsewhere(addresses: list[str]) -> None:
    """Z5: whatever it says, the call is refused or goes to an address that it named, none domestic."""
    way, _ = calling("api.example")
    told = reason(way.receive(Resolved(tuple(addresses))))
    allowed = bool(addresses) and set(addresses) <= {"127.0.10.5", "198.51.100.7"}
    assert (told == "") is allowed
    if allowed:
        assert durable(way).host == addresses[0]


def test_an_own_callback_is_called_and_its_addresses_are_judged() -> None:
    """Z5, Z6: the registration opens the host, and no address of another side."""
    way, orders = calling("hooks.example", path="/mine/done")
    assert orders == [Resolve("hooks.example")]
    assert reason(way.receive(Resolved(("127.0.20.5",)))) == "lane-domestic"
    way, _ = calling("hooks.example", path="", method="CONNECT", tunnel="asked")
    assert reason(way.receive(Resolved(("127.0.10.5",)))) == ""


def test_a_stop_that_comes_while_a_name_is_asked_for_holds() -> None:
    """Z21: the call is judged by the newest stops."""
    way, _ = calling("api.example")
    way.receive(StopsChanged(Stops.of([(Scope.TENANT, "toyco-sg")])))
    assert reason(way.receive(Resolved(("127.0.10.5",)))) == "control-tenant-stopped"


def test_a_destination_that_is_no_name_is_none() -> None:
    """Z5: what can't be read as a host is not on any list."""
    exchange = passage("zone-out-1", "127.0.30.9").exchange
    choose_destination(exchange, "tools.example\r\nhost: inland.example", 80)
    assert exchange.destination is None
    _, orders = calling("tools.example\r\nhost: inland.example")
    assert reason(orders) == "lane-closed"


def test_the_data_files_speak_of_addresses_abroad() -> None:
    """Z5: one that any file calls domestic is; where a file can't be read nothing is known."""

    def country(address: object) -> str | None:
        if str(address) == "198.51.100.9":
            raise PlaceError("planted")
        return {"198.51.100.7": "CN", "198.51.100.8": "SG"}.get(str(address))

    places = Places(frozenset({"CN"}), country)
    told = {}
    for text in ("198.51.100.6", "198.51.100.7", "198.51.100.8", "198.51.100.9"):
        way, _ = calling("api.example", places=places)
        told[text] = reason(way.receive(Resolved((text,))))
    assert list(told.values()) == ["", "lane-domestic", "", "lane-closed"]
    say = placed_by(places)
    address = read_address("198.51.100.9")
    assert say is not None
    assert address is not None
    assert say(address) == "unreadable"
    assert placed_by(None) is None


def with_rule(prefix: str) -> tuple[Policy, ...]:
    """Return the pilot's layers, the operator's with a rule about addresses."""
    name = "shantou-pilot.operator.yaml"
    rule = (
        f"  - {{id: PRO-980, phase: process, effect: deny, when: {{destination.resolution: resolved, "
        f"destination.address: {prefix}}}, "
        "reason: client_ip_domestic}\n"
    )
    text = (ROOT / "policies" / name).read_text("utf-8")
    at = text.index("  - {id: COL-012")
    return rules().policies[0], load((text[:at] + rule + text[at:]).encode(), name)


def numbered(*numbers: int) -> tuple[str, ...]:
    return tuple(f"198.51.100.{number}" for number in numbers)


@pytest.mark.parametrize(
    ("prefix", "addresses", "dialled"),
    [
        ("203.0.113.0/24", ("198.51.100.1", "198.51.100.2"), ("198.51.100.1", "198.51.100.2")),
        ("198.51.100.2/32", numbered(1, 2, 3), numbered(1, 3)),
        ("198.51.100.1/32", numbered(1, 2), ()),
        ("203.0.113.0/24", numbered(1, 1, 1, 2), numbered(1, 2)),
        ("203.0.113.0/24", numbered(*range(1, 9)), numbered(1, 2, 3, 4)),
    ],
)
def test_the_rules_speak_of_every_address_that_may_be_dialled(
    prefix: str, addresses: tuple[str, ...], dialled: tuple[str, ...]
) -> None:
    """Z5, Z15: of those after the first only what is judged as it is; the record names them alone."""
    way, _ = calling("api.example", rules_of=with_rule(prefix))
    (record,) = way.receive(Resolved(addresses))
    assert isinstance(record, Write)
    assert record.body["verdict"] == ("allow" if dialled else "deny")
    assert record.private.get("addresses", "") == " ".join(dialled)
    if dialled:
        assert durable(way).host == dialled[0]
        assert tuple(map(str, way.exchange.addresses)) == dialled


@given(st.lists(st.sampled_from(["198.51.100.1", "198.51.100.2", "127.0.10.5"]), min_size=1, max_size=4))
def test_nothing_is_dialled_that_is_not_in_the_record(addresses: list[str]) -> None:
    """Z5, Z13: whichever is tried, in whatever order, it stands in the decision; any other ends the call."""
    way, _ = calling("api.example")
    (record,) = way.receive(Resolved(tuple(addresses)))
    assert isinstance(record, Write)
    named = record.private["addresses"].split()
    assert named == list(dict.fromkeys(addresses))
    durable(way)
    for address in (*named, *reversed(named)):
        assert way.receive(Dialling(address, 443)) == []
        assert str(way.exchange.address) == address
    assert reason(way.receive(Dialling("198.51.100.9", 443))) == "lane-changed"


STANDINGS = {
    "missing": "lane-tag-missing",
    "partial": "lane-tag-partial",
    "altered": "lane-tag-altered",
    "foreign": "lane-tag-foreign",
    "over": "lane-flow-unknown",
    "other": "lane-tag-other",
    "elsewhere": "lane-flow-elsewhere",
    "unsigned": "lane-tag-unsigned",
}


@pytest.mark.parametrize(("tag", "code"), STANDINGS.items())
def test_only_a_tag_that_is_carried_lends_its_exchange(tag: str, code: str) -> None:
    """Z2, Z5: also where whoever drives the passage brings the exchange along all the same."""
    way, orders = calling("api.example", tag=tag)
    assert reason(orders) == code
    assert "origin.class" not in way.exchange.facts
    assert way.exchange.parent_id == ""
    assert set(STANDINGS) | {"carried"} == set(VOCABULARY["request.tag"].values)


def test_both_addresses_are_recorded() -> None:
    """Z5: the customer's under its own name, and the workload's under its own."""
    way, _ = calling("api.example")
    (record,) = way.receive(Resolved(("198.51.100.1",)))
    assert isinstance(record, Write)
    assert (record.private["client.ip"], record.private["workload.ip"]) == ("127.0.10.9", "127.0.30.9")
    facts = record.body["facts"]
    assert (facts["client.network"], facts["workload.network"]) == ("overseas", "zone")
