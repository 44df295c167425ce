"""What another policy would have decided, record by record, while a log is walked again.

Each recorded decision and return is judged under the other policy: its layers stand in the place of the
archived ones of the same name, the rest of that day's layers stay. What a policy provides itself (a tenant's
chain, what is known of a model) is asked of the other one anew, at the time of the record. As in
`zoneproxy.replay.turns`, what can't be told for want of a private fact is counted and never taken for
unchanged, and what a fault of ours had decided no policy changes.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field

from zoneproxy.passage.shadow import overlaid
from zoneproxy.policy.bundle import Policy
from zoneproxy.replay.history import Judged, outcome
from zoneproxy.replay.rewalk import UNREADABLE, Before, Recorded, Rewalk, facts_of
from zoneproxy.replay.turns import Comparison, Turn, TurnKind, provided
from zoneproxy.terms.phase import Phase

_Key = tuple[TurnKind, str, str, Phase]


@dataclass(slots=True)
class WhatIf:
    """What has turned so far: indexes of records by what they turn to, and why."""

    groups: dict[_Key, array[int]] = field(default_factory=dict)
    judged: int = 0
    withheld: int = 0
    faults: int = 0

    def look(self, record: Recorded, before: Before | None, rewalk: Rewalk, others: Sequence[Policy]) -> None:
        """Judge one record under the other policies.

        Args:
            record: a decision or a return.
            before: of a return, what it was judged on of its decision.
            rewalk: gives the archived policies, and remembers answers.
            others: the other policies.
        """
        body = record.body
        if body["by"] == "fault":
            self.faults += 1
            return
        facts, whole = facts_of(record)
        if record.kind == "decision":
            digests: Sequence[str] = [str(named["digest"]) for named in body["policy"]]
        elif before is not None:
            facts, whole, digests = {**before[0], **facts}, before[1], before[2]
        try:
            policies = _replaced([rewalk.policy(digest) for digest in digests], others)
        except UNREADABLE:
            self.withheld += 1
            return
        phases = tuple(phase for phase in Phase if phase.value in body["phases"])
        if not whole and any(rewalk.memo.asks_private(policies, phase) for phase in phases):
            self.withheld += 1
            return
        self.judged += 1
        judged = Judged(
            record.index, record.kind, "", record.ts, "", "", "", fault=False, phases=phases,
            facts=facts, whole=whole, digests=tuple(digests),
        )  # fmt: skip
        after = outcome(policies, phases, overlaid(facts, provided(policies, judged)), rewalk.memo)
        if after.effect == body["verdict"]:
            return
        kind: TurnKind = "newly_allowed" if after.allowed else "newly_denied"
        phase = Phase(body["phase"]) if after.allowed else after.phase
        key = (kind, str(body["rule"] or body["reason"]), after.rule or after.reason, phase)
        self.groups.setdefault(key, array("q")).append(record.index)

    def join(self, later: WhatIf) -> None:
        """Take in what turned in a later part."""
        for key, indexes in later.groups.items():
            self.groups.setdefault(key, array("q")).extend(indexes)
        self.judged += later.judged
        self.withheld += later.withheld
        self.faults += later.faults

    def comparison(self) -> Comparison:
        """Return what turned, newly allowed first, the largest group first."""
        turns = [Turn(*key, tuple(sorted(indexes))) for key, indexes in self.groups.items()]
        turns.sort(key=lambda turn: (turn.kind, -len(turn.indexes), turn.old, turn.new, turn.phase.order))
        return Comparison(tuple(turns), self.judged, self.withheld, self.faults)


def _replaced(archived: Sequence[Policy], others: Sequence[Policy]) -> list[Policy]:
    """Put the other policies in the places of their layers, each where it stood, further ones behind."""
    by_layer = {policy.layer: policy for policy in others}
    made = [by_layer.pop(policy.layer, policy) for policy in archived]
    return made + list(by_layer.values())
