"""What an editor shows while a policy is written: problems, completions, hover texts.

The problems are those of `zoneproxy policy check`, from the same code. Completions and hover texts come
from the vocabulary of facts, the operators of each type and the file's own lists; facts that are not
known yet in a rule's phase are not offered. An editor's protocol (positions, transport) is elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from zoneproxy.policy.bundle import load
from zoneproxy.policy.casefile import CasesDocument, read_tests
from zoneproxy.policy.catalogue import is_catalogue, read_catalogue
from zoneproxy.policy.compile import OPERATORS, Names, comparable
from zoneproxy.policy.model import PolicyDocument
from zoneproxy.policy.place import Place, place_at
from zoneproxy.policy.read import read
from zoneproxy.policy.schema import describe
from zoneproxy.policy.sections import names_of
from zoneproxy.policy.validate import fields_at, validate
from zoneproxy.terms.errors import PolicyError, Problem
from zoneproxy.terms.facts import VOCABULARY, FactSpec, FactType
from zoneproxy.terms.phase import Phase
from zoneproxy.terms.reasons import POLICY_REASONS

Kind = Literal["fact", "operator", "list", "value", "field"]

OPERATOR_TEXTS: Mapping[str, str] = {
    "eq": "is exactly this value",
    "in": "is one of these values",
    "not": "what stands here does not hold",
    "prefix": "begins with one of these",
    "suffix": "ends with one of these",
    "glob": "matches one of these; `*` stands for any characters but `/`",
    "regex": "the whole text matches; the cost is checked when the policy is read",
    "lt": "is less than",
    "le": "is this or less",
    "gt": "is more than",
    "ge": "is this or more",
    "cidr": "lies in one of these networks",
    "has_any": "holds one of these names at least",
    "has_all": "holds all of these names",
    "same_as": "is the same as that other fact",
    "not_same_as": "is another than that other fact",
    "all": "all of these conditions hold",
    "any": "one of these conditions holds at least",
}
_GROUPS = ("all", "any", "not")
_CONDITIONS = frozenset({"when", "never_allow_when", "allow_implies"})
_TOKEN = re.compile(r"[A-Za-z0-9_.$/-]+")
_PHASE = re.compile(r"\bphase:\s*(\[[^\]]*\]|\w+)")
_TESTS = re.compile(r"^kind:\s*[\"']?ZonePolicyTest\b", re.MULTILINE)
_WORDS: Mapping[str, tuple[str, ...]] = {
    "phase": tuple(Phase),
    "effect": ("allow", "deny"),
    "mode": ("enforce", "shadow"),
    "scope": ("phase", "flow"),
    "layer": ("regulator", "operator"),
    "kind": ("rule", "indeterminate", "missing_fact", "default", "invariant"),
    "decision": ("allow", "deny"),
}


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One thing that could be written at the cursor, with a word about it."""

    text: str
    kind: Kind
    about: str


@dataclass(frozen=True, slots=True)
class Hover:
    """A text about the word under the cursor; columns count from 0, the end is exclusive."""

    text: str
    start: int
    end: int


def diagnose(data: bytes, file: str) -> list[Problem]:
    """Return every mistake of a policy or a catalogue, or of a test file's form; empty where none is."""
    text = data.decode("utf-8-sig", "replace")
    try:
        if _TESTS.search(text):
            read_tests(data, file)
        elif is_catalogue(data):
            read_catalogue(data, file)
        else:
            load(data, file)
    except PolicyError as error:
        return error.problems
    return []


def complete(text: str, line: int, column: int) -> list[Suggestion]:
    """Say what can be written at a cursor.

    Args:
        text: the file as it stands, finished or not.
        line: the cursor's line, from 0.
        column: its column, from 0, in characters.

    Returns:
        Suggestions that fit the place; the editor keeps those that fit the word typed so far.
    """
    lines = text.split("\n")
    place = place_at(lines, line, column)
    tests = _TESTS.search(text) is not None
    found = _test_suggestions(place) if tests else _suggestions(lines, line, place)
    return [suggestion for suggestion in found if suggestion.text not in place.taken]


def hover(text: str, line: int, column: int) -> Hover | None:
    """Say what the word under a cursor means; None where it is no word of the language."""
    lines = text.split("\n")
    if line >= len(lines):
        return None
    match = next(
        (match for match in _TOKEN.finditer(lines[line]) if match.start() <= column < match.end()), None
    )
    if match is None:
        return None
    about = _about(match[0].rstrip("."), lines, place_at(lines, line, match.start()))
    return Hover(about, match.start(), match.end()) if about else None


def names_in(lines: Sequence[str], skip: int) -> Names:
    """Return the lists of a file that may be unfinished at line `skip`."""
    for kept in (lines, [*lines[:skip], "", *lines[skip + 1 :]], [*lines[:skip]]):
        try:
            source = read("\n".join(kept).encode(), "policy")
            document, broken = validate(source, PolicyDocument)
            return names_of(document, broken)
        except (PolicyError, AttributeError):
            continue  # not a policy with this line: try without it, then without what follows
    return Names({})


def _suggestions(lines: Sequence[str], line: int, place: Place) -> Iterator[Suggestion]:
    path = place.path
    last = next((part for part in reversed(path) if isinstance(part, str)), "")
    start = next((at for at, part in enumerate(path) if part in _CONDITIONS), None)
    if start is not None and path[:1] in {("rules",), ("invariants",)}:
        yield from _in_condition(lines, line, place, [part for part in path[start + 1 :] if part != 0])
    elif path[:1] == ("require_facts",):
        known = Phase(last) if last in tuple(Phase) else Phase.RETURN
        yield from _facts([known]) if last != "require_facts" else _fields(path)
    elif last == "reason":
        yield from (Suggestion(word, "value", said) for word, (_, said) in POLICY_REASONS.items())
    elif place.in_value and last in _WORDS:
        yield from (Suggestion(word, "value", last) for word in _WORDS[last])
    elif not place.in_value:
        yield from _fields(path)


def _fields(path: Iterable[str | int]) -> Iterator[Suggestion]:
    yield from (Suggestion(name, "field", "field") for name in fields_at(PolicyDocument, tuple(path)))


def _test_suggestions(place: Place) -> Iterator[Suggestion]:
    path = place.path
    last = next((part for part in reversed(path) if isinstance(part, str)), "")
    if last in VOCABULARY:
        yield from _values(VOCABULARY[last], Names({}))
    elif (path[:1] == ("fixtures",) and len(path) > 1) or last in {"with", "without"}:
        yield from _facts([Phase.RETURN])
    elif place.in_value and last in _WORDS:
        yield from (Suggestion(word, "value", last) for word in _WORDS[last])
    elif not place.in_value:
        yield from (Suggestion(name, "field", "field") for name in fields_at(CasesDocument, path))


def _in_condition(
    lines: Sequence[str], line: int, place: Place, inner: Sequence[str | int]
) -> Iterator[Suggestion]:
    fact = next((part for part in inner if part in VOCABULARY), None)
    if fact is None:
        yield from _facts(_phases(lines, line))
        yield from (Suggestion(group, "operator", OPERATOR_TEXTS[group]) for group in _GROUPS)
        return
    spec = VOCABULARY[str(fact)]
    operator = next((part for part in reversed(inner) if part != fact), "")
    if not place.in_value:
        for name in OPERATORS[spec.type]:
            yield Suggestion(name, "operator", OPERATOR_TEXTS[name])
    elif operator in {"same_as", "not_same_as"}:
        for other in VOCABULARY.values():
            if comparable(spec, other):
                yield Suggestion(other.name, "fact", describe(other))
    else:
        yield from _values(spec, names_in(lines, line))


def _values(spec: FactSpec, names: Names) -> Iterator[Suggestion]:
    if spec.type is FactType.BOOL:
        yield from (Suggestion(word, "value", spec.doc) for word in ("true", "false"))
        return
    yield from (Suggestion(word, "value", spec.doc) for word in names.domain(spec))
    for name, values in names.lists.items():
        if values:
            yield Suggestion(f"${name}", "list", ", ".join(values))


def _facts(phases: Sequence[Phase]) -> Iterator[Suggestion]:
    """Offer the facts that are known in each of these phases."""
    for spec in VOCABULARY.values():
        if all(spec.phase.order <= phase.order for phase in phases):
            yield Suggestion(spec.name, "fact", describe(spec))


def _phases(lines: Sequence[str], line: int) -> list[Phase]:
    """Read the phases of the rule that a line stands in; all facts are known in the last."""
    first = line
    while first and not re.match(r"\s*-\s*(\{\s*)?id:", lines[first]):
        first -= 1
    end = line + 1
    while end < len(lines) and not re.match(r"\s*-\s*(\{\s*)?id:|\S", lines[end]):
        end += 1
    match = _PHASE.search("\n".join(lines[first:end]))
    words = re.findall(r"\w+", match[1]) if match else []
    return [Phase(word) for word in words if word in tuple(Phase)] or [Phase.RETURN]


def _about(word: str, lines: Sequence[str], place: Place) -> str:
    if word in VOCABULARY:
        return _about_fact(VOCABULARY[word])
    if word.startswith("$"):
        values = names_in(lines, len(lines)).lists.get(word[1:])
        return f"`{word}`\n\n{', '.join(values)}" if values else ""
    if word in POLICY_REASONS:
        return f"reason `{word}`\n\n{POLICY_REASONS[word][1]}"
    within = _CONDITIONS.intersection(str(part) for part in place.path)
    return f"operator `{word}`\n\n{OPERATOR_TEXTS[word]}" if within and word in OPERATOR_TEXTS else ""


def _about_fact(spec: FactSpec) -> str:
    rows = [
        f"fact `{spec.name}`",
        spec.doc,
        f"- type: {spec.type}\n- known from: {spec.phase}\n- provided by: {spec.provider}",
    ]
    if spec.values:
        rows.append("values: " + ", ".join(f"`{value}`" for value in spec.values))
    rows.append("operators: " + ", ".join(f"`{name}`" for name in OPERATORS[spec.type]))
    if spec.private:
        rows.append("private: it never stands in a record's public part")
    return "\n\n".join(rows)
