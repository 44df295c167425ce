"""`zoneproxy.replay.whatif`: what another policy would have decided, while the log is walked."""

from __future__ import annotations

from array import array
from pathlib import Path

import pytest

from tests.support.decided_log import FORGED, GOOD, MIXED, MIXED_ANSWER, ROOT, write_decided
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.replay.audit import audit
from zoneproxy.replay.desk import Work
from zoneproxy.replay.turns import Comparison
from zoneproxy.replay.whatif import WhatIf, _Key
from zoneproxy.terms.errors import PolicyError
from zoneproxy.terms.phase import Phase

OPERATOR = (ROOT / "policies" / "shantou-pilot.operator.yaml").read_bytes()


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_decided(tmp_path_factory.mktemp("whatif") / "log", [GOOD, MIXED, MIXED_ANSWER, FORGED, GOOD])


def compared(log: Path, *others: bytes) -> Comparison:
    files = tuple((f"other-{number}.yaml", data) for number, data in enumerate(others))
    found = audit(open_log(log), work=Work(walk=True, others=files)).comparison
    assert found is not None
    return found


def test_the_policy_of_the_day_changes_nothing(log: Path) -> None:
    """Z15: under the archived policy nothing turns, and every record was judged."""
    found = compared(log, OPERATOR)
    assert (found.turns, found.judged, found.withheld, found.faults) == ((), 8, 0, 0)


def test_what_would_be_denied_is_listed_by_rule(log: Path) -> None:
    """Indexes of the decisions and returns that turn, with the rule then and now; one layer is enough."""
    found = compared(log, OPERATOR.replace(b"allowed: [SG, MY,", b"allowed: [MY,"))
    turns = [(turn.kind, turn.phase, turn.old, turn.new, turn.indexes) for turn in found.turns]
    assert turns == [
        ("newly_denied", Phase.COLLECT, "PRO-900", "COL-021", (1, 4, 7)),
        ("newly_denied", Phase.RETURN, "RET-900", "COL-021", (2, 8)),
    ]


def test_what_is_withheld_is_not_taken_for_unchanged(tmp_path: Path) -> None:
    """Z17: where private facts are asked for and not here, it can't be told."""
    found = compared(write_decided(tmp_path / "log", [GOOD], openings=False), OPERATOR)
    assert (found.judged, found.withheld) == (1, 1)


def test_what_is_no_policy_is_told_before_anything_is_read(log: Path) -> None:
    """A broken policy is the author's fault, with its places."""
    with pytest.raises(PolicyError):
        compared(log, b"not: [a policy")


def test_parts_are_joined() -> None:
    """Groups of the same kind become one, in the order of the log."""
    key: _Key = ("newly_denied", "A", "B", Phase.COLLECT)
    one = WhatIf({key: array("q", [1, 5])}, judged=2)
    one.join(WhatIf({key: array("q", [7])}, judged=1))
    found = one.comparison()
    assert [turn.indexes for turn in found.turns] == [(1, 5, 7)]
    assert found.judged == 3
