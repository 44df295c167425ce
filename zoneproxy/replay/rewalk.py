"""Walk every decision again: the same judge, the archived policies, the recorded facts.

A recorded decision *agrees* if judging its facts again gives the same answer at every phase, with
everything that fired. It *differs* if not: then the record, the policy or the engine is not what it
claims to be. It is *withheld* if a private fact is missing, and without it the answer can't be told.
Decisions of a fault of ours can't be derived; they are accepted only as denials, and counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from zoneproxy.passage.judge import judge
from zoneproxy.passage.record import phase_body
from zoneproxy.policy.bundle import Policy
from zoneproxy.terms.errors import PolicyError
from zoneproxy.terms.facts import VOCABULARY, FactValue, from_json
from zoneproxy.terms.phase import Phase


class Walk(StrEnum):
    """What came of walking one record again."""

    AGREES = "agrees"
    DIFFERS = "differs"
    WITHHELD = "withheld"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Step:
    """One record walked again.

    Attributes:
        index: the record's place in the log.
        kind: `decision` or `return`.
        flow: the exchange's id.
        walk: what came of it.
        recorded, derived: `effect reason rule` as the record says, and as judged again.
        why: what differs or is missing, for people.
    """

    index: int
    kind: str
    flow: str
    walk: Walk
    recorded: str
    derived: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One entry as the walk needs it.

    Attributes:
        index: place in the log.
        kind: entry type.
        body: the public part.
        private: the opened private fields; `None` where they are withheld.
        ts: when it was recorded, milliseconds since 1970 UTC.
    """

    index: int
    kind: str
    body: Mapping[str, Any]
    private: Mapping[str, Any] | None
    ts: int = 0


@dataclass
class Rewalk:
    """Walks a log's decisions again, in order; memory grows with open exchanges only.

    Args:
        load: returns the archived policy of a digest; raises KeyError where there is none.
    """

    load: Callable[[str], Policy]
    _policies: dict[str, Policy] = field(default_factory=dict)
    # What an admitted exchange's return needs of its decision, until it ends.
    _open: dict[str, tuple[dict[str, FactValue], bool, Sequence[Policy]]] = field(default_factory=dict)

    def walk(self, records: Iterable[Recorded]) -> Iterator[Step]:
        """Yield one step for each decision and each return, in the log's order."""
        for record in records:
            if record.kind == "decision":
                yield self._decision(record)
            elif record.kind == "return":
                yield self._return(record)
            elif record.kind == "abort":
                self._open.pop(str(record.body.get("flow")), None)

    def _decision(self, record: Recorded) -> Step:
        body = record.body
        flow = str(body["flow"])
        facts, whole = facts_of(record)
        try:
            policies = [self._policy(str(named["digest"])) for named in body["policy"]]
        except (KeyError, PolicyError) as error:
            return _step(record, Walk.DIFFERS, "", f"the archived policy is missing or broken: {error}")
        if body["verdict"] == "allow":
            self._open[flow] = (facts, whole, policies)
        if body["by"] == "fault":
            return _fault(record)
        return self._judge(record, facts, whole=whole, policies=policies)

    def _return(self, record: Recorded) -> Step:
        body = record.body
        before = self._open.pop(str(body["flow"]), None)
        if before is None:
            return _step(record, Walk.DIFFERS, "", "it ends an exchange that no decision admitted")
        if body["by"] == "fault":
            return _fault(record)
        facts, whole, policies = before
        returned, _ = facts_of(record)
        return self._judge(record, {**facts, **returned}, whole=whole, policies=policies)

    def _judge(
        self,
        record: Recorded,
        facts: Mapping[str, FactValue],
        *,
        whole: bool,
        policies: Sequence[Policy],
    ) -> Step:
        body = record.body
        phases: Mapping[str, Any] = body["phases"]
        derived = ""
        for name, recorded in phases.items():
            decision = judge(policies, Phase(name), facts)
            derived = f"{decision.effect} {decision.reason} {decision.rule}".strip()
            if phase_body(decision) == recorded:
                continue
            if not whole:
                return _step(record, Walk.WITHHELD, derived, f"phase {name} needs a withheld fact")
            return _step(record, Walk.DIFFERS, derived, f"phase {name} is decided otherwise")
        last = phases.get(str(body["phase"]))
        if last is None or any(last[key] != body[name] for key, name in _SAME):
            return _step(record, Walk.DIFFERS, derived, "the verdict is not that of its last phase")
        if body["verdict"] == "allow" and set(phases) != _due(body):
            return _step(record, Walk.DIFFERS, derived, "it was admitted without judging every phase")
        if any(p["effect"] != "allow" for p in phases.values()) and body["verdict"] == "allow":
            return _step(record, Walk.DIFFERS, derived, "it was admitted although a phase denies")
        return _step(record, Walk.AGREES, derived)

    def _policy(self, digest: str) -> Policy:
        if digest not in self._policies:
            self._policies[digest] = self.load(digest)
        return self._policies[digest]


_SAME = (("effect", "verdict"), ("by", "by"), ("reason", "reason"), ("rule", "rule"))


def _due(body: Mapping[str, Any]) -> set[str]:
    if body["phase"] == Phase.RETURN.value:
        return {Phase.RETURN.value}
    if body.get("kind") == "outward":
        return {Phase.PROCESS.value}
    return {Phase.COLLECT.value, Phase.PROCESS.value}


def facts_of(record: Recorded) -> tuple[dict[str, FactValue], bool]:
    """Read a record's facts; the second value is False where private ones are withheld."""
    facts: dict[str, FactValue] = {}
    private = record.private or {}
    named = {**record.body["facts"], **{k: v for k, v in private.items() if k in VOCABULARY}}
    for name, value in named.items():
        read = from_json(name, value)
        if read is not None:
            facts[name] = read
    return facts, record.private is not None


def _fault(record: Recorded) -> Step:
    """Accept a fault's record as a denial only."""
    denied = record.body["verdict"] == "deny"
    return _step(record, Walk.FAULT if denied else Walk.DIFFERS, "", "a fault may only deny")


def _step(record: Recorded, walk: Walk, derived: str, why: str = "") -> Step:
    body = record.body
    recorded = f"{body['verdict']} {body['reason']} {body['rule']}".strip()
    reason = why if walk in (Walk.DIFFERS, Walk.WITHHELD) else ""
    return Step(record.index, record.kind, str(body["flow"]), walk, recorded, derived, reason)
