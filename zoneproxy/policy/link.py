"""Join a test file with the policies that it names: fixtures become facts, rows become cases.

What names nothing, or can't fail, is reported here at its place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from zoneproxy.policy.bundle import Policy, authorization_facts, model_facts
from zoneproxy.policy.casefile import CasesDocument, CasesFile, Expectation, Scenario
from zoneproxy.policy.cases import Case, Suite
from zoneproxy.policy.moment import moment_ms
from zoneproxy.policy.read import Path, Source
from zoneproxy.policy.validate import near
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
    return Suite(tests.source.file, tuple(policies), cases, tests.document.require)


class _Linker:
    """Turns tests into cases, reporting on the source what names nothing."""

    def __init__(self, source: Source, document: CasesDocument, policies: Sequence[Policy]) -> None:
        self.source = source
        self.document = document
        self.policies = policies
        self.now_ms = moment_ms(document.now)
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
            yield from self._test(test, path, fixtures)

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
        new = self._facts(changed, (*path, "with"), str(base.get("tenant.id", "")))
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

    def _facts(self, raw: Mapping[str, Any], path: Path, tenant: str = "") -> dict[str, FactValue | None]:
        facts: dict[str, FactValue | None] = {}
        for name, value in raw.items():
            place = (*path, name)
            if name in {"$tenant", "$model"}:
                facts |= self._provided(name, str(value), str(raw.get("$tenant", tenant)))
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

    def _provided(self, name: str, value: str, tenant: str) -> dict[str, FactValue | None]:
        facts: dict[str, FactValue | None] = {}
        for policy in self.policies:
            if policy.layer == "operator" and name == "$tenant":
                facts |= {"tenant.id": value, **authorization_facts(policy, value, self.now_ms)}
            elif policy.layer == "operator":
                facts |= model_facts(policy, value, tenant)
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
