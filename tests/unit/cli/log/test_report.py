"""`zoneproxy.cli.log.report`: what is told of a report."""

from __future__ import annotations

import json

import pytest

from zoneproxy.cli.log import report as log_report
from zoneproxy.replay.flaws import Flaw, FlawClass, Level
from zoneproxy.replay.questions import Answer
from zoneproxy.replay.report import AuditReport, LevelReport

NOTE = {"note": "a\nb\n", "root": "00"}
REPORT = AuditReport(
    "log.example", 3, "00", (Flaw(FlawClass.INVALID, "entry 1", "it was changed", NOTE),), more=2,
    kinds={"log_open": 1}, under_way=dict.fromkeys(range(25), "f"),
    levels=(
        LevelReport(Level.TREE, "invalid", {"files": 2}, 1),
        LevelReport(Level.DECISIONS, "not checked", {}),
    ),
)  # fmt: skip


def test_flaws_and_levels(capsys: pytest.CaptureFixture[str]) -> None:
    """Short proofs are printed, whole notes are not; levels say what was counted."""
    log_report.print_flaws(REPORT)
    log_report.print_levels(REPORT.levels)
    assert capsys.readouterr().out == (
        "invalid: entry 1: it was changed\n    root: 00\nand 2 more\n"
        "L1 tree           invalid: 2 files\nL4 decisions      not checked\n"
    )


def test_many_exchanges_under_way_are_not_all_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """The first twenty are enough on a terminal; JSON has them all."""
    log_report.print_summary(REPORT)
    assert "under way: 25 exchanges without an end (entries 0, 1, 2," in (out := capsys.readouterr().out)
    assert "18, 19, ...)" in out
    log_report.print_json(REPORT)
    flaw, *_, summary = map(json.loads, capsys.readouterr().out.splitlines())
    assert (flaw["level"], flaw["proof"]) == ("L1", NOTE)
    assert (len(summary["under_way"]), summary["flaws"], summary["exit_code"]) == (25, 3, 1)


def test_nothing_is_summed_up_without_a_checkpoint(capsys: pytest.CaptureFixture[str]) -> None:
    """A log of which nothing is known has no summary."""
    log_report.print_summary(AuditReport("", 0, "", ()))
    assert capsys.readouterr().out == ""


def test_differences_and_answers(capsys: pytest.CaptureFixture[str]) -> None:
    """A line that only one side has is told as nothing there."""
    one: dict[str, object] = {"day": "2026-01-01", "tenant": "a", "column": "prompt", "log": None, "other": 3}
    log_report.print_differences([one])
    log_report.print_answers([Answer("keys", "who?", "unknown", ("nobody",))], as_json=False)
    assert capsys.readouterr().out == (
        "differs: 2026-01-01, tenant a: prompt: log nothing, table 3\nwho? it can't be told\n    nobody\n"
    )
    assert log_report.exit_code(AuditReport("o", 0, "", ()), [one]) == 1
