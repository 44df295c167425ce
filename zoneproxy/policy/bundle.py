"""A policy ready to decide with.

`load` is the only way in: the proxy, the command line and the tests use the same one, so that what one
of them accepts, all accept. Who may use which model is data of the policy; `zoneproxy.policy.chains`
reads it as facts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from zoneproxy.policy.compile import ALWAYS, Compiler, Condition, Group, Names
from zoneproxy.policy.match import Guard, Matcher, guard, matcher
from zoneproxy.policy.model import Chain, Invariant, Model, PolicyDocument, Rule
from zoneproxy.policy.moment import moment_ms
from zoneproxy.policy.read import Source, read
from zoneproxy.policy.sections import check_sections, names_of
from zoneproxy.policy.validate import validate
from zoneproxy.terms.decision import LayerDecision
from zoneproxy.terms.errors import PolicyError, Problem
from zoneproxy.terms.phase import Phase

ENGINE = 1  # the version of the semantics; a record says under which one it was decided

LAYERS = ("regulator", "operator")


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule with its condition as a tree and as a closure."""

    id: str
    effect: str
    phases: tuple[Phase, ...]
    condition: Condition
    match: Matcher
    reason: str
    shadow: bool
    obligations: Mapping[str, str]
    line: int


@dataclass(frozen=True, slots=True)
class CompiledInvariant:
    """An invariant; `match` is False exactly where it certainly holds.

    Attributes:
        breach: the condition under which it is broken: what must never be, or the negation of what
            must be. Unknown counts as broken.
        flow: whether it speaks of the whole flow rather than of each of its phases.
    """

    id: str
    phases: tuple[Phase, ...]
    claim: str
    breach: Condition
    match: Matcher
    line: int
    flow: bool = False


@dataclass(frozen=True, slots=True)
class PhasePlan:
    """What one layer asks at one phase, ready to run.

    `guard` tells at one glance that most denials don't fire, `unguarded` are the others; `kept` and `unkept`
    are the same of invariants. `answers` keeps the allows that were given, by the rules that gave them: a few
    at most.
    """

    required: frozenset[str]
    denies: tuple[tuple[Matcher, CompiledRule], ...]
    allows: tuple[tuple[Matcher, CompiledRule], ...]
    shadows: tuple[tuple[Matcher, CompiledRule], ...]
    invariants: tuple[tuple[Matcher, CompiledInvariant], ...]
    answers: dict[tuple[str, ...], LayerDecision] = field(default_factory=dict, compare=False)
    guard: Guard = field(init=False, compare=False)
    unguarded: tuple[tuple[Matcher, CompiledRule], ...] = field(init=False, compare=False)
    kept: Guard = field(init=False, compare=False)
    unkept: tuple[tuple[Matcher, CompiledInvariant], ...] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Make the guards of what stands here; a part that is held at an answer is asked by itself."""
        guarded, rest = _guarded([(match, rule.match, rule.condition) for match, rule in self.denies])
        object.__setattr__(self, "guard", guarded)
        object.__setattr__(self, "unguarded", tuple(self.denies[place] for place in rest))
        kept, rest = _guarded([(match, one.match, one.breach) for match, one in self.invariants])
        object.__setattr__(self, "kept", kept)
        object.__setattr__(self, "unkept", tuple(self.invariants[place] for place in rest))


def _guarded(parts: Sequence[tuple[Matcher, Matcher, Condition]]) -> tuple[Guard, list[int]]:
    """Return the guard of the parts that are asked by their own closures, and the places of all others."""
    own = [place for place, (match, of_its_own, _) in enumerate(parts) if match is of_its_own]
    made = guard([parts[place][2] for place in own])
    spoken = set(own) - {own[place] for place in made.rest}
    return made, [place for place in range(len(parts)) if place not in spoken]


@dataclass(frozen=True)
class Policy:
    """One layer of a zone's rules.

    Attributes:
        file: name that messages use.
        digest: SHA-256 of the file's bytes, 64 hex digits.
        layer: `regulator` or `operator`.
        name: the policy's name.
        revision: number that grows with every activation.
        shadow: whether the whole policy only watches.
        document: everything that the file says, typed.
        names: the `$lists` and the domains that conditions refer to.
        rules, invariants: compiled, in the order of the file, which has no meaning.
        plans: what is asked at each phase.
    """

    file: str
    digest: str
    layer: str
    name: str
    revision: int
    shadow: bool
    document: PolicyDocument
    names: Names
    rules: tuple[CompiledRule, ...]
    invariants: tuple[CompiledInvariant, ...]
    plans: Mapping[Phase, PhasePlan]

    @cached_property
    def effective(self) -> tuple[int, int]:
        """First and last millisecond (since 1970 UTC) in which it is in force."""
        window = self.document.metadata.effective
        return moment_ms(window.start), moment_ms(window.until, end=True)

    def in_force(self, now_ms: int) -> bool:
        """Tell whether `now_ms` lies in the effective window; outside of it everything is denied."""
        return self.effective[0] <= now_ms <= self.effective[1]

    @cached_property
    def detectors(self) -> dict[str, Any]:
        """The detectors section as plain values, with the file's own names."""
        return self.document.detectors.model_dump(by_alias=True)

    @cached_property
    def models(self) -> Mapping[str, Model]:
        """Registered models by id."""
        return {model.id: model for model in self.document.models}

    @cached_property
    def chains(self) -> Mapping[str, Chain]:
        """Each tenant's authorisation chain; of several the first."""
        return {chain.tenant: chain for chain in reversed(self.document.authorization.chains)}

    @cached_property
    def orders(self) -> Mapping[Phase, frozenset[str]]:
        """The names of what its rules may order at each phase."""
        return {
            phase: frozenset(name for rule in self.rules if phase in rule.phases for name in rule.obligations)
            for phase in Phase
        }

    def required(self, phase: Phase) -> frozenset[str]:
        """Facts that must be known at `phase`."""
        return self.plans[phase].required


def load(data: bytes, file: str) -> Policy:
    """Read, check and compile one policy file.

    Args:
        data: the file's bytes; may be an enemy's.
        file: name for messages; nothing is opened.

    Raises:
        PolicyError: with every mistake, at its place.
    """
    source = read(data, file)
    document, broken = validate(source, PolicyDocument)
    names = names_of(document, broken)
    check_sections(source, document)
    rules, invariants = _compile(source, document, names)
    source.fail_if_faulty()
    plans = {phase: _plan(document, rules, invariants, phase) for phase in Phase}
    digest = hashlib.sha256(data).hexdigest()
    metadata = document.metadata
    return Policy(
        file,
        digest,
        metadata.layer,
        metadata.name,
        metadata.revision,
        document.mode == "shadow",
        document,
        names,
        tuple(rules),
        tuple(invariants),
        plans,
    )


def _compile(
    source: Source, document: PolicyDocument, names: Names
) -> tuple[list[CompiledRule], list[CompiledInvariant]]:
    compiler = Compiler(source, names)
    _report_rest(compiler, document)
    rules = [
        _rule(source, compiler, rule, index)
        for index, rule in enumerate(getattr(document, "rules", []))
        if rule is not None
    ]
    invariants = [
        _invariant(source, compiler, invariant, index)
        for index, invariant in enumerate(document.invariants)
        if invariant is not None
    ]
    return rules, invariants


def _report_rest(compiler: Compiler, document: PolicyDocument) -> None:
    """Report the faults in the conditions of rules that are faulty elsewhere; they are not compiled."""
    for index, rule in enumerate(getattr(document, "rules", [])):
        raw = compiler.source.data["rules"][index] if rule is None else {}
        if isinstance(raw, dict) and "when" in raw:
            # Where the phase is at fault too, any fact may be meant: the last phase knows all.
            phase = raw.get("phase")
            phases = [phase] if isinstance(phase, str) and phase in tuple(Phase) else [Phase.RETURN.value]
            compiler.condition(raw["when"], ("rules", index, "when"), phases)


def _rule(source: Source, compiler: Compiler, rule: Rule, index: int) -> CompiledRule:
    path = ("rules", index, "when")
    condition = ALWAYS if rule.when is None else compiler.condition(rule.when, path, rule.phase)
    return CompiledRule(
        rule.id,
        rule.effect,
        tuple(Phase(phase) for phase in rule.phase),
        condition,
        _never if source.problems else matcher(condition),
        rule.reason,
        rule.mode == "shadow",
        rule.obligations.model_dump(exclude_none=True),
        source.span(("rules", index)).line,
    )


def _invariant(source: Source, compiler: Compiler, invariant: Invariant, index: int) -> CompiledInvariant:
    breach: Condition = ALWAYS
    if invariant.never_allow_when is not None:
        path = ("invariants", index, "never_allow_when")
        breach = compiler.condition(invariant.never_allow_when, path, invariant.phase)
    if invariant.allow_implies is not None:
        path = ("invariants", index, "allow_implies")
        breach = Group("not", (compiler.condition(invariant.allow_implies, path, invariant.phase),), path)
    return CompiledInvariant(
        invariant.id,
        tuple(Phase(phase) for phase in invariant.phase),
        invariant.claim,
        breach,
        _never if source.problems else matcher(breach),
        source.span(("invariants", index)).line,
        flow=invariant.scope == "flow",
    )


def _never(_get: object) -> None:
    """Stand in for a condition that did not compile; the policy is not used."""


def _plan(
    document: PolicyDocument,
    rules: Sequence[CompiledRule],
    invariants: Sequence[CompiledInvariant],
    phase: Phase,
) -> PhasePlan:
    asked = [(rule.match, rule) for rule in rules if phase in rule.phases]
    required = {
        Phase.COLLECT: document.require_facts.collect,
        Phase.PROCESS: document.require_facts.process,
        Phase.RETURN: document.require_facts.response,
    }[phase]
    return PhasePlan(
        frozenset(required),
        tuple(pair for pair in asked if pair[1].effect == "deny" and not pair[1].shadow),
        tuple(pair for pair in asked if pair[1].effect == "allow" and not pair[1].shadow),
        tuple(pair for pair in asked if pair[1].shadow),
        tuple((invariant.match, invariant) for invariant in invariants if phase in invariant.phases),
    )


def check_layers(policies: Sequence[Policy]) -> None:
    """Check that the policies make a whole: one enforced regulator and one enforced operator.

    Shadow policies may stand beside them. Rule ids must differ between the layers, so that an id
    alone names a rule.

    Raises:
        PolicyError: a layer is missing or twice there, or an id stands in two layers.
    """
    problems: list[Problem] = []
    enforced = [policy for policy in policies if not policy.shadow]
    for layer in LAYERS:
        found = [policy for policy in enforced if policy.layer == layer]
        if not found:
            file = policies[0].file if policies else "policies"
            problems.append(
                Problem(file, 1, 1, "ZP2030", f"no enforced policy of the layer `{layer}` is given",
                        f"add the file whose `metadata.layer` is `{layer}`")
            )  # fmt: skip
        problems += [
            Problem(policy.file, 1, 1, "ZP2030", f"the layer `{layer}` is already given by `{found[0].file}`",
                    "give one file for each layer")
            for policy in found[1:]
        ]  # fmt: skip
    owner: dict[str, Policy] = {}
    for policy in enforced:
        lines = {rule.id: rule.line for rule in policy.rules}
        lines |= {invariant.id: invariant.line for invariant in policy.invariants}
        for name, line in lines.items():
            other = owner.setdefault(name, policy)
            if other is not policy:
                problems.append(
                    Problem(policy.file, line, 1, "ZP2031", f"the id `{name}` also stands in `{other.file}`",
                            "give each rule an id of its own")
                )  # fmt: skip
    if problems:
        raise PolicyError(problems)
