"""`zoneproxy.passage.refusal`: what a caller is told, and what it is not told."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.support.logs import signer
from tests.support.zone_world import NOW_MS, head, passage
from zoneproxy.passage.refusal import cut, named, refuse, trace_of
from zoneproxy.terms.decision import Decision, LayerDecision
from zoneproxy.terms.phase import Phase
from zoneproxy.terms.ports import Receipt
from zoneproxy.terms.reasons import REASONS
from zoneproxy.trace.ticket import Ticket, open_ticket, read_ticket


@pytest.mark.parametrize("code", sorted(REASONS))
def test_each_refusal_has_its_status_its_code_and_its_record(code: str) -> None:
    """Z13: a caller can name the record of its refusal; a SDK is told not to try again."""
    told = refuse(passage().exchange, code, Receipt(5, bytes(32), NOW_MS))
    headers = dict(told.headers)
    assert told.status == REASONS[code].status
    assert headers["zone-trace"] == "zone.test/log#5"
    assert headers["x-should-retry"] == "false"
    assert headers["content-length"] == str(len(told.body))
    assert json.loads(told.body)["error"]["code"] == code


def test_without_a_record_no_record_is_named() -> None:
    """Z13: where the log took nothing, the refusal does not claim that it did."""
    exchange = passage().exchange
    told = refuse(exchange, "trace-unavailable", None)
    assert "zone-trace" not in dict(told.headers)
    assert json.loads(told.body)["error"]["trace"] is None
    assert trace_of(exchange, None) == ""
    assert trace_of(exchange, Receipt(0, bytes(32), NOW_MS)) == "zone.test/log#0"


def test_a_record_comes_with_its_ticket() -> None:
    """Z14: a refusal carries the log's signed promise in one header line, if there is a key."""
    exchange, receipt = passage().exchange, Receipt(5, bytes(range(32)), NOW_MS)
    assert "zone-trace-ticket" not in dict(refuse(exchange, "origin-unknown", receipt).headers)
    key = signer("zone.test/log/ticket")
    exchange.rules = replace(exchange.rules, tickets=key)
    value = dict(refuse(exchange, "origin-unknown", receipt).headers)["zone-trace-ticket"]
    assert value.isascii()
    assert value.isprintable()
    ticket = open_ticket(read_ticket(value.encode()), key.verifiers)
    assert ticket == Ticket("zone.test/log", 5, bytes(range(32)), NOW_MS)
    assert dict(named(exchange, None)) == {"zone-flow": exchange.flow}


def test_a_cut_ends_the_callers_event_and_raises_in_its_own_dialect() -> None:
    """Z11: a stream that is cut never looks like one that ended well."""
    way = passage()
    way.receive(head(path="/v1/messages"))
    data = cut(way.exchange, "return-mixed", Receipt(9, bytes(32), NOW_MS)).data
    assert data.startswith(b"\n\nevent: error\ndata: ")
    assert json.loads(data.split(b"data: ")[1])["error"]["code"] == "return-mixed"
    assert b"zone.test/log#9" in data


def test_an_unknown_reason_is_never_told() -> None:
    """Z22: a code outside the table is a fault of ours, not a refusal."""
    with pytest.raises(KeyError):
        refuse(passage().exchange, "because", None)


def test_a_caller_of_a_closed_market_is_told_where_its_own_deployment_is() -> None:
    """Z10: the refusal bears the reason, the address in words and as a field, and as a link."""
    exchange = passage().exchange
    place = "https://jp.models.example/v1"
    code = "policy-market-requires-local-deployment"
    layer = LayerDecision("operator", "0" * 64, "deny", "rule", obligations={"local_deployment": place})
    exchange.decisions[Phase.COLLECT] = Decision(Phase.COLLECT, "deny", "rule", code, "COL-018", (layer,))
    told = refuse(exchange, code, Receipt(5, bytes(32), NOW_MS))
    error = json.loads(told.body)["error"]
    assert (told.status, error["code"], error["local_deployment"]) == (451, code, place)
    assert place in error["message"]
    assert dict(told.headers)["link"] == f'<{place}>; rel="alternate"'


def test_an_allow_or_another_denial_tells_no_address() -> None:
    """Only the denial itself orders it."""
    exchange = passage().exchange
    layer = LayerDecision(
        "operator", "0" * 64, "allow", "rule", obligations={"local_deployment": "https://x"}
    )
    exchange.decisions[Phase.COLLECT] = Decision(Phase.COLLECT, "allow", "rule", layers=(layer,))
    told = refuse(exchange, "policy-default", Receipt(5, bytes(32), NOW_MS))
    assert "link" not in dict(told.headers)
    assert "local_deployment" not in json.loads(told.body)["error"]
