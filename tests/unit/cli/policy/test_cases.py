"""`zoneproxy policy test`."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.support.small_policy import THREE_RULES, text
from tests.unit.cli.policy.test_commands import zoneproxy
from zoneproxy.terms.errors import ConfigError

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
    out = capsys.readouterr().out
    assert "nothing notices this mistake: drop the rule COL-020\n   - {id: COL-020, phase: collect" in out
    assert "COL-020: rules[1].when.origin.agreeing.lt is 1\n" in out
    assert "\n   + {id: COL-020, phase: collect, effect: deny, when: {origin.agreeing: {lt: 1}}" in out


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
    (suite,) = ET.parse(folder / "j.xml").getroot()
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("6", "1", "0")
    assert {case.get("classname") for case in suite} == {"facts", "coverage"}


def test_a_faulty_policy_is_not_tested(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its mistakes are said as `check` says them."""
    (folder / "policy.yaml").write_bytes(text(THREE_RULES.replace("origin.country", "origin.county")))
    assert zoneproxy("test", folder / "full.yaml") == 3
    assert "ZP2001" in capsys.readouterr().err


def test_coverage_below_what_is_required_is_a_failure_in_junit(folder: Path) -> None:
    """A CI that reads the report alone sees it too."""
    zoneproxy("test", folder / "poor.yaml", "--junit", folder / "j.xml")
    (suite,) = ET.parse(folder / "j.xml").getroot()
    failed = [case.get("name") for case in suite if case.find("failure") is not None]
    assert failed == ["coverage of rules", "coverage of leaves"]


def test_what_is_skipped_is_counted_with_its_reason(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A test that is left out stays in sight."""
    later = WEAK.replace("name: weak", "name: later, skip: not yet")
    (folder / "full.yaml").write_text(TESTS + WEAK + later)
    assert zoneproxy("test", folder / "full.yaml", "--json") == 0
    (row,) = [row for row in map(json.loads, capsys.readouterr().out.splitlines()) if "skipped" in row]
    assert (row["skipped"], row["passed"]) == ("not yet", False)


WIRE = """\
apiVersion: zoneproxy/v1
kind: ZonePolicyTest
policy: [regulator.yaml, policy.yaml]
now: "2026-11-21"
tests:
  - {name: w, wire: {door: inland, expect: {status: 403}}}
"""


def test_exchanges_that_are_not_sent_are_told(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the user's word, or because the proxy is not installed: plainly, and never as passed."""
    (folder / "regulator.yaml").write_bytes(text(layer="regulator"))
    (folder / "w.yaml").write_text(WIRE)
    assert zoneproxy("test", folder / "w.yaml", "--no-wire") == 0
    shown = capsys.readouterr()
    assert "1 exchange was NOT sent: `--no-wire` was given" in shown.err
    assert "0 passed, 0 failed, 1 skipped" in shown.out

    def missing() -> None:
        raise ConfigError("the proxy can't be loaded: no module", hint="")

    monkeypatch.setattr("zoneproxy.cli.policy.cases.load_proxy", missing)
    assert zoneproxy("test", folder / "w.yaml") == 0
    err = capsys.readouterr().err
    assert "1 exchange was NOT sent: the proxy can't be loaded: no module" in err
    assert "hint: pip install 'zoneproxy[proxy]'" in err


CORPUS = """\
apiVersion: zoneproxy/v1
kind: ZonePolicyTest
policy: policy.yaml
now: "2026-11-21"
tests:
  - {name: c, corpus: {file: c.jsonl, levels: [1]}}
"""


def test_a_corpus_is_counted_against_its_baseline(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Written once, held from then on; exit code 4 where it got worse."""
    body = {"id": "1", "text": "my number is 110101199003074610", "labels": ["CN_RESIDENT_ID"]}
    (folder / "c.jsonl").write_text(json.dumps(body) + "\n")
    (folder / "c.yaml").write_text(CORPUS)
    baseline = folder / "b.json"
    assert zoneproxy("test", folder / "c.yaml", "--baseline", baseline, "--write-baseline") == 0
    assert zoneproxy("test", folder / "c.yaml", "--baseline", baseline) == 0
    baseline.write_text(baseline.read_text().replace('"right": 1', '"right": 2'))
    capsys.readouterr()
    assert zoneproxy("test", folder / "c.yaml", "--baseline", baseline, "--json") == 4
    (row,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert row["failures"] == ["level 1: (bodies): 1 found rightly, 2 before",
                               "level 1: CN_RESIDENT_ID: 1 found rightly, 2 before"]  # fmt: skip
    assert row["levels"]["1"]["counts"]["CN_RESIDENT_ID"]["right"] == 1


def test_a_baseline_needs_a_corpus(folder: Path) -> None:
    """What measures nothing is the user's error."""
    with pytest.raises(ConfigError, match="no corpus"):
        zoneproxy("test", folder / "full.yaml", "--write-baseline")


def test_witnesses_become_tests(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--from-witness` prints what `prove --json` found, as tests of this file."""
    found = {"invariant": "INV-001", "phase": "collect", "holds": False, "claim": "c",
             "witness": {"origin.class": "overseas", "origin.agreeing": 2}}  # fmt: skip
    (folder / "w.jsonl").write_text(json.dumps(found) + "\n")
    assert zoneproxy("test", folder / "full.yaml", "--from-witness", folder / "w.jsonl") == 0
    assert "INV-001 in collect: c" in capsys.readouterr().out
