"""`zoneproxy policy check`, `facts` and `schema`."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import pytest

from tests.support.small_policy import RULES, text
from zoneproxy.cli.policy.commands import add_parser
from zoneproxy.terms.errors import ConfigError
from zoneproxy.terms.facts import VOCABULARY


def zoneproxy(*words: str | Path) -> int:
    parser = argparse.ArgumentParser()
    add_parser(parser.add_subparsers(required=True))
    args = parser.parse_args(["policy", *map(str, words)])
    return int(args.func(args))


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.yaml"
    path.write_bytes(text())
    return path


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    path = tmp_path / "bad.yaml"
    path.write_bytes(text(RULES.replace("origin.class", "origin.clas")))
    return path


def test_a_right_policy_is_ok(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 0; the summary goes to stderr, there is no result."""
    assert zoneproxy("check", good) == 0
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "1 rules" in shown.err


def test_problems_are_the_result(good: Path, bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 1; every file is checked."""
    assert zoneproxy("check", bad, good) == 1
    shown = capsys.readouterr()
    assert "error[ZP2001]: unknown fact `origin.clas`" in shown.out
    assert "^^^^^^^^^^^" in shown.out
    assert shown.err == "1 problem found\n"


def test_problems_as_json_and_sarif(bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One object a line, or one log."""
    assert zoneproxy("check", bad, "--json") == 1
    assert json.loads(capsys.readouterr().out)["code"] == "ZP2001"
    assert zoneproxy("check", bad, "--sarif") == 1
    assert json.loads(capsys.readouterr().out)["version"] == "2.1.0"


def test_two_layers_must_fit_together(tmp_path: Path, good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An id that stands in both is a problem."""
    other = tmp_path / "regulator.yaml"
    other.write_bytes(text(layer="regulator"))
    assert zoneproxy("check", good, other) == 1
    assert "ZP2031" in capsys.readouterr().out


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """A clear error, not a trace."""
    with pytest.raises(ConfigError, match="can't be read"):
        zoneproxy("check", tmp_path / "nothing.yaml")


def test_the_facts_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """One line each, for people and for programs."""
    assert zoneproxy("facts") == 0
    assert len(capsys.readouterr().out.splitlines()) == len(VOCABULARY)
    assert zoneproxy("facts", "--json") == 0
    assert {json.loads(line)["name"] for line in capsys.readouterr().out.splitlines()} == set(VOCABULARY)


def test_the_schemas_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """For policies and for their tests."""
    assert zoneproxy("schema") == 0
    assert "Condition" in json.loads(capsys.readouterr().out)["$defs"]
    assert zoneproxy("schema", "--tests") == 0
    assert "Scenario" in json.loads(capsys.readouterr().out)["$defs"]


def test_without_the_extra_the_server_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the language server needs pygls; nothing else imports it."""
    monkeypatch.setitem(sys.modules, "pygls.lsp.server", None)
    monkeypatch.delitem(sys.modules, "zoneproxy.cli.policy.lsp", raising=False)
    with pytest.raises(ConfigError) as caught:
        zoneproxy("lsp")
    assert "zoneproxy[editor]" in caught.value.hint


def test_catalogues_are_checked_beside_policies(
    good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A shipped one holds; one changed entry, and its digest is underlined."""
    shipped = Path(__file__).resolve().parents[4] / "policies/data/important-data-catalogue.yaml"
    assert zoneproxy("check", good, shipped) == 0
    assert "unverified" in capsys.readouterr().err
    broken = tmp_path / "broken.yaml"
    broken.write_text(shipped.read_text("utf-8").replace("class: core", "class: general"), "utf-8")
    assert zoneproxy("check", good, broken) == 1
    assert "ZP2033" in capsys.readouterr().out
