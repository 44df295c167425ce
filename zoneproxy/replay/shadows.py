"""What bundles and rules that only watched would have changed, from the records alone.

A shadow bundle takes the place of its layer. An exchange is *newly denied* where every layer let it go on
and the shadow would not have; *newly allowed* where its layer denied, the shadow would not have, and no
other layer or shadow denies at that phase. What the shadow would have said at a later phase, which was never
reached, is not known. Otherwise, where the effect is the same but another rule decides, it is *decided by
another rule*. Shadow rules inside the policies in force are counted by how often they fired.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from zoneproxy.replay.rewalk import Recorded

ShiftKind = Literal["newly_allowed", "newly_denied", "other_rule"]


@dataclass(frozen=True, slots=True)
class Shift:
    """Records that a shadow bundle would have decided otherwise, in the same way.

    Attributes:
        digest: the shadow bundle's.
        layer: whose place it takes.
        kind: what it would have done.
        phase: the leg at which it differs.
        old, new: the deciding rule in force and in the shadow, or what decided where no rule did.
        indexes: the records' places in the log, in its order.
    """

    digest: str
    layer: str
    kind: ShiftKind
    phase: str
    old: str
    new: str
    indexes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ShadowReport:
    """What was found in a log.

    Attributes:
        shifts: what would have changed, newly allowed first, then the largest group.
        watched: how many records each shadow bundle watched, by digest.
        faults: how many records say that the watching itself failed.
        rules: how often each shadow rule of a policy in force fired, by rule, then by the phase's effect.
    """

    shifts: tuple[Shift, ...]
    watched: Mapping[str, int]
    faults: int
    rules: Mapping[str, Mapping[str, int]]


def report(records: Iterable[Recorded]) -> ShadowReport:
    """Sum up what watched in a log's records."""
    groups: dict[tuple[str, str, ShiftKind, str, str, str], list[int]] = {}
    watched: Counter[str] = Counter()
    rules: dict[str, Counter[str]] = {}
    faults = 0
    for record in records:
        if record.kind not in ("decision", "return"):
            continue
        for phase in record.body["phases"].values():
            for name in {name for layer in phase["layers"] for name in layer["shadow"]}:
                rules.setdefault(name, Counter())[phase["effect"]] += 1
        shadow = record.body.get("shadow")
        if shadow is None:
            continue
        if shadow["fault"]:
            faults += 1
            continue
        watched.update(named["digest"] for named in shadow["policy"])
        digests = {named["layer"]: named["digest"] for named in shadow["policy"]}
        for layer, phase, kind, old, new in _shifts(record.body):
            groups.setdefault((digests[layer], layer, kind, phase, old, new), []).append(record.index)
    shifts = [Shift(*key[:2], key[2], *key[3:], tuple(indexes)) for key, indexes in groups.items()]
    shifts.sort(key=lambda shift: (shift.kind, -len(shift.indexes), shift.phase, shift.old, shift.new))
    return ShadowReport(tuple(shifts), watched, faults, rules)


def _shifts(body: Mapping[str, Any]) -> Iterable[tuple[str, str, ShiftKind, str, str]]:
    """Yield layer, phase, kind and both deciders of everything in which the shadows of a record differ."""
    seen = {one["layer"]: one["phases"] for one in body["shadow"]["seen"]}
    for phase, made in body["phases"].items():
        effects = {layer["layer"]: layer["effect"] for layer in made["layers"]}
        effects |= {layer: phases[phase]["effect"] for layer, phases in seen.items() if phase in phases}
        would = "allow" if all(effect == "allow" for effect in effects.values()) else "deny"
        for layer in made["layers"]:
            answer = seen.get(layer["layer"], {}).get(phase)
            if answer is None:
                continue
            kind: ShiftKind = "other_rule"
            if would != made["effect"] and answer["effect"] == would != layer["effect"]:
                kind = "newly_allowed" if would == "allow" else "newly_denied"
            yield layer["layer"], phase, kind, _decider(layer), _decider(answer)


def _decider(answer: Mapping[str, Any]) -> str:
    return str(answer["rule"] or answer["by"])
