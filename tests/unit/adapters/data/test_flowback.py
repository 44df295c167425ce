"""`zoneproxy.adapters.data.flowback`: collected, closed and signed by day, looked up, and let go in time."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from zoneproxy.adapters.data.flowback import Collector, build, day_of, expire, opened, runs
from zoneproxy.content.returned import Returned, sight
from zoneproxy.terms.errors import ConfigError, VerificationError
from zoneproxy.trace.note import Ed25519Signer

SIGNER = Ed25519Signer("zone/flowback", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
KEYS = list(SIGNER.verifiers)
DAY_MS = 86_400_000
NOW_MS = 20_775 * DAY_MS + 5
TODAY, TOMORROW = day_of(NOW_MS), day_of(NOW_MS + DAY_MS)
TEXT = "It was the best of times, it was the worst of times, it was the age of wisdom, " * 8


def prints(text: str = TEXT) -> Returned:
    made = Returned(bytes(32))
    made.grow((), text)
    return made


def collected(directory: Path, worker: str = "w1") -> None:
    Collector(directory, worker, 10_000).add(prints().prints(), NOW_MS)


def test_what_was_collected_is_found_in_the_signed_run(tmp_path: Path) -> None:
    """Z7: two workers' parts become two runs of one day; the text is recognised in each."""
    collected(tmp_path)
    collected(tmp_path, "w2")
    assert build(tmp_path, "zone", SIGNER, today=TODAY) == []
    made = build(tmp_path, "zone", SIGNER, today=TOMORROW)
    assert [run.day for run in made] == [TODAY, TODAY]
    held = runs(tmp_path, KEYS)
    assert held == made
    with opened(held[0]) as run:
        assert sight(TODAY, prints(), run).recognised
        assert not sight(TODAY, prints("something else altogether, and quite long too"), run).recognised
        with pytest.raises(IndexError):
            run[len(run)]
    assert not list(tmp_path.glob("*.part"))


def test_a_day_may_be_closed_more_than_once(tmp_path: Path) -> None:
    """What comes after a closing is a run of its own."""
    collected(tmp_path)
    first = build(tmp_path, "zone", SIGNER, today=TODAY, also_today=True)
    collected(tmp_path)
    second = build(tmp_path, "zone", SIGNER, today=TODAY, also_today=True)
    assert first[0].path != second[0].path
    assert len(runs(tmp_path, KEYS)) == 2


@pytest.mark.parametrize("leave", [1, 7])
def test_what_a_crash_leaves_is_closed_the_next_time(tmp_path: Path, leave: int) -> None:
    """Half a fingerprint is left out, a part half closed is taken up, a run without note replaced."""
    collected(tmp_path)
    (part,) = tmp_path.glob("*.part")
    part.write_bytes(part.read_bytes() + bytes(leave))
    part.rename(part.with_suffix(".closing"))
    part.with_suffix(".run").write_bytes(b"half a run")
    (made,) = build(tmp_path, "zone", SIGNER, today=TOMORROW)
    assert made.count == len(prints().prints())
    assert runs(tmp_path, KEYS) == [made]


def test_a_run_that_was_changed_is_not_looked_into(tmp_path: Path) -> None:
    """Trust: a fingerprint more, another day, or a note of somebody else's is found out."""
    collected(tmp_path)
    (made,) = build(tmp_path, "zone", SIGNER, today=TOMORROW)
    good = made.path.read_bytes()
    made.path.chmod(0o600)
    made.path.write_bytes(good + bytes(8))
    with pytest.raises(VerificationError, match="not what its note says"):
        runs(tmp_path, KEYS)
    made.path.write_bytes(good)
    stranger = Ed25519Signer("zone/flowback", Ed25519PrivateKey.generate())
    with pytest.raises(VerificationError):
        runs(tmp_path, list(stranger.verifiers))
    for path in (made.path, made.path.with_suffix(".note")):
        path.rename(path.with_name(path.name.replace(TODAY, TOMORROW)))
    with pytest.raises(VerificationError, match="not what its note says"):
        runs(tmp_path, KEYS)


def test_a_part_is_bounded_and_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Past its bound nothing more of that day is kept, and the exchange goes on."""
    collector = Collector(tmp_path, "w1", 16)
    for _ in range(3):
        collector.add(frozenset({1, 2}), NOW_MS)
    assert (tmp_path / f"{TODAY}.w1.part").stat().st_size == 16
    assert len([one for one in caplog.records if "part is full" in one.getMessage()]) == 1


def test_a_folder_that_is_gone_stops_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Fingerprints are no evidence: that they can't be kept is told, loudly."""
    Collector(tmp_path / "gone", "w1", 16).add(frozenset({1}), NOW_MS)
    assert "no such file" in caplog.text
    with pytest.raises(ConfigError, match="can't be deleted"):
        expire(tmp_path / "gone", today=TODAY, keep_days=1)


def test_runs_expire(tmp_path: Path) -> None:
    """Privacy: nothing is kept longer than was said."""
    collected(tmp_path)
    build(tmp_path, "zone", SIGNER, today=TOMORROW)
    (tmp_path / "notes.txt").write_text("not ours")
    assert expire(tmp_path, today=TOMORROW, keep_days=1) == []
    gone = expire(tmp_path, today=day_of(NOW_MS + 3 * DAY_MS), keep_days=2)
    assert len(gone) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_an_empty_run_holds_nothing(tmp_path: Path) -> None:
    """A day on which nothing was said is a run all the same."""
    (tmp_path / f"{TODAY}.w1.part").write_bytes(b"")
    (made,) = build(tmp_path, "zone", SIGNER, today=TOMORROW)
    with opened(made) as run:
        assert len(run) == 0
