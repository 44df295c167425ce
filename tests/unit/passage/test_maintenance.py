"""`zoneproxy.passage.maintenance`: closed until every layer opens it by name, and one-way (Z7)."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest

from tests.support import zone_world
from tests.support.lane_policy import PATH, SECRET, lanes, opening
from zoneproxy.passage.commands import BufferAnswer, Command, Forward, Refuse, Release, Write
from zoneproxy.passage.events import AnswerBody, AnswerHead, BodyArrived, Recorded
from zoneproxy.passage.machine import Passage
from zoneproxy.policy.bundle import Policy
from zoneproxy.replay.rewalk import Recorded as Entry
from zoneproxy.replay.rewalk import Rewalk, Walk

HEADERS = (
    ("host", "127.0.20.1:8443"),
    ("authorization", f"Bearer {SECRET}"),
    ("content-type", "application/json"),
    ("x-more", "of-the-caller"),
)


def maintenance(policies: tuple[Policy, ...], peer: str = "127.0.20.5", **head: Any) -> Passage:
    """Begin a request at the domestic door."""
    way = zone_world.passage("inland-1", peer)
    digest = hashlib.sha256(SECRET.encode()).digest()
    way.exchange.rules = replace(way.exchange.rules, policies=policies, lanes=lanes(digest))
    asked = {"method": "PUT", "path": PATH, "headers": HEADERS} | head
    way.receive(zone_world.head(**asked))
    return way


def recorded(way: Passage, orders: list[Command]) -> Write:
    (record,) = orders
    assert isinstance(record, Write)
    return record


def answered(way: Passage, status: int, body: bytes) -> list[Command]:
    """Let the lane's server answer, and make the record of it durable."""
    pin = way.exchange.pin
    assert way.receive(AnswerHead(status, (("content-type", "text/plain"),), pin)) == [BufferAnswer()]
    recorded(way, way.receive(AnswerBody(body, pin)))
    return way.receive(Recorded(zone_world.Receipts().next()))


def test_a_lane_that_every_layer_opens_leads_to_its_server() -> None:
    """Z7: the body and its type go on, nothing of who asks does, and nothing of the answer comes back."""
    way = maintenance(opening())
    decision = recorded(way, way.receive(BodyArrived(b'{"patch": 1}')))
    assert (decision.body["kind"], decision.body["verdict"]) == ("maintenance", "allow")
    assert decision.body["facts"]["lane.name"] == "patches"
    assert set(decision.body["phases"]) == {"collect", "process"}
    assert SECRET not in f"{decision.body}{decision.private}"
    (forward,) = way.receive(Recorded(zone_world.Receipts().next()))
    assert isinstance(forward, Forward)
    assert (forward.host, forward.port, forward.body) == ("127.0.30.10", 8000, b'{"patch": 1}')
    assert {name for name, _ in forward.headers} == {
        "host",
        "content-type",
        "accept-encoding",
        "content-length",
    }
    (release,) = answered(way, 201, b"the zone's own words")
    assert isinstance(release, Release)
    assert (release.status, release.body) == (200, b"")
    assert {name for name, _ in release.headers} == {"zone-flow", "zone-trace", "content-length"}


def test_replay_derives_both_records_again() -> None:
    """Z15: decision and end are what the archived layers say."""
    way = maintenance(opening())
    decision = recorded(way, way.receive(BodyArrived(b"{}")))
    way.receive(Recorded(zone_world.Receipts().next()))
    way.receive(AnswerHead(200, (), way.exchange.pin))
    end = recorded(way, way.receive(AnswerBody(b"", way.exchange.pin)))
    policies = {policy.digest: policy for policy in opening()}
    entries = [Entry(at, one.kind, one.body, one.private) for at, one in enumerate((decision, end))]
    assert [step.walk for step in Rewalk(policies.__getitem__).walk(entries)] == [Walk.AGREES] * 2


@pytest.mark.parametrize(
    ("regulator", "operator"),
    [("", ""), ("patches", ""), ("", "patches"), ("patches", "others"), ("others", "patches")],
)
def test_a_layer_that_does_not_name_the_lane_keeps_it_shut(regulator: str, operator: str) -> None:
    """Z7: a rule that lets all maintenance by opens nothing; the name must stand in each layer's order."""
    way = maintenance(opening(regulator, operator))
    decision = recorded(way, way.receive(BodyArrived(b"{}")))
    assert (decision.body["verdict"], decision.body["by"]) == ("deny", "law")
    assert decision.body["reason"] == "lane-maintenance"
    (refusal,) = way.receive(Recorded(zone_world.Receipts().next()))
    assert isinstance(refusal, Refuse)


def test_the_pilot_opens_no_lane() -> None:
    """Z7: what is shipped says nothing of maintenance, so nothing passes."""
    way = maintenance(zone_world.pilot())
    assert recorded(way, way.receive(BodyArrived(b"{}"))).body["verdict"] == "deny"


@pytest.mark.parametrize(
    ("peer", "head"),
    [
        ("127.0.20.55", {}),
        ("127.0.20.5", {"headers": HEADERS[:1]}),
        ("127.0.20.5", {"method": "POST"}),
        ("127.0.20.5", {"path": PATH + "/1"}),
        ("127.0.20.5", {"query": "a=b"}),
        ("127.0.20.5", {"headers": (("host", "z"), ("authorization", f"Bearer {zone_world.CREDENTIAL}"))}),
    ],
)
def test_whatever_is_not_of_the_lane_is_a_domestic_callers(peer: str, head: dict[str, Any]) -> None:
    """Z7: refused on its head as ever, recorded, before a body is read."""
    way = zone_world.passage("inland-1", peer)
    digest = hashlib.sha256(SECRET.encode()).digest()
    way.exchange.rules = replace(way.exchange.rules, policies=opening(), lanes=lanes(digest))
    asked = {"method": "PUT", "path": PATH, "headers": HEADERS} | head
    record = recorded(way, way.receive(zone_world.head(**asked)))
    assert (record.body["kind"], record.body["reason"]) == ("serve", "origin-domestic")


@pytest.mark.parametrize(
    ("body", "state", "reason"),
    [
        (b"number 11010519491231002X", "ok", "lane-mixed"),
        (b"a" * 1025, "ok", "content-too-large"),
        (b"{}", "malformed", "request-malformed"),
        (b"{}", "too_large", "content-too-large"),
    ],
)
def test_what_comes_in_is_looked_into(body: bytes, state: str, reason: str) -> None:
    """Z7, Z11: domestic data, too much, or what can't be read stays outside, whatever the rules say."""
    way = maintenance(opening())
    assert recorded(way, way.receive(BodyArrived(body, state=state))).body["reason"] == reason


@pytest.mark.parametrize("status", [199, 300, 404, 500])
def test_a_server_that_refuses_is_told_as_such_and_no_more(status: int) -> None:
    """Z7: its words stay in the zone."""
    way = maintenance(opening())
    way.receive(BodyArrived(b"{}"))
    way.receive(Recorded(zone_world.Receipts().next()))
    pin = way.exchange.pin
    orders = way.receive(AnswerHead(status, (), pin))
    if orders == [BufferAnswer()]:
        orders = way.receive(AnswerBody(b"the zone's own words", pin))
    record = recorded(way, orders)
    assert record.body["verdict"] == "deny"
    assert record.body["bytes"]["delivered"] == 0
    (refusal,) = way.receive(Recorded(zone_world.Receipts().next()))
    assert isinstance(refusal, Refuse)
    assert b"own words" not in refusal.body
