"""The judge, asked once for each different question.

`judge` is a pure function of the policies, the leg and the facts. What it answers depends on the facts that
it looked at, in their domains, and on no other: so an answer is kept under the values of all facts that it
has ever looked at for these policies and this leg, and given again where they are the same. If a question
makes it look at a fact that it had not looked at before, what was kept is forgotten, for that fact was not
part of the key. Nothing is assumed about which facts a rule needs; it is watched.
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from zoneproxy.passage.judge import judge
from zoneproxy.passage.record import phase_body
from zoneproxy.policy.bundle import Policy
from zoneproxy.policy.compile import leaves
from zoneproxy.terms.decision import Decision
from zoneproxy.terms.facts import VOCABULARY, FactSheet, FactValue
from zoneproxy.terms.phase import Phase

MOST_ANSWERS = 20_000
"""So many answers are kept for each leg and set of policies; then keeping begins anew."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the judge said: the decision, its record as JSON values, and `effect reason rule`."""

    decision: Decision
    body: Mapping[str, Any]
    text: str


@dataclass(slots=True)
class _Table:
    policies: Sequence[Policy]  # held, so that no other policy comes to stand at the same place in memory
    asked: tuple[str, ...]
    answers: dict[tuple[object, ...], Answer] = field(default_factory=dict)


class Memo:
    """Judges, remembering."""

    def __init__(self) -> None:
        self._tables: dict[tuple[object, ...], _Table] = {}
        self._private: dict[tuple[object, ...], tuple[Sequence[Policy], bool]] = {}

    def asks_private(self, policies: Sequence[Policy], phase: Phase) -> bool:
        """Tell whether some rule asks for a private fact in this leg."""
        key = (phase, *map(id, policies))
        known = self._private.get(key)
        if known is None:
            known = self._private[key] = (tuple(policies), asks_private(policies, phase))
        return known[1]

    def judge(self, policies: Sequence[Policy], phase: Phase, facts: Mapping[str, FactValue]) -> Answer:
        """Judge as `zoneproxy.passage.judge.judge` does.

        Args:
            policies: the layers, judged together.
            phase: the leg.
            facts: values in their domains, as `from_json` gives them: none is `None`, which stands for a
                fact that is absent.
        """
        key = (phase, *map(id, policies))
        table = self._tables.get(key)
        if table is None:
            required = {name for policy in policies for name in policy.plans[phase].required}
            table = self._tables[key] = _Table(tuple(policies), tuple(sorted(required)))
        answer = table.answers.get(tuple(map(facts.get, table.asked)))
        return self._ask(table, policies, phase, facts) if answer is None else answer

    def question(
        self, policies: Sequence[Policy], phase: Phase, facts: Mapping[str, FactValue]
    ) -> tuple[object, ...]:
        """Return what tells this question from others: the same one has the same answer."""
        self.judge(policies, phase, facts)
        key = (phase, *map(id, policies))
        return (*key, *[(name, facts.get(name)) for name in self._tables[key].asked])

    def _ask(
        self, table: _Table, policies: Sequence[Policy], phase: Phase, facts: Mapping[str, FactValue]
    ) -> Answer:
        watched = _WatchedFacts(facts)
        decision = judge(policies, phase, watched)
        text = f"{decision.effect} {decision.reason} {decision.rule}".strip()
        answer = Answer(decision, phase_body(decision), text)
        if not watched.asked <= set(table.asked) or len(table.answers) >= MOST_ANSWERS:
            table.asked = tuple(sorted(watched.asked | set(table.asked)))
            table.answers.clear()
        table.answers[tuple(map(facts.get, table.asked))] = answer
        return answer


def asks_private(policies: Sequence[Policy], phase: Phase) -> bool:
    """Tell whether some rule asks for a private fact in this leg."""
    asked: set[str] = set()
    for policy in policies:
        plan = policy.plans[phase]
        asked |= plan.required
        conditions = [rule.condition for _, rule in (*plan.denies, *plan.allows)]
        conditions += [invariant.breach for _, invariant in plan.invariants]
        asked |= {leaf.fact for condition in conditions for leaf in leaves(condition)}
    return any(VOCABULARY[name].private for name in asked)


class _WatchedFacts(FactSheet):
    """Facts that note which of them were looked at."""

    def __init__(self, facts: Mapping[str, FactValue]) -> None:
        super().__init__()
        self._values = dict(facts)
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> FactValue:
        self.asked.add(name)
        return self._values[name]

    def get(self, name: str, default: Any = None) -> Any:
        self.asked.add(name)
        return self._values.get(name, default)

    def __iter__(self) -> Iterator[str]:
        self.asked |= VOCABULARY.keys()
        return iter(self._values)

    def snapshot(self) -> dict[str, FactValue]:
        return _WatchedSnapshot(self._values, self.asked)


class _WatchedSnapshot(dict[str, FactValue]):
    """The same for rules, which take a plain dictionary.

    They go over all names only to see whether those that the policy requires are there; the required ones
    are part of every key.
    """

    def __init__(self, values: Mapping[str, FactValue], asked: set[str]) -> None:
        super().__init__(values)
        self._asked = asked

    def get(self, name: str, default: Any = None) -> Any:
        self._asked.add(name)
        return super().get(name, default)

    def __getitem__(self, name: str) -> FactValue:
        self._asked.add(name)
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        self._asked.add(str(name))
        return super().__contains__(name)

    def items(self) -> ItemsView[str, FactValue]:  # type: ignore[override]  # what is gone over is noted
        self._asked |= VOCABULARY.keys()
        return super().items()
