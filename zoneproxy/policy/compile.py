"""Turn a rule's condition into a checked tree.

A condition is a mapping of facts to what is wanted of them; all of them must hold. A bare value means
equality, a list means any of its values (for addresses: any of its networks; for sets of names: at
least one of them), `$markets.allowed` means a list of the policy's data. A mapping names operators:
`eq in not prefix suffix glob regex lt le gt ge cidr has_any has_all same_as not_same_as`, each where
the fact's type has it. `all`, `any` and `not` combine conditions.

No operator asks whether a fact is absent. So what is unknown can only ever make a condition unknown:
taking a fact away can't turn a denial into an allow.

Worked example: `{origin.country: $markets.allowed, request.max_tokens: {gt: 0, le: 4096}}` is
`all(origin.country in (SG, MY), request.max_tokens gt 0, request.max_tokens le 4096)`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from zoneproxy.policy.countries import COUNTRIES
from zoneproxy.policy.networks import network_fault
from zoneproxy.policy.pattern import glob_fault, regex_fault
from zoneproxy.policy.read import Path, Source
from zoneproxy.policy.validate import near
from zoneproxy.terms.facts import UNDECLARED, VOCABULARY, FactSpec, FactType
from zoneproxy.terms.phase import Phase

Value = str | int | bool | tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Leaf:
    """One question to one fact: `fact op value`."""

    fact: str
    op: str
    value: Value
    path: Path = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Group:
    """`all` of the parts, `any` of them, or `not` the only one."""

    kind: Literal["all", "any", "not"]
    parts: tuple[Condition, ...]
    path: Path = field(default=(), compare=False)


Condition = Leaf | Group
ALWAYS = Group("all", ())

SAME = ("same_as", "not_same_as")
OPERATORS: Mapping[FactType, tuple[str, ...]] = {
    FactType.ENUM: ("eq", "in", "not", *SAME),
    FactType.BOOL: ("eq", "not", *SAME),
    FactType.INT: ("eq", "in", "not", "lt", "le", "gt", "ge"),
    FactType.TEXT: ("eq", "in", "not", "prefix", "suffix", "glob", "regex"),
    FactType.COUNTRY: ("eq", "in", "not", *SAME),
    FactType.ROUTE: ("eq", "in", "not", *SAME),
    FactType.IP: ("cidr", "not"),
    FactType.NAMES: ("has_any", "has_all", "not"),
}
_MANY = frozenset({"in", "prefix", "suffix", "glob", "cidr", "has_any", "has_all"})
_WANTED: Mapping[FactType, tuple[type[Any], str]] = {
    FactType.INT: (int, "a whole number"),
    FactType.BOOL: (bool, "`true` or `false`"),
}
_TEXT: tuple[type[Any], str] = (str, "text")
# Characters that take no place, or look like a space: a rule with one inside looks right and never fires.
_UNSEEN = re.compile(
    "[\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u202f\u205f-\u206f"
    "\u3000\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
_LONGEST_SHOWN = 60
_BARE_ONE = {FactType.IP: "cidr", FactType.NAMES: "has_any"}


@dataclass(frozen=True, slots=True)
class Names:
    """What a condition may refer to.

    Attributes:
        lists: the `$lists` that the policy's data sections export, and where each stands.
        broken: sections that could not be read, whose lists are therefore not known.
        routes: declared routes; empty where the policy declares none.
        tenants: tenants with an authorisation chain; empty where the policy has none.
    """

    lists: Mapping[str, Sequence[str]]
    broken: frozenset[str] = frozenset()
    routes: tuple[str, ...] = ()
    tenants: tuple[str, ...] = ()

    def domain(self, spec: FactSpec) -> tuple[str, ...]:
        """Return the words that a fact can have, or () where any well-formed one will do."""
        if spec.type is FactType.COUNTRY:
            return tuple(sorted(COUNTRIES))
        if spec.name == "tenant.id":
            return self.tenants
        if spec.type is FactType.ROUTE:
            return (*self.routes, UNDECLARED) if self.routes else ()
        return spec.values


class Compiler:
    """Compiles the conditions of one file, reporting every fault on its source."""

    def __init__(self, source: Source, names: Names) -> None:
        self.source = source
        self.names = names

    def condition(self, raw: Any, path: Path, phases: Sequence[str]) -> Condition:
        """Compile one condition.

        Args:
            raw: the mapping as it was read.
            path: where it stands.
            phases: the phases in which it is asked; every fact must be known in each.

        Returns:
            The tree; where faults were reported it must not be used.
        """
        if not isinstance(raw, dict) or not raw:
            self.source.report(path, "ZP2000", "a condition must be a mapping of facts, and not empty")
            return ALWAYS
        parts: list[Condition] = []
        for key, value in raw.items():
            below = (*path, key)
            if key in {"all", "any"}:
                parts.append(self._combined(key, value, below, phases))
            elif key == "not":
                parts.append(Group("not", (self.condition(value, below, phases),), below))
            elif self._known(key, below, phases, key=True):
                parts.extend(self._matchers(VOCABULARY[key], value, below, phases))
        return _joined(parts, path)

    def _combined(
        self, kind: Literal["all", "any"], raw: Any, path: Path, phases: Sequence[str]
    ) -> Condition:
        if not isinstance(raw, list) or not raw:
            self.source.report(path, "ZP2000", f"`{kind}` must be a list of conditions, and not empty")
            return ALWAYS
        return Group(
            kind, tuple(self.condition(part, (*path, i), phases) for i, part in enumerate(raw)), path
        )

    def _known(self, name: Any, path: Path, phases: Sequence[str], *, key: bool) -> bool:
        spec = VOCABULARY.get(name) if isinstance(name, str) else None
        if spec is None:
            remedy = near(name, VOCABULARY) or "see `zoneproxy policy facts`"
            self.source.report(path, "ZP2001", f"unknown fact `{name}`", remedy=remedy, key=key)
            return False
        early = [phase for phase in phases if Phase(phase).order < spec.phase.order]
        if early:
            self.source.report(
                path,
                "ZP2002",
                f"fact `{name}` is not known in phase `{early[0]}` (first known in `{spec.phase}`)",
                remedy=f"ask for it in phase `{spec.phase}`",
                key=key,
            )
        return not early

    def _matchers(self, spec: FactSpec, raw: Any, path: Path, phases: Sequence[str]) -> list[Condition]:
        bare = not isinstance(raw, dict)
        if bare:
            many = isinstance(raw, list) or (isinstance(raw, str) and raw.startswith("$"))
            op = _BARE_ONE.get(spec.type) or ("in" if many else "eq")
            raw = {op: raw}
        if not raw:
            self.source.report(path, "ZP2000", f"nothing is asked of `{spec.name}`")
        parts: list[Condition] = []
        for op, value in raw.items():
            below = path if bare else (*path, op)
            if op not in OPERATORS[spec.type]:
                known = OPERATORS[spec.type]
                self.source.report(
                    below,
                    "ZP2003",
                    f"operator `{op}` does not apply to `{spec.name}` (type {spec.type})",
                    remedy=near(op, known) or "operators: " + ", ".join(known),
                    key=True,
                )
            elif op == "not":
                inner = self._matchers(spec, value, below, phases)
                parts.append(Group("not", (_joined(inner, below),), below))
            else:
                parts.extend(self._leaf(spec, op, value, below, phases))
        return parts

    def _leaf(self, spec: FactSpec, op: str, raw: Any, path: Path, phases: Sequence[str]) -> list[Condition]:
        if op in SAME:
            return self._same(spec, op, raw, path, phases)
        if op in _MANY:
            values = self._list(spec, op, raw, path)
            return [Leaf(spec.name, op, tuple(values), path)] if values else []
        if isinstance(raw, list):
            self.source.report(
                path, "ZP2007", f"`{op}` takes one value, not a list", remedy="use `in`, or `any`"
            )
            return []
        return [Leaf(spec.name, op, raw, path)] if self._fits(spec, op, raw, path) else []

    def _same(self, spec: FactSpec, op: str, raw: Any, path: Path, phases: Sequence[str]) -> list[Condition]:
        if not self._known(raw, path, phases, key=False):
            return []
        if not comparable(spec, VOCABULARY[raw]):
            message = f"`{spec.name}` ({spec.type}) can't be compared with `{raw}` ({VOCABULARY[raw].type})"
            others = [name for name, other in VOCABULARY.items() if comparable(spec, other)]
            self.source.report(
                path, "ZP2008", message, remedy="it compares with: " + (", ".join(others) or "none")
            )
            return []
        return [Leaf(spec.name, op, raw, path)]

    def _list(self, spec: FactSpec, op: str, raw: Any, path: Path) -> list[str | int]:
        values: list[str | int] = []
        entries = list(enumerate(raw)) if isinstance(raw, list) else [(None, raw)]
        if not entries:
            self.source.report(path, "ZP2005", "the list is empty: this can never be true")
        for index, entry in entries:
            place = path if index is None else (*path, index)
            if isinstance(entry, str) and entry.startswith("$"):
                values += self._reference(spec, op, entry, place)
            elif self._fits(spec, op, entry, place):
                values.append(entry)
        return list(dict.fromkeys(values))

    def _reference(self, spec: FactSpec, op: str, entry: str, place: Path) -> Sequence[str]:
        name = entry[1:]
        if name not in self.names.lists:
            if name.partition(".")[0] not in self.names.broken:
                remedy = near(entry, ["$" + known for known in self.names.lists])
                self.source.report(place, "ZP2004", f"unknown list `{entry}`", remedy=remedy)
            return ()
        values = self.names.lists[name]
        if not values:
            self.source.report(place, "ZP2005", f"the list `{entry}` is empty: this can never be true")
        for value in values:
            if not self._fits(spec, op, value, place, origin=entry):
                return ()
        return values

    def _fits(self, spec: FactSpec, op: str, value: Any, place: Path, *, origin: str = "") -> bool:
        """Tell whether one value may be asked of a fact, reporting why not."""
        code, message, remedy = self._misfit(spec, op, value)
        if not code:
            return True
        if origin:
            where = self.source.span(tuple(origin[1:].split("."))).line
            message = f"{message} (from `{origin}`, line {where})"
        self.source.report(place, code, message, remedy=remedy)
        return False

    def _misfit(self, spec: FactSpec, op: str, value: Any) -> tuple[str, str, str]:
        kind, words = _WANTED.get(spec.type, _TEXT)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            remedy = f'put it in quotes: "{value}"' if kind is str and isinstance(value, int | float) else ""
            return "ZP2007", f"`{spec.name}` needs {words}, not `{_shown(value)}`", remedy
        if isinstance(value, str) and (unseen := _UNSEEN.search(value)):
            told = f"a value of `{spec.name}` holds the character U+{ord(unseen[0]):04X}, which can't be seen"
            return "ZP2006", told, "delete it: no fact would ever equal it"
        if op == "cidr":
            fault = network_fault(value)
            return ("ZP2009", *fault) if fault else ("", "", "")
        if op in {"regex", "glob"}:
            why = regex_fault(value) if op == "regex" else glob_fault(value)
            remedy = "use `prefix`, `suffix` or `glob`" if op == "regex" else "use fewer stars"
            return ("ZP2010", f"{op} refused: {why}", remedy) if why else ("", "", "")
        if spec.type is FactType.TEXT and not value:
            return "ZP2007", f"an empty `{op}` is always or never true", "write at least one character"
        if spec.type is FactType.INT and not spec.low <= value <= spec.high:
            return (
                "ZP2006",
                f"`{value}` is outside of `{spec.name}`",
                f"it runs from {spec.low} to {spec.high}",
            )
        domain = self.names.domain(spec)
        if domain and value not in domain:
            listed = "values: " + ", ".join(domain) if len(domain) <= 12 else ""  # noqa: PLR2004 - a readable line
            hint = "the United Kingdom's code is `GB`" if value == "UK" else near(value, domain) or listed
            return "ZP2006", f"`{value}` is not a value of `{spec.name}`", hint
        return "", "", ""


def comparable(one: FactSpec, other: FactSpec) -> bool:
    """Tell whether two facts can be the same: another fact of the same kind that shares values."""
    if one.name == other.name or one.type is not other.type or "same_as" not in OPERATORS[one.type]:
        return False
    if one.type is FactType.ENUM:
        return bool(set(one.values) & set(other.values))
    return "tenant.id" not in {one.name, other.name}


def leaves(condition: Condition) -> list[Leaf]:
    """Return the questions of a condition, left to right."""
    if isinstance(condition, Leaf):
        return [condition]
    return [leaf for part in condition.parts for leaf in leaves(part)]


def _joined(parts: Sequence[Condition], path: Path) -> Condition:
    return parts[0] if len(parts) == 1 else Group("all", tuple(parts), path)


def _shown(value: Any) -> str:
    if value is None:
        return "null"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."
