"""Faults of form, at their places."""

from __future__ import annotations

import pytest

from tests.support.small_policy import RULES, text
from zoneproxy.policy.bundle import load
from zoneproxy.policy.model import PolicyDocument
from zoneproxy.policy.read import read
from zoneproxy.policy.validate import near, validate
from zoneproxy.terms.errors import PolicyError, Problem

ORIGINS = "mode: enforce\norigins: {{{}}}"


def faults(data: bytes) -> list[Problem]:
    with pytest.raises(PolicyError) as caught:
        load(data, "x.yaml")
    return caught.value.problems


@pytest.mark.parametrize(
    ("old", "new", "code", "message", "remedy"),
    [
        ("layer: operator", "layer: operater", "ZP1003", "`operater` is not a word", "`operator`"),
        ("layer: operator", "layer: Operator", "ZP1003", "`Operator` is not a word", "`operator`"),
        ("kind: ZonePolicy", "kind: ZonePolicies", "ZP1003", "`ZonePolicies`", "`ZonePolicy`"),
        ("effect: allow", "effect: Allow", "ZP1003", "`Allow` is not a word", "`allow`"),
        ("effect: allow", "effect: permit", "ZP1003", "`permit` is not", "words: allow, deny"),
        ("mode: enforce", "mode: enforced", "ZP1003", "`enforced`", "`enforce`"),
        ("version: 1.0.0", "version: 1.0", "ZP1000", "`version` must be text", "put it in quotes"),
        ("revision: 1", "revision: 0", "ZP1000", "`revision` must be 1 at least", ""),
        ("revision: 1", "revision: true", "ZP1000", "`revision` must be a whole number", ""),
        ("  owner: test\n", "", "ZP1001", "the field `owner` is missing", "add `owner:`"),
        ("mode: enforce\n", "", "ZP1001", "the field `mode` is missing", ""),
        ("mode: enforce", "mod: x\nmode: enforce", "ZP1002", "unknown field `mod`", "`mode`?"),
        ("effect: allow", "efect: x, effect: allow", "ZP1002", "unknown field `efect`", "`effect`"),
        ("COL-900", "ALLOW-1", "ZP1004", "`ALLOW-1` is not well-formed", "must match"),
        ("2026-01-01", "2026-13-01", "ZP1005", "`2026-13-01` is not a moment", ""),
        ("mode: enforce", "mode: enforce\nmarkets: {allowed: [UK]}", "ZP1005", "`UK` is not an ISO", "`GB`"),
        ("mode: enforce", "mode: enforce\nmarkets: {default: open}", "ZP1003", "`open`", "closed"),
        ("mode: enforce", "mode: enforce\nmarkets: [SG]", "ZP1000", "`markets` must be a mapping", ""),
        ("mode: enforce", "mode: enforce\ndetectors: {over_limit: clean}", "ZP1003", "`clean`", "not_"),
        ("mode: enforce", ORIGINS.format("on_disagreement: overseas"), "ZP1003", "`overseas`", "unknown"),
        ("mode: enforce", ORIGINS.format("agree_at_least: 1"), "ZP1000", "must be 2 at least", ""),
        ("phase: collect", "phase: [collect, retrun]", "ZP1003", "`retrun` is not a word", "`return`"),
        ("phase: collect", "phase: []", "ZP1000", "must not be empty", ""),
    ],
)  # fmt: skip
def test_one_fault_of_form(old: str, new: str, code: str, message: str, remedy: str) -> None:
    """Closed words, types and fields: a misspelling is an error with a remedy, never a default."""
    source = text().decode()
    assert old in source
    found = faults(source.replace(old, new, 1).encode())
    assert [problem.code for problem in found] == [code]
    assert message in found[0].message
    assert remedy in found[0].help


def test_an_unknown_field_is_marked_at_its_key() -> None:
    """The caret stands under the misspelled word."""
    problem = faults(text("colour: red\n" + RULES))[0]
    assert (problem.line, problem.column, problem.width) == (11, 1, 6)
    assert problem.path == "colour"


def test_a_file_that_is_no_mapping() -> None:
    """A list is not a policy."""
    found = faults(b"- a\n")
    assert found[0].code == "ZP1000"


def test_good_parts_are_kept_beside_faulty_ones() -> None:
    """A fault in one section does not hide the other sections' content."""
    data = text("markets: {allowed: [SG], x: 1}\nsets: {a: [b]}\n" + RULES + "  - {id: COL-901}\n")
    source = read(data, "x.yaml")
    document, broken = validate(source, PolicyDocument)
    assert broken == {"markets", "rules"}
    assert document.sets == {"a": ["b"]}
    assert document.markets.allowed == []
    assert [rule and rule.id for rule in document.rules] == ["COL-900", None]


def test_a_list_of_a_broken_section_is_no_second_fault() -> None:
    """Where the section can't be read, its lists are not called unknown."""
    body = "markets: {allowed: [SG, UK]}\n" + RULES.replace(
        "origin.class: overseas", "origin.country: $markets.allowed"
    )
    assert [problem.code for problem in faults(text(body))] == ["ZP1005"]


def test_near_names_only_what_is_similar() -> None:
    """A remedy that guesses wildly would mislead."""
    assert near("orign.class", ["origin.class"]) == "did you mean `origin.class`?"
    assert near("zzz", ["origin.class"]) == ""
