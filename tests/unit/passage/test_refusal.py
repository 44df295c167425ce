"""`zoneproxy.passage.refusal`: what a caller is told, and what it is not told."""

from __future__ import annotations

import json

import pytest

from tests.support.zone_world import head, passage
from zoneproxy.passage.refusal import cut, refuse, trace_of
from zoneproxy.terms.reasons import REASONS


@pytest.mark.parametrize("code", sorted(REASONS))
def test_each_refusal_has_its_status_its_code_and_its_record(code: str) -> None:
    """Z13: a caller can name the record of its refusal; a SDK is told not to try again."""
    told = refuse(passage().exchange, code, 5)
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
    assert trace_of(exchange, 0) == "zone.test/log#0"


def test_a_cut_ends_the_callers_event_and_raises_in_its_own_dialect() -> None:
    """Z11: a stream that is cut never looks like one that ended well."""
    way = passage()
    way.receive(head(path="/v1/messages"))
    data = cut(way.exchange, "return-mixed", 9).data
    assert data.startswith(b"\n\nevent: error\ndata: ")
    assert json.loads(data.split(b"data: ")[1])["error"]["code"] == "return-mixed"
    assert b"zone.test/log#9" in data


def test_an_unknown_reason_is_never_told() -> None:
    """Z22: a code outside the table is a fault of ours, not a refusal."""
    with pytest.raises(KeyError):
        refuse(passage().exchange, "because", 1)
