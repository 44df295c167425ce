"""What a run of tests tells, to people and to programs."""

from __future__ import annotations

import io
import json
import xml.etree.ElementTree as ET

import pytest

from zoneproxy.cli.policy.report import Progress, Row, junit, show

ROWS = [
    Row("a.yaml", 3, "good", "facts", "collect"),
    Row("a.yaml", 5, 'bad "&<\x00', "wire", failures=("status: expected `1`, got `2`",), more={"x": 1}),
    Row("b.yaml", 7, "later", "corpus", skipped="not yet"),
]


def test_lines_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    """Failures with their place, then the counts."""
    show(ROWS, "a.yaml", as_json=False)
    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith("a.yaml:5: failed: bad")
    assert out[1:] == ["   status: expected `1`, got `2`", "a.yaml: 1 passed, 1 failed, 1 skipped"]


def test_objects_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    """One a line; what was not run has not passed."""
    show(ROWS, "a.yaml", as_json=True)
    good, bad, later = map(json.loads, capsys.readouterr().out.splitlines())
    assert (good["passed"], bad["passed"], later["passed"]) == (True, False, False)
    assert (bad["x"], later["skipped"], "skipped" in good) == (1, "not yet", False)


def test_junit_is_xml_whatever_tests_are_called() -> None:
    """A suite a file; names may hold what XML can't."""
    one, two = ET.fromstring(junit(ROWS).partition("?>")[2])
    assert (one.get("tests"), one.get("failures"), two.get("skipped")) == ("2", "1", "1")
    assert one[1].get("name") == 'bad "&<\ufffd'
    assert one[1][0].text == "status: expected `1`, got `2`"
    assert two[0][0].get("message") == "not yet"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_on_a_terminal_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Elsewhere not a byte."""
    quiet = Progress("x")
    quiet.tell(1, 2)
    quiet.end()
    assert capsys.readouterr().err == ""
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    bar = Progress("mistakes planted")
    bar.tell(1, 2)
    assert screen.getvalue() == "\rmistakes planted [###############...............] 1/2"
    bar.end()
    bar.tell(0, 0)
    assert screen.getvalue().endswith("\r\x1b[K")
