"""`zoneproxy policy prove`, `diff` and `explain`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.small_policy import THREE_RULES, text
from tests.unit.cli.test_policy import zoneproxy

HOLDS = """\
invariants:
  - {id: INV-001, phase: collect, claim: not home, never_allow_when: {origin.country: CN}}
"""
BREAKS = """\
invariants:
  - {id: INV-002, phase: collect, claim: three, allow_implies: {origin.agreeing: {ge: 3}}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "holds.yaml").write_bytes(text(THREE_RULES + HOLDS))
    (tmp_path / "breaks.yaml").write_bytes(text(THREE_RULES + BREAKS))
    (tmp_path / "wider.yaml").write_bytes(text(THREE_RULES.replace("lt: 2", "lt: 1")))
    (tmp_path / "plain.yaml").write_bytes(text(THREE_RULES))
    (tmp_path / "faulty.yaml").write_bytes(text("rules: []\n"))
    return tmp_path


def test_a_proof_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 0, with the size of what was proved."""
    assert zoneproxy("prove", folder / "holds.yaml") == 0
    out = capsys.readouterr().out
    assert "INV-001 collect  proved: not home" in out
    assert "combinations" in out


def test_a_counterexample_is_shown_and_written_as_a_test(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 5; the written test fails until a rule denies what the invariant forbids."""
    target = folder / "witness.yaml"
    assert zoneproxy("prove", folder / "breaks.yaml", "--write-test", target) == 5
    assert "VIOLATED: three" in capsys.readouterr().out
    assert zoneproxy("test", target) == 4
    (folder / "breaks.yaml").write_bytes(text(THREE_RULES.replace("lt: 2", "lt: 3") + BREAKS))
    assert zoneproxy("test", target) == 0
    assert zoneproxy("prove", folder / "breaks.yaml", "--json") == 0


def test_results_as_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One object a result."""
    zoneproxy("prove", folder / "breaks.yaml", "--json")
    assert json.loads(capsys.readouterr().out)["holds"] is False
    zoneproxy("diff", folder / "plain.yaml", folder / "wider.yaml", "--json")
    assert json.loads(capsys.readouterr().out)["kind"] == "newly_allowed"


def test_a_change_that_opens_has_its_own_exit_code(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """7 when something is newly allowed, 0 when only less is."""
    assert zoneproxy("diff", folder / "plain.yaml", folder / "wider.yaml") == 7
    assert "newly ALLOWED (COL-020 -> COL-900)" in capsys.readouterr().out
    assert zoneproxy("diff", folder / "wider.yaml", folder / "plain.yaml") == 0
    assert "newly denied" in capsys.readouterr().out
    assert zoneproxy("diff", folder / "plain.yaml", folder / "plain.yaml") == 0
    assert "EQUIVALENT" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["prove", "faulty.yaml"], ["diff", "faulty.yaml", "plain.yaml"]])
def test_a_faulty_policy_has_its_own_exit_code(folder: Path, words: list[str]) -> None:
    """3: it could not be loaded."""
    assert zoneproxy(words[0], *(folder / word for word in words[1:])) == 3


def test_an_explanation_names_rule_value_and_turn(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Which rule, on which value, and the least that would turn it."""
    (folder / "facts.yaml").write_text("origin.class: overseas\norigin.country: SG\norigin.agreeing: 1\n")
    assert zoneproxy("explain", folder / "facts.yaml", folder / "plain.yaml") == 0
    out = capsys.readouterr().out
    assert "collect: deny (rule COL-020: origin_evidence_weak)" in out
    assert "+ origin.agreeing lt 2   (it is 1)" in out
    assert "COL-010" not in out
    assert "it would allow with: origin.agreeing = 2" in out
    zoneproxy("explain", folder / "facts.yaml", folder / "plain.yaml", "--all")
    assert "COL-010 deny: false" in capsys.readouterr().out


def test_faulty_facts_are_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelled fact would explain another decision than the one meant."""
    (folder / "facts.yaml").write_text("origin.clas: overseas\norigin.agreeing: many\n")
    assert zoneproxy("explain", folder / "facts.yaml", folder / "plain.yaml") == 3
    err = capsys.readouterr().err
    assert "ZP2001" in err
    assert "ZP4003" in err
