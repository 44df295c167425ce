"""`zoneproxy.replay.turns`: what another version would have made of what was recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.decided_log import FORGED, GOOD, MIXED, MIXED_ANSWER, ROOT, write_decided
from tests.support.zone_world import pilot
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.policy.bundle import Policy, load
from zoneproxy.replay.history import Judged, history
from zoneproxy.replay.records import records
from zoneproxy.replay.turns import compare_over
from zoneproxy.terms.phase import Phase


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> list[Judged]:
    log = write_decided(tmp_path_factory.mktemp("turns") / "log", [GOOD, MIXED, MIXED_ANSWER, FORGED, GOOD])
    return list(history(records(open_log(log))))


def version(*changes: tuple[str, str], layer: str = "operator") -> tuple[Policy, ...]:
    """The pilot with some words of one layer replaced."""
    name = f"shantou-pilot.{layer}.yaml"
    text = (ROOT / "policies" / name).read_text("utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    changed = load(text.encode(), name)
    return tuple(changed if policy.layer == layer else policy for policy in pilot())


def looser() -> tuple[Policy, ...]:
    """The pilot without its rules on the scan of requests."""
    gone = ("PRO-501", "PRO-502", "PRO-010", "PRO-011", "PRO-012")
    return tuple(_without(policy, gone) for policy in pilot())


def _without(policy: Policy, gone: Sequence[str]) -> Policy:
    plans = {
        phase: replace(
            plan,
            denies=tuple(pair for pair in plan.denies if pair[1].id not in gone),
            allows=tuple(
                ((lambda _get: True), rule) if rule.id in {"PRO-900", "PRO-990"} else (match, rule)
                for match, rule in plan.allows
            ),
            invariants=(),
        )
        for phase, plan in policy.plans.items()
    }
    return replace(policy, plans=plans)


def test_the_same_version_turns_nothing(judged: list[Judged]) -> None:
    """A shuffled or renamed file is no change."""
    found = compare_over(judged, pilot(), version(("version: 1.0.0", "version: 1.0.1")))
    assert (found.turns, found.judged, found.withheld) == ((), 8, 0)


def test_what_a_version_denies_is_grouped_by_rules(judged: list[Judged]) -> None:
    """Old rule to new rule, with the records' places, under the leg that denies."""
    found = compare_over(judged, pilot(), version(("allowed: [SG, MY,", "allowed: [MY,")))
    turns = [(turn.kind, turn.phase, turn.old, turn.new, turn.indexes) for turn in found.turns]
    assert turns == [
        ("newly_denied", Phase.COLLECT, "PRO-900", "COL-021", (1, 4, 7)),
        ("newly_denied", Phase.RETURN, "RET-900", "COL-021", (2, 8)),
    ]


def test_what_a_version_allows_comes_first(judged: list[Judged]) -> None:
    """A mixed request that the new version lets in."""
    turns = compare_over(judged, pilot(), looser()).turns
    assert [(turn.kind, turn.old, turn.new, turn.indexes) for turn in turns] == [
        ("newly_allowed", "PRO-501", "PRO-900", (3,))
    ]


def test_what_a_version_says_of_tenants_is_asked_anew(judged: list[Judged]) -> None:
    """A chain that the new version ends before the record's day denies what it had let in."""
    link = 'markets: [SG]\n          clients: [enterprise]\n          valid: {from: "2026-01-01", until: '
    ended = version((f'{link}"2030-12-31"', f'{link}"2026-01-02"'))
    assert not compare_over(judged, pilot(), ended).turns, "that day it was still in force"
    later = [replace(one, ts=one.ts + 3 * 86_400_000) for one in judged]
    assert {turn.new for turn in compare_over(later, pilot(), ended).turns} == {"COL-031", "COL-507"}


def test_a_rail_turns_under_no_version(judged: list[Judged]) -> None:
    """A forged tag is refused by the boundary itself."""
    forged = judged[5]
    assert forged.reason == "origin-tag-forged"
    assert compare_over([forged], pilot(), looser()).turns == ()


def test_what_is_withheld_is_never_taken_for_unchanged(tmp_path: Path) -> None:
    """The pilot asks for private facts in collect only: the returns can still be told."""
    log = write_decided(tmp_path / "log", [GOOD], openings=False)
    found = compare_over(history(records(open_log(log))), pilot(), pilot())
    assert (found.judged, found.withheld) == (1, 1)


def test_faults_are_left_out(judged: list[Judged]) -> None:
    """No policy changes what a fault of ours refused."""
    found = compare_over([replace(one, fault=True) for one in judged], pilot(), looser())
    assert (found.turns, found.judged, found.faults) == ((), 0, 8)
