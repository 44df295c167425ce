"""What came of an exchange, against what was expected: every field can fail."""

from __future__ import annotations

import json
from typing import Any

import pytest

from zoneproxy.passage.record import layer_body
from zoneproxy.policy.wire import Answer, Arrival, Seen, failures, reason_of
from zoneproxy.policy.wirefile import Wire, WireCase
from zoneproxy.terms.decision import LayerDecision

REFUSAL = json.dumps({"error": {"code": "policy-default", "message": "no"}}).encode()
LAYERS = [
    LayerDecision("regulator", "0" * 64, "allow", "rule", "COL-990", allow=("COL-990",)),
    LayerDecision("operator", "1" * 64, "deny", "rule", "COL-010", "origin_not_overseas", ("COL-010",)),
]
DECISION: dict[str, Any] = {
    "verdict": "deny",
    "phases": {"collect": {"effect": "deny", "by": "rule", "rule": "COL-010", "reason": "policy-x",
                           "layers": [layer_body(layer) for layer in LAYERS]}},
}  # fmt: skip
RAIL: dict[str, Any] = {
    "end": "withheld",
    "phases": {"return": {"effect": "deny", "by": "law", "rule": "", "reason": "pin-changed", "layers": []}},
}
SEEN = Seen(
    Answer(403, {"x-a": "b"}, REFUSAL, whole=True),
    (Arrival("POST /v1/x HTTP/1.1", {"zone-flow": "f", "accept": "*"}, b"hello"),),
    (("decision", DECISION), ("return", RAIL)),
)
RIGHT: dict[str, Any] = {
    "status": 403,
    "reason": "policy-default",
    "collect": {"decision": "deny", "rule": "COL-010", "also": ["COL-990"]},
    "return": {"decision": "deny", "reason": "pin-changed"},
    "end": "withheld",
    "upstream": {"requests": 1, "line": "POST /v1/x", "headers": {"Accept": "*"}, "present": ["zone-flow"],
                 "absent": ["authorization"], "contains": ["hell"], "lacks": ["heaven"]},
    "delivered": {"headers": {"X-A": "b"}, "body": REFUSAL.decode(), "contains": ["no"], "lacks": ["yes"],
                  "whole": True},
}  # fmt: skip


def told(expect: dict[str, Any], seen: Seen = SEEN) -> tuple[str, ...]:
    wire = Wire.model_validate({"door": "d", "expect": expect})
    return failures(WireCase("n", 1, wire), seen)


def test_an_exchange_as_expected_has_no_failures() -> None:
    """The layers of a record are joined as those of a decision; a rail's word stands for itself."""
    expect = {**RIGHT, "collect": {"decision": "deny", "rule": "COL-010", "also": []}}
    assert told(expect) == ()


@pytest.mark.parametrize(
    ("expect", "failure"),
    [
        ({"status": 200}, "status: expected `200`, got `403`"),
        ({"reason": "x"}, "reason: expected `x`, got `policy-default`"),
        ({"collect": {"rule": "COL-011"}}, "collect: rule: expected `COL-011`, got `COL-010`"),
        ({"process": {"decision": "deny"}}, "process: it was not judged"),
        ({"return": {"reason": "x"}}, "return: reason: expected `x`, got `pin-changed`"),
        ({"end": "complete"}, "end: expected `complete`, got `withheld`"),
        ({"upstream": {"requests": 0}}, "upstream: expected 0 requests, got 1"),
        ({"upstream": {"line": "GET /"}}, "upstream: line: expected `GET /`, got `POST /v1/x`"),
        ({"upstream": {"headers": {"accept": "x"}}}, "upstream: header `accept`: expected `x`, got `*`"),
        ({"upstream": {"present": ["x"]}}, "upstream: header `x` is missing"),
        ({"upstream": {"absent": ["Accept"]}}, "upstream: header `Accept` is there"),
        ({"upstream": {"contains": ["x"]}}, "upstream: `x` is not there"),
        ({"upstream": {"lacks": ["hello"]}}, "upstream: `hello` is there"),
        ({"delivered": {"headers": {"x-a": "c"}}}, "delivered: header `x-a`: expected `c`, got `b`"),
        ({"delivered": {"whole": False}}, "delivered: whole: expected `False`, got `True`"),
        ({"delivered": {"contains": ["x-y"]}}, "delivered: `x-y` is not there"),
        ({"delivered": {"lacks": ["no"]}}, "delivered: `no` is there"),
    ],
)
def test_each_expectation_can_fail(expect: dict[str, Any], failure: str) -> None:
    """A test that can't fail tests nothing."""
    assert told(expect) == (failure,)


def test_a_wrong_body_is_shown() -> None:
    """Both, as they are."""
    (failure,) = told({"delivered": {"body": "else"}})
    assert failure.startswith("delivered: body: expected `else`, got `{")


def test_nothing_reached_the_server() -> None:
    """Words of a request that never came are a failure, not a pass."""
    empty = Seen(Answer(), (), ())
    assert told({"upstream": {"contains": ["x"]}}, empty) == ("upstream: nothing reached it",)
    assert told({"upstream": {"requests": 0, "lacks": ["x"], "absent": ["y"]}}, empty) == ()
    assert told({"end": "complete"}, empty) == ("end: expected `complete`, got `no record`",)


def test_an_exchange_that_was_not_over_in_time_fails() -> None:
    """Whatever else holds."""
    late = Seen(SEEN.answer, SEEN.arrivals, SEEN.records, late=True)
    assert told({"status": 403}, late) == ("the exchange was not over in time",)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (REFUSAL, "policy-default"),
        (b"data: {}\n\n\n\ndata: " + REFUSAL + b"\n\n", "policy-default"),
        (b'{"error": "text"}', ""),
        (b"[]", ""),
        (b"\xff", ""),
        (b"", ""),
    ],
)
def test_the_reason_is_read_from_an_answer_or_from_the_end_of_a_stream(body: bytes, code: str) -> None:
    """In every dialect the code stands in the error object."""
    assert reason_of(Answer(403, {}, body)) == code
