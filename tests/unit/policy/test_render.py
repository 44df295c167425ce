"""Problems as text, JSON and SARIF."""

from __future__ import annotations

import json

from zoneproxy.policy.render import display_width, render, render_all, to_json, to_sarif
from zoneproxy.terms.errors import Problem

PROBLEM = Problem("p.yaml", 2, 9, "ZP2001", "unknown fact `x`", "did you mean `y`?", 3, "rules[0].when.x")


def test_a_problem_looks_like_a_compilers() -> None:
    """Place, code, message, line, caret, path and remedy stand where the eye expects them."""
    assert render(PROBLEM, ["a: 1", "when: {  abc: 1}"]) == (
        "p.yaml:2:9: error[ZP2001]: unknown fact `x`\n"
        "  |\n"
        "2 | when: {  abc: 1}\n"
        "  |         ^^^\n"
        "   = at rules[0].when.x\n"
        "   = help: did you mean `y`?"
    )


def test_the_caret_stands_right_behind_wide_characters() -> None:
    """Chinese characters take two columns, before the caret and under it."""
    wide = Problem("p.yaml", 1, 4, "ZP1000", "m", width=2)
    shown = render(wide, ["中文 中文"]).splitlines()
    assert shown[3] == "  | " + " " * 5 + "^^^^"


def test_tabs_stay_tabs_before_the_caret() -> None:
    """The terminal sets both lines' tabs alike."""
    assert render(Problem("p", 1, 2, "ZP0002", "m"), ["\tx"]).splitlines()[3] == "  | \t^"


def test_of_a_long_line_only_the_part_around_the_mark_is_shown() -> None:
    """A mistake on a line of a hundred thousand characters is still seen, with its caret under it."""
    line = "x" * 50_000 + "WRONG" + "y" * 50_000
    shown = render(Problem("p", 1, 50_001, "ZP2001", "m", width=5), [line]).splitlines()
    assert shown[2] == f"1 | ...{'x' * 60}WRONG{'y' * 60}..."
    assert shown[3] == "  | " + " " * 63 + "^^^^^"
    shown = render(Problem("p", 1, 1, "ZP2001", "m", width=100_000), [line]).splitlines()
    assert (len(shown[2]), shown[3]) == (4 + 60 + 60 + 3, "  | " + "^" * 60)


def test_width_of_combining_characters() -> None:
    """A combining accent takes no column."""
    assert display_width("e\u0301中") == 3


def test_without_the_source_no_line_is_shown() -> None:
    """A problem of a file that is not at hand still names its place."""
    assert render_all([PROBLEM], {}).splitlines()[0].startswith("p.yaml:2:9: error[ZP2001]")
    assert " | " not in render_all([PROBLEM], {})


def test_problems_are_separated_by_a_blank_line() -> None:
    """Several problems read as several."""
    assert render_all([PROBLEM, PROBLEM], {"p.yaml": b"a\nwhen: {  abc: 1}\n"}).count("\n\n") == 1


def test_json_is_one_line_with_every_field() -> None:
    """A program gets the same as a person."""
    line = to_json(PROBLEM)
    assert "\n" not in line
    assert json.loads(line) == {
        "file": "p.yaml", "line": 2, "column": 9, "width": 3, "severity": "error", "code": "ZP2001",
        "message": "unknown fact `x`", "path": "rules[0].when.x", "help": "did you mean `y`?",
    }  # fmt: skip


def test_sarif_names_rule_and_region() -> None:
    """Code review tools get version 2.1.0 with the exact region."""
    log = json.loads(to_sarif([PROBLEM]))
    result = log["runs"][0]["results"][0]
    assert log["version"] == "2.1.0"
    assert result["ruleId"] == "ZP2001"
    assert result["locations"][0]["physicalLocation"]["region"] == {
        "startLine": 2,
        "startColumn": 9,
        "endColumn": 12,
    }
