"""`zoneproxy policy explain` and `why`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.decided_log import FORGED, GOOD, MIXED, MIXED_ANSWER, write_decided
from tests.support.logs import write_log
from tests.support.small_policy import THREE_RULES, text
from tests.unit.cli.policy.test_commands import zoneproxy
from zoneproxy.terms.errors import ConfigError, VerificationError


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_decided(tmp_path_factory.mktemp("why") / "log", [GOOD, MIXED, MIXED_ANSWER, FORGED])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "plain.yaml").write_bytes(text(THREE_RULES))
    return tmp_path


def test_an_explanation_names_rule_value_and_turn(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Which rule, on which value, and the least that would turn it."""
    (folder / "facts.yaml").write_text("origin.class: overseas\norigin.country: SG\norigin.agreeing: 1\n")
    assert zoneproxy("explain", folder / "facts.yaml", folder / "plain.yaml") == 0
    out = capsys.readouterr().out
    assert "collect: deny (rule COL-020: origin_evidence_weak)" in out
    assert "+ origin.agreeing lt 2   (it is 1)" in out
    assert "COL-010" not in out
    assert "1 more did not fire" in out
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


def test_a_recorded_denial_is_explained(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From the record's facts and the archived policies: rules, values, and the shortest way out."""
    assert zoneproxy("why", f"{log}#3") == 0
    out = capsys.readouterr().out
    assert "entry 3 (decision, flow" in out
    assert "collect: allow (rule COL-900)" in out
    assert '+ request.method eq POST   (it is "POST")' in out, "private, from the opening"
    assert "process: deny (rule PRO-501: policy-domestic-data-mixed)" in out
    assert '- data.mixing eq clean   (it is "detected")' in out
    assert 'data.mixing = "clean"' in out.splitlines()[-1]


def test_every_rule_is_shown_on_demand(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Also those that let the request pass, with the values of all their parts."""
    zoneproxy("why", f"{log}#1", "--all")
    out = capsys.readouterr().out
    assert "operator COL-003 deny: false" in out
    assert "did not fire" not in out


def test_a_return_is_explained_with_the_facts_of_its_decision(
    log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its own record holds the return leg only."""
    assert zoneproxy("why", f"{log}#5") == 0
    out = capsys.readouterr().out
    assert "return: deny (rule RET-503: policy-domestic-data-mixed)" in out
    zoneproxy("why", f"{log}#5", "--all")
    assert 'origin.country in CN   (it is "SG")' in capsys.readouterr().out


def test_a_rail_is_named_as_what_it_is(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No rule decided, and no policy could have allowed it."""
    assert zoneproxy("why", f"{log}#6") == 0
    out = capsys.readouterr().out
    assert "collect: deny (law: origin-tag-forged)" in out
    assert "it would" not in out


def test_withheld_facts_show_as_unknown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Who may not see the private part is told that it is missing."""
    log = write_decided(tmp_path / "log", [GOOD], openings=False)
    assert zoneproxy("why", f"{log}#1") == 0
    said = capsys.readouterr()
    assert "private facts are withheld" in said.err
    assert "missing: request.method" in said.out


def test_a_record_that_does_not_agree_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The explanation is of what the facts give; where the record says another thing, exit 1."""
    log = write_decided(tmp_path / "log", [GOOD], mend=lambda body: dict(body) | {"rule": "PRO-901"})
    assert zoneproxy("why", f"{log}#1") == 1
    assert "this record does not agree" in capsys.readouterr().err


@pytest.mark.parametrize("words", ["#1", "{log}", "{log}#", "{log}#x", "{log}#0", "{log}#99", "{log}x#1"])
def test_what_names_no_record_is_refused(log: Path, words: str) -> None:
    """With a hint of how a record is named."""
    with pytest.raises(ConfigError) as caught:
        zoneproxy("why", words.replace("{log}", str(log)))
    assert caught.value.hint


def test_nothing_is_explained_from_a_log_that_does_not_hold(tmp_path: Path) -> None:
    """One changed byte, and the reasons would be a forger's."""
    log = write_log(tmp_path / "log", [1])
    entries = next((log / "tile/entries").rglob("3"))
    data = bytearray(entries.read_bytes())
    data[-20] ^= 1
    entries.write_bytes(data)
    with pytest.raises(VerificationError):
        zoneproxy("why", f"{log}#1")
