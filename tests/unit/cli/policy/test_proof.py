"""`zoneproxy policy prove` and `diff`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.decided_log import GOOD, MIXED, ROOT, write_decided
from tests.support.small_policy import THREE_RULES, text
from tests.unit.cli.policy.test_commands import zoneproxy
from tests.unit.policy.test_prove import FLOW_RULES, WHOLE

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


def test_a_broken_flow_is_written_as_a_test(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 5; the test stands at the leg where the answer leaves."""
    (folder / "flow.yaml").write_bytes(text(FLOW_RULES + WHOLE.replace("overseas,", "zone,")))
    target = folder / "witness.yaml"
    assert zoneproxy("prove", folder / "flow.yaml", "--write-test", target) == 5
    assert "INV-001 flow     VIOLATED" in capsys.readouterr().out
    assert list(json.loads(target.read_text())["tests"][0]["expect"]) == ["return"]


def test_an_empty_proof_is_called_so(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where nothing is allowed, everything is proved, and nothing is said."""
    rules = FLOW_RULES.replace("{exchange.kind: serve}", "{exchange.kind: outward}")
    (folder / "flow.yaml").write_bytes(text(rules + WHOLE))
    assert zoneproxy("prove", folder / "flow.yaml") == 0
    assert "warning: nothing at all is allowed in `flow`" in capsys.readouterr().out


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


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_decided(tmp_path_factory.mktemp("diff") / "log", [GOOD, MIXED, GOOD])


def layers(folder: Path, *changes: tuple[str, str]) -> str:
    """Both layers of the pilot, with words of the operator's replaced, as one argument."""
    text_now = (ROOT / "policies/shantou-pilot.operator.yaml").read_text("utf-8")
    for old, new in changes:
        assert old in text_now
        text_now = text_now.replace(old, new)
    (folder / "operator.yaml").write_text(text_now, "utf-8")
    return f"{ROOT / 'policies/shantou-pilot.regulator.yaml'},{folder / 'operator.yaml'}"


def test_a_recorded_log_says_what_a_version_turns(
    folder: Path, log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Grouped by rule with the entries; 0 where only less passes, 7 where more does."""
    now = layers(folder)
    (folder / "narrow").mkdir()
    narrow = layers(folder / "narrow", ("allowed: [SG, MY,", "allowed: [MY,"))
    assert zoneproxy("diff", now, narrow, "--replay", log) == 0
    out = capsys.readouterr().out
    assert "collect: 2 records newly denied (PRO-900 -> COL-021)\n   entries 1, 4\n" in out
    assert "5 records judged under both versions" in out
    assert zoneproxy("diff", narrow, now, "--replay", log, "--json") == 7
    first, *_, last = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["kind"], first["indexes"]) == ("newly_allowed", [1, 4])
    assert last == {"judged": 5, "withheld": 0, "faults": 0}
    assert zoneproxy("diff", now, now, "--replay", log) == 0
    assert "none of them turns" in capsys.readouterr().out


def test_a_withheld_log_proves_no_change(folder: Path, tmp_path: Path) -> None:
    """What can't be told must not pass a gate: exit 3."""
    log = write_decided(tmp_path / "log", [GOOD], openings=False)
    assert zoneproxy("diff", layers(folder), layers(folder), "--replay", log) == 3
