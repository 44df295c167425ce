"""`zoneproxy.adapters.witness.store`: what was cosigned is not forgotten, and steps do not mix."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from pathlib import Path

import pytest

from zoneproxy.adapters.witness import store as witness_store
from zoneproxy.adapters.witness.store import Known, WitnessStore
from zoneproxy.terms.errors import ConfigError, TraceError
from zoneproxy.trace.witness import Head

HEAD = Head(5, b"r" * 32, b"note")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    WitnessStore.create(tmp_path / "witness.db")
    return tmp_path / "witness.db"


def test_a_head_is_remembered(path: Path) -> None:
    """What a step stored is there for the next process, by origin and by its digest."""
    store = WitnessStore(path)
    assert (store.head("log"), store.seconds) == (None, 0)
    with store.step():
        store.store("log", "d1", HEAD, 7)
    store.close()
    store = WitnessStore(path)
    assert store.head("log") == store.head_by_digest("d1") == HEAD
    assert (store.seconds, store.known()) == (7, [Known("log", 5, 7)])
    store.close()
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_step_is_whole_or_nothing(path: Path) -> None:
    """What is raised within a step undoes it."""
    store = WitnessStore(path)
    with contextlib.suppress(ValueError), store.step():
        store.store("log", "d1", HEAD, 7)
        raise ValueError("planted")
    assert (store.head("log"), store.seconds) == (None, 0)
    store.close()


def test_two_processes_take_turns(path: Path) -> None:
    """While one holds a step, another waits with its own, and then sees what was stored (Z14)."""
    one, seen = WitnessStore(path), list[Head | None]()
    begun = threading.Event()

    def work() -> None:
        other = WitnessStore(path)
        begun.set()
        with other.step():
            seen.append(other.head("log"))
        other.close()

    with one.step():
        thread = threading.Thread(target=work)
        thread.start()
        assert begun.wait(10)
        one.store("log", "d1", HEAD, 7)
        assert seen == []
    thread.join(10)
    assert seen == [HEAD]
    one.close()


def test_a_memory_that_fails(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A commit that fails is an error that ends the witness, never an answer (Z22)."""
    store = WitnessStore(path)
    blocker = sqlite3.connect(path, autocommit=True)
    blocker.execute("BEGIN IMMEDIATE")
    store._db.execute("PRAGMA busy_timeout = 1")
    with pytest.raises(TraceError, match="could not be written"), store.step():
        pass
    blocker.close()
    store.close()


def test_evidence_is_kept_once_and_bounded(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same pair is kept once, and who can sign for a log can't fill the disk."""
    monkeypatch.setattr(witness_store, "MAX_EVIDENCE", 2)
    store = WitnessStore(path)
    kept = [store.keep("split-view", 1, f"d{n}", b"e%d" % n) for n in (1, 1, 2, 3)]
    assert kept == [True, False, True, False]
    assert store.keep("unproven", 1, "d4", b"e4")
    assert store.evidence() == [b"e1", b"e2", b"e4"]
    store.close()


def test_a_lost_memory_is_never_made_anew(path: Path, tmp_path: Path) -> None:
    """A missing, foreign or broken file is refused; nothing is overwritten."""
    with pytest.raises(ConfigError, match="missing") as told:
        WitnessStore(tmp_path / "none.db")
    assert "new keys" in told.value.hint
    with pytest.raises(ConfigError, match="can't be made"):
        WitnessStore.create(path)
    for data in (b"", b"no database at all, but longer than a page's head" * 9):
        path.write_bytes(data)
        with pytest.raises(ConfigError, match="no memory of a witness"):
            WitnessStore(path)


def test_the_clock_can_be_reset(path: Path) -> None:
    """After a clock was ahead, its time is forgotten on request, heads are not."""
    store = WitnessStore(path)
    with store.step():
        store.store("log", "d1", HEAD, 9_000)
    store.reset_clock(100)
    assert (store.seconds, store.head("log")) == (100, HEAD)
    store.close()
