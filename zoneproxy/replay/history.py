"""What a log's decisions were taken on: the facts of each, whole again.

A `return` record holds only the facts of its own leg; here it is joined with the decision that admitted
its exchange. Private facts are there where the log's openings are. `rewalk` judges such a history again,
`turns` judges it under two versions of the policy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from zoneproxy.policy.bundle import Policy
from zoneproxy.replay.memo import Memo
from zoneproxy.replay.rewalk import Recorded, facts_of
from zoneproxy.terms.decision import Decision
from zoneproxy.terms.facts import FactValue
from zoneproxy.terms.phase import Phase


@dataclass(frozen=True, slots=True)
class Judged:
    """One recorded decision or return with everything that it was judged on.

    Attributes:
        index: the record's place in the log.
        kind: `decision` or `return`.
        flow: the exchange's id.
        ts: when it was recorded, milliseconds since 1970 UTC.
        verdict, reason, rule: what the record says came out.
        fault: whether a fault of ours decided; then its facts may be incomplete.
        phases: the legs that were judged, in their order.
        facts: everything known, also from the decision that a return belongs to.
        whole: False where private facts are withheld.
        digests: the policies that judged it.
    """

    index: int
    kind: str
    flow: str
    ts: int
    verdict: str
    reason: str
    rule: str
    fault: bool
    phases: tuple[Phase, ...]
    facts: Mapping[str, FactValue]
    whole: bool
    digests: tuple[str, ...]


def history(records: Iterable[Recorded]) -> Iterator[Judged]:
    """Yield every decision and return of a log, in its order; memory grows with open exchanges only.

    A return that no decision admitted is left out: `rewalk` names it.
    """
    admitted: dict[str, Judged] = {}
    for record in records:
        flow = str(record.body.get("flow"))
        if record.kind == "decision":
            judged = _judged(record, None)
            if judged.verdict == "allow":
                admitted[flow] = judged
            yield judged
        elif (before := admitted.pop(flow, None)) is not None and record.kind == "return":
            yield _judged(record, before)


def _judged(record: Recorded, before: Judged | None) -> Judged:
    body = record.body
    facts, whole = facts_of(record)
    if before is not None:
        facts, whole = {**before.facts, **facts}, before.whole  # a return has no private facts of its own
    return Judged(
        record.index,
        record.kind,
        str(body["flow"]),
        record.ts,
        str(body["verdict"]),
        str(body["reason"]),
        str(body["rule"]),
        body["by"] == "fault",
        tuple(phase for phase in Phase if phase.value in body["phases"]),
        facts,
        whole,
        before.digests if before else tuple(str(named["digest"]) for named in body["policy"]),
    )


def outcome(
    policies: Sequence[Policy],
    phases: Sequence[Phase],
    facts: Mapping[str, FactValue],
    memo: Memo | None = None,
) -> Decision:
    """Judge legs in their order and return the first denial, or else the last leg's decision."""
    memo = memo or Memo()
    decision = memo.judge(policies, phases[0], facts).decision
    for phase in phases[1:]:
        if not decision.allowed:
            break
        decision = memo.judge(policies, phase, facts).decision
    return decision
