"""Laws of the policy language, on random rules and random facts.

The generator makes policies as text, so that the reader, the compiler and the closures are all under
test; a second, slow interpreter of the raw YAML says what must come out.
"""

from __future__ import annotations

import ipaddress
import json
import random
from collections.abc import Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.support.small_policy import text
from zoneproxy.policy.bundle import Policy, load
from zoneproxy.policy.decide import decide_layer, partial
from zoneproxy.policy.match import Kleene, matcher
from zoneproxy.terms.facts import FactValue
from zoneproxy.terms.phase import Phase

# A small world: every value that the rules speak of, and some that they don't.
WORLD: dict[str, list[Any]] = {
    "origin.class": ["overseas", "domestic", "zone", "unknown"],
    "origin.country": ["SG", "MY", "CN", "NO"],
    "tenant.market": ["SG", "MY", "CN"],
    "origin.agreeing": [0, 1, 2, 3],
    "trace.writable": [True, False],
    "client.ip": ["10.0.0.1", "10.9.0.1", "::ffff:10.0.0.1", "240e:12::1", "2001:db8::1"],
    "request.path": ["/v1/chat", "/v1/chat/x", "/admin", "/v1/b/c", "x"],
    "data.categories": [[], ["model_weights"], ["cn_personal_info", "model_weights"]],
    "ingress.route": ["cable-1", "cable-2", "undeclared"],
    "egress.route": ["cable-1", "cable-2"],
}
CONDITIONS: dict[str, list[Any]] = {
    "origin.class": ["overseas", ["domestic", "unknown"], {"not": "overseas"}, {"not": ["zone", "domestic"]}],
    "origin.country": [
        "SG", ["SG", "MY"], {"not": ["CN"]}, {"same_as": "tenant.market"}, {"not_same_as": "tenant.market"},
    ],
    "origin.agreeing": [2, {"lt": 2}, {"ge": 1, "le": 2}, {"not": {"gt": 2}}],
    "trace.writable": [True, {"not": True}],
    "client.ip": ["10.0.0.0/16", ["240e::/20", "10.0.0.0/8"], {"not": {"cidr": ["::/0"]}}],
    "request.path": [
        "/v1/chat", {"prefix": ["/admin", "/v1/"]}, {"suffix": ["x"]}, {"glob": "/v1/*/c"},
        {"regex": "/v[0-9]/[a-z]+"}, {"not": {"prefix": "/v1"}},
    ],
    "data.categories": [
        ["model_weights"], {"has_all": ["model_weights", "cn_personal_info"]},
        {"not": {"has_any": ["cn_personal_info"]}},
    ],
    "egress.route": [{"same_as": "ingress.route"}, {"not_same_as": "ingress.route"}, "cable-1"],
}  # fmt: skip

leaf = st.sampled_from(sorted(CONDITIONS)).flatmap(
    lambda fact: st.fixed_dictionaries({fact: st.sampled_from(CONDITIONS[fact])})
)
condition = st.recursive(
    st.lists(leaf, min_size=1, max_size=3).map(
        lambda parts: {key: part[key] for part in parts for key in part}
    ),
    lambda inner: st.one_of(
        st.fixed_dictionaries({"any": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"all": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"not": inner}),
    ),
    max_leaves=6,
)
facts = st.fixed_dictionaries({}, optional={name: st.sampled_from(values) for name, values in WORLD.items()})
rules = st.lists(st.tuples(st.sampled_from(["allow", "deny", "deny"]), condition), min_size=1, max_size=6)


def make(entries: list[tuple[str, dict[str, Any]]], order: random.Random | None = None) -> Policy:
    """Load a policy of these rules; JSON is YAML."""
    lines = [
        {
            "id": f"RET-{index:03}",
            "phase": "return",
            "effect": effect,
            "when": when,
            "reason": "not_original_route" if effect == "deny" else "returned_original_route",
        }
        for index, (effect, when) in enumerate(entries)
    ]
    if order:
        order.shuffle(lines)
    return load(text("rules: " + json.dumps(lines) + "\n"), "x.yaml")


def known(raw: Mapping[str, Any]) -> dict[str, FactValue]:
    return {name: frozenset(value) if isinstance(value, list) else value for name, value in raw.items()}


def slow(when: Mapping[str, Any], given_facts: Mapping[str, Any]) -> Kleene:
    """Answer a raw condition, in the plainest words."""
    answers = [slow_entry(key, value, given_facts) for key, value in when.items()]
    return False if False in answers else None if None in answers else True


def slow_entry(key: str, value: Any, given_facts: Mapping[str, Any]) -> Kleene:
    if key == "not":
        inner = slow(value, given_facts)
        return None if inner is None else not inner
    if key in {"any", "all"}:
        answers = [slow(part, given_facts) for part in value]
        decisive = key == "any"
        return decisive if decisive in answers else None if None in answers else not decisive
    return slow_question(key, value, given_facts)


def slow_question(fact: str, wanted: Any, given_facts: Mapping[str, Any]) -> Kleene:
    if isinstance(wanted, dict):
        answers: list[Kleene] = []
        for op, value in wanted.items():
            if op == "not":
                inner = slow_question(fact, value, given_facts)
                answers.append(None if inner is None else not inner)
            elif op in {"same_as", "not_same_as"}:
                pair = given_facts.get(fact), given_facts.get(value)
                answers.append(None if None in pair else (pair[0] == pair[1]) == (op == "same_as"))
            else:
                seen = given_facts.get(fact)
                answers.append(None if seen is None else slow_operator(op, seen, value))
        return False if False in answers else None if None in answers else True
    seen = given_facts.get(fact)
    if seen is None:
        return None
    values = wanted if isinstance(wanted, list) else [wanted]
    if fact == "client.ip":
        return slow_operator("cidr", seen, values)
    return any(value in seen for value in values) if fact == "data.categories" else seen in values


def slow_operator(op: str, seen: Any, value: Any) -> bool:  # noqa: C901 - a table of operators
    values = value if isinstance(value, list) else [value]
    match op:
        case "lt":
            return bool(seen < value)
        case "le":
            return bool(seen <= value)
        case "gt":
            return bool(seen > value)
        case "ge":
            return bool(seen >= value)
        case "prefix":
            return any(seen[: len(part)] == part for part in values)
        case "suffix":
            return any(seen[-len(part) :] == part for part in values)
        case "glob":
            return bool(seen.startswith("/v1/") and seen.endswith("/c") and seen.count("/") == 3)
        case "regex":
            parts = seen.split("/")
            return len(parts) == 3 and parts[0] == "" and parts[1] == "v1" and parts[2].isalpha()
        case "has_any":
            return any(part in seen for part in values)
        case "has_all":
            return all(part in seen for part in values)
        case "cidr":
            address: Any = ipaddress.ip_address(seen)
            address = getattr(address, "ipv4_mapped", None) or address
            return any(address in ipaddress.ip_network(part) for part in values)
        case _:
            raise ValueError(op)


@given(condition, facts)
def test_closures_agree_with_a_slow_reading(when: dict[str, Any], raw: dict[str, Any]) -> None:
    """Reader, compiler and closures say what the YAML says."""
    tree = make([("deny", when)]).rules[0].condition
    assert matcher(tree)(known(raw).get) is slow(when, raw)
    assert matcher(tree, lambda _part, _answer: None)(known(raw).get) is slow(when, raw)


@given(condition, facts, facts)
def test_what_is_certain_stays_certain(
    when: dict[str, Any], raw: dict[str, Any], more: dict[str, Any]
) -> None:
    """More facts never turn True into False or back: unknown is the only thing that can change."""
    match = matcher(make([("deny", when)]).rules[0].condition)
    before, after = match(known(raw).get), match(known({**more, **raw}).get)
    assert before is None or after is before


@given(rules, facts, st.data())
def test_taking_a_fact_away_never_opens(entries: list[Any], raw: dict[str, Any], data: st.DataObject) -> None:
    """A denial stays a denial when a fact is lost (Z22)."""
    policy = make(entries)
    if decide_layer(policy, Phase.RETURN, known(raw)).effect == "deny" and raw:
        lost = data.draw(st.sampled_from(sorted(raw)))
        fewer = {name: value for name, value in raw.items() if name != lost}
        assert decide_layer(policy, Phase.RETURN, known(fewer)).effect == "deny"


@given(rules, condition, facts)
def test_adding_a_deny_rule_never_opens(
    entries: list[Any], when: dict[str, Any], raw: dict[str, Any]
) -> None:
    """More denials allow nothing new, and keep those that fired."""
    before = decide_layer(make(entries), Phase.RETURN, known(raw))
    after = decide_layer(make([*entries, ("deny", when)]), Phase.RETURN, known(raw))
    assert after.effect == "deny" or before.effect == "allow"
    assert set(before.deny) <= set(after.deny)


@given(rules, facts, st.randoms(use_true_random=False))
def test_order_has_no_meaning(entries: list[Any], raw: dict[str, Any], order: random.Random) -> None:
    """The same rules in another order give the same answer, in every field but the file's digest."""
    one = decide_layer(make(entries), Phase.RETURN, known(raw))
    two = decide_layer(make(entries, order), Phase.RETURN, known(raw))
    fields = ("effect", "by", "rule", "reason", "deny", "indeterminate", "allow", "missing")
    assert [getattr(one, field) for field in fields] == [getattr(two, field) for field in fields]


@given(rules, facts, facts)
def test_an_early_denial_is_final(entries: list[Any], raw: dict[str, Any], more: dict[str, Any]) -> None:
    """What is denied early is denied whatever else becomes known."""
    policy = make(entries)
    if partial((policy,), Phase.RETURN, known(raw)):
        assert decide_layer(policy, Phase.RETURN, known({**more, **raw})).effect == "deny"


@given(rules, facts)
def test_an_allow_rests_on_a_rule_that_is_true(entries: list[Any], raw: dict[str, Any]) -> None:
    """The semantics, restated: no denial True or Unknown, and an allow True."""
    answer = decide_layer(make(entries), Phase.RETURN, known(raw))
    verdicts = [(effect, slow(when, raw)) for effect, when in entries]
    stopped = any(effect == "deny" and verdict is not False for effect, verdict in verdicts)
    opened = any(effect == "allow" and verdict is True for effect, verdict in verdicts)
    assert (answer.effect == "allow") is (opened and not stopped)


def test_the_law_tells_a_fail_open_evaluator() -> None:
    """Planted: an evaluator that skips a denial it can't answer, as others do, opens when a fact is lost."""
    policy = make([("deny", {"origin.country": "CN"}), ("allow", {"origin.class": "overseas"})])
    plan = policy.plans[Phase.RETURN]

    def skipping(raw: Mapping[str, Any]) -> str:
        stopped = any(match(known(raw).get) is True for match, _ in plan.denies)
        return "deny" if stopped else "allow"

    whole, fewer = {"origin.class": "overseas", "origin.country": "CN"}, {"origin.class": "overseas"}
    assert (skipping(whole), skipping(fewer)) == ("deny", "allow")
    assert decide_layer(policy, Phase.RETURN, known(fewer)).effect == "deny"
