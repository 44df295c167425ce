"""What a change of policy newly allows and newly denies, for all facts there can be.

Both versions are laid over one space of cells (see `cells`). Where they differ, each rule whose firing
the change took away or brought gives one witness, asked again of the real evaluator under both versions.
Two versions without a difference are equivalent: they answer alike whatever the facts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from zoneproxy.policy.bdd import EMPTY
from zoneproxy.policy.bundle import Policy
from zoneproxy.policy.cases import joint
from zoneproxy.policy.decide import decide_layer
from zoneproxy.policy.prove import PhaseModel
from zoneproxy.terms.decision import LayerDecision
from zoneproxy.terms.facts import FactValue
from zoneproxy.terms.phase import Phase

Kind = Literal["newly_allowed", "newly_denied"]


@dataclass(frozen=True, slots=True)
class Change:
    """One way in which two versions differ.

    Attributes:
        phase: the leg.
        kind: what the new version does.
        cells: how many combinations of cells are concerned.
        witness: facts that show it.
        old, new: the joint answers of both versions on the witness.
    """

    phase: Phase
    kind: Kind
    cells: int
    witness: Mapping[str, FactValue]
    old: LayerDecision
    new: LayerDecision


def compare(old: Sequence[Policy], new: Sequence[Policy]) -> tuple[Change, ...]:
    """Compare two versions of a bundle; empty means equivalent.

    Args:
        old: the enforced layers of the version that is replaced.
        new: those of the version that replaces it.
    """
    return tuple(change for phase in Phase for change in _phase(old, new, phase))


def equivalent(old: Sequence[Policy], new: Sequence[Policy]) -> bool:
    """Tell whether two versions allow exactly the same."""
    for phase in Phase:
        model = PhaseModel([old, new], phase)
        if model.allowed(old) != model.allowed(new):
            return False
    return True


def same_rules(old: Sequence[Policy], new: Sequence[Policy]) -> bool:
    """Tell whether two versions have the same invariants, and rules that allow exactly the same.

    Then every proof of the one is a proof of the other.
    """
    breaches = [[[one.breach for one in policy.invariants] for policy in version] for version in (old, new)]
    if breaches[0] != breaches[1]:
        return False
    for phase in Phase:
        model = PhaseModel([old, new], phase)
        if model.by_rules(old) != model.by_rules(new):
            return False
    return True


def _phase(old: Sequence[Policy], new: Sequence[Policy], phase: Phase) -> Iterator[Change]:
    model = PhaseModel([old, new], phase)
    before, after = model.allowed(old), model.allowed(new)
    bdd = model.space.bdd
    opened = bdd.both(after, bdd.negate(before))
    closed = bdd.both(before, bdd.negate(after))
    yield from _witnesses(model, "newly_allowed", opened, old, (old, new))
    yield from _witnesses(model, "newly_denied", closed, new, (old, new))


def _witnesses(
    model: PhaseModel,
    kind: Kind,
    region: int,
    denying: Sequence[Policy],
    versions: tuple[Sequence[Policy], Sequence[Policy]],
) -> Iterator[Change]:
    """Yield one witness for each rule of the denying version that stops something in the region."""
    bdd = model.space.bdd
    rules = sorted(pair for policy in denying for pair in model.denies(policy).items())
    for _, fires in [*rules, ("", bdd.negate(EMPTY))]:
        part = bdd.both(region, fires)
        witness = model.space.witness(part)
        if witness is None:
            continue
        old, new = (_answer(version, model.phase, witness) for version in versions)
        if (old.effect, new.effect) != (("deny", "allow") if kind == "newly_allowed" else ("allow", "deny")):
            raise RuntimeError(f"diff and evaluator differ in {model.phase}: {witness}")
        yield Change(model.phase, kind, model.space.count(part), witness, old, new)
        region = bdd.both(region, bdd.negate(part))


def _answer(policies: Sequence[Policy], phase: Phase, facts: Mapping[str, FactValue]) -> LayerDecision:
    return joint([decide_layer(policy, phase, facts) for policy in policies])
