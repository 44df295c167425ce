"""`zoneproxy.replay.shardwalk`: a missing, changed or strange shard is named, and so is a broken link."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.support.logs import FixedClock, decision, ending
from tests.support.shards import BASE, FIRST, MIDDLE_MS, make_shards, open_shards
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.adapters.shards.folder import shard_months
from zoneproxy.replay.audit import audit
from zoneproxy.replay.shardwalk import ChainReport, audit_shards, is_beginning
from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.checkpoint import Checkpoint
from zoneproxy.trace.note import VerifierKey

SECOND = FIRST.following
THIRD = SECOND.following


async def write(root: Path, *, last_open: bool = False) -> None:
    """Write three shards with an exchange each; the second one still closing, if `last_open`."""
    make_shards(root)
    clock = FixedClock(MIDDLE_MS)
    log = open_shards(root, clock)
    for number, month in enumerate((SECOND, THIRD, None), 1):
        index = (await log.append("decision", decision(number), {})).index
        if month is None:
            await log.append("return", ending(index, number), {})
        elif month is THIRD and last_open:
            clock.now = month.start_ms
            log.tick()
            await log.publish()
            return
        else:
            clock.now = month.start_ms
            log.tick()
            await log.append("return", ending(index, number), {})
            log.tick()
    await log.close()


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import asyncio  # noqa: PLC0415 - the fixture of a module has no loop of its own

    root = tmp_path_factory.mktemp("written")
    asyncio.run(write(root))
    return root


@pytest.fixture
def log(written: Path, tmp_path: Path) -> Path:
    made = Path(shutil.copytree(written / "log", tmp_path / "log"))
    for path in made.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return made


def judge(log: Path, given: tuple[VerifierKey, ...] = ()) -> ChainReport:
    months = shard_months(log)
    return audit_shards([(str(m), partial(open_log, log / str(m))) for m in months], given, audit)


def told(report: ChainReport) -> list[tuple[str, str]]:
    return [(flaw.kind.value, flaw.where) for flaw in report.links.found]


def test_a_whole_log(log: Path) -> None:
    """Every shard and every link holds; all but the newest are closed (Z14)."""
    report = judge(log)
    assert (report.exit_code, told(report), report.closing) == (0, [], "")
    assert [one.close is not None for one in report.shards] == [True, True, False]
    assert [one.believed for one in report.shards] == ["its own"] * 3


def test_trust_is_handed_on(log: Path) -> None:
    """The first shard's keys are enough for all that follow; a false later shard is refused (Z14)."""
    given = open_log(log / str(FIRST)).vkeys
    assert [one.believed for one in judge(log, given).shards] == ["given", "handed over", "handed over"]
    assert judge(log, given).exit_code == 0
    middle = open_log(log / str(SECOND)).vkeys
    assert [one.believed for one in judge(log, middle).shards] == ["its own", "given", "handed over"]


GONE: dict[str, tuple[Callable[[Path], object], tuple[str, str]]] = {
    "the first": (lambda log: shutil.rmtree(log / str(FIRST)), ("missing", f"{BASE}/{FIRST}")),
    "one in the middle": (lambda log: shutil.rmtree(log / str(SECOND)), ("missing", f"{BASE}/{SECOND}")),
    "the newest": (lambda log: shutil.rmtree(log / str(THIRD)), ("missing", f"{BASE}/{THIRD}")),
    "under another name": (
        lambda log: (log / str(THIRD)).rename(log / str(THIRD.following)),
        ("invalid", str(THIRD.following)),
    ),
    "its checkpoint": (lambda log: (log / str(SECOND) / "checkpoint").unlink(), ("", "")),
}


@pytest.mark.parametrize("name", GONE)
def test_what_is_missing_is_named(log: Path, name: str) -> None:
    """Whichever shard is gone, it is named, and the log does not hold (Z14)."""
    change, named = GONE[name]
    change(log)
    report = judge(log)
    assert report.exit_code == 1
    assert not named[0] or named in told(report)


async def test_another_logs_shard(log: Path, tmp_path: Path) -> None:
    """A shard of the same name and origin, of another history, does not fit its neighbours (Z14)."""
    await write(tmp_path / "other")
    shutil.rmtree(log / str(SECOND))
    shutil.copytree(tmp_path / "other" / "log" / str(SECOND), log / str(SECOND))
    report = judge(log)
    assert report.exit_code == 1
    assert {where for _, where in told(report)} == {f"{BASE}/{FIRST}", f"{BASE}/{SECOND}", f"{BASE}/{THIRD}"}
    given = open_log(log / str(FIRST)).vkeys
    assert judge(log, given).shards[1].report.exit_code == 1


async def test_an_older_state_of_a_closed_shard(tmp_path: Path) -> None:
    """A closed shard that is put back to its last state before the close is found out (Z14)."""
    make_shards(tmp_path)
    clock = FixedClock(MIDDLE_MS)
    log = open_shards(tmp_path, clock)
    await log.append("config", {"digest": "cd" * 32}, {})
    await log.publish()
    shutil.copytree(tmp_path / "log" / str(FIRST), tmp_path / "old")
    clock.now = SECOND.start_ms
    log.tick()
    log.tick()
    await log.close()
    assert judge(tmp_path / "log").exit_code == 0
    shutil.rmtree(tmp_path / "log" / str(FIRST))
    (tmp_path / "old").rename(tmp_path / "log" / str(FIRST))
    assert ("missing", f"{BASE}/{FIRST}") in told(judge(tmp_path / "log"))


async def test_a_shard_that_is_closing(tmp_path: Path) -> None:
    """While the last exchanges of a month go on, its shard is said to be closing, and nothing is wrong."""
    await write(tmp_path, last_open=True)
    report = judge(tmp_path / "log")
    assert (report.exit_code, report.closing) == (0, f"{BASE}/{SECOND}")


def test_the_lives_of_keys(log: Path) -> None:
    """Who held which key when: from the entry that begins a life to the one that ends it."""
    lives = judge(log).keys
    assert len(lives) == 6
    assert [step.what for step in lives[0].steps] == ["signs", "closed", "destroyed"]
    assert {life.kind for life in lives} == {"Ed25519", "ML-DSA-44"}
    assert [step.what for step in lives[-1].steps] == ["announced", "signs"]


def test_beginnings(log: Path) -> None:
    """A head is a beginning of the log or is refused."""
    reader = open_log(log / str(FIRST))
    now = reader.checkpoint()
    is_beginning(reader, now)
    for head in (Checkpoint(now.origin, now.size, b"x" * 32), Checkpoint(now.origin, now.size + 1, now.root)):
        with pytest.raises(VerificationError):
            is_beginning(reader, head)
