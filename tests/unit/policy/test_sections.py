"""What the parts of a policy demand of each other."""

from __future__ import annotations

import pytest

from tests.support.small_policy import RULES, rule, small, text
from zoneproxy.policy.bundle import load
from zoneproxy.terms.errors import PolicyError

GRANTS = """\
models: [{id: m-1, provenance: domestic_filed, filing: F-1, location: in_zone}]
authorization:
  required_scope: [api_call]
  chains:
    - tenant: toyco
      audience: overseas
      client: enterprise
      models: [m-1]
      grants:
        - {from: maker, to: cloud, document: a, digest: "sha256:aa01", scope: [api_call, resale],
           actions: [inference, embedding], markets: [SG, MY], clients: [enterprise, developer],
           valid: {from: "2026-01-01", until: "2027-01-01"}}
        - {from: cloud, to: toyco, document: b, digest: "sha256:aa02", scope: [api_call],
           actions: [inference], markets: [SG], clients: [enterprise],
           valid: {from: "2026-01-01", until: "2027-01-01"}}
"""


def only_fault(body: str) -> tuple[str, str, int]:
    with pytest.raises(PolicyError) as caught:
        load(text(body), "x.yaml")
    assert len(caught.value.problems) == 1, caught.value.problems
    problem = caught.value.problems[0]
    return problem.code, problem.message, problem.line


FLOW_IN_COLLECT = """\
invariants:
  - {id: INV-001, scope: flow, phase: collect, claim: c, never_allow_when: {origin.class: zone}}
"""


@pytest.mark.parametrize(
    ("old", "new", "code", "message"),
    [
        ("models: [m-1]", "models: [m-2]", "ZP2020", "names the model `m-2`"),
        ("from: cloud", "from: clown", "ZP2021", "`cloud` was given it (line"),
        ("to: toyco", "to: other", "ZP2021", "ends at `other`"),
        ("scope: [api_call],\n", "scope: [api_call, training],\n", "ZP2022", "scope by `training` (line"),
        ("actions: [inference],", "actions: [tool_call],", "ZP2022", "actions by `tool_call` (line"),
        ("markets: [SG],", "markets: [SG, TH],", "ZP2022", "markets by `TH` (line"),
        ("clients: [enterprise],", "clients: [consumer],", "ZP2022", "clients by `consumer` (line"),
        ("markets: [SG, MY],", "markets: [SG, CN],", "ZP2027", "`CN` can't be a market"),
        ("filing: F-1, ", "", "ZP2024", "its filing is missing"),
        (
            'from: "2026-01-01", until: "2027-01-01"',
            'from: "2028-01-01", until: "2027-01-01"',
            "ZP2025",
            "lies before",
        ),
    ],
)
def test_a_chain_closes_or_is_an_error(old: str, new: str, code: str, message: str) -> None:
    """Every link leads to the next, scopes only narrow, models are registered (Z20)."""
    assert old in GRANTS
    found = only_fault(GRANTS.replace(old, new, 1) + RULES)
    assert found[0] == code
    assert message in found[1]


def test_a_whole_chain_has_no_fault() -> None:
    """The unchanged sample is right, so each change above is the fault."""
    assert small(GRANTS + RULES).document.authorization.chains[0].tenant == "toyco"


def test_a_chain_without_links_is_broken() -> None:
    """A tenant can't be authorised by nobody."""
    head = GRANTS[: GRANTS.index("      grants:")]
    assert only_fault(head + "      grants: []\n" + RULES)[0] == "ZP2021"


ROUTE = "{id: cable-1, kind: submarine_cable, peer_country: SG, separation: physical}"


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (f"zone: {{id: z, authority: a, uplinks: [cable-x]}}\nroutes: [{ROUTE}]\n", "ZP2023", "`cable-x`"),
        (f"routes: [{ROUTE}, {ROUTE}]\n", "ZP2011", "duplicate id `cable-1` (first at line 11)"),
        ('origins: {domestic_nets: ["10.0.0.1/8"]}\n', "ZP2009", "bits set"),
        ("origins: {agree_at_least: 8}\n", "ZP2034", "can never agree"),
        ("origins: {sources: [{id: a, kind: geoip}]}\n", "ZP2034", "together count 1"),
        (
            "origins: {sources: [{id: a, kind: geoip, weight: 2}, {id: b, kind: geoip}]}\n",
            "ZP2034",
            "stands twice",
        ),
        ("markets: {allowed: [SG, JP], local_deployment: [JP]}\n", "ZP2027", "`JP` also stands"),
        ("markets: {allowed: [CN]}\n", "ZP2027", "`CN` can't be"),
        ("sets: {a: [$markets.allowed]}\n", "ZP2028", "a set can't refer"),
        ("retention: {records: P90D}\n", "ZP2026", "183 days at least"),
        ("require_facts: {collect: [origin.clas]}\n", "ZP2001", "unknown fact"),
        ("require_facts: {collect: [egress.route]}\n", "ZP2002", "not known in phase `collect`"),
        ("invariants: [{id: INV-001, phase: collect, claim: c}]\n", "ZP2013", "exactly one of"),
        (
            FLOW_IN_COLLECT,
            "ZP2032",
            "phase `return` only",
        ),
        (
            (
                "invariants:\n  - {id: INV-001, phase: collect, claim: c, "
                "never_allow_when: {trace.writable: false}, allow_implies: {origin.class: zone}}\n"
            ),
            "ZP2013",
            "exactly one of",
        ),
    ],
)
def test_one_fault_across_sections(body: str, code: str, message: str) -> None:
    """Names must exist where they are used, and safe defaults can't be written away."""
    found = only_fault(body + RULES)
    assert found[0] == code
    assert message in found[1]


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        (
            "{id: COL-900, phase: collect, effect: deny, reason: origin_not_overseas}",
            "ZP2011",
            "first at line 12",
        ),
        (
            "{id: COL-001, phase: collect, effect: allow, reason: collected_overseas}",
            "ZP2012",
            "without a condition",
        ),
        (
            "{id: COL-001, phase: collect, effect: deny, reason: origin_not_oversea}",
            "ZP2014",
            "unknown reason",
        ),
        (
            "{id: COL-001, phase: collect, effect: deny, reason: collected_overseas}",
            "ZP2015",
            "not a reason to deny",
        ),
        (
            "{id: PRO-001, phase: [process, collect], effect: deny, reason: origin_not_overseas}",
            "ZP2016",
            "`COL`",
        ),
        (
            "{id: RET-001, phase: return, effect: deny, reason: not_separated, obligations: {meter: tokens}}",
            "ZP2017",
            "only an allow can order `meter`",
        ),
    ],
)
def test_one_fault_of_a_rule(line: str, code: str, message: str) -> None:
    """Ids are unique and show the phase, reasons fit the effect, no allow is unconditional."""
    found = only_fault(RULES + f"  - {line}\n")
    assert found[0] == code
    assert message in found[1]
    assert found[2] == 13


def test_data_sections_export_their_lists() -> None:
    """Conditions name data once written: routes, models, tenants, markets."""
    policy = small(
        f"zone: {{id: z, authority: a, uplinks: [cable-1]}}\nroutes: [{ROUTE}]\nmarkets: {{allowed: [SG]}}\n"
        "sets: {mine: [a]}\n" + GRANTS + "rules:\n" + rule("{tenant.id: $authorization.tenants}")
    )
    lists = policy.names.lists
    assert list(lists["zone.uplinks"]) == ["cable-1"]
    assert list(lists["routes.ids"]) == ["cable-1"]
    assert list(lists["models.ids"]) == ["m-1"]
    assert list(lists["authorization.tenants"]) == ["toyco"]
    assert list(lists["authorization.required_scope"]) == ["api_call"]
    assert list(lists["authorization.markets"]) == ["SG"]
    assert lists["models.filed"] == lists["models.in_zone"] == ["m-1"]
    assert list(lists["sets.mine"]) == ["a"]
    assert {"retention.access", "detectors.ids", "origins.sources"} <= lists.keys()
