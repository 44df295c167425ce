"""`zoneproxy.passage.leg_collect`: what comes in, by which door, and what it carries."""

from __future__ import annotations

import hashlib
import uuid
from typing import Any

import pytest

from tests.support.zone_world import CHAT, CREDENTIAL, body, head, passage
from zoneproxy.passage.commands import Resolve, Write
from zoneproxy.passage.events import BodyArrived, Event, HeadArrived, Resolved, Stopping
from zoneproxy.passage.leg_collect import on_body, on_head
from zoneproxy.passage.machine import Passage
from zoneproxy.passage.state import State
from zoneproxy.terms.facts import FactValue

RESIDENT_ID = b"110101199003074610"
OWN = (("host", "127.0.10.1:8443"), ("content-type", "application/json"))


def refused(way: Passage, event: Event) -> dict[str, Any]:
    """Feed the event that must be denied; return the denial's record."""
    (order,) = way.receive(event)
    assert isinstance(order, Write)
    assert way.state is State.DENYING
    assert (order.kind, order.body["verdict"]) == ("decision", "deny")
    return {**order.body, "private": order.private}


def parent_facts() -> dict[str, FactValue]:
    """The facts of the exchange that a workload works for."""
    way = passage()
    way.receive(head())
    way.receive(body())
    return way.exchange.facts.snapshot()


def outward(**changes: Any) -> HeadArrived:
    """The head of a zone workload's own call to a registered destination."""
    call: dict[str, Any] = {
        "headers": (("host", "tools.example"), ("zone-flow", str(uuid.UUID(int=7)))),
        "target_host": "tools.example",
        "target_port": 80,
        "path": "/search",
        "parent": parent_facts(),
        "parent_id": str(uuid.UUID(int=7)),
        "tag": "carried",
    }
    return head(**(call | changes))


def test_a_good_head_is_tagged_and_asks_for_its_body() -> None:
    """Z1, Z3: the origin is concluded from door, network and contract before the body is read."""
    way = passage()
    assert way.receive(head()) == []
    facts = way.exchange.facts
    assert facts["origin.class"] == "overseas"
    assert facts["origin.country"] == facts["tenant.market"] == "SG"
    assert facts["origin.agreeing"] == 3
    assert way.state is State.READING


@pytest.mark.parametrize(
    ("door", "peer", "changes", "reason"),
    [
        ("inland-1", "127.0.20.9", {}, "origin-domestic"),
        ("cable-sg-1", "127.0.20.9", {}, "origin-unknown"),
        ("cable-my-1", "127.0.10.9", {}, "origin-unknown"),
        ("cable-sg-1", "127.0.10.9", {"headers": OWN}, "origin-tenant-unknown"),
        ("cable-sg-1", "127.0.10.9", {"state": "malformed"}, "request-malformed"),
        ("cable-sg-1", "127.0.10.9", {"path": "/v1//models"}, "content-unknown-endpoint"),
        ("cable-sg-1", "127.0.10.9", {"trace_writable": False}, "trace-unavailable"),
        ("cable-sg-1", "127.0.10.9", {"now_ms": 4_000_000_000_000}, "policy-expired"),
    ],
)
def test_what_the_head_alone_refuses_is_refused_before_the_body(
    door: str, peer: str, changes: dict[str, Any], reason: str
) -> None:
    """Z1, Z3, Z4, Z7: domestic, disagreeing and unregistered callers never get to send a body."""
    record = refused(passage(door, peer), head(**changes))
    assert record["reason"] == reason
    assert list(record["phases"]) == ["collect"]


def test_a_forged_tag_is_refused() -> None:
    """Z2: only the boundary writes `zone-` headers."""
    record = refused(passage(), head(headers=(*head().headers, ("zone-origin", "overseas"))))
    assert record["reason"] == "origin-tag-forged"


def test_the_credential_itself_is_nowhere_in_the_record() -> None:
    """Z17: who called is committed to; the secret that proved it is not written down at all."""
    way = passage()
    way.receive(head())
    (record,) = way.receive(body())
    assert isinstance(record, Write)
    assert CREDENTIAL not in f"{record.body}{record.private}"
    assert record.private["client.ip"] == "127.0.10.9"
    assert "127.0.10.9" not in str(record.body)


def test_a_clean_body_is_admitted_with_both_legs_in_one_record() -> None:
    """Z4, Z5, Z13: collect and process stand together; nothing is forwarded beside the record."""
    way = passage()
    way.receive(head())
    (record,) = way.receive(body())
    assert isinstance(record, Write)
    assert list(record.body["phases"]) == ["collect", "process"]
    assert record.body["bytes"] == len(CHAT)
    assert record.private["request_sha256"] == hashlib.sha256(CHAT).hexdigest()
    assert way.state is State.ADMITTING


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (CHAT.replace(b"hello", RESIDENT_ID), "policy-domestic-data-mixed"),
        (CHAT.replace(b"zone-llm-01", b"no-such-model"), "policy-model-provenance-unclear"),
        (b"{", "content-unreadable"),
        (b"", "content-unreadable"),
        (b'{"model": "zone-llm-01", "model": "x", "messages": []}', "content-unreadable"),
    ],
)
def test_what_the_body_shows_is_refused(data: bytes, reason: str) -> None:
    """Z11, Z20, Z22: domestic data, unregistered models and unreadable bodies stay outside."""
    way = passage()
    way.receive(head())
    assert refused(way, body(data))["reason"] == reason


def test_what_was_found_is_named_but_not_repeated() -> None:
    """Z11, Z17: the record says which kind and where, never the number itself."""
    way = passage()
    way.receive(head())
    record = refused(way, body(CHAT.replace(b"hello", RESIDENT_ID)))
    assert record["findings"][0]["category"] == "cn_personal_info"
    assert RESIDENT_ID.decode() not in str(record)


def test_a_body_cut_by_the_limit_is_refused_whatever_its_beginning_says() -> None:
    """Z22: what was not read whole can't be judged."""
    way = passage()
    way.receive(head())
    record = refused(way, BodyArrived(CHAT, state="too_large"))
    assert record["reason"] == "content-too-large"
    assert record["facts"]["data.mixing"] == "not_scanned"


def test_a_workloads_call_is_judged_on_the_exchange_that_it_serves() -> None:
    """Z5: origin and tenant are the parent's; the record names it, and process alone is judged."""
    way = passage("zone-out-1", "127.0.30.9")
    assert way.receive(outward()) == []
    assert way.receive(body(b"weather")) == [Resolve("tools.example")]
    (record,) = way.receive(Resolved(("127.0.10.77",)))
    assert isinstance(record, Write)
    assert (record.body["kind"], record.body["verdict"]) == ("outward", "allow")
    assert record.body["parent"] == str(uuid.UUID(int=7))
    assert record.body["facts"]["tenant.id"] == "toyco-sg"
    assert list(record.body["phases"]) == ["process"]


@pytest.mark.parametrize(
    ("changes", "data", "reason"),
    [
        ({"tag": "over"}, b"x", "lane-flow-unknown"),
        ({"target_host": "inland.example"}, b"x", "lane-domestic"),
        ({"target_host": "127.0.20.5"}, b"x", "lane-domestic"),
        ({"target_host": "elsewhere.example"}, b"x", "lane-closed"),
        ({}, b"GGUF\x03\x00\x00\x00" + bytes(64), "lane-weights"),
    ],
)
def test_a_workload_reaches_registered_destinations_only(
    changes: dict[str, Any], data: bytes, reason: str
) -> None:
    """Z5, Z9: not the domestic side, not an unknown host, not for nobody, and no model files."""
    way = passage("zone-out-1", "127.0.30.9")
    way.receive(outward(**changes))
    assert refused(way, body(data))["reason"] == reason


def test_a_tunnel_is_refused_on_its_head() -> None:
    """Z5: what can't be inspected is not opened."""
    record = refused(passage("zone-out-1", "127.0.30.9"), outward(state="tunnel"))
    assert record["reason"] == "lane-tunnel"


def test_a_caller_from_outside_gets_no_parents_origin() -> None:
    """Z1, Z5: naming a running exchange at the zone's door does not help who is not in the zone."""
    way = passage("zone-out-1", "127.0.10.9")
    way.receive(outward())
    assert way.exchange.facts.get("origin.class") != "overseas"
    assert refused(way, body(b"x"))["reason"] in ("origin-unknown", "origin-tag-forged")


def test_another_event_is_a_bug() -> None:
    """Z22: a handler that is fed the wrong event raises, and the fault denies."""
    for handler in (on_head, on_body):
        with pytest.raises(TypeError):
            handler(passage().exchange, Stopping())
