"""Run the tests of a policy: facts in, the exact rule out. Their file format is in `casefile`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from zoneproxy.policy.bundle import Policy
from zoneproxy.policy.casefile import Requirements
from zoneproxy.policy.corpus import CorpusCase
from zoneproxy.policy.decide import decide_layer
from zoneproxy.policy.expectation import Expectation, differences
from zoneproxy.policy.wirefile import WireCase
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
    """A test file, linked to its policies.

    Attributes:
        file: name for messages.
        policies: the layers under test.
        cases: tests of facts.
        require: coverage below which a run fails.
        now_ms: the moment of the tests, milliseconds since 1970 UTC.
        wires: exchanges to be sent through a real boundary.
        corpora: corpora to be counted.
    """

    file: str
    policies: tuple[Policy, ...]
    cases: tuple[Case, ...]
    require: Requirements
    now_ms: int = 0
    wires: tuple[WireCase, ...] = ()
    corpora: tuple[CorpusCase, ...] = ()


def run(suite: Suite) -> tuple[Outcome, ...]:
    """Judge every case that is not skipped."""
    return tuple(run_case(case, suite.policies) for case in suite.cases if not case.skip)


def run_case(case: Case, policies: Sequence[Policy]) -> Outcome:
    """Judge one case."""
    answers = tuple(decide_layer(policy, case.phase, case.facts) for policy in policies)
    return Outcome(case, answers, tuple(differences(case.expect, joint(answers))))


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
