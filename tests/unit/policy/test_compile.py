"""Conditions become checked trees."""

from __future__ import annotations

import pytest

from tests.support.small_policy import rule, small
from zoneproxy.policy.compile import ALWAYS, Condition, Group, Leaf, leaves
from zoneproxy.terms.errors import PolicyError

DATA = """\
routes: [{id: cable-1, kind: submarine_cable, peer_country: SG, separation: physical}]
markets: {allowed: [SG, MY], local_deployment: [JP]}
sets: {paths: [/v1/a, /v1/b], empty_ish: [x]}
"""


def condition(when: str, phase: str = "return") -> Condition:
    return small(DATA + "rules:\n" + rule(when, phase=phase)).rules[0].condition


def fault(when: str, phase: str = "return") -> tuple[str, str, str]:
    with pytest.raises(PolicyError) as caught:
        condition(when, phase)
    assert len(caught.value.problems) == 1
    problem = caught.value.problems[0]
    return problem.code, problem.message, problem.help


@pytest.mark.parametrize(
    ("when", "leaf"),
    [
        ("{origin.class: overseas}", Leaf("origin.class", "eq", "overseas")),
        ("{origin.class: [overseas, zone]}", Leaf("origin.class", "in", ("overseas", "zone"))),
        ("{origin.class: {in: [zone]}}", Leaf("origin.class", "in", ("zone",))),
        ("{trace.writable: true}", Leaf("trace.writable", "eq", True)),  # noqa: FBT003 - a fact's value
        ("{origin.agreeing: 2}", Leaf("origin.agreeing", "eq", 2)),
        ("{origin.agreeing: {le: 2}}", Leaf("origin.agreeing", "le", 2)),
        ("{origin.country: $markets.allowed}", Leaf("origin.country", "in", ("SG", "MY"))),
        ("{origin.country: [$markets.allowed, TH, SG]}", Leaf("origin.country", "in", ("SG", "MY", "TH"))),
        ("{client.ip: 10.0.0.0/8}", Leaf("client.ip", "cidr", ("10.0.0.0/8",))),
        ('{client.ip: ["10.0.0.0/8", "::1"]}', Leaf("client.ip", "cidr", ("10.0.0.0/8", "::1"))),
        ("{data.categories: [model_weights]}", Leaf("data.categories", "has_any", ("model_weights",))),
        ("{tenant.scope: {has_all: [api_call]}}", Leaf("tenant.scope", "has_all", ("api_call",))),
        ("{request.path: {prefix: /v1}}", Leaf("request.path", "prefix", ("/v1",))),
        ("{request.path: $sets.paths}", Leaf("request.path", "in", ("/v1/a", "/v1/b"))),
        ('{request.path: {regex: "/v[0-9]"}}', Leaf("request.path", "regex", "/v[0-9]")),
        ("{egress.route: {same_as: ingress.route}}", Leaf("egress.route", "same_as", "ingress.route")),
    ],
)
def test_each_form_of_a_question(when: str, leaf: Leaf) -> None:
    """A bare value is equality, a list any of its values, a mapping names the operator."""
    assert condition(when) == leaf


def test_facts_and_operators_of_a_mapping_all_hold() -> None:
    """A mapping is a conjunction, at both levels."""
    tree = condition("{origin.class: overseas, origin.agreeing: {ge: 2, lt: 5}}")
    assert isinstance(tree, Group)
    assert tree.kind == "all"
    assert [leaf.op for leaf in leaves(tree)] == ["eq", "ge", "lt"]


def test_not_stands_before_a_value_an_operator_and_a_condition() -> None:
    """`not` negates exactly what it holds."""
    for when in (
        "{request.path: {not: {prefix: [/v1]}}}",
        "{not: {request.path: {prefix: [/v1]}}}",
    ):
        tree = condition(when)
        assert tree == Group("not", (Leaf("request.path", "prefix", ("/v1",)),))
    assert condition("{origin.class: {not: zone}}") == Group("not", (Leaf("origin.class", "eq", "zone"),))


def test_any_and_all_nest() -> None:
    """Alternatives hold conditions of their own."""
    tree = condition("{any: [{trace.writable: false}, {all: [{origin.class: zone}, {origin.agreeing: 1}]}]}")
    assert isinstance(tree, Group)
    assert (tree.kind, len(tree.parts)) == ("any", 2)


def test_a_deny_without_when_always_fires() -> None:
    """A closed door needs no condition; an open one does (ZP2012)."""
    closed = "rules:\n  - {id: COL-001, phase: collect, effect: deny, reason: origin_not_overseas}\n"
    assert small(closed).rules[0].condition == ALWAYS


@pytest.mark.parametrize(
    ("when", "code", "message", "remedy"),
    [
        ("{}", "ZP2000", "a condition must be", ""),
        ("[]", "ZP2000", "a condition must be", ""),
        ("{any: []}", "ZP2000", "`any` must be a list", ""),
        ("{all: {origin.class: zone}}", "ZP2000", "`all` must be a list", ""),
        ("{origin.class: {}}", "ZP2000", "nothing is asked", ""),
        ("{origin.clas: zone}", "ZP2001", "unknown fact `origin.clas`", "did you mean `origin.class`?"),
        ("{origin.class: {prefix: [z]}}", "ZP2003", "`prefix` does not apply", "operators: eq"),
        ("{trace.writable: [true]}", "ZP2003", "`in` does not apply", "operators: eq"),
        ("{origin.country: $markets.alowed}", "ZP2004", "unknown list", "`$markets.allowed`"),
        ("{origin.country: []}", "ZP2005", "can never be true", ""),
        ("{client.ip: $origins.domestic_nets}", "ZP2005", "`$origins.domestic_nets` is empty", ""),
        ('{request.path: {prefix: "/v1\u200b/files"}}', "ZP2006", "U+200B, which can't be seen", "delete it"),
        ('{request.path: "/v1\u00ad"}', "ZP2006", "U+00AD", ""),
        ('{request.path: {glob: "/v1/*\ufe0f"}}', "ZP2006", "U+FE0F", ""),
        ('{origin.class: "over\u2060seas"}', "ZP2006", "U+2060", ""),
        ("{origin.class: overseass}", "ZP2006", "is not a value", "did you mean `overseas`?"),
        ("{origin.country: UK}", "ZP2006", "is not a value", "`GB`"),
        ("{egress.route: cable-9}", "ZP2006", "is not a value", "did you mean `cable-1`?"),
        ("{data.categories: [weights]}", "ZP2006", "is not a value", "`model_weights`"),
        ("{origin.country: $sets.paths}", "ZP2006", "(from `$sets.paths`, line", ""),
        ("{origin.agreeing: {lt: 99}}", "ZP2006", "outside of", "from 0 to 16"),
        ("{origin.agreeing: {lt: two}}", "ZP2007", "needs a whole number", ""),
        ("{origin.agreeing: true}", "ZP2007", "needs a whole number, not `true`", ""),
        ('{trace.writable: "yes"}', "ZP2007", "needs `true` or `false`", ""),
        ("{request.path: 12}", "ZP2007", "needs text", 'put it in quotes: "12"'),
        ('{request.path: {prefix: ""}}', "ZP2007", "always or never true", ""),
        ("{origin.class: {eq: [zone]}}", "ZP2007", "takes one value", "use `in`"),
        ("{origin.class: ~}", "ZP2007", "not `null`", ""),
        ("{egress.route: {same_as: origin.class}}", "ZP2008", "can't be compared", "ingress.route"),
        ("{egress.route: {same_as: tenant.id}}", "ZP2008", "can't be compared", "ingress.route"),
        ("{client.ip: 10.0.0.1/8}", "ZP2009", "bits set", "write `10.0.0.0/8`"),
        ('{request.path: {regex: "(a+)+$"}}', "ZP2010", "a repeat inside a repeat", "use `prefix`"),
        ('{request.path: {glob: "*a*"}}', "ZP2010", "more than one `*`", "fewer stars"),
    ],
)
def test_every_fault_has_its_code_and_remedy(when: str, code: str, message: str, remedy: str) -> None:
    """One mistake gives one problem, marked where it stands."""
    found = fault(when)
    assert found[0] == code
    assert message in found[1]
    assert remedy in found[2]


def test_a_fact_of_a_later_phase_is_an_error() -> None:
    """What is not yet known can't be asked: it would be unknown for ever."""
    code, message, remedy = fault("{egress.route: {same_as: ingress.route}}", "collect")
    assert code == "ZP2002"
    assert "first known in `return`" in message
    assert "phase `return`" in remedy
    assert fault("{ingress.route: {same_as: egress.route}}", "collect")[0] == "ZP2002"


@pytest.mark.parametrize("op", ["present", "absent", "exists", "has_none", "matches", "eq_"])
def test_no_operator_asks_for_absence(op: str) -> None:
    """An unknown operator is an error, and none can tell that a fact is missing."""
    assert fault(f"{{origin.class: {{{op}: true}}}}")[0] == "ZP2003"
