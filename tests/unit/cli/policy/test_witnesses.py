"""Witnesses become tests that load, and that say what must come out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.small_policy import THREE_RULES, small
from zoneproxy.cli.policy.witnesses import rows_of_witnesses
from zoneproxy.policy.casefile import read_tests
from zoneproxy.policy.cases import Suite, run
from zoneproxy.policy.link import link
from zoneproxy.terms.errors import ConfigError

HEAD = 'apiVersion: zoneproxy/v1\nkind: ZonePolicyTest\npolicy: x.yaml\nnow: "2026-11-21"\ntests:\n'
POLICY = small(THREE_RULES)
GOOD = {"origin.class": "overseas", "origin.country": "SG", "origin.agreeing": 2}
BROKEN = {"invariant": "INV-001", "phase": "collect", "holds": False, "claim": "never: this"}
CHANGE = {"phase": "collect", "kind": "newly_denied", "old": "COL-900", "new": "COL-010", "cells": 3}


def suite() -> Suite:
    test = "  - {name: n, with: {origin.class: zone}, expect: {collect: {kind: default}}}\n"
    return link(read_tests((HEAD + test).encode(), "t.yaml"), (POLICY,))


def made(tmp_path: Path, *found: dict[str, Any]) -> tuple[str, Suite]:
    (tmp_path / "w.jsonl").write_text("\n".join(json.dumps(one) for one in found))
    text = rows_of_witnesses(str(tmp_path / "w.jsonl"), suite())
    return text, link(read_tests((HEAD + text + "\n").encode(), "t.yaml"), (POLICY,))


def test_a_counterexample_must_be_denied_by_a_rule(tmp_path: Path) -> None:
    """The test fails until one does."""
    text, again = made(tmp_path, {**BROKEN, "witness": GOOD})
    assert yaml.safe_load(text)[0]["expect"] == {"collect": {"decision": "deny", "kind": "rule"}}
    (outcome,) = run(again)
    assert outcome.failures == ("decision: expected `deny`, got `allow`",)


@pytest.mark.parametrize(
    ("change", "rule"),
    [({"origin.country": "CN"}, "COL-010"), ({"origin.agreeing": 1}, "COL-020"), ({}, "COL-900")],
)
def test_a_difference_is_held_as_it_is_now(tmp_path: Path, change: dict[str, Any], rule: str) -> None:
    """By the very rule that decides it."""
    text, again = made(tmp_path, {**CHANGE, "witness": {**GOOD, **change}})
    assert rule in text
    assert [outcome.failures for outcome in run(again)] == [()]


def test_a_counterexample_that_a_rule_denies_meanwhile_is_held(tmp_path: Path) -> None:
    """It became a test of that rule."""
    text, again = made(tmp_path, {**BROKEN, "witness": {**GOOD, "origin.country": "CN"}})
    assert "COL-010" in text
    assert [outcome.failures for outcome in run(again)] == [()]


def test_a_flows_counterexample_is_asked_where_the_answer_leaves(tmp_path: Path) -> None:
    """A flow is no phase of its own."""
    text, _ = made(tmp_path, *({**BROKEN, "phase": phase, "witness": GOOD} for phase in ("return", "flow")))
    one, two = yaml.safe_load(text)
    assert list(one["expect"]) == list(two["expect"]) == ["return"]
    assert one["name"] != two["name"]


def test_a_fact_may_hold_what_ends_lines_elsewhere(tmp_path: Path) -> None:
    """A value with U+2028 in it stays one value, on one line."""
    line = json.dumps({**BROKEN, "witness": {**GOOD, "request.host": "a\u2028b"}}, ensure_ascii=False)
    (tmp_path / "w").write_text(line, "utf-8")
    (test,) = yaml.safe_load(rows_of_witnesses(str(tmp_path / "w"), suite()))
    assert test["with"]["request.host"] == "a\u2028b"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("", "holds no witness"),
        (json.dumps({**BROKEN, "holds": True, "witness": {}}), "holds no witness"),
        ("{", "line 1 of"),
        ("[]", "line 1 of"),
        (json.dumps({"witness": GOOD, "phase": "later"}), "line 1 of"),
        (json.dumps({**CHANGE, "witness": {"origin.clas": "x"}}), "is no fact"),
    ],
)
def test_what_is_no_witness(tmp_path: Path, lines: str, message: str) -> None:
    """The user's error, with a remedy."""
    (tmp_path / "w").write_text(lines)
    with pytest.raises(ConfigError, match=message):
        rows_of_witnesses(str(tmp_path / "w"), suite())
