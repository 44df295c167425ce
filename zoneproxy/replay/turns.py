"""What another version of the policy would have made of what was recorded.

The facts of every recorded decision go through both versions, and those whose outcome turns are grouped
by the rule that decided then and the rule that would decide now. What a policy provides itself (a
tenant's chain, what is known of a model) is asked of each version anew, at the time of the record.
What can't be replayed: what other detectors would have *found* (the findings are recorded, the text is
not), and a model that was not registered (its name is not recorded).

A record whose private facts are withheld can't be told where one of the versions asks for a private
fact; it is counted and never taken for unchanged.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from zoneproxy.passage.shadow import overlaid
from zoneproxy.policy.bundle import Policy
from zoneproxy.policy.chains import CHAIN_FACTS, action_facts, authorization_facts, model_facts
from zoneproxy.replay.history import Judged, outcome
from zoneproxy.replay.memo import Memo
from zoneproxy.terms.decision import Decision
from zoneproxy.terms.facts import FactValue
from zoneproxy.terms.phase import Phase

TurnKind = Literal["newly_allowed", "newly_denied"]


@dataclass(frozen=True, slots=True)
class Turn:
    """Records that turn in the same way.

    Attributes:
        kind: what the new version does.
        old, new: the deciding rule under each version, or the reason's code where no rule decided.
        phase: the leg that denies, under the version that denies.
        indexes: the records' places in the log, in its order.
    """

    kind: TurnKind
    old: str
    new: str
    phase: Phase
    indexes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two versions over one history.

    Attributes:
        turns: what changes, the largest group first; newly allowed before newly denied.
        judged: how many records were judged under both.
        withheld: how many can't be told, for want of private facts.
        faults: how many a fault of ours had decided, which no policy changes.
    """

    turns: tuple[Turn, ...]
    judged: int
    withheld: int
    faults: int


def compare_over(history: Iterable[Judged], old: Sequence[Policy], new: Sequence[Policy]) -> Comparison:
    """Judge a history under two versions.

    Args:
        history: recorded decisions (see `zoneproxy.replay.history`).
        old: the layers of the version that is replaced, judged together.
        new: those of the version that replaces it.
    """
    memo = Memo()
    private = {phase for phase in Phase if memo.asks_private([*old, *new], phase)}
    groups: dict[tuple[TurnKind, str, str, Phase], list[int]] = {}
    judged = withheld = faults = 0
    for record in history:
        if record.fault:
            faults += 1
        elif not record.whole and private.intersection(record.phases):
            withheld += 1
        else:
            judged += 1
            before, after = _outcome(old, record, memo), _outcome(new, record, memo)
            if before.effect == after.effect:
                continue
            kind: TurnKind = "newly_allowed" if after.allowed else "newly_denied"
            denying = before if after.allowed else after
            key = (kind, _decider(before), _decider(after), denying.phase)
            groups.setdefault(key, []).append(record.index)
    turns = [Turn(*key, tuple(indexes)) for key, indexes in groups.items()]
    turns.sort(key=lambda turn: (turn.kind, -len(turn.indexes), turn.old, turn.new))
    return Comparison(tuple(turns), judged, withheld, faults)


def _outcome(policies: Sequence[Policy], record: Judged, memo: Memo) -> Decision:
    return outcome(policies, record.phases, overlaid(record.facts, provided(policies, record)), memo)


def provided(policies: Sequence[Policy], record: Judged) -> dict[str, FactValue | None]:
    """Return the facts that this version itself would have provided, where they had been asked for.

    `None` stands for a fact that it would not have provided.
    """
    operator = next((policy for policy in policies if policy.layer == "operator"), None)
    tenant, model = record.facts.get("tenant.id"), record.facts.get("model.id")
    if operator is None or not isinstance(tenant, str):
        return {}
    facts: dict[str, FactValue | None] = {}
    if "tenant.authorization" in record.facts:
        facts |= dict.fromkeys(CHAIN_FACTS)
        facts |= authorization_facts(operator, tenant, record.ts, record.facts.get("tenant.market"))
    if isinstance(purpose := record.facts.get("purpose"), str) and "purpose.granted" in record.facts:
        facts |= action_facts(operator, tenant, purpose)
    if isinstance(model, str):
        facts |= model_facts(operator, model, tenant)
    return facts


def _decider(decision: Decision) -> str:
    return decision.rule or decision.reason
