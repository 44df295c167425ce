"""`zoneproxy policy test`."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.support.small_policy import THREE_RULES, text
from tests.unit.cli.test_policy import zoneproxy

TESTS = """\
apiVersion: zoneproxy/v1
kind: ZonePolicyTest
policy: policy.yaml
now: "2026-11-21"
require: {rules: 100%, leaves: 50%, mutants: 50%}
fixtures:
  good: {origin.class: overseas, origin.country: SG, origin.agreeing: 2}
tests:
  - {name: good, given: [good], expect: {collect: {rule: COL-900}}}
  - {name: home, given: [good], with: {origin.country: CN}, expect: {collect: {rule: COL-010}}}
"""
WEAK = "  - {name: weak, given: [good], with: {origin.agreeing: 1}, expect: {collect: {rule: COL-020}}}\n"
WRONG = "  - {name: wrong, given: [good], with: {origin.agreeing: 0}, expect: {collect: {rule: COL-900}}}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "policy.yaml").write_bytes(text(THREE_RULES))
    (tmp_path / "full.yaml").write_text(TESTS + WEAK)
    (tmp_path / "poor.yaml").write_text(TESTS)
    (tmp_path / "wrong.yaml").write_text(TESTS + WEAK + WRONG)
    (tmp_path / "vacuous.yaml").write_text(
        TESTS + "  - {name: v, given: [god], expect: {collect: {kind: rule}}}\n"
    )
    return tmp_path


@pytest.mark.parametrize(("name", "code"), [("full", 0), ("poor", 6), ("wrong", 4), ("vacuous", 3)])
def test_exit_codes_tell_what_is_wrong(folder: Path, name: str, code: int) -> None:
    """0 ok, 3 a test that names nothing, 4 a failure, 6 coverage below what the file requires."""
    assert zoneproxy("test", folder / f"{name}.yaml") == code


def test_a_failure_says_what_was_expected(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With file and line."""
    zoneproxy("test", folder / "wrong.yaml")
    out = capsys.readouterr().out
    assert "wrong.yaml:12: failed: wrong" in out
    assert "rule: expected `COL-900`, got `COL-020`" in out
    assert "3 passed, 1 failed, 0 skipped" in out


def test_what_was_not_seen_is_shown(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--cover` names rules and leaves; a share below the requirement goes to stderr."""
    assert zoneproxy("test", folder / "poor.yaml", "--cover") == 6
    shown = capsys.readouterr()
    assert "the rule `COL-020` never fired" in shown.out
    assert "rules 66.7%, below the required 100%" in shown.err


def test_mistakes_that_nothing_notices_are_shown(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--mutate` plants them."""
    assert zoneproxy("test", folder / "poor.yaml", "--mutate") == 6
    assert "nothing notices this mistake: drop the rule COL-020" in capsys.readouterr().out


def test_one_case_can_be_chosen(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A name that no case has is an error, not a success."""
    assert zoneproxy("test", folder / "poor.yaml", "--run", "home") == 0
    assert "1 passed" in capsys.readouterr().out
    assert zoneproxy("test", folder / "poor.yaml", "--run", "hom3") == 4


def test_reports_for_programs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """JSON lines and JUnit's XML."""
    zoneproxy("test", folder / "wrong.yaml", "--json", "--junit", folder / "j.xml")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["passed"] for line in lines] == [True, True, True, False]
    suite = ET.parse(folder / "j.xml").getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("4", "1")


def test_a_faulty_policy_is_not_tested(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its mistakes are said as `check` says them."""
    (folder / "policy.yaml").write_bytes(text(THREE_RULES.replace("origin.country", "origin.county")))
    assert zoneproxy("test", folder / "full.yaml") == 3
    assert "ZP2001" in capsys.readouterr().err
