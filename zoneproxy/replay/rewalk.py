"""Walk every decision again: the same judge, the archived policies, the recorded facts.

A recorded decision *agrees* if judging its facts again gives the same answer at every phase, with
everything that fired. It *differs* if not: then the record, the policy or the engine is not what it
claims to be. It is *withheld* if the answer can't be told: a private fact is missing that it needs, or
another version of the engine decided it.
What bundles that only watched would have said is derived again in the same way.
Decisions of a fault of ours can't be derived; they are accepted only as denials, and counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from zoneproxy.passage.shadow import differing, overlaid, shadow_body
from zoneproxy.policy.bundle import ENGINE, Policy
from zoneproxy.policy.bundle_flaws import BundleError
from zoneproxy.replay.memo import Memo
from zoneproxy.replay.unseen import Unseen
from zoneproxy.terms.decision import Decision
from zoneproxy.terms.errors import PolicyError, VerificationError
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
        known: the public facts in their domains, where somebody has read them already.
    """

    index: int
    kind: str
    body: Mapping[str, Any]
    private: Mapping[str, Any] | None
    ts: int = 0
    known: Mapping[str, FactValue] | None = None


UNREADABLE = (KeyError, PolicyError, BundleError, VerificationError)
"""What may be raised where an archived policy is gone, broken or changed."""

Before = tuple[Mapping[str, FactValue], bool, Sequence[str]]
"""What a return is judged on beside its own facts: those of its decision, whether they are whole, and the
digests of its policies; none where another engine decided."""


@dataclass
class Rewalk:
    """Walks a log's decisions again, in order; memory grows with open exchanges only.

    Args:
        load: returns the archived policy of a digest; raises KeyError where there is none.
    """

    load: Callable[[str], Policy]
    memo: Memo = field(default_factory=Memo)
    unseen: Unseen = field(init=False)
    _policies: dict[str, Policy | Exception] = field(default_factory=dict)
    # What an admitted exchange's return needs of its decision, until it ends.
    _open: dict[str, Before] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Judge without private facts by the same memory."""
        self.unseen = Unseen(self.memo)

    def walk(self, records: Iterable[Recorded]) -> Iterator[Step]:
        """Yield one step for each decision and each return, in the log's order."""
        for record in records:
            flow = str(record.body.get("flow"))
            if record.kind == "decision":
                step, before = self.decision(record)
                if before is not None:
                    self._open[flow] = before
                yield step
            elif record.kind == "return":
                yield self.ending(record, self._open.pop(flow, None))
            elif record.kind == "abort":
                self._open.pop(flow, None)

    def decision(self, record: Recorded) -> tuple[Step, Before | None]:
        """Walk a decision again; where it admits, return also what its end is judged on."""
        body = record.body
        facts, whole = facts_of(record)
        if body["eng"] != ENGINE:
            return _step(record, Walk.WITHHELD, "", _elsewhere(body["eng"])), (facts, whole, ())
        digests = [str(named["digest"]) for named in body["policy"]]
        try:
            policies = [self.policy(digest) for digest in digests]
        except UNREADABLE as error:
            return _step(record, Walk.DIFFERS, "", _unreadable(error)), (facts, whole, digests)
        before = (facts, whole, digests) if body["verdict"] == "allow" else None
        if body["by"] == "fault":
            return _fault(record), before
        return self._judge(record, facts, whole=whole, policies=policies), before

    def ending(self, record: Recorded, before: Before | None) -> Step:
        """Walk a return again."""
        if before is None:
            return _step(record, Walk.DIFFERS, "", "it ends an exchange that no decision admitted")
        if record.body["by"] == "fault":
            return _fault(record)
        facts, whole, digests = before
        if not digests:
            return _step(record, Walk.WITHHELD, "", "its decision was made by another engine")
        returned, _ = facts_of(record)
        try:
            policies = [self.policy(digest) for digest in digests]
        except UNREADABLE as error:
            return _step(record, Walk.DIFFERS, "", _unreadable(error))
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
        derived = needed = ""
        made: dict[Phase, Decision] = {}
        for name, recorded in phases.items():
            phase = _LEGS[name]
            answer = self.memo.judge(policies, phase, facts)
            made[phase], derived = answer.decision, answer.text
            if not whole and self.memo.asks_private(policies, phase):
                cases = self.unseen.cases(policies, phase, facts)
                if cases.complete and recorded not in cases.bodies:
                    why = f"phase {name} is decided otherwise, whatever the withheld facts were"
                    return _step(record, Walk.DIFFERS, derived, why)
                needed = needed if cases.certain else name  # another phase may differ for certain
                continue
            if answer.body == recorded:
                continue
            return _step(record, Walk.DIFFERS, derived, f"phase {name} is decided otherwise")
        if why := self._unlike(record, facts, policies) or _contradiction(body, phases):
            return _step(record, Walk.DIFFERS, derived, why)
        if needed:
            return _step(record, Walk.WITHHELD, derived, f"phase {needed} needs a withheld fact")
        why = self._shadows_differ(body, made, facts)
        if why:
            walk = Walk.DIFFERS if whole or "archive" in why else Walk.WITHHELD
            return _step(record, walk, derived, why)
        return _step(record, Walk.AGREES, derived)

    def _unlike(self, record: Recorded, facts: Mapping[str, FactValue], policies: Sequence[Policy]) -> str:
        """Say if an address that a workload's call might dial would be decided otherwise, or nothing.

        The decision speaks of the first; the rules must say the same of those that are tried after it.
        """
        if record.kind != "decision" or not record.private or not record.private.get("addresses"):
            return ""
        named = str(record.private["addresses"]).split()
        if not named:
            return ""
        leg = _LEGS[str(record.body["phase"])]
        if named[0] != facts.get("destination.address"):
            return "the first address that might be dialled is not the one that was judged"
        for address in named[1:]:
            asked = from_json("destination.address", address)
            other = {**facts, "destination.address": asked} if asked is not None else {}
            if self.memo.judge(policies, leg, other).body != record.body["phases"][leg.value]:
                return "another address that might be dialled is decided otherwise"
        return ""

    def _shadows_differ(
        self, body: Mapping[str, Any], made: Mapping[Phase, Decision], facts: Mapping[str, FactValue]
    ) -> str:
        """Say how what watching bundles said differs from what they say again, or nothing."""
        try:
            same = self._same_shadows(body, made, facts)
        except UNREADABLE as error:
            return f"of a shadow that watched: {_unreadable(error)}"
        return "" if same else "what a shadow bundle would have said is derived otherwise"

    def _same_shadows(
        self, body: Mapping[str, Any], made: Mapping[Phase, Decision], facts: Mapping[str, FactValue]
    ) -> bool:
        """Derive again what the bundles that only watched would have said."""
        if not _watching(body) or body["shadow"]["fault"]:
            return True
        seen = {one["layer"]: one for one in body["shadow"]["seen"]}
        for named in _watching(body):
            policy = self.policy(str(named["digest"]))
            one = seen.pop(policy.layer, {"facts": {}, "absent": [], "phases": {}})
            changed = {name: from_json(name, value) for name, value in one["facts"].items()}
            known = overlaid(facts, {**changed, **dict.fromkeys(one["absent"])})
            derived = {
                phase.value: shadow_body(answer)
                for phase, decision in made.items()
                if (answer := differing(policy, phase, known, decision.layers)) is not None
            }
            if derived != one["phases"]:
                return False
        return not seen

    def policy(self, digest: str) -> Policy:
        """Return an archived policy; raises one of `UNREADABLE`, each time, where there is none."""
        if digest not in self._policies:
            try:
                self._policies[digest] = self.load(digest)
            except UNREADABLE as error:
                self._policies[digest] = error
        found = self._policies[digest]
        if isinstance(found, Policy):
            return found
        # Without this each raise would add to what the error holds, and a whole log is walked through it.
        raise found.with_traceback(None)


def _unreadable(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"the policy {error.args[0]} is not in the archive"
    return f"the archived policy is broken: {error}"


def _elsewhere(engine: object) -> str:
    return f"engine {engine} decided it, and this release has engine {ENGINE}: replay it with one that has"


def _watching(body: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return body["shadow"]["policy"] if "shadow" in body else ()


_LEGS = {phase.value: phase for phase in Phase}
_SAME = (("effect", "verdict"), ("by", "by"), ("reason", "reason"), ("rule", "rule"))


def _contradiction(body: Mapping[str, Any], phases: Mapping[str, Any]) -> str:
    """Say where a record's verdict is not what its own phases say, or nothing."""
    last = phases.get(str(body["phase"]))
    if last is None or any(last[key] != body[name] for key, name in _SAME):
        return "the verdict is not that of its last phase"
    if body["verdict"] == "allow":
        if phases.keys() != _due(body):
            return "it was admitted without judging every phase"
        if any(one["effect"] != "allow" for one in phases.values()):
            return "it was admitted although a phase denies"
        if body["findings"] and "mask" in body["oblig"] and not body.get("masked"):
            return "what was found was to be masked, and nothing was"
    return ""


def _due(body: Mapping[str, Any]) -> set[str]:
    if body["phase"] == Phase.RETURN.value:
        return {Phase.RETURN.value}
    if body.get("kind") == "outward":
        return {Phase.PROCESS.value}
    return {Phase.COLLECT.value, Phase.PROCESS.value}


def facts_of(record: Recorded) -> tuple[dict[str, FactValue], bool]:
    """Read a record's facts; the second value is False where private ones are withheld."""
    private = {k: v for k, v in (record.private or {}).items() if v is not None and k in VOCABULARY}
    facts = dict(record.known or {})
    named = private if record.known is not None else {**record.body["facts"], **private}
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
