"""Plant mistakes in a policy and see whether its tests and its invariants notice.

A mutant is the policy with one small mistake: a rule dropped or only watching, a threshold off by one, a
value missing from a list, a condition that asks less, a required fact forgotten. It is *killed* when a
case of the suite or an invariant's proof fails, *equivalent* when it provably decides alike (it is left
out of the score), and *survived* otherwise: a gap in the tests.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import yaml

from zoneproxy.policy.bundle import Policy, load
from zoneproxy.policy.cases import Suite, run_case
from zoneproxy.policy.diff import equivalent, same_rules
from zoneproxy.policy.prove import prove
from zoneproxy.policy.read import Path, read, show_path
from zoneproxy.terms.errors import PolicyError

Fate = Literal["killed by test", "killed by proof", "equivalent", "survived"]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A policy with one mistake, in words and as the lines that it changes."""

    line: int
    what: str
    policy: Policy
    diff: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of a mutant."""

    mutant: Mutant
    fate: Fate


def mutants(data: bytes, file: str) -> Iterator[Mutant]:
    """Make every mutant of a policy that still loads.

    Args:
        data: the policy's bytes; it must load itself.
        file: name for messages.
    """
    source = read(data, file)
    for path, what, mutated in _mistakes(source.data):
        # JSON is YAML: a mutant goes through the same door as every policy.
        try:
            policy = load(json.dumps(mutated).encode(), file)
        except PolicyError:
            continue
        yield Mutant(source.span(path).line, what, policy, _diff(source.data, mutated, path))


def _diff(before: Any, after: Any, path: Path) -> tuple[str, ...]:
    """Show the part of the file that a mistake changes, before and after: a whole rule, a whole list."""
    place = path[:2]
    shown = [f"- {_flow(_at(before, place))}"]
    same_size = len(_parent(before, place)) == len(_parent(after, place))
    return (*shown, f"+ {_flow(_at(after, place))}") if same_size else tuple(shown)


def _at(data: Any, path: Path) -> Any:
    return _parent(data, path)[path[-1]]


def _flow(part: Any) -> str:
    text: str = yaml.safe_dump(
        part, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10_000
    )
    return text.removesuffix("...\n").strip()


def judge(mutant: Mutant, original: Policy, suite: Suite) -> Judged:
    """See what notices a mutant.

    Args:
        mutant: the mistaken policy.
        original: the policy that it stands for in the suite.
        suite: the tests, linked to the original.
    """
    policies = [mutant.policy if policy is original else policy for policy in suite.policies]
    if any(run_case(case, policies).failures for case in suite.cases if not case.skip):
        return Judged(mutant, "killed by test")
    if same_rules(suite.policies, policies):
        return Judged(mutant, "equivalent")
    if not prove(policies).holds:
        return Judged(mutant, "killed by proof")
    return Judged(mutant, "equivalent" if equivalent(suite.policies, policies) else "survived")


def score(judged: Sequence[Judged]) -> float:
    """Return the share of the mutants that were noticed, in percent, equivalent ones left out."""
    counted = [one for one in judged if one.fate != "equivalent"]
    return 100 * sum(one.fate != "survived" for one in counted) / len(counted) if counted else 100.0


Mistake = tuple[Path, str, Any]


def _mistakes(data: Any) -> Iterator[Mistake]:
    for index, rule in enumerate(data["rules"]):
        yield from _rule(data, ("rules", index), rule)
    for phase, facts in (data.get("require_facts") or {}).items():
        for at, fact in enumerate(facts):
            place: Path = ("require_facts", phase, at)
            yield place, f"don't require {fact} in {phase}", _without(data, place)
    for place, values in _lists(data):
        for at, value in enumerate(values):
            if len(values) > 1:
                yield place, f"{show_path(place)} loses {value}", _without(data, (*place, at))


def _rule(data: Any, path: Path, rule: Any) -> Iterator[Mistake]:
    name = rule["id"]
    if len(data["rules"]) > 1:
        yield path, f"drop the rule {name}", _without(data, path)
    if rule.get("mode") != "shadow":
        yield path, f"only watch by {name}", _with(data, (*path, "mode"), "shadow")
    phases = rule["phase"] if isinstance(rule["phase"], list) else []
    for at, phase in enumerate(phases):
        yield path, f"{name} forgets the phase {phase}", _without(data, (*path, "phase", at))
    if "when" in rule:
        for where, what, mutated in _condition(data, (*path, "when"), rule["when"]):
            yield where, f"{name}: {what}", mutated


def _lists(data: Any) -> Iterator[tuple[Path, list[Any]]]:
    for name, values in (data.get("sets") or {}).items():
        yield ("sets", name), values
    for name in ("allowed", "local_deployment"):
        if name in (data.get("markets") or {}):
            yield ("markets", name), data["markets"][name]
    if "domestic_nets" in (data.get("origins") or {}):
        yield ("origins", "domestic_nets"), data["origins"]["domestic_nets"]


def _condition(data: Any, path: Path, raw: Any) -> Iterator[Mistake]:
    """Yield the mistakes within a condition or the operators of a question."""
    if isinstance(raw, dict):
        yield from _mapping(data, path, raw)
    elif isinstance(raw, list):
        for at, value in enumerate(raw):
            if len(raw) > 1:
                yield path, f"{show_path(path)} loses {value}", _without(data, (*path, at))
            if isinstance(value, dict):
                yield from _condition(data, (*path, at), value)
    elif isinstance(raw, bool):
        yield path, f"{show_path(path)} is {not raw}", _with(data, path, not raw)
    elif isinstance(raw, int):
        for other in (raw - 1, raw + 1):
            yield path, f"{show_path(path)} is {other}", _with(data, path, other)


def _mapping(data: Any, path: Path, raw: dict[str, Any]) -> Iterator[Mistake]:
    for key, value in raw.items():
        below = (*path, key)
        if len(raw) > 1:
            yield below, f"{show_path(below)} is not asked", _without(data, below)
        if key == "not":
            yield below, f"{show_path(below)} is not negated", _with(data, path, _unnegated(raw))
        yield from _condition(data, below, value)


def _unnegated(raw: dict[str, Any]) -> Any:
    rest = {key: value for key, value in raw.items() if key != "not"}
    inner = raw["not"]
    return {**rest, **inner} if isinstance(inner, dict) else inner if not rest else {**rest, "in": inner}


def _with(data: Any, path: Path, value: Any) -> Any:
    changed = copy.deepcopy(data)
    _parent(changed, path)[path[-1]] = copy.deepcopy(value)
    return changed


def _without(data: Any, path: Path) -> Any:
    changed = copy.deepcopy(data)
    del _parent(changed, path)[path[-1]]
    return changed


def _parent(data: Any, path: Path) -> Any:
    for part in path[:-1]:
        data = data[part]
    return data
