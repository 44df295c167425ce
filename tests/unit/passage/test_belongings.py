"""`zoneproxy.passage.belongings`: what an exchange names of the zone's stored objects, in and back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.storing_zone import StoringZone
from zoneproxy.passage.commands import Bind, Deliver, Forward, LookUp, Release, Write
from zoneproxy.passage.state import State
from zoneproxy.route.binding import DAY_MS
from zoneproxy.terms.objects import ObjectName

SG, SG2, MY = ("toyco-sg", "cable-sg-1"), ("toyco-sg", "cable-sg-2"), ("toyco-my", "cable-my-1")
RESPONSE = {"model": "zone-llm-01", "input": "hi"}
FORM = "multipart/form-data; boundary=b"


def upload(data: bytes = b"hello", purpose: bytes = b"user_data") -> bytes:
    return (
        b'--b\r\nContent-Disposition: form-data; name="purpose"\r\n\r\n' + purpose + b"\r\n"
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n'
        b"Content-Type: text/plain\r\n\r\n" + data + b"\r\n--b--\r\n"
    )


def test_the_order_is_ask_judge_record_forward_bind_record_release() -> None:
    """Z6, Z13: nothing is begun before it is known whose it is, and nothing is named before it is bound."""
    way = StoringZone().ask(*SG, "POST", "/v1/responses", RESPONSE)
    orders = [order for order in way.orders if isinstance(order, LookUp | Write | Forward | Bind | Release)]
    assert [type(order) for order in orders] == [LookUp, Write, Forward, Bind, Write, Release]
    bind = orders[3]
    assert isinstance(bind, Bind)
    assert [binding.name.kind for binding in bind.bindings] == ["response", "item"]
    assert {(b.tenant, b.route, b.side, b.server, b.model) for b in bind.bindings} == {
        ("toyco-sg", "cable-sg-1", "overseas", "store", "zone-llm-01")
    }
    record = orders[4]
    assert isinstance(record, Write)
    assert record.body["facts"]["response.binding"] == "own"


def test_a_stream_names_nothing_that_is_not_bound() -> None:
    """Z6: each id of a stream is durable before the first piece that bears it, however the pieces are cut."""
    for chunk_bytes in (7, 100, 5000):
        zone = StoringZone(chunk_bytes=chunk_bytes)
        way = zone.ask(*SG, "POST", "/v1/responses", RESPONSE | {"stream": True})
        assert way.walked.state is State.DELIVERED
        bound: set[str] = set()
        for order in way.orders:
            if isinstance(order, Bind):
                bound |= {binding.name.id for binding in order.bindings}
            elif isinstance(order, Deliver):
                assert b"response-" not in order.data or "response-1" in bound
                assert b"msg-" not in order.data or "msg-0" in bound


def test_what_stays_nowhere_is_not_bound() -> None:
    """Z6: nobody can ever ask for it again; nor is plain inference slowed by a store."""
    zone = StoringZone()
    way = zone.ask(*SG, "POST", "/v1/responses", RESPONSE | {"store": False})
    assert (way.status, zone.bindings.kept) == (200, {})
    chat = {"model": "zone-llm-01", "messages": []}
    way = zone.ask(*SG, "POST", "/v1/chat/completions", chat)
    assert not [order for order in way.orders if isinstance(order, LookUp | Bind)]
    zone.ask(*SG, "POST", "/v1/chat/completions", chat | {"store": True})
    assert [name.kind for name in zone.bindings.kept] == ["completion"]


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("GET", "/v1/responses/{}", b""),
        ("DELETE", "/v1/responses/{}", b""),
        ("POST", "/v1/responses/{}/cancel", b""),
        ("GET", "/v1/responses/{}/input_items", b""),
        ("POST", "/v1/responses", {**RESPONSE, "previous_response_id": "{}"}),
    ],
)
def test_another_ways_object_is_not_there(method: str, target: str, body: Any) -> None:
    """Z6: refused by path and by body, recorded with the reason, told like what never was."""
    zone = StoringZone()
    made = json.loads(zone.ask(*SG, "POST", "/v1/responses", RESPONSE).body)["id"]
    seen = len(zone.server.asked)
    told = set()
    for who, name, standing in (
        (MY, made, "foreign"),
        (SG2, made, "other_route"),
        (MY, "response-99", "unknown"),
    ):
        asked = json.loads(json.dumps(body).replace("{}", name)) if isinstance(body, dict) else body
        way = zone.ask(*who, method, target.replace("{}", name), asked)
        assert (way.status, way.standing) == (404, standing)
        told.add(json.loads(way.body)["error"]["code"])
    assert told == {"binding-unknown"}
    assert len(zone.server.asked) == seen


def test_what_has_expired_is_not_there() -> None:
    """Z6: bindings end, whatever the model server still keeps."""
    zone = StoringZone()
    made = json.loads(zone.ask(*SG, "POST", "/v1/files", upload(), FORM).body)["id"]
    zone.now_ms += 30 * DAY_MS - 1
    assert zone.ask(*SG, "GET", f"/v1/files/{made}").status == 200
    zone.now_ms += 1
    way = zone.ask(*SG, "GET", f"/v1/files/{made}")
    assert (way.status, way.standing) == (404, "expired")
    assert json.loads(zone.ask(*SG, "GET", "/v1/files").body)["data"] == []


def test_a_batch_has_the_model_of_its_file_and_its_results_are_bound() -> None:
    """Z6, Z20: a file that was not read as a batch is none; what a batch leaves is its maker's."""
    zone = StoringZone()
    line = {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body": {"model": "zone-llm-01"}}
    files = [
        json.loads(zone.ask(*SG, "POST", "/v1/files", upload(data, purpose), FORM).body)["id"]
        for data, purpose in ((json.dumps(line).encode(), b"batch"), (b"hello", b"user_data"))
    ]
    asked = {"endpoint": "/v1/embeddings", "completion_window": "24h"}
    good = zone.ask(*SG, "POST", "/v1/batches", asked | {"input_file_id": files[0]})
    assert good.walked.exchange.facts["model.id"] == "zone-llm-01"
    assert ObjectName("file", json.loads(good.body)["output_file_id"]) in zone.bindings.kept
    bad = zone.ask(*SG, "POST", "/v1/batches", asked | {"input_file_id": files[1]})
    assert (bad.status, bad.standing) == (404, "other_use")
    assert zone.ask(*SG, "POST", "/v1/batches", asked).standing == "other_use"


def test_a_store_that_can_not_say_or_keep_lets_nothing_by() -> None:
    """Z22: refused before anything is begun; withheld or cut where the store died meanwhile."""
    for asked in (RESPONSE, RESPONSE | {"stream": True}):
        zone = StoringZone(chunk_bytes=40)
        zone.bindings.dead = True
        way = zone.ask(*SG, "POST", "/v1/responses", asked)
        assert (way.status, zone.server.asked) == (503, [])
        zone.bindings.dead, zone.bindings.dead_for_claims = False, True
        way = zone.ask(*SG, "POST", "/v1/responses", asked)
        assert way.walked.state is State.WITHHELD
        assert b"response-" not in way.body
        assert b"binding-unavailable" in way.body


def test_an_answer_that_names_anothers_object_is_kept_in() -> None:
    """Z6: a server gone wrong gives nothing away."""
    zone = StoringZone()
    theirs = json.loads(zone.ask(*MY, "POST", "/v1/responses", RESPONSE).body)["id"]
    made = json.loads(zone.ask(*SG, "POST", "/v1/responses", RESPONSE).body)["id"]
    zone.server.leaks = theirs
    way = zone.ask(*SG, "GET", f"/v1/responses/{made}")
    assert (way.status, way.walked.exchange.refusal) == (502, "binding-foreign")
    assert theirs.encode() not in way.body


def test_a_file_is_looked_into_before_it_is_kept() -> None:
    """Z11: what a form bears is judged like any other body; what can't be read is not taken in."""
    zone = StoringZone()
    for data in (b"id 110101199003074610", b"%PDF-1.7 \xff\xfe", b"\x89PNG\r\n\x1a\n" + bytes(40)):
        way = zone.ask(*SG, "POST", "/v1/files", upload(data), FORM)
        assert way.status == 403
        assert way.walked.exchange.facts["data.mixing"] in ("detected", "not_scanned")
    assert zone.server.asked == []


def test_what_is_closed_on_purpose_says_so() -> None:
    """A caller is told whether an API is unknown or kept closed."""
    zone = StoringZone()
    for target, code in (
        ("/v1/fine_tuning/jobs", "content-closed-endpoint"),
        ("/v1/x", "content-unknown-endpoint"),
    ):
        assert json.loads(zone.ask(*SG, "POST", target, {}).body)["error"]["code"] == code
