"""`zoneproxy.replay.report`: what came of each level, and the exit code of the whole."""

from __future__ import annotations

import pytest

from zoneproxy.replay.flaws import Flaw, FlawClass, Level
from zoneproxy.replay.report import AuditReport, level_result
from zoneproxy.replay.rewalk import Walk


def flaw(kind: FlawClass, level: Level = Level.TREE) -> Flaw:
    return Flaw(kind, "entry 1", "it is so", {}, level)


def test_a_level_is_as_bad_as_its_worst_flaw() -> None:
    """Flaws of other levels don't count."""
    flaws = [flaw(FlawClass.WITHHELD), flaw(FlawClass.MISSING), flaw(FlawClass.INVALID, Level.ENTRIES)]
    made = level_result(Level.TREE, flaws, {"files": 3})
    assert (made.result, made.flaws, made.name) == ("missing", 2, "tree")
    assert level_result(Level.SEQUENCES, flaws, {}).result == "holds"


@pytest.mark.parametrize(
    ("kinds", "walks", "code"),
    [
        ((), {}, 0),
        ((), {Walk.AGREES: 3, Walk.FAULT: 1}, 0),
        ((), {Walk.WITHHELD: 1}, 3),
        ((FlawClass.UNWITNESSED,), {}, 3),
        ((FlawClass.UNWITNESSED,), {Walk.DIFFERS: 1}, 1),
        ((FlawClass.WITHHELD, FlawClass.MISSING), {}, 1),
        ((FlawClass.INVALID,), {Walk.WITHHELD: 1}, 1),
    ],
)
def test_exit_codes(kinds: tuple[FlawClass, ...], walks: dict[Walk, int], code: int) -> None:
    """1 for what does not hold or is derived otherwise, 3 for what can't be seen, 0 for the rest."""
    assert AuditReport("o", 1, "", tuple(map(flaw, kinds)), walks=walks).exit_code == code
