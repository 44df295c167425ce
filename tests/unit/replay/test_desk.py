"""`zoneproxy.replay.desk`: parts of a log, worked on apart, say what the whole says."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from tests.support.decided_log import FORGED, GOOD, MIXED, MIXED_ANSWER, write_decided
from tests.support.logs import write_log
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.replay import desk
from zoneproxy.replay.desk import Desk, Work, tasks
from zoneproxy.replay.rewalk import Walk


def test_parts_depend_on_the_size_alone() -> None:
    """Every bundle is in one part, in order; entries known to be bad go with their part."""
    parts = tasks("o", 256 * 40 + 3, frozenset({0, 256 * 39}))
    assert [(part.first, part.end) for part in parts] == [(0, 16), (16, 32), (32, 41)]
    assert [part.bad for part in parts] == [frozenset({0}), frozenset(), frozenset({256 * 39})]
    assert tasks("o", 0) == []


def test_a_part_is_plain_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A part can come from another process, and holds what its entries are."""
    monkeypatch.setattr(desk, "PART_BUNDLES", 1)
    reader = open_log(write_log(tmp_path / "log", [200]))
    checkpoint = reader.checkpoint()
    parts = [
        pickle.loads(pickle.dumps(Desk(reader, Work()).examine(task)))
        for task in tasks(checkpoint.origin, checkpoint.size)
    ]
    assert [part.entries for part in parts] == [256, 145]
    assert [len(part.roots) for part in parts] == [1, 0]
    assert len(parts[1].rest) == len(parts[1].rest_hashes) == 145
    assert [index for index, _ in parts[0].rare] == [0]
    assert not parts[0].flaws.found
    assert len(parts[1].sequences.pending) == 1  # the exchange that lies on both sides of the cut
    assert parts[0].totals.rows()["2026-01-01", ""]["exchanges"] == 127


def test_the_walk(tmp_path: Path) -> None:
    """Z15: decisions and returns are judged again while they are checked."""
    reader = open_log(write_decided(tmp_path / "log", [GOOD, MIXED, MIXED_ANSWER, FORGED]))
    (task,) = tasks(reader.checkpoint().origin, reader.checkpoint().size)
    part = Desk(reader, Work(walk=True)).examine(task)
    assert (dict(part.walks), part.steps) == ({Walk.AGREES: 6}, [])
    assert part.openings.opened == 6
    part = Desk(reader, Work(openings=False, walk=True)).examine(task)
    assert part.walks[Walk.WITHHELD]
    assert [step.index for step in part.steps] == sorted(step.index for step in part.steps)
    assert part.openings.opened == 0


def test_what_does_not_agree_is_kept_up_to_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded however many records do not agree."""
    monkeypatch.setattr(desk, "MOST_STEPS", 1)
    reader = open_log(write_decided(tmp_path / "log", [GOOD, GOOD, GOOD], openings=False))
    (task,) = tasks(reader.checkpoint().origin, reader.checkpoint().size)
    part = Desk(reader, Work(walk=True)).examine(task)
    assert (len(part.steps), part.more_steps, part.walks[Walk.WITHHELD]) == (1, 2, 3)


def test_an_archived_policy_that_was_changed(tmp_path: Path) -> None:
    """Z15: decisions of a policy whose archived bytes were changed differ, each; entries are not blamed."""
    root = write_decided(tmp_path / "log", [GOOD, FORGED])
    policy = next(iter(sorted((root / "policy").iterdir())))
    policy.write_bytes(policy.read_bytes() + b"\n")
    reader = open_log(root)
    (task,) = tasks(reader.checkpoint().origin, reader.checkpoint().size)
    part = Desk(reader, Work(walk=True)).examine(task)
    assert part.flaws.found == []
    assert part.walks[Walk.DIFFERS] >= 2
    assert "an archived policy was changed" in part.steps[0].why
