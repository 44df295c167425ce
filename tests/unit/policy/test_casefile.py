"""The form of test files."""

from __future__ import annotations

import pytest

from zoneproxy.policy.casefile import read_tests
from zoneproxy.terms.errors import PolicyError

HEAD = 'apiVersion: zoneproxy/v1\nkind: ZonePolicyTest\npolicy: {}\nnow: "2026-11-21"\n'
TESTS = "tests:\n  - {name: a, expect: {collect: {kind: default}}}\n"


def test_one_policy_or_several() -> None:
    """A test file names the files that it judges together."""
    assert read_tests((HEAD.format("a.yaml") + TESTS).encode(), "t.yaml").policies == ("a.yaml",)
    assert read_tests((HEAD.format("[a.yaml, b.yaml]") + TESTS).encode(), "t.yaml").policies == (
        "a.yaml",
        "b.yaml",
    )


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("tests: []\n", "ZP1000"),
        ("tests:\n  - {name: a, expects: {}}\n", "ZP1002"),
        ("tests:\n  - {name: a, expect: {colect: {kind: default}}}\n", "ZP1002"),
        ("tests:\n  - {name: a, expect: {collect: {decision: Allow}}}\n", "ZP1003"),
        ("tests:\n  - {name: a, table: {rows: [{expect: {rule: COL-001}}]}}\n", "ZP1001"),
        ("require: {rules: 101%}\n" + TESTS, "ZP1004"),
        ("require: {rules: 0.9}\n" + TESTS, "ZP1000"),
    ],
)
def test_faults_of_form(body: str, code: str) -> None:
    """A misspelled expectation is an error: it would else expect nothing."""
    with pytest.raises(PolicyError) as caught:
        read_tests((HEAD.format("a.yaml") + body).encode(), "t.yaml")
    assert caught.value.problems[0].code == code
