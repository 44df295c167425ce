"""`zoneproxy.trace.schema`: closed vocabularies; no free text in public."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.logs import DIGEST, ORIGIN, decision, ending, flow_id, phase, signer
from zoneproxy.terms.facts import VOCABULARY
from zoneproxy.trace.schema import MAX_PRIVATE_TEXT, PRIVATE, PUBLIC, check_body, private_fields

FINDING = {
    "kind": "cn_resident_id", "segment": "user", "start": 3, "end": 21, "level": 1, "score": 600,
    "category": "cn_personal_info", "digest": "0123456789abcdef",
}  # fmt: skip
GOOD: dict[str, dict[str, Any]] = {
    "log_open": {"origin": ORIGIN, "keys": [signer().verifiers[0].vkey], "previous": None},
    "log_close": {"next": {"origin": ORIGIN, "keys": []}},
    "stop": {"action": "stop", "scope": "zone", "target": None, "cause": "incident", "act": "ab" * 16},
    "tenant": {
        "action": "add",
        "tenant": "toyco-sg",
        "market": "SG",
        "credential": "ab" * 8,
        "until_ms": None,
        "cause": "contract",
        "act": "ab" * 16,
    },
    "log_sealed": {"previous": {"origin": ORIGIN, "size": 3, "root": "ab" * 32}},
    "key": {
        "action": "add",
        "role": "log",
        "origin": ORIGIN,
        "keys": [signer().verifiers[0].vkey],
        "by": "log",
        "trust": None,
    },
    "policy": {"layer": "regulator", "digest": DIGEST, "bytes": 100},
    "config": {"digest": DIGEST},
    "activation": {"cause": "start", "policy": [{"layer": "regulator", "digest": DIGEST}]},
    "activation_refused": {"codes": ["ZB06"], "policy": [{"layer": "unknown", "digest": DIGEST}]},
    "registered": {
        "cause": "start",
        "sets": [{"id": "owner/set", "digest": DIGEST, "state": "used", "cells": 3, "grams": 0}],
    },
    "worker_start": {"version": "0.1.0", "python": "3.13.0", "assurance": "dev", "config": None},
    "worker_stop": {"cause": "stop"},
    "decision": decision(findings=[FINDING]),
    "return": ending(5),
    "abort": {"flow": flow_id(1), "dec": 3, "cause": "recovery"},
    "alarm": {"code": "disk-low", "flow": None, "count": 1},
    "epoch": {
        "size": 3,
        "root": DIGEST,
        "note": DIGEST,
        "times": [{"name": "w.example/1", "key": "01234567", "at": 1}],
    },
    "disclosure": {
        "origin": ORIGIN,
        "to": "ab" * 8,
        "entries": [2],
        "fields": ["client.ip"],
        "digest": DIGEST,
        "basis": "supervision",
        "actor": "dpo-1",
        "approval": None,
    },
    "redaction": {
        "origin": ORIGIN,
        "what": "key",
        "entries": [],
        "fields": [],
        "keys": [{"id": "ab" * 16, "tenant": "-", "day": "2026-01-01", "class": "record"}],
        "basis": "court-order",
        "actor": "dpo-1",
        "approval": "T-1",
    },
    "retention": {
        "origin": ORIGIN,
        "class": "record",
        "kinds": ["decision"],
        "before": 1,
        "end": 5,
        "minimum": None,
        "keys": 1,
        "policy": DIGEST,
    },
    "node": {"origin": ORIGIN, "keys": [signer().verifiers[0].vkey]},
    "node_checkpoint": {
        "origin": ORIGIN,
        "size": 3,
        "root": "ab" * 32,
        "sigs": ["AAAA"],
        "proof": [],
        "seen": "grown",
    },
}


def test_each_kind_has_a_good_body() -> None:
    """Every kind takes its own fields."""
    assert GOOD.keys() == PUBLIC.keys()
    for kind, body in GOOD.items():
        check_body(kind, body)


@pytest.mark.parametrize("kind", sorted(GOOD))
def test_unknown_and_lacking_fields_are_refused(kind: str) -> None:
    """A field too many, a field too few, or a value of another type: refused, for every field."""
    with pytest.raises(ValueError, match="unknown field"):
        check_body(kind, GOOD[kind] | {"remark": "free text"})
    for name in GOOD[kind]:
        rest = {key: value for key, value in GOOD[kind].items() if key != name}
        with pytest.raises(ValueError, match=f"lacks `{name}`"):
            check_body(kind, rest)
        wrong: Any
        for wrong in (1.5, b"x", "free text with spaces", {"x": object()}, [[]], -(2**60)):
            with pytest.raises(ValueError, match="`"):
                check_body(kind, GOOD[kind] | {name: wrong})


@pytest.mark.parametrize(
    "changes",
    [
        {"facts": {"client.ip": "198.51.100.7"}},
        {"facts": {"request.path": "/v1"}},
        {"facts": {"response.mixing": "clean"}},
        {"facts": {"origin.class": "moon"}},
        {"facts": {"tenant.scope": ["api_call", "aggregation"]}},
        {"facts": {"tenant.scope": ["api_call", "api_call"]}},
        {"facts": {"trace.writable": 1}},
        {"facts": {"request.bytes": True}},
        {"facts": {"model.id": "a name of a person"}},
        {"facts": {"nonsense": 1}},
        {"reason": "because"},
        {"verdict": "maybe"},
        {"flow": "00000000-0000-0000-0000-00000000000G"},
        {"phases": {"return": phase()}},
        {"oblig": {"tag": 1}},
        {"findings": [FINDING | {"text": "11010519491231002X"}]},
        {"findings": [FINDING] * 33},
        {"findings": [FINDING | {"level": 5}]},
        {"bytes": True},
    ],
)
def test_decisions_that_are_refused(changes: dict[str, Any]) -> None:
    """Private facts, foreign legs, values outside their domain, free text: never public (Z17)."""
    with pytest.raises(ValueError, match="`"):
        check_body("decision", decision(**changes))


def test_unknown_kind() -> None:
    """A kind that is not on the list is refused."""
    with pytest.raises(ValueError, match="no kind"):
        check_body("remark", {})


def test_private_fields_are_a_fixed_list() -> None:
    """All private fields stand in the record, absent ones as null, so absence says nothing (Z17)."""
    made = private_fields("decision", {"client.ip": "198.51.100.7"})
    assert list(made) == list(PRIVATE["decision"]) == sorted(made)
    assert made["user_agent"] is None
    assert {name for name, spec in VOCABULARY.items() if spec.private} <= made.keys()


def test_private_values() -> None:
    """Long text is cut, so that no caller can make a record impossible; other types are refused."""
    assert len(private_fields("alarm", {"detail": "x" * 10_000})["detail"]) == MAX_PRIVATE_TEXT
    wrong: Any
    for wrong in (1.5, b"x", [], 2**53):
        with pytest.raises(ValueError, match="private"):
            private_fields("alarm", {"detail": wrong})
    with pytest.raises(ValueError, match="no such private field"):
        private_fields("alarm", {"name": "x"})
