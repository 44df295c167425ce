"""Counting a corpus with the real detectors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from zoneproxy.cli.policy.corpus import run_corpus
from zoneproxy.policy.corpus import BODIES, Corpus, CorpusCase
from zoneproxy.terms.errors import ConfigError

BODIES_OF = [
    {"id": "1", "text": "my number is 110101199003074610", "labels": ["CN_RESIDENT_ID"]},
    {"id": "2", "text": "the weather is good", "labels": []},
    {"id": "3", "text": "call me on 13800138000", "labels": ["CN_PASSPORT"], "allow": ["CN_MOBILE"]},
]


def case(folder: Path, baseline: str | None = None) -> CorpusCase:
    text = "\n".join(json.dumps(body) for body in BODIES_OF)
    (folder / "c.jsonl").write_text(text, encoding="utf-8")
    return CorpusCase("c", 1, Corpus(file="c.jsonl", levels=[2, 1], baseline=baseline))


def test_the_levels_are_counted_each_by_itself(tmp_path: Path) -> None:
    """A label that is not there is missed, whatever else is found."""
    told: list[tuple[int, int]] = []
    done = run_corpus(case(tmp_path), tmp_path, tell=lambda *progress: told.append(progress))
    assert sorted(done.tallies) == [1, 2]
    assert done.tallies[2].right["CN_RESIDENT_ID"] == 1
    assert done.tallies[2].missed["CN_PASSPORT"] == 1
    assert done.tallies[2].clean == 1
    assert not done.failures
    assert len(done.lines) > 2


def test_a_baseline_is_written_and_held(tmp_path: Path) -> None:
    """The file that the test names, relative to it; another one if it is given."""
    own = case(tmp_path, "b.json")
    run_corpus(own, tmp_path, write=True)
    assert run_corpus(own, tmp_path).failures == ()
    other = tmp_path / "other.json"
    other.write_text((tmp_path / "b.json").read_text().replace('"missed": 0', '"missed": 0'))
    before = json.loads(other.read_text())
    before["levels"]["1"]["counts"][BODIES]["right"] = 9
    other.write_text(json.dumps(before))
    (failure,) = run_corpus(own, tmp_path, baseline=str(other)).failures
    assert failure.startswith("level 1: (bodies): ")


@pytest.mark.parametrize(
    ("baseline", "write", "message"),
    [
        (None, True, "names no baseline"),
        ("c.jsonl", False, "is no baseline"),
        ("no.json", False, "can't be read"),
    ],
)
def test_what_can_not_be_measured(tmp_path: Path, baseline: str | None, *, write: bool, message: str) -> None:
    """The user's error, with a remedy."""
    with pytest.raises(ConfigError, match=message):
        run_corpus(case(tmp_path, baseline), tmp_path, write=write)
