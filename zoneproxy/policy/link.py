"""Join a test file with the policies that it names: fixtures become facts, rows become cases.

What names nothing, or can't fail, is reported here at its place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from zoneproxy.policy.bundle import LAYERS, Policy
from zoneproxy.policy.casefile import CasesDocument, CasesFile, Scenario
from zoneproxy.policy.cases import Case, Suite
from zoneproxy.policy.chains import CHAIN_FACTS, action_facts, authorization_facts, model_facts
from zoneproxy.policy.corpus import CorpusCase
from zoneproxy.policy.expectation import Expectation
from zoneproxy.policy.moment import moment_ms
from zoneproxy.policy.read import Path, Source
from zoneproxy.policy.validate import near
from zoneproxy.policy.wirefile import EXTRA_DOORS, Wire, WireCase
from zoneproxy.terms.facts import VOCABULARY, FactValue, from_json, known_in
from zoneproxy.terms.phase import Phase


def link(tests: CasesFile, policies: Sequence[Policy]) -> Suite:
    """Join a test file with the policies that it names.

    Raises:
        PolicyError: a test that names nothing, or that can't fail.
    """
    linker = _Linker(tests.source, tests.document, policies)
    cases = tuple(linker.cases())
    tests.source.fail_if_faulty()
    return Suite(
        tests.source.file,
        tuple(policies),
        cases,
        tests.document.require,
        linker.now_ms,
        tuple(linker.wires),
        tuple(linker.corpora),
    )


class _Linker:
    """Turns tests into cases, reporting on the source what names nothing."""

    def __init__(self, source: Source, document: CasesDocument, policies: Sequence[Policy]) -> None:
        self.source = source
        self.document = document
        self.policies = policies
        self.now_ms = moment_ms(document.now)
        self.wires: list[WireCase] = []
        self.corpora: list[CorpusCase] = []
        self.effects: dict[str, tuple[str, tuple[Phase, ...]]] = {}
        for policy in policies:
            self.effects |= {rule.id: (rule.effect, rule.phases) for rule in policy.rules}
            self.effects |= {part.id: ("deny", part.phases) for part in policy.invariants}

    def cases(self) -> Iterator[Case]:
        for policy in self.policies:
            if not policy.in_force(self.now_ms):
                self.source.report(("now",), "ZP4009", f"`{policy.name}` is not in force at this moment")
        fixtures = {
            name: self._facts(facts, ("fixtures", name)) for name, facts in self.document.fixtures.items()
        }
        lines: dict[str, int] = {}
        for index, test in enumerate(self.document.tests):
            path: Path = ("tests", index)
            if test.name in lines:
                self.source.report(
                    (*path, "name"),
                    "ZP4005",
                    f"duplicate test `{test.name}` (first at line {lines[test.name]})",
                )
            lines.setdefault(test.name, self.source.span((*path, "name")).line)
            if test.wire is None and test.corpus is None:
                yield from self._test(test, path, fixtures)
            else:
                self._other(test, path)

    def _other(self, test: Scenario, path: Path) -> None:
        """Take a test that is not about facts: an exchange, or a corpus."""
        for field in sorted(test.model_fields_set - {"name", "wire", "corpus", "skip"}):
            name = {"changed": "with"}.get(field, field)
            kind = "wire" if test.wire else "corpus"
            message = f"`{name}` has no meaning beside `{kind}`"
            self.source.report((*path, name), "ZP4010", message, remedy="write a test of its own", key=True)
        line = self.source.span((*path, "name")).line
        if test.corpus is not None:
            self.corpora.append(CorpusCase(f"{test.name} (corpus)", line, test.corpus, test.skip))
            if test.wire is not None:
                self.source.report(
                    (*path, "corpus"), "ZP4010", "`corpus` has no meaning beside `wire`", key=True
                )
        if test.wire is not None:
            market = self._wire(test.wire, (*path, "wire"))
            self.wires.append(WireCase(f"{test.name} (wire)", line, test.wire, market, test.skip))

    def _wire(self, wire: Wire, path: Path) -> str:
        """Check an exchange, and return the market that its tenant is registered for."""
        operator = next((policy for policy in self.policies if policy.layer == "operator"), None)
        if operator is None or len({policy.layer for policy in self.policies}) < len(LAYERS):
            message = "an exchange needs both layers, as the boundary does"
            self.source.report(path, "ZP4011", message, remedy="name both files under `policy`", key=True)
            return ""
        doors = [*(route.id for route in operator.document.routes), *EXTRA_DOORS]
        if wire.door not in doors:
            remedy = near(wire.door, doors) or "doors: " + ", ".join(doors)
            self.source.report((*path, "door"), "ZP4012", f"there is no door `{wire.door}`", remedy=remedy)
        request = wire.request
        if sum(part is not None for part in (request.raw, request.body, request.document)) > 1:
            message = "a request has one of `raw`, `json` and `body`"
            self.source.report((*path, "request"), "ZP4010", message, key=True)
        expected = wire.expect.model_dump(by_alias=True, exclude_none=True)
        if not expected:
            remedy = "name the `status`, or the rule of a phase"
            self.source.report((*path, "expect"), "ZP4004", "this expects nothing", remedy=remedy)
        for phase in Phase:
            if phase in expected:
                expect = getattr(wire.expect, "response" if phase is Phase.RETURN else phase)
                self._check_expectation(expect, phase, (*path, "expect", phase.value))
        return self._market(wire, operator, path)

    def _market(self, wire: Wire, operator: Policy, path: Path) -> str:
        if wire.tenant is None or wire.market is not None:
            return wire.market or ""
        chains = operator.document.authorization.chains
        chain = next((chain for chain in chains if chain.tenant == wire.tenant), None)
        if chain is None or not chain.grants[-1].markets:
            remedy = near(wire.tenant, [chain.tenant for chain in chains]) or "add `market:`"
            message = f"no chain says in which market `{wire.tenant}` is"
            self.source.report((*path, "tenant"), "ZP4013", message, remedy=remedy)
            return ""
        return chain.grants[-1].markets[0]

    def _test(self, test: Scenario, path: Path, fixtures: Mapping[str, Mapping[str, Any]]) -> Iterator[Case]:
        base: dict[str, FactValue] = {}
        for index, name in enumerate(test.given):
            if name not in fixtures:
                self.source.report(
                    (*path, "given", index),
                    "ZP4001",
                    f"unknown fixture `{name}`",
                    remedy=near(name, fixtures),
                )
            base = _layered(base, fixtures.get(name, {}))
        base = self._changed(base, test.changed, test.without, path)
        expected = test.expect.model_dump(by_alias=True, exclude_none=True) if test.expect else {}
        if not expected and not test.table:
            self.source.report(
                (*path, "name"), "ZP4004", "the test expects nothing", remedy="add `expect:` or `table:`"
            )
        for phase in expected:
            attribute = "response" if phase == "return" else phase
            expect: Expectation = getattr(test.expect, attribute)
            yield self._case(test, base, Phase(phase), expect, (*path, "expect", phase))
        for index, row in enumerate(test.table.rows if test.table else []):
            place = (*path, "table", "rows", index)
            facts = self._changed(base, row.changed, row.without, place)
            yield self._case(test, facts, Phase(row.expect.phase), row.expect, (*place, "expect"))
            if test.table and test.table.phase and row.expect.phase not in test.table.phase:
                self.source.report(
                    (*place, "expect", "phase"), "ZP4007", "the table does not list this phase"
                )

    def _case(
        self, test: Scenario, facts: Mapping[str, FactValue], phase: Phase, expect: Expectation, path: Path
    ) -> Case:
        self._check_expectation(expect, phase, path)
        line = self.source.span(path).line
        return Case(
            f"{test.name} ({phase}, line {line})", line, phase, known_in(phase, facts), expect, test.skip
        )

    def _check_expectation(self, expect: Expectation, phase: Phase, path: Path) -> None:
        given = expect.model_dump(exclude_none=True, exclude={"phase"})
        if not given:
            self.source.report(
                path, "ZP4004", "this expects nothing", remedy="name the `rule`, or the `kind`"
            )
        for field in ("rule", "also"):
            names = given.get(field, [])
            for index, name in enumerate([names] if isinstance(names, str) else names):
                place = (*path, field) if field == "rule" else (*path, field, index)
                if name not in self.effects:
                    self.source.report(
                        place, "ZP4002", f"unknown rule `{name}`", remedy=near(name, self.effects)
                    )
                elif phase not in self.effects[name][1]:
                    self.source.report(place, "ZP4007", f"the rule `{name}` is not asked in phase `{phase}`")
        if expect.rule in self.effects and expect.decision not in {None, self.effects[expect.rule][0]}:
            self.source.report(
                (*path, "decision"), "ZP4008", f"the rule `{expect.rule}` can't {expect.decision}"
            )

    def _changed(
        self, base: Mapping[str, FactValue], changed: Mapping[str, Any], without: Sequence[str], path: Path
    ) -> dict[str, FactValue]:
        new = self._facts(changed, (*path, "with"), base)
        for name in changed:
            if name in new and base.get(name) == new[name]:
                self.source.report(
                    (*path, "with", name),
                    "ZP4006",
                    f"`{name}` has this value already: nothing changes",
                    key=True,
                )
        for index, name in enumerate(without):
            if name not in base:
                remedy = near(name, base)
                self.source.report(
                    (*path, "without", index),
                    "ZP4006",
                    f"`{name}` is not given: nothing changes",
                    remedy=remedy,
                )
        facts = _layered(base, new)
        return {name: value for name, value in facts.items() if name not in without}

    def _facts(
        self, raw: Mapping[str, Any], path: Path, base: Mapping[str, FactValue] | None = None
    ) -> dict[str, FactValue | None]:
        facts: dict[str, FactValue | None] = {}
        around = {**(base or {}), **raw}
        for name, value in raw.items():
            place = (*path, name)
            if name in {"$tenant", "$model"}:
                facts |= self._provided(name, str(value), around)
            elif name not in VOCABULARY:
                self.source.report(
                    place, "ZP2001", f"unknown fact `{name}`", remedy=near(name, VOCABULARY), key=True
                )
            elif value is None:
                facts[name] = None
            else:
                read_value = from_json(name, value)
                if read_value is None:
                    spec = VOCABULARY[name]
                    remedy = near(value, spec.values) or (
                        "values: " + ", ".join(spec.values) if spec.values else ""
                    )
                    message = f"`{value}` is not a value of `{name}`: for the rules it is absent"
                    self.source.report(place, "ZP4003", message, remedy=remedy or "use `without`")
                facts[name] = read_value
        return facts

    def _provided(self, name: str, value: str, around: Mapping[str, Any]) -> dict[str, FactValue | None]:
        """Return what the policy itself says of a tenant or a model, with the facts that stand around it."""
        tenant = str(around.get("$tenant", around.get("tenant.id", "")))
        market, purpose = around.get("tenant.market"), around.get("purpose")
        facts: dict[str, FactValue | None] = {}
        for policy in self.policies:
            if policy.layer != "operator":
                continue
            if name == "$model":
                facts |= model_facts(policy, value, tenant)
                continue
            facts |= dict.fromkeys(CHAIN_FACTS)
            facts |= {"tenant.id": value, **authorization_facts(policy, value, self.now_ms, market)}
            if market is None:  # another fixture, or the row, says for which market it is asked
                del facts["tenant.market_granted"]
            if isinstance(purpose, str):
                facts |= action_facts(policy, value, purpose)
        return facts


def _layered(base: Mapping[str, FactValue], new: Mapping[str, FactValue | None]) -> dict[str, FactValue]:
    """Lay facts over others; None takes one away."""
    facts = dict(base)
    for name, value in new.items():
        if value is None:
            facts.pop(name, None)
        else:
            facts[name] = value
    return facts
