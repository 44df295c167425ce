"""`zoneproxy.replay.history`: the facts of each recorded decision, whole again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.decided_log import FORGED, GOOD, MIXED_ANSWER, write_decided
from tests.support.logs import START_MS, decision, ending
from tests.support.zone_world import pilot
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.replay.history import Judged, history, outcome
from zoneproxy.replay.records import records
from zoneproxy.replay.rewalk import Recorded
from zoneproxy.terms.phase import Phase


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> list[Judged]:
    log = write_decided(tmp_path_factory.mktemp("history") / "log", [GOOD, MIXED_ANSWER, FORGED])
    return list(history(records(open_log(log))))


def test_every_decision_and_return_is_there(judged: list[Judged]) -> None:
    """In the log's order, with what the record says and when."""
    seen = [(one.index, one.kind, one.verdict, one.phases) for one in judged]
    assert seen == [
        (1, "decision", "allow", (Phase.COLLECT, Phase.PROCESS)),
        (2, "return", "allow", (Phase.RETURN,)),
        (3, "decision", "allow", (Phase.COLLECT, Phase.PROCESS)),
        (4, "return", "deny", (Phase.RETURN,)),
        (5, "decision", "deny", (Phase.COLLECT,)),
    ]
    assert judged[0].ts > START_MS


def test_a_return_has_the_facts_of_its_decision(judged: list[Judged]) -> None:
    """Also the private ones, and the policies that admitted it."""
    back = judged[1]
    assert back.facts["response.mixing"] == "clean"
    assert back.facts["request.path"] == "/v1/chat/completions"
    assert back.whole
    assert back.digests == judged[0].digests == tuple(policy.digest for policy in pilot())


def test_judging_a_history_again_gives_what_was_recorded(judged: list[Judged]) -> None:
    """Every record is derived from its own facts (Z15)."""
    for one in judged:
        again = outcome(pilot(), one.phases, one.facts)
        assert (again.effect, again.reason, again.rule) == (one.verdict, one.reason, one.rule)


def test_withheld_facts_are_told(tmp_path: Path) -> None:
    """Without openings a history is not whole, and a return is no better than its decision."""
    log = write_decided(tmp_path / "log", [GOOD], openings=False)
    assert [one.whole for one in history(records(open_log(log)))] == [False, False]


def test_a_return_without_a_decision_is_left_out() -> None:
    """Nothing can be said of its facts; an exchange that was aborted has ended too."""
    rows = [
        Recorded(1, "return", ending(0, 1), {}),
        Recorded(2, "decision", decision(2), {}),
        Recorded(3, "abort", {"flow": decision(2)["flow"]}, {}),
        Recorded(4, "return", ending(2, 2), {}),
    ]
    assert [one.index for one in history(rows)] == [2]


def test_a_fault_is_told() -> None:
    """What a fault of ours refused was not judged by any rule."""
    rows = [Recorded(1, "decision", decision(1, by="fault", verdict="deny"), {})]
    assert [one.fault for one in history(rows)] == [True]
