"""A third opinion: z3 encodes random policies from their raw YAML, and must agree with evaluator and prover.

The encoding shares nothing with the compiler, the closures or the cells: z3's own theories of strings and
bit vectors decide prefixes, suffixes, patterns and networks.
"""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings

from tests.property.test_policy_semantics import WORLD, facts, known, make, rules
from zoneproxy.policy.decide import decide_layer
from zoneproxy.policy.diff import compare
from zoneproxy.policy.prove import PhaseModel
from zoneproxy.terms.facts import VOCABULARY, FactType
from zoneproxy.terms.phase import Phase

z3 = pytest.importorskip("z3", reason="z3 is not installed: pip install z3-solver")

# True and False as two formulas: what is neither is unknown.
Pair = tuple[Any, Any]
_WRAPPED = int(ipaddress.IPv6Address("::ffff:0.0.0.0"))


@functools.cache
def term(fact: str) -> Any:
    """The variable of a fact's value."""
    match VOCABULARY[fact].type:
        case FactType.BOOL:
            return z3.Bool(fact)
        case FactType.INT:
            return z3.Int(fact)
        case FactType.IP:
            return z3.BitVec(fact, 128)  # an IPv4 address as the IPv6 address that wraps it
        case FactType.NAMES:
            return {name: z3.Bool(f"{fact}/{name}") for name in VOCABULARY[fact].values}
        case _:
            return z3.String(fact)


def present(fact: str) -> Any:
    return z3.Bool(f"known {fact}")


def address(text: str) -> int:
    parsed = ipaddress.ip_address(text)
    return int(parsed) + (_WRAPPED if parsed.version == 4 else 0)


def constant(fact: str, value: Any) -> Any:
    if VOCABULARY[fact].type is FactType.IP:
        return z3.BitVecVal(address(value), 128)
    return z3.StringVal(value) if isinstance(value, str) else value


def within(subject: Any, network: str) -> Any:
    """Whether an address lies in a network; wrapped IPv4 addresses are IPv4 addresses, not IPv6 ones."""
    parsed = ipaddress.ip_network(network)
    first, last = address(str(parsed.network_address)), address(str(parsed.broadcast_address))
    inside = z3.And(z3.UGE(subject, first), z3.ULE(subject, last))
    if parsed.version == 6:
        is_v4 = z3.And(z3.UGE(subject, _WRAPPED), z3.ULE(subject, _WRAPPED + 2**32 - 1))
        return z3.And(inside, z3.Not(is_v4))
    return inside


SEGMENT = z3.Star(z3.Intersect(z3.AllChar(z3.ReSort(z3.StringSort())), z3.Complement(z3.Re("/"))))
PATTERNS = {  # the generator's patterns, written by hand
    "/v1/*/c": z3.Concat(z3.Re("/v1/"), SEGMENT, z3.Re("/c")),
    "/v[0-9]/[a-z]+": z3.Concat(
        z3.Re("/v"), z3.Range("0", "9"), z3.Re("/"), z3.Plus(z3.Range("a", "z"))
    ),
}  # fmt: skip


def question(fact: str, wanted: Any) -> Pair:
    """Encode what is asked of one fact."""
    if not isinstance(wanted, dict):
        bare = {FactType.IP: "cidr", FactType.NAMES: "has_any"}.get(VOCABULARY[fact].type, "in")
        wanted = {bare: wanted if isinstance(wanted, list) else [wanted]}
    return all_of([operator(fact, op, value) for op, value in wanted.items()])


def operator(fact: str, op: str, value: Any) -> Pair:
    if op == "not":
        true, false = question(fact, value)
        return false, true
    there = present(fact)
    if op in {"same_as", "not_same_as"}:
        there = z3.And(there, present(value))
        holds = term(fact) == term(value) if op == "same_as" else term(fact) != term(value)
    else:
        holds = asked(fact, op, value if isinstance(value, list) else [value])
    return z3.And(there, holds), z3.And(there, z3.Not(holds))


def one_asked(fact: str, op: str, value: Any) -> Any:
    subject = term(fact)
    match op:
        case "in":
            return subject == constant(fact, value)
        case "lt":
            return subject < value
        case "le":
            return subject <= value
        case "gt":
            return subject > value
        case "ge":
            return subject >= value
        case "prefix":
            return z3.PrefixOf(z3.StringVal(value), subject)
        case "suffix":
            return z3.SuffixOf(z3.StringVal(value), subject)
        case "glob" | "regex":
            return z3.InRe(subject, PATTERNS[value])
        case "cidr":
            return within(subject, value)
        case _:
            return subject[value]


def asked(fact: str, op: str, values: Sequence[Any]) -> Any:
    parts = [one_asked(fact, op, value) for value in values]
    return z3.And(parts) if op == "has_all" else z3.Or(parts)


def condition(when: Mapping[str, Any]) -> Pair:
    """Encode a raw condition."""
    parts: list[Pair] = []
    for key, value in when.items():
        if key == "not":
            true, false = condition(value)
            parts.append((false, true))
        elif key in {"any", "all"}:
            inner = [condition(part) for part in value]
            parts.append(any_of(inner) if key == "any" else all_of(inner))
        else:
            parts.append(question(key, value))
    return all_of(parts)


def all_of(parts: Sequence[Pair]) -> Pair:
    return z3.And([part[0] for part in parts]), z3.Or([part[1] for part in parts])


def any_of(parts: Sequence[Pair]) -> Pair:
    return z3.Or([part[0] for part in parts]), z3.And([part[1] for part in parts])


def allowed(entries: Sequence[tuple[str, Mapping[str, Any]]]) -> Any:
    """Encode: no denial is True or unknown, and an allow is True."""
    pairs = [(effect, condition(when)) for effect, when in entries]
    kept = [false for effect, (_, false) in pairs if effect == "deny"]
    opened = [true for effect, (true, _) in pairs if effect == "allow"]
    return z3.And(*kept, z3.Or(opened))


def domains() -> list[Any]:
    """Say which values closed and well-formed facts can have."""
    said: list[Any] = []
    for fact in WORLD:
        spec = VOCABULARY[fact]
        if spec.type is FactType.ENUM:
            said.append(z3.Or([term(fact) == z3.StringVal(value) for value in spec.values]))
        elif spec.type is FactType.INT:
            said.append(z3.And(term(fact) >= spec.low, term(fact) <= spec.high))
        elif spec.type is FactType.COUNTRY:
            letter = z3.Range("A", "Z")
            said.append(z3.InRe(term(fact), z3.Concat(letter, letter)))
        elif spec.type is FactType.ROUTE:
            said.append(z3.InRe(term(fact), z3.Concat(z3.Range("a", "z"), z3.Star(ROUTE))))
    return said


ROUTE = z3.Union(z3.Range("a", "z"), z3.Range("0", "9"), z3.Re("-"))


def holds(formula: Any, raw: Mapping[str, Any]) -> bool:
    """Tell whether a formula holds on given facts; the absent ones are unknown."""
    given_values: list[Any] = []
    for fact in WORLD:
        if fact not in raw:
            given_values.append(z3.Not(present(fact)))
            continue
        given_values.append(present(fact))
        if VOCABULARY[fact].type is FactType.NAMES:
            given_values += [flag if name in raw[fact] else z3.Not(flag) for name, flag in term(fact).items()]
        else:
            given_values.append(term(fact) == constant(fact, raw[fact]))
    return bool(check(formula, *given_values) == z3.sat)


def check(*formulas: Any) -> Any:
    solver = z3.Solver()
    solver.set("timeout", 10_000)
    solver.add(*formulas)
    return solver.check()


@settings(max_examples=30)
@given(rules, facts)
def test_z3_answers_as_the_evaluator_does(entries: list[Any], raw: dict[str, Any]) -> None:
    """On the same facts, from the same YAML."""
    answer = decide_layer(make(entries), Phase.RETURN, known(raw)).effect
    assert holds(allowed(entries), raw) is (answer == "allow")


@settings(max_examples=12)
@given(rules)
def test_z3_finds_an_allowed_request_where_the_prover_does(entries: list[Any]) -> None:
    """And none where the prover says that there is none, over all facts there can be."""
    policy = make(entries)
    model = PhaseModel([[policy]], Phase.RETURN)
    found = check(allowed(entries), *domains())
    if found != z3.unknown:
        assert (found == z3.sat) is (model.space.count(model.allowed([policy])) > 0)


@settings(max_examples=12)
@given(rules, rules)
def test_z3_finds_the_differences_that_diff_finds(one: list[Any], two: list[Any]) -> None:
    """Newly allowed and newly denied, each by itself."""
    kinds = {change.kind for change in compare([make(one)], [make(two)])}
    old, new = allowed(one), allowed(two)
    for kind, formula in (
        ("newly_allowed", z3.And(new, z3.Not(old))),
        ("newly_denied", z3.And(old, z3.Not(new))),
    ):
        found = check(formula, *domains())
        if found != z3.unknown:
            assert (found == z3.sat) is (kind in kinds), kind
