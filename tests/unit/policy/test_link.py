"""Tests that name nothing, or can't fail, are errors."""

from __future__ import annotations

import pytest

from tests.support.small_policy import small
from zoneproxy.policy.bundle import Policy
from zoneproxy.policy.casefile import read_tests
from zoneproxy.policy.cases import Suite
from zoneproxy.policy.link import link
from zoneproxy.terms.errors import PolicyError
from zoneproxy.terms.phase import Phase

POLICY = small(
    """\
models: [{id: m-1, provenance: domestic_filed, filing: F-1, location: in_zone}]
authorization:
  chains:
    - tenant: toyco
      audience: overseas
      client: enterprise
      models: [m-1]
      grants:
        - {from: maker, to: toyco, document: a, digest: "sha256:aa01", scope: [api_call],
           actions: [inference], markets: [SG], clients: [enterprise],
           valid: {from: "2026-01-01", until: "2026-12-31"}}
rules:
  - {id: COL-010, phase: collect, effect: deny, when: {origin.country: CN}, reason: origin_country_domestic}
  - {id: COL-900, phase: collect, effect: allow, when: {origin.class: overseas}, reason: collected_overseas}
"""
)
HEAD = """\
apiVersion: zoneproxy/v1
kind: ZonePolicyTest
policy: x.yaml
now: "2026-11-21"
fixtures:
  good: {origin.class: overseas, origin.country: SG}
  tenant: {$tenant: toyco, $model: m-1}
tests:
"""

NOTHING = "expect: {collect: {kind: default}}"


def linked(test: str, policy: Policy = POLICY) -> Suite:
    return link(read_tests((HEAD + test).encode(), "t.yaml"), (policy,))


@pytest.mark.parametrize(
    ("test", "code", "message"),
    [
        ("given: [goood], " + NOTHING, "ZP4001", "unknown fixture"),
        ("given: [good], expect: {collect: {rule: COL-999}}", "ZP4002", "unknown rule"),
        ("given: [good], expect: {collect: {rule: COL-010, also: [X]}}", "ZP4002", "unknown rule"),
        ("with: {origin.class: oversea}, " + NOTHING, "ZP4003", "absent"),
        ("given: [good]", "ZP4004", "expects nothing"),
        ("given: [good], expect: {}", "ZP4004", "expects nothing"),
        ("given: [good], expect: {collect: {}}", "ZP4004", "expects nothing"),
        (
            f"{NOTHING}}}\n  - {{name: a, {NOTHING}",
            "ZP4005",
            "first at line 9",
        ),
        ("without: [origin.class], " + NOTHING, "ZP4006", "is not given"),
        (
            "given: [good], with: {origin.country: SG}, " + NOTHING,
            "ZP4006",
            "nothing changes",
        ),
        ("given: [good], expect: {process: {rule: COL-010}}", "ZP4007", "not asked in phase"),
        ("given: [good], expect: {collect: {decision: allow, rule: COL-010}}", "ZP4008", "can't allow"),
        ("with: {origin.klass: zone}, " + NOTHING, "ZP2001", "unknown fact"),
        (
            "table: {phase: process, rows: [{expect: {phase: collect, kind: default}}]}",
            "ZP4007",
            "does not list this phase",
        ),
    ],
)  # fmt: skip
def test_a_vacuous_test_is_an_error(test: str, code: str, message: str) -> None:
    """Tests that would pass whatever the policy says are refused, at their place."""
    with pytest.raises(PolicyError) as caught:
        linked(f"  - {{name: a, {test}}}\n")
    assert [problem.code for problem in caught.value.problems] == [code]
    assert message in caught.value.problems[0].message


def test_a_policy_out_of_force_is_not_tested() -> None:
    """Tests speak of a moment at which the policy holds."""
    late = HEAD.replace("2026-11-21", "2031-01-01") + f"  - {{name: a, {NOTHING}}}\n"
    with pytest.raises(PolicyError) as caught:
        link(read_tests(late.encode(), "t.yaml"), (POLICY,))
    assert caught.value.problems[0].code == "ZP4009"


def test_fixtures_layer_and_a_tilde_takes_away() -> None:
    """Later facts win; `~` and `without` remove; a later phase's facts are not shown."""
    suite = linked(
        "  - name: a\n    given: [good]\n    with: {origin.country: ~, origin.agreeing: 2, egress.route: c}\n"
        "    expect: {collect: {kind: default}, return: {kind: default}}\n"
    )
    assert suite.cases[0].phase is Phase.COLLECT
    assert suite.cases[0].facts == {"origin.class": "overseas", "origin.agreeing": 2}
    assert suite.cases[1].facts["egress.route"] == "c"


def test_tenants_and_models_stand_for_what_the_policy_gives() -> None:
    """The chains themselves are tested at the file's moment (Z20)."""
    facts = linked("  - {name: a, given: [tenant], expect: {process: {kind: default}}}\n").cases[0].facts
    assert facts["tenant.id"] == "toyco"
    assert facts["tenant.authorization"] == "complete"
    assert facts["model.granted"] is True
    changed = linked(
        "  - {name: a, given: [tenant], with: {$model: m-9}, expect: {process: {kind: default}}}\n"
    )
    assert changed.cases[0].facts["model.provenance"] == "unknown"
