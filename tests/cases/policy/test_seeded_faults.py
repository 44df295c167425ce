"""Seeded faults of twelve kinds in one policy: all in one run, each at its place with its remedy."""

from __future__ import annotations

import pytest

from zoneproxy.policy.bundle import load
from zoneproxy.policy.render import render_all
from zoneproxy.terms.errors import PolicyError

FAULTY = """\
apiVersion: zoneproxy/v1
kind: ZonePolicy
metadata:
  name: seeded
  version: 1.0.0
  revision: 1
  layer: operater
  owner: 汕头试点办公室
  effective: {from: "2026-01-01", until: "2030-12-31"}
mode: enforce
markets: {allowed: [SG, MY], default: closed}
sets: {paths: [/v1/chat], empty: [x]}
rules:
  - id: COL-010
    phase: collect
    effect: deny
    when: {origin.clas: domestic}
    reason: origin_not_overseas
  - id: COL-011
    phase: collect
    effect: deny
    when:
      egress.route: {same_as: ingress.route}
      origin.class: {prefix: [over]}
    reason: not_original_route
  - {id: COL-012, phase: collect, effect: deny, when: {origin.country: $markets.alowed},
     reason: not_separated}
  - {id: COL-013, phase: collect, effect: deny, when: {origin.country: []},
     reason: not_separated}
  - {id: COL-014, phase: collect, effect: deny, when: {tenant.dpa: in_forse},
     reason: not_separated}
  - {id: COL-015, phase: collect, effect: deny, when: {origin.agreeing: {lt: two}},
     reason: not_separated}
  - {id: COL-016, phase: collect, effect: deny, when: {client.ip: 10.0.0.1/8},
     reason: not_separated}
  - {id: COL-017, phase: collect, effect: deny, when: {request.path: {regex: "(a+)+$"}},
     reason: not_separated}
  - {id: COL-017, phase: collect, effect: deny, when: {ingress.route: {same_as: tenant.id}},
     reason: not_separated}
  - {id: COL-900, phase: collect, effect: allow, reason: collected_overseas}
"""
EXPECTED = [
    (7, 10, "ZP1003", "did you mean `operator`?"),
    (17, 12, "ZP2001", "did you mean `origin.class`?"),
    (23, 7, "ZP2002", "ask for it in phase `return`"),
    (24, 22, "ZP2003", "operators: eq, in, not, same_as, not_same_as"),
    (26, 72, "ZP2004", "did you mean `$markets.allowed`?"),
    (28, 72, "ZP2005", ""),
    (30, 68, "ZP2006", "did you mean `in_force`?"),
    (32, 78, "ZP2007", ""),
    (34, 67, "ZP2009", "write `10.0.0.0/8`"),
    (36, 78, "ZP2010", "use `prefix`, `suffix` or `glob`"),
    (38, 10, "ZP2011", "give each its own"),
    (38, 81, "ZP2008", "it compares with: lane.name, egress.route"),
    (40, 43, "ZP2012", "say under `when` what must hold"),
]


@pytest.fixture(scope="module")
def error() -> PolicyError:
    with pytest.raises(PolicyError) as caught:
        load(FAULTY.encode(), "seeded.yaml")
    return caught.value


def test_all_faults_are_found_in_one_run(error: PolicyError) -> None:
    """An author sees every mistake at once, in the order of the file."""
    assert [(p.line, p.column, p.code, p.help) for p in error.problems] == EXPECTED


def test_the_message_names_count_and_first_place(error: PolicyError) -> None:
    """The exception alone says where to look."""
    assert error.message == "the policy has 13 problems, first at seeded.yaml:7:10"


def test_each_caret_marks_the_wrong_words(error: PolicyError) -> None:
    """Line, column and width cut exactly the mistaken text out of the file."""
    lines = FAULTY.splitlines()
    marked = [lines[p.line - 1][p.column - 1 : p.column - 1 + p.width] for p in error.problems]
    assert marked == [
        "operater", "origin.clas", "egress.route", "prefix", "$markets.alowed", "[]", "in_forse", "two",
        "10.0.0.1/8", '"(a+)+$"', "COL-017", "tenant.id", "allow",
    ]  # fmt: skip


def test_the_whole_report_reads_as_a_compilers(error: PolicyError) -> None:
    """The first two problems, to the letter."""
    report = render_all(error.problems[:2], {"seeded.yaml": FAULTY.encode()})
    assert report == (
        "seeded.yaml:7:10: error[ZP1003]: `operater` is not a word that is known here\n"
        "  |\n"
        "7 |   layer: operater\n"
        "  |          ^^^^^^^^\n"
        "   = at metadata.layer\n"
        "   = help: did you mean `operator`?\n"
        "\n"
        "seeded.yaml:17:12: error[ZP2001]: unknown fact `origin.clas`\n"
        "   |\n"
        "17 |     when: {origin.clas: domestic}\n"
        "   |            ^^^^^^^^^^^\n"
        "   = at rules[0].when.origin.clas\n"
        "   = help: did you mean `origin.class`?"
    )
