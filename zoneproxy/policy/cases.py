"""Run the tests of a policy: facts in, the exact rule out. Their file format is in `casefile`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from zoneproxy.policy.bundle import Policy
from zoneproxy.policy.casefile import Expectation, Requirements
from zoneproxy.policy.decide import decide_layer
from zoneproxy.terms.decision import LayerDecision
from zoneproxy.terms.facts import FactValue
from zoneproxy.terms.phase import Phase


@dataclass(frozen=True, slots=True)
class Case:
    """One phase to be judged on given facts, and what must come out."""

    name: str
    line: int
    phase: Phase
    facts: Mapping[str, FactValue]
    expect: Expectation
    skip: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a case: the failures in words, none where it passed."""

    case: Case
    answers: tuple[LayerDecision, ...]
    failures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Suite:
    """A test file, linked to its policies."""

    file: str
    policies: tuple[Policy, ...]
    cases: tuple[Case, ...]
    require: Requirements


def run(suite: Suite) -> tuple[Outcome, ...]:
    """Judge every case that is not skipped."""
    return tuple(run_case(case, suite.policies) for case in suite.cases if not case.skip)


def run_case(case: Case, policies: Sequence[Policy]) -> Outcome:
    """Judge one case."""
    answers = tuple(decide_layer(policy, case.phase, case.facts) for policy in policies)
    return Outcome(case, answers, tuple(_failures(case.expect, joint(answers))))


def joint(answers: Sequence[LayerDecision]) -> LayerDecision:
    """Join the answers of several layers into one, as `Decision` does.

    The answer of the first denying layer with the smallest primary rule stands, with all that fired.
    """
    denying = [answer for answer in answers if answer.effect == "deny"]
    # A denial without a rule (`default`, `missing_fact`) stands behind one that has a rule.
    first = min(denying or answers, key=lambda answer: (not answer.rule, answer.rule))
    orders = (
        {} if denying else {name: value for answer in answers for name, value in answer.obligations.items()}
    )
    return replace(
        first,
        deny=_union(answers, "deny"),
        indeterminate=_union(answers, "indeterminate"),
        allow=_union(answers, "allow"),
        shadow=_union(answers, "shadow"),
        missing=_union(answers, "missing"),
        obligations=orders or first.obligations,
    )


def _union(answers: Sequence[LayerDecision], field: str) -> tuple[str, ...]:
    return tuple(sorted({name for answer in answers for name in getattr(answer, field)}))


def _failures(expect: Expectation, answer: LayerDecision) -> Iterator[str]:
    fired = set(answer.deny + answer.indeterminate if answer.effect == "deny" else answer.allow)
    seen: dict[str, Any] = {
        "decision": answer.effect,
        "rule": answer.rule,
        "kind": answer.by,
        "also": sorted(fired - {answer.rule}),
        "reason": answer.reason,
        "missing": list(answer.missing),
        "shadow": list(answer.shadow),
        "obligations": dict(answer.obligations),
    }
    for field, wanted in expect.model_dump(exclude_none=True, exclude={"phase"}).items():
        if isinstance(wanted, list):
            wanted = sorted(wanted)  # noqa: PLW2901 - order has no meaning
        if field == "obligations":
            got: Any = {name: seen[field].get(name, "") for name in wanted}
        else:
            got = seen[field]
        if got != wanted:
            yield f"{field}: expected `{_shown(wanted)}`, got `{_shown(got)}`"


def _shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
