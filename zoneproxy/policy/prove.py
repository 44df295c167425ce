"""Prove what no test can show: that a policy holds its invariants for all facts there can be.

For each phase the rules become diagrams over the cells of their facts (see `cells`). An invariant is
proved when no combination of cells is allowed by every layer and breaks it; otherwise the counterexample
is turned back into facts and asked of the real evaluator, so that a reported one is never spurious.
Invariants are proved of the rules alone: that they are also checked after each allow is a second net,
not a part of the proof.

Every invariant is proved over the *whole flow* too: a customer's exchange (`exchange.kind: serve`) that
collect, process and return all let through. There a rule of one phase may rest on what another phase
has made sure of; an invariant with `scope: flow` is proved there only. One value for each fact is enough
for all three phases, although a fact may become known only after an earlier phase was judged: what is
allowed on fewer facts is allowed on more, so the flows of the model are all that there can be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from zoneproxy.policy.bdd import EMPTY
from zoneproxy.policy.bundle import CompiledInvariant, CompiledRule, PhasePlan, Policy
from zoneproxy.policy.cells import Space
from zoneproxy.policy.compile import Condition, Leaf
from zoneproxy.policy.decide import decide_layer
from zoneproxy.terms.facts import FactValue, known_in
from zoneproxy.terms.phase import Phase

Flow = Literal["flow"]
FLOW: Flow = "flow"
_SERVED = Leaf("exchange.kind", "eq", "serve")


@dataclass(frozen=True, slots=True)
class InvariantProof:
    """One invariant at one phase or over the flow; `witness` is empty where it holds for all facts."""

    id: str
    phase: Phase | Flow
    claim: str
    holds: bool
    witness: Mapping[str, FactValue]
    allowed_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleNote:
    """Something about a rule: `dead` (can't fire) or `redundant` (others stop all that it stops)."""

    rule: str
    phase: Phase
    kind: str


@dataclass(frozen=True, slots=True)
class PhaseSize:
    """How large the space of one phase or of the flow is, and how much of it is allowed."""

    phase: Phase | Flow
    facts: int
    cells: int
    allowed: int
    nodes: int


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was proved, and what was not."""

    proofs: tuple[InvariantProof, ...]
    notes: tuple[RuleNote, ...]
    sizes: tuple[PhaseSize, ...]
    shared: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether every invariant is proved."""
        return all(proof.holds for proof in self.proofs)


class PhaseModel:
    """One phase of one or more bundles in a common space.

    Args:
        bundles: sets of policies that are judged together; each is enforced as a whole.
        phase: the leg.
        space: the cells to be used; those that this phase needs where not given.
    """

    def __init__(self, bundles: Sequence[Sequence[Policy]], phase: Phase, space: Space | None = None) -> None:
        self.phase = phase
        self.space = space or _space([policy.plans[phase] for bundle in bundles for policy in bundle])

    def denies(self, policy: Policy) -> dict[str, int]:
        """Return where each deny rule of a policy fires: True or unknown."""
        return {rule.id: self.space.possible(rule.condition) for _, rule in policy.plans[self.phase].denies}

    def allows(self, policy: Policy) -> dict[str, int]:
        """Return where each allow rule of a policy fires: True."""
        return {rule.id: self.space.certain(rule.condition) for _, rule in policy.plans[self.phase].allows}

    def present(self, policy: Policy) -> int:
        """Return where all facts that a policy requires are known."""
        return self.space.bdd.all(
            self.space.known(name) for name in sorted(policy.plans[self.phase].required)
        )

    def by_rules(self, bundle: Sequence[Policy]) -> int:
        """Return what the rules of a bundle allow, before invariants are asked."""
        bdd = self.space.bdd
        layers = [
            bdd.all(
                (
                    self.present(policy),
                    bdd.any(self.allows(policy).values()),
                    bdd.negate(bdd.any(self.denies(policy).values())),
                )
            )
            for policy in bundle
        ]
        return bdd.all((self.space.valid, *layers))

    def allowed(self, bundle: Sequence[Policy]) -> int:
        """Return what a bundle allows, invariants and all."""
        bdd = self.space.bdd
        kept = [
            self.space.answers(invariant.breach)[1]
            for policy in bundle
            for _, invariant in policy.plans[self.phase].invariants
        ]
        return bdd.all((self.by_rules(bundle), *kept))


def _space(plans: Sequence[PhasePlan], also: Sequence[Condition] = ()) -> Space:
    conditions = [*also]
    conditions += [
        part.condition for plan in plans for table in (plan.denies, plan.allows) for _, part in table
    ]
    conditions += [part.breach for plan in plans for _, part in plan.invariants]
    return Space(conditions, sorted({name for plan in plans for name in plan.required}))


def prove(policies: Sequence[Policy]) -> Report:
    """Prove the invariants of a bundle, phase by phase and over the flow; find dead and redundant rules.

    Args:
        policies: the enforced layers that are judged together, or a single one.
    """
    proofs: list[InvariantProof] = []
    notes: list[RuleNote] = []
    sizes: list[PhaseSize] = []
    for phase in Phase:
        model = PhaseModel([policies], phase)
        allowed = model.by_rules(policies)
        asked = [inv for policy in policies for _, inv in policy.plans[phase].invariants if not inv.flow]
        proofs += [_proof(model.space, policies, invariant, phase, allowed) for invariant in asked]
        notes += _notes(model, policies)
        sizes.append(_size(phase, model.space, allowed))
    space, passing = _flow(policies)
    # Where no flow passes, what holds phase by phase is not said to hold of flows too.
    asked = [inv for policy in policies for inv in policy.invariants if inv.flow or passing != EMPTY]
    proofs += [_proof(space, policies, invariant, FLOW, passing) for invariant in asked]
    sizes.append(_size(FLOW, space, passing))
    return Report(tuple(proofs), tuple(notes), tuple(sizes), tuple(_shared(policies)))


def _flow(policies: Sequence[Policy]) -> tuple[Space, int]:
    """Return the space of all three phases, and the served exchanges that the rules of all let through."""
    plans = [policy.plans[phase] for policy in policies for phase in Phase]
    space = _space(plans, [_SERVED])
    legs = [PhaseModel([policies], phase, space).by_rules(policies) for phase in Phase]
    return space, space.bdd.all((space.certain(_SERVED), *legs))


def _size(phase: Phase | Flow, space: Space, allowed: int) -> PhaseSize:
    facts = len(space.domains) + len(space.names)
    return PhaseSize(phase, facts, space.size, space.count(allowed), len(space.bdd))


def _proof(
    space: Space, policies: Sequence[Policy], invariant: CompiledInvariant, phase: Phase | Flow, allowed: int
) -> InvariantProof:
    witness = space.witness(space.bdd.both(allowed, space.possible(invariant.breach)))
    if witness is None:
        return InvariantProof(invariant.id, phase, invariant.claim, holds=True, witness={})
    legs = list(Phase) if phase == FLOW else [Phase(phase)]
    answers = [decide_layer(policy, leg, known_in(leg, witness)) for leg in legs for policy in policies]
    if any(answer.effect == "deny" and answer.by != "invariant" for answer in answers):
        raise RuntimeError(f"prover and evaluator differ on {invariant.id}: {witness}")
    fired = tuple(dict.fromkeys(rule for answer in answers for rule in answer.allow))
    return InvariantProof(
        invariant.id, phase, invariant.claim, holds=False, witness=witness, allowed_by=fired
    )


def _notes(model: PhaseModel, policies: Sequence[Policy]) -> Iterator[RuleNote]:
    bdd, valid = model.space.bdd, model.space.valid
    for policy in policies:
        denies = model.denies(policy)
        some = bdd.any(model.allows(policy).values())
        for rule in _asked(policy, model.phase):
            if bdd.both(model.space.certain(rule.condition), valid) == EMPTY:
                yield RuleNote(rule.id, model.phase, "dead")
            elif rule.effect == "deny":
                others = bdd.any(node for name, node in denies.items() if name != rule.id)
                alone = bdd.all((denies[rule.id], some, bdd.negate(others), model.present(policy), valid))
                if alone == EMPTY:
                    yield RuleNote(rule.id, model.phase, "redundant")


def _asked(policy: Policy, phase: Phase) -> list[CompiledRule]:
    plan = policy.plans[phase]
    return [rule for _, rule in (*plan.denies, *plan.allows)]


def _shared(policies: Sequence[Policy]) -> Iterator[str]:
    """Name invariants that refer to a list which a rule refers to as well (ZP3001).

    When such a list is shortened, rule and invariant are weakened together, and the proof still holds.
    """
    used = {name for policy in policies for rule in policy.document.rules for name in _references(rule.when)}
    for policy in policies:
        for invariant in policy.document.invariants:
            own = _references(invariant.never_allow_when) | _references(invariant.allow_implies)
            for name in sorted(own & used):
                yield f"`{invariant.id}` shares the list `{name}` with the rules that it checks"


def _references(raw: Any) -> set[str]:
    if isinstance(raw, str):
        return {raw} if raw.startswith("$") else set()
    if isinstance(raw, dict):
        return {name for value in raw.values() for name in _references(value)}
    if isinstance(raw, list):
        return {name for value in raw for name in _references(value)}
    return set()
