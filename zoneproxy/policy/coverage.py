"""How much of a policy its tests have seen.

A rule is covered when a case made it fire: a rule that nothing can make fire looks just like one that
passes. A leaf (one question to one fact) is covered when it was seen both True and False.
"""

from __future__ import annotations

from dataclasses import dataclass

from zoneproxy.policy.bundle import CompiledRule
from zoneproxy.policy.cases import Suite
from zoneproxy.policy.compile import Condition, Leaf, leaves
from zoneproxy.policy.match import Kleene, matcher
from zoneproxy.policy.read import show_path


@dataclass(frozen=True, slots=True)
class Coverage:
    """What was seen.

    Attributes:
        rules, rules_seen: all rules, and how many fired.
        leaves, leaves_seen: all leaves, and how many were seen both True and False.
        missed: what was not seen, in words, in the order of the file.
    """

    rules: int
    rules_seen: int
    leaves: int
    leaves_seen: int
    missed: tuple[str, ...]

    @property
    def rules_percent(self) -> float:
        """Share of the rules that fired, in percent."""
        return 100 * self.rules_seen / self.rules if self.rules else 100.0

    @property
    def leaves_percent(self) -> float:
        """Share of the leaves that were seen both ways, in percent."""
        return 100 * self.leaves_seen / self.leaves if self.leaves else 100.0


def measure(suite: Suite) -> Coverage:
    """Run a suite's cases once more, watching every rule and every leaf."""
    missed: list[str] = []
    rules = rules_seen = questions = questions_seen = 0
    for policy in suite.policies:
        for rule in policy.rules:
            fired, answers = _watch(rule, suite)
            rules += 1
            rules_seen += fired
            if not fired:
                missed.append(f"{policy.file}:{rule.line}: the rule `{rule.id}` never fired")
            for leaf in leaves(rule.condition):
                seen = answers.get(leaf.path, set())
                questions += 1
                questions_seen += {True, False} <= seen
                unseen = [word for word, value in (("true", True), ("false", False)) if value not in seen]
                if unseen:
                    place = show_path(leaf.path)
                    missed.append(
                        f"{policy.file}:{rule.line}: `{rule.id}`: {place} was never {' nor '.join(unseen)}"
                    )
    return Coverage(rules, rules_seen, questions, questions_seen, tuple(missed))


def _watch(rule: CompiledRule, suite: Suite) -> tuple[bool, dict[tuple[str | int, ...], set[Kleene]]]:
    answers: dict[tuple[str | int, ...], set[Kleene]] = {}

    def note(part: Condition, answer: Kleene) -> None:
        if isinstance(part, Leaf):
            answers.setdefault(part.path, set()).add(answer)

    match = matcher(rule.condition, note)
    fired = False
    for case in suite.cases:
        if case.phase in rule.phases and not case.skip:
            answer = match(case.facts.get)
            fired = fired or answer is True
    return fired, answers
